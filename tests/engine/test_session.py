"""The loop against a real HTTP server that speaks both wire formats."""

from __future__ import annotations

import pytest

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput, SessionBusy
from opro_tui.core.events import (
    CandidateRejected,
    CandidateSampled,
    Evaluation,
    StepFinished,
    Stopped,
    Warned,
)
from opro_tui.engine import report
from opro_tui.engine.create import Start
from opro_tui.engine.detail import answers
from opro_tui.engine.fork import duplicate, fork
from opro_tui.engine.trial import trials
from opro_tui.store.database import Store
from tests.support.loopback import Fault, LoopbackServer
from tests.support.sessions import make, make_and_run, opened, own_data, run

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


@pytest.fixture
def server():
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def db(tmp_path):
    return tmp_path / "db" / "sessions.db"


async def new(db, values, **draft):
    store = await Store.open(db)
    await make(store, values, **draft)
    await store.close()


async def test_costs_agree_with_what_the_server_counted(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url), 3)
    sampled, scored = server.records(CHAT), server.records(MESSAGES)
    assert len(sampled) == 3
    async with opened(db, readonly=True) as session:
        costs = report.costs_json(session.state)
        for role, records in (("optimizer", sampled), ("scorer", scored)):
            total = costs["total"][role]
            assert total["calls"] == len(records)
            assert total["input_tokens"] == sum(r.input_tokens for r in records)
            assert total["output_tokens"] == sum(r.output_tokens for r in records)
            assert total["cached_tokens"] == sum(r.cached for r in records)
            assert total["failed"] == total["unknown"] == 0
            steps = [step["usage"][role] for step in costs["steps"]]
            assert sum(step["calls"] for step in steps) == total["calls"]
        assert costs["total"]["scorer"]["cost_usd"] is None
        waiting = sum(1 for c in session.state.candidates.values() if c.score)
        assert waiting * 6 == total["calls"] + total["from_store"]


async def test_what_is_printed_is_what_is_sent(server, db, tmp_path):
    await new(db, own_data(tmp_path, server.url))
    async with opened(db) as session:
        await run(session, 1)
        printed = (await session.meta_prompt()).text
        await run(session, 1)
        assert server.records(CHAT)[-1].messages == (("user", printed),)
        assert (await session.meta_prompt(2)).text == printed


async def test_the_live_state_is_the_stored_one(server, db, tmp_path):
    await new(db, own_data(tmp_path, server.url))
    async with opened(db) as session:
        await run(session, 2)
        await session.edit(Edits(pin=(1,), settings={"temperature": 0.5}, note="calmer"))
        live = session.state
    async with opened(db) as session:
        assert session.state == live
        fine = await session._store.events(session.record.id, fine=True)
        from opro_tui.core.reducer import fold
        from opro_tui.engine.opening import initial_state

        assert fold(initial_state(session.record, session.task), fine) == live


async def test_edits_change_the_next_prompt_and_survive(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url), 2)
    async with opened(db) as session:
        shown = (await session.meta_prompt()).solution_ids
        worst, best = shown[0], shown[-1]
        index = next(i for i in session.state.facts.train)
        await session.edit(
            Edits(
                drop=(best,),
                pin_exemplar=(index,),
                settings={"temperature": 0.25, "exemplars": 1},
                template={"instructions": "EDITED\n{trajectory}{exemplars}"},
                add=("My own idea.",),
            )
        )
        assert worst in (await session.meta_prompt()).solution_ids
    async with opened(db) as session:
        prompt = await session.meta_prompt()
        assert prompt.text.startswith("EDITED\n")
        assert best not in prompt.solution_ids
        assert prompt.exemplar_ids == (index,)
        await run(session, 1)
        body = server.records(CHAT)[-1].body
        assert body["temperature"] == 0.25
        assert body["messages"][0]["content"] == prompt.text
        own = next(c for c in session.state.candidates.values() if c.text == "My own idea.")
        assert own.score is not None


async def test_a_warm_start_is_in_the_first_prompt(server, db, tmp_path):
    warm = (Start("Known good.", 0.71), Start("Known bad.", 0.2), Start("Unknown."))
    await new(db, own_data(tmp_path, server.url), warm=warm)
    async with opened(db) as session:
        text = (await session.meta_prompt()).text
        assert text.index("Known bad.") < text.index("Known good.")
        assert "71" in text
        assert "Unknown." not in text
        await run(session, 1)
        assert "Unknown." in server.records(CHAT)[0].messages[0][1]
        assert session.state.candidates[1].score.value == 0.71


