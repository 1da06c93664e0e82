"""What a reviewer found: each of these lost money, locked a session, or misled once."""

from __future__ import annotations

import asyncio

import pytest

from opro_tui.config_file import load_config
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.core.events import CandidateRejected, Evaluation, StepFinished, Warned
from opro_tui.core.meta_prompt import Template
from opro_tui.core.proposals import Proposal, parse
from opro_tui.engine.create import Draft, Start, prepare, starting_events
from opro_tui.engine.prompt import completions_at_once
from opro_tui.models import registry
from opro_tui.store.database import Store
from tests.support.loopback import Answer, Fault, LoopbackServer
from tests.support.sessions import make, make_and_run, opened, own_data, run
from tests.support.waiting import until

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


@pytest.fixture
def db(tmp_path):
    return tmp_path / "s.db"


async def new(db, values, name="s", **draft):
    store = await Store.open(db)
    await make(store, values, name=name, **draft)
    await store.close()


async def test_with_a_budget_every_request_has_an_output_limit(db, tmp_path):
    with LoopbackServer() as server:
        values = own_data(tmp_path, server.url, budget_tokens=10**6, scorer="openai/s")
        await make_and_run(db, values, 1)
        for record in server.records(CHAT):
            assert record.body.get("max_tokens") or record.body.get("max_completion_tokens")


async def test_calls_of_unknown_outcome_are_counted_at_their_own_worst(db, tmp_path):
    first = [0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4, 0.4]

    def slow(number, _):
        return Fault(delay=first.pop(0)) if first else None

    with LoopbackServer(fault=slow) as server:
        values = own_data(
            tmp_path, server.url, budget_tokens=60_000, train=20, test=0, candidates=4
        )
        await new(db, values)
        async with opened(db) as session:
            stream = session.run(1)
            async for event in stream:
                if isinstance(event, Evaluation):
                    break
            await stream.aclose()
            unknown = session.state.usage().unknown
            assert 1 <= unknown <= 4
        async with opened(db) as session:
            assert session.state.usage().unknown == unknown
            events = await run(session, 1)
            assert isinstance(events[-1], StepFinished)


async def test_two_sessions_at_once_buy_an_answer_once(db, tmp_path):
    with LoopbackServer(latency=0.02) as server:
        values = own_data(tmp_path, server.url, candidates=1)
        await new(db, values, "one")
        await new(db, values, "two")
        async with opened(db, "one") as one, opened(db, "two") as two:
            await asyncio.gather(run(one, 1), run(two, 1))
            sent = [record.messages for record in server.records(MESSAGES)]
            assert len(sent) == len(set(sent))
            first = [s.state.usage("scorer", 0) for s in (one, two)]
            assert sum(used.calls for used in first) == 6
            assert sum(used.from_store for used in first) == 6


async def test_an_answer_left_open_by_a_dead_session_is_bought_by_another(db, tmp_path):
    with LoopbackServer(latency=0.05) as server:
        values = own_data(tmp_path, server.url)
        await new(db, values, "dead")
        await new(db, values, "alive")
        store = await Store.open(db)
        async with opened(db, "dead") as dead:
            task = asyncio.create_task(run(dead, 1))
            await until(lambda: server.in_flight)
            record = dead.record
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert record.id
        async with opened(db, "alive") as alive:
            await asyncio.wait_for(run(alive, 1), 20)
            assert alive.state.best() is not None
        await store.close()


@pytest.mark.parametrize("finish", ["refusal", "filter"])
async def test_refusals_are_no_candidates(db, tmp_path, finish):
    def reply(request):
        if request.path == CHAT:
            return Answer(("I am sorry, I cannot help with that.",) * request.n, finish=finish)
        return ["The answer is 8."]

    with LoopbackServer(reply) as server:
        await new(db, own_data(tmp_path, server.url))
        async with opened(db) as session:
            events = await run(session, 1)
            rejected = [e.reason for e in events if isinstance(e, CandidateRejected)]
            assert len(rejected) == 4
            assert len(set(rejected)) == 1
            assert len(server.records(MESSAGES)) == 6


TAGS = Template("", "", "", "")