async def test_with_all_scores_known_step_zero_buys_nothing(server, db, tmp_path):
    await new(db, own_data(tmp_path, server.url), warm=(Start("A.", 0.5), Start("B.", 0.25)))
    async with opened(db) as session:
        printed = (await session.meta_prompt()).text
        await run(session, 1)
        assert server.records(CHAT)[0].messages == (("user", printed),)


async def test_fewer_completions_than_asked_are_topped_up_and_remembered(db, tmp_path):
    with LoopbackServer(max_n=3) as server:
        await new(db, own_data(tmp_path, server.url, candidates=8))
        async with opened(db) as session:
            events = await run(session, 1)
            assert [r.body.get("n", 1) for r in server.records(CHAT)] == [8, 3, 2]
            warned = [e.message for e in events if isinstance(e, Warned)]
            assert len(warned) == 1
            assert "3 of 8" in warned[0]
        async with opened(db) as session:
            await run(session, 1)
            assert [r.body.get("n", 1) for r in server.records(CHAT)[3:]] == [3, 3, 2]


async def test_a_refused_temperature_is_dropped_remembered_and_said_once(db, tmp_path):
    with LoopbackServer(refuse=["temperature"]) as server:
        await new(db, own_data(tmp_path, server.url))
        async with opened(db) as session:
            events = await run(session, 1)
            said = [e for e in events if isinstance(e, Warned) and "temperature" in e.message]
            assert len(said) == 2
            assert not any(isinstance(e, Stopped) for e in events)
            prompt = await session.meta_prompt()
            assert prompt.regions[-1].kind == "request"
            await run(session, 1)
            assert server.records(CHAT)[-1].messages[0][1] == prompt.text
            assert len(server.records(CHAT, status=400)) == 1
            # Workers already under way may each have met the refusal; none after that.
            assert len(server.records(MESSAGES, status=400)) <= 4
            sent = server.records(CHAT)[-1].body
            assert "temperature" not in sent


async def test_several_proposals_in_one_completion(db, tmp_path):
    def reply(request):
        if "<INS>" in request.messages[-1][1]:
            return ["".join(f"<INS>Idea {request.number} {i}</INS>" for i in range(5))]
        return ["The answer is 8."]

    with LoopbackServer(reply) as server:
        await new(db, own_data(tmp_path, server.url, proposals=4))
        async with opened(db) as session:
            events = await run(session, 1)
            assert len(server.records(CHAT)) == 1
            rejected = [e.reason for e in events if isinstance(e, CandidateRejected)]
            assert rejected == ["more proposals than the 4 asked for"]
            assert len([e for e in events if isinstance(e, CandidateSampled)]) == 5


async def test_identical_scorer_requests_are_bought_once_across_sessions(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url), 1)
    bought = len(server.records(MESSAGES))
    store = await Store.open(db)
    await make(store, own_data(tmp_path, server.url), name="again")
    await store.close()
    async with opened(db, "again") as session:
        await run(session, 1)
        usage = session.state.usage("scorer", 0)
        assert (usage.calls, usage.from_store) == (0, 6)
        assert len(server.records(MESSAGES)) == bought
        assert len(server.records(CHAT)) == 2


async def test_a_failed_call_is_missing_and_bought_later(db, tmp_path, monkeypatch):
    broken = {"on": True}

    def fault(number, request):
        bad = broken["on"] and request.path == MESSAGES and "3 + 21" in request.messages[-1][1]
        return Fault(status=400, message="no") if bad else None

    with LoopbackServer(fault=fault) as server:
        await new(db, own_data(tmp_path, server.url, train=20, test=0))
        async with opened(db) as session:
            events = await run(session, 1)
            assert isinstance(events[-1], Stopped)
            assert events[-1].code == "missing"
            assert "1 evaluation of #1 is missing" in events[-1].message
            score = session.state.partial_score(1)
            assert (score.n, score.of) == (19, 20)
            assert session.state.best() is None
            assert session.status == "incomplete"
        broken["on"] = False
        before = len(server.records(MESSAGES))
        async with opened(db) as session:
            events = await run(session, 1)
            finished = [e for e in events if isinstance(e, StepFinished)]
            assert [e.step for e in finished] == [0, 1]
            scored = sum(c.score is not None for c in session.state.candidates.values())
            assert len(server.records(MESSAGES)) == before + 1 + (scored - 1) * 20


@pytest.mark.parametrize(("status", "word"), [(401, "key"), (404, "m")])
async def test_what_cannot_heal_stops_at_once(db, tmp_path, status, word):
    with LoopbackServer(fault=lambda number, request: Fault(status=status)) as server:
        await new(db, own_data(tmp_path, server.url))
        async with opened(db) as session:
            events = await run(session, 3)
            assert events[-1].code == "error"
            assert word in events[-1].message
            assert "\n" not in events[-1].message
            assert len(server.ledger) <= 4


async def test_a_dead_endpoint_ends_the_step_soon(db, tmp_path, quick_retries):
    with LoopbackServer(fault=lambda number, request: Fault(status=503)) as server:
        await new(db, own_data(tmp_path, server.url, train=20, test=0))
        async with opened(db) as session:
            quick_retries(session)
            events = await run(session, 1)
            assert events[-1].code == "missing"
            assert len(server.ledger) <= 2 * (8 + 4)


@pytest.fixture
def quick_retries():
    from opro_tui.models.retry import RetryPolicy

    def quicken(session):
        session._caller.policy = RetryPolicy(attempts=2, base=0.001)

    return quicken


@pytest.mark.parametrize(
    ("finish", "text", "flag"),
    [("length", "The answer is", "truncated"), ("stop", "  ", "empty"), ("refusal", "", "refused")],
)
async def test_answers_that_are_none_count_as_wrong_and_are_flagged(
    db, tmp_path, finish, text, flag
):
    from tests.support.loopback import Answer

    def reply(request):
        if request.path == CHAT:
            return ["<INS>Go.</INS>"]
        return Answer((text,), finish=finish)

    with LoopbackServer(reply) as server:
        await new(db, own_data(tmp_path, server.url))
        async with opened(db) as session:
            events = await run(session, 1)
            graded = [e for e in events if isinstance(e, Evaluation)]
            assert {e.flags for e in graded} == {(flag,)}
            assert {e.score for e in graded} == {0.0}
            best = session.state.best()
            assert (best.score.flagged, best.score.unparsed, best.score.value) == (6, 6, 0.0)


async def test_a_context_overflow_counts_against_the_candidate_that_caused_it(db, tmp_path):
    def fault(number, request):
        if request.path == MESSAGES and len(request.messages[-1][1]) > 1000:
            return Fault(status=400, message="prompt is too long: 9 tokens > 8 maximum")
        return None

    with LoopbackServer(fault=fault) as server:
        await new(db, own_data(tmp_path, server.url), initial=("Short.", "long " * 400))
        async with opened(db) as session:
            await run(session, 1)
            by_id = session.state.candidates
            assert by_id[2].score.value == 0.0
            assert by_id[2].score.flagged == 6
            assert by_id[1].score.flagged == 0


async def test_stopping_keeps_what_was_paid_for(db, tmp_path):
    with LoopbackServer(latency=0.02) as server:
        await new(db, own_data(tmp_path, server.url, train=20, test=0))
        async with opened(db) as session:
            seen = 0
            async for event in session.run(1):
                seen += isinstance(event, Evaluation)
                if seen == 3:
                    session.stop()
            assert event.code == "person"
            kept = len(session.state.partial[1].grades)
            assert kept == len(server.records(MESSAGES))
        async with opened(db) as session:
            await run(session, 1)
            scored = sum(c.score is not None for c in session.state.candidates.values())
            assert len(server.records(MESSAGES)) == scored * 20


async def test_breaking_off_leaves_unknown_outcomes_and_nothing_else(db, tmp_path):
    with LoopbackServer(latency=0.05) as server:
        await new(db, own_data(tmp_path, server.url, train=20, test=0))
        async with opened(db) as session:
            stream = session.run(1)
            async for event in stream:
                if isinstance(event, Evaluation):
                    break
            await stream.aclose()
            live = session.state
        async with opened(db) as session:
            assert set(session.state.partial[1].grades) >= set(live.partial[1].grades)
            assert session.state.usage().unknown <= 4
            await run(session, 1)
            assert session.state.best() is not None