def test_thoughts_are_no_proposals():
    text = "<think>say <INS>your idea</INS></think>\n<INS>Real.</INS>"
    assert parse(text, TAGS) == (Proposal("Real."),)
    assert parse("half a thought", TAGS) == (Proposal("half a thought", closed=False),)


async def test_stopping_ends_a_wait_for_the_endpoint(db, tmp_path):
    def fault(number, request):
        return Fault(status=429, headers={"Retry-After": "60"}) if number > 3 else None

    with LoopbackServer(fault=fault) as server:
        await new(db, own_data(tmp_path, server.url, train=20, test=0))
        async with opened(db) as session:
            task = asyncio.create_task(run(session, 1))
            await until(lambda: (held := session.traffic.held_back) and held.next_in > 50)
            await asyncio.sleep(0.3)  # what was on its way at the first refusal arrives
            sent = len(server.ledger)
            assert sent <= 3 + 4, "one refusal holds all calls back"
            session.stop()
            events = await asyncio.wait_for(task, 5)
            assert events[-1].code == "person"
            assert len(server.ledger) == sent
            assert session.state.partial[1].grades


async def test_a_step_whose_prompt_failed_can_be_edited_away(db, tmp_path):
    def fault(number, request):
        if request.path == CHAT and "SHORT" not in request.messages[-1][1]:
            return Fault(
                status=400, code="context_length_exceeded", message="maximum context length is 9"
            )
        return None

    with LoopbackServer(fault=fault) as server:
        await new(db, own_data(tmp_path, server.url))
        async with opened(db) as session:
            assert (await run(session, 1))[-1].type == "stopped"
            assert (await run(session, 1))[-1].type == "stopped"
            await session.edit(Edits(template={"instructions": "SHORT {trajectory}"}))
            events = await run(session, 1)
            assert any(isinstance(e, Warned) and e.code == "given_up" for e in events)
            assert any(c.draw is not None for c in session.state.candidates.values())
            live = session.state
        async with opened(db) as session:
            assert session.state == live


async def test_a_trait_that_says_n_works_sets_no_limit(tmp_path):
    model = registry.create(
        "openai/m", role="optimizer", url="http://127.0.0.1:1/v1", config=load_config(None), seed=0
    )
    assert completions_at_once(model, {"n": True}, 8) == 8
    assert completions_at_once(model, {}, 8) == 8
    assert completions_at_once(model, {"n": 3}, 8) == 3
    assert completions_at_once(model, {"n": False}, 8) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"optimizer": "openai/x", "optimizer_url": "notaurl"}, "--optimizer-url"),
        ({"scorer": "openai/x", "scorer_url": "ftp://h"}, "--scorer-url"),
        ({"optimizer": "opena/x"}, "--optimizer"),
        ({"task": "sums", "input": "x"}, "--input: is for data files only"),
        ({"task": "linear-regression", "threshold": 0.5}, "--threshold"),
    ],
)
def test_nothing_is_made_of_what_cannot_run(values, words):
    with pytest.raises(BadInput, match=words):
        prepare(Draft(name="x", values={"task": "sums"} | values), load_config(None))


async def test_an_edit_that_cannot_run_changes_nothing(db, tmp_path):
    await new(db, own_data(tmp_path))
    async with opened(db) as session:
        edits = Edits(settings={"optimizer": "openai/x", "optimizer_url": "ftp://x"})
        with pytest.raises(BadInput, match="--optimizer-url"):
            await session.edit(edits)
        assert session.state.edits == ()


def test_settings_say_how_the_split_came_out(tmp_path):
    prepared = prepare(Draft(name="x", values={"task": "sums"}), load_config(None))
    assert (prepared.settings.train, prepared.settings.test) == (60, 100)


def test_a_known_score_is_not_lost_to_a_duplicate(tmp_path):
    draft = Draft(name="x", values={"task": "sums"}, warm=(Start("a"), Start("a", 0.9)))
    events = starting_events(prepare(draft, load_config(None)))
    assert [e.type for e in events] == [
        "candidate_sampled",
        "candidate_scored",
        "candidate_sampled",
        "candidate_rejected",
    ]