async def test_review_waits_before_anything_is_spent_on_scoring(server, db, tmp_path):
    await new(db, own_data(tmp_path, server.url, review=True))
    async with opened(db) as session:
        events = await run(session, 1)
        assert events[-1].code == "review"
        assert session.status == "reviewing"
        spent = len(server.records(MESSAGES))
        first = session.state.waiting()[0].id
        await session.edit(Edits(veto=(first,), add=("Mine.",)))
    async with opened(db) as session:
        await run(session, 1)
        assert session.state.candidates[first].score is None
        mine = next(c for c in session.state.candidates.values() if c.text == "Mine.")
        assert (mine.step, mine.score is not None) == (1, True)
        assert len(server.records(MESSAGES)) > spent
        assert [edit.kind for edit in session.state.edits] == ["veto", "add", "approve"]


async def test_try_shows_the_exact_request_and_its_answer_is_shared(server, db, tmp_path):
    await new(db, own_data(tmp_path, server.url))
    async with opened(db) as session:
        found = [trial async for trial in trials(session, 2)]
        sent = server.records(MESSAGES)
        assert [r.messages[-1][1] for r in sent] == [t.messages[-1].content for t in found]
        assert found[0].completion.text.startswith("The answer") or found[0].completion.text
        await run(session, 1)
        usage = session.state.usage("scorer", 0)
        assert (usage.calls, usage.from_store) == (6, 2)
        assert [t.from_store async for t in trials(session, 2, "Let's solve the problem.")] == [
            True,
            True,
        ]


async def test_a_session_has_one_writer(server, db, tmp_path):
    await new(db, own_data(tmp_path, server.url))
    async with opened(db) as session:
        with pytest.raises(SessionBusy, match="is being run by process"):
            async with opened(db):
                pass
        async with opened(db, readonly=True) as watcher:
            await run(session, 1)
            await watcher.refresh()
            assert watcher.state == session.state
            with pytest.raises(SessionBusy, match="read-only"):
                await watcher.edit(Edits(pin=(1,)))
    async with opened(db):
        pass


async def test_a_step_that_asks_for_an_unknown_prompt_says_which_there_are(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url), 2)
    async with opened(db, readonly=True) as session:
        with pytest.raises(BadInput, match=r"step 9 has no meta-prompt. Steps 1 to 2 have one"):
            await session.meta_prompt(9)


async def test_own_candidates_can_be_scored_at_once_and_scored_again(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url), 1)
    async with opened(db) as session:
        added = await session.edit(Edits(add=("Mine.",)))
        id_ = added[-1].after["id"]
        before = len(server.records(MESSAGES))
        _ = [event async for event in session.score([id_])]
        assert session.state.candidates[id_].score is not None
        assert len(server.records(MESSAGES)) == before + 6
        await session.edit(Edits(rescore=(id_,)))
        _ = [event async for event in session.score([id_])]
        assert len(server.records(MESSAGES)) == before + 12
        assert session.state.candidates[id_].replicate == 1
        shown = await answers(session, session.state.candidates[id_])
        assert len(shown) == 6
        assert all(answer.text.startswith("The answer is") for answer in shown)
        await run(session, 1)
        live = session.state
    async with opened(db) as session:
        assert session.state == live


async def test_a_fork_goes_on_from_a_steps_results(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url), 2)
    store = await Store.open(db)
    async with opened(db) as parent:
        await parent.edit(Edits(settings={"temperature": 0.1}))
        await fork(store, parent, 1, "arm")
        copy = await duplicate(store, parent, "copy")
        assert copy.settings.temperature == 0.1
        with pytest.raises(BadInput, match=r"step 7 is not finished. Steps 0 to 2 are"):
            await fork(store, parent, 7, "x")
    await store.close()
    async with opened(db, "arm") as arm:
        assert arm.state.next_step == 2
        assert arm.state.settings.temperature == 1.0
        await run(arm, 1)
        assert [step.number for step in arm.state.steps] == [0, 1, 2]
        live = arm.state
    async with opened(db, "arm", readonly=True) as arm:
        assert arm.state == live
    async with opened(db, "copy", readonly=True) as copy:
        assert [c.text for c in copy.state.waiting()] == ["Let's solve the problem."]
