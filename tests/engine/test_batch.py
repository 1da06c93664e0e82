"""Scoring in batches: the same scores at half the price, taken up again, bought once."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput, BudgetReached
from opro_tui.core.events import Stopped
from opro_tui.core.reducer import fold
from opro_tui.engine.batch_report import cancel, let_go
from opro_tui.engine.database_checks import check_database
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.exchange.writing import write_jsonl
from opro_tui.engine.fork import fork
from opro_tui.engine.opening import initial_state
from opro_tui.engine.trial import trials
from opro_tui.models.openai_batches import OpenAIBatches
from opro_tui.store.database import Store
from tests.support.batches import EXPIRED, BatchDesk
from tests.support.loopback import Fault, LoopbackServer
from tests.support.sessions import make, opened, own_data, run
from tests.support.waiting import until

SCORERS = ("openai/m", "openai-responses/m", "anthropic/m")
CONFIG = """
[batch]
first_look = 0.01
longest_wait = 0.02
"""
PRICES = "".join(f'[prices."{name}"]\ninput = 1.1\noutput = 3.3\n' for name in SCORERS)


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + PRICES)
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(path))


@pytest.fixture
def db(tmp_path):
    return tmp_path / "db" / "sessions.db"


async def new(db, values, name="s", **draft):
    store = await Store.open(db)
    await make(store, values, name, **draft)
    await store.close()


def batched(tmp_path, url, **values):
    return own_data(tmp_path, url, **{"scorer": "openai/m", "scoring": "batch"} | values)


def outcome(state):
    return [
        (c.id, c.text, c.step, c.rejected, c.score and (c.score.value, c.score.n))
        for c in state.candidates.values()
    ]


def scorers(server):
    return [record for record in server.ledger if "<INS>" not in record.messages[-1][1]]


def rows(db, sql, *values):
    with sqlite3.connect(db) as connection:
        return connection.execute(sql, values).fetchall()


async def whole(session):
    """That what was seen live is what is stored."""
    events = await session._store.events(session.record.id, fine=True)
    assert fold(initial_state(session.record, session.task), events) == session.state
    assert await session._store.integrity() == "ok"


@pytest.mark.parametrize("scorer", SCORERS)
async def test_the_scores_are_the_same_at_half_the_price(db, tmp_path, scorer):
    desk = BatchDesk(looks=3)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url, scorer=scorer, scoring="full"), "full")
        async with opened(db, "full") as session:
            await run(session, 2)
            full, spent = session.state, session.state.usage("scorer")
        single = len(scorers(server))
    with LoopbackServer(desk=desk) as server:
        other = db.with_name("batch.db")
        await new(other, batched(tmp_path, server.url, scorer=scorer))
        async with opened(other) as session:
            await run(session, 2)
            assert outcome(session.state) == outcome(full)
            used = session.state.usage("scorer")
            await whole(session)
        assert not scorers(server)
        assert len(desk.batches) == 3  # one a step
        assert len(desk.bought) == single == used.calls
        assert not desk.twice()
        assert (used.input_tokens, used.output_tokens) == (spent.input_tokens, spent.output_tokens)
        assert used.cost_pico * 2 == spent.cost_pico
        assert used.failed == used.unknown == 0
        costs = rows(other, "SELECT cost_usd FROM step_costs WHERE role = 'scorer'")
        assert round(sum(cost for (cost,) in costs) * 2e12) == spent.cost_pico
        assert rows(other, "SELECT count(*) FROM batches WHERE ended IS NULL") == [(0,)]


async def test_what_a_batch_bought_is_shared_with_full_scoring_and_the_reverse(db, tmp_path):
    desk = BatchDesk()
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url), "a")
        await new(db, batched(tmp_path, server.url, scoring="full"), "b")
        await new(db, batched(tmp_path, server.url, scoring="full", replicate=1), "c")
        await new(db, batched(tmp_path, server.url, replicate=1), "d")
        async with opened(db, "a") as session:
            await run(session, 1)
        bought = len(desk.bought)
        assert bought == 6 + 24
        async with opened(db, "b") as session:
            await run(session, 1)
            assert not session.state.usage("scorer").calls
        assert not scorers(server)
        async with opened(db, "c") as session:
            await run(session, 1)
            assert len(scorers(server)) == bought
        async with opened(db, "d") as session:
            await run(session, 1)
            assert not session.state.usage("scorer").calls
        assert len(desk.bought) == bought


def once(kinds):
    """Each of some faults for one request, the first time that it is asked."""
    left = dict(kinds)
    return lambda number, _: left.pop(number, None)


@pytest.mark.parametrize("scorer", SCORERS)
async def test_what_failed_or_expired_is_sent_again(db, tmp_path, scorer):
    item = once({1: EXPIRED, 3: Fault(status=500), 4: EXPIRED, 10: Fault(status=429)})
    desk = BatchDesk(item=item)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url, scorer=scorer))
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            used = session.state.usage("scorer")
            assert (used.calls, used.failed, used.unknown) == (30, 4, 0)
            await whole(session)
        assert [len(batch.items) for batch in desk.batches.values()] == [6, 3, 24, 1]
        assert not desk.twice()


async def test_what_always_fails_is_missing_and_the_rest_is_kept(db, tmp_path):
    desk = BatchDesk(item=lambda _, r: Fault(status=500) if "What is 3 " in r.prompt else None)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url, train=20, test=0))
        async with opened(db) as session:
            stopped = (await run(session, 1))[-1]
            assert isinstance(stopped, Stopped)
            assert stopped.code == "missing"
            assert "1 evaluation of #1 is missing" in stopped.message
            assert [len(batch.items) for batch in desk.batches.values()] == [20, 1, 1]
            desk.item = None
            await run(session, 1)
            assert session.state.finished_steps == 1
        assert not desk.twice()


@pytest.mark.parametrize("scorer", SCORERS)
async def test_a_refused_parameter_is_left_out_and_remembered(db, tmp_path, scorer):
    desk = BatchDesk()
    with LoopbackServer(desk=desk, refuse=["temperature"]) as server:
        await new(db, batched(tmp_path, server.url, scorer=scorer))
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            warned = [w.code for w in session.state.warnings]
            # The optimizer may be another model, which learns for itself.
            assert warned.count("trait_temperature") == (1 if scorer == "openai/m" else 2)
            assert session.state.usage("scorer").failed in (0, 6)
        assert not desk.twice()


async def test_a_bad_key_stops_at_once_and_what_is_known_is_said(db, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key-1234")
    desk = BatchDesk()
    with LoopbackServer(desk=desk, key="right") as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            stopped = (await run(session, 1))[-1]
            assert stopped.code == "error"
            assert "OPENAI_API_KEY" in stopped.message
            assert "wrong" not in stopped.message
            assert session.state.usage().unknown == 0
        assert rows(db, "SELECT count(*) FROM calls") == rows(db, "SELECT count(*) FROM batches")


@pytest.mark.parametrize("scorer", SCORERS)
async def test_an_endpoint_without_batches_says_what_to_do(db, tmp_path, scorer):
    with LoopbackServer() as server:
        await new(db, batched(tmp_path, server.url, scorer=scorer))
        async with opened(db) as session:
            stopped = (await run(session, 1))[-1]
            assert stopped.code == "error"
            where = f"{scorer} at {server.url if scorer[0] == 'o' else server.root}"
            said = f"{where}: the endpoint takes no batches. Set --scoring full."
            assert stopped.message == said
            await session.edit(Edits(settings={"scoring": "full"}))
            await run(session, 1)
            assert session.state.finished_steps == 1
            assert session.state.usage().unknown == 0


@pytest.mark.parametrize("later", ["batch", "full"])
async def test_a_batch_goes_on_after_a_stop_and_is_taken_up(db, tmp_path, later):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: desk.calls.count("look") > 2)
            seen = session.traffic.batched
            assert (seen.name, seen.total, seen.phase) == ("batch_1", 6, "waiting")
            assert "batch batch_1 since" in seen.words(lambda _: "14:03")
            session.stop()
            stopped = (await running)[-1]
            assert stopped.code == "batch"
            assert "batch batch_1 goes on at the provider" in stopped.message
            assert session.traffic.batched is None
        async with opened(db) as session:
            assert session.state.usage().unknown == 0
            await session.edit(Edits(settings={"scoring": later}))
            desk.looks = 1
            await run(session, 1)
            assert session.state.finished_steps == 1
            await whole(session)
        assert len(desk.bought) == (30 if later == "batch" else 6)
        assert len(desk.batches) == (2 if later == "batch" else 1)
        assert not desk.twice()


async def test_a_break_off_leaves_the_batch_alone_too(db, tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: "look" in desk.calls)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        desk.looks = 1
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            assert session.state.usage().unknown == 0
        assert not desk.twice()


async def test_cancelling_keeps_what_is_through(db, tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: "look" in desk.calls)
            desk.batches["batch_1"].kept = 2
            async with opened(db, readonly=True) as other:
                await cancel(other)
            stopped = (await running)[-1]
            assert stopped.code == "missing"
            assert "the batch was cancelled" in stopped.message
            assert session.state.usage("scorer").calls == len(desk.bought) == 2
            desk.looks = 1
            await run(session, 1)
            assert session.state.finished_steps == 1
            # What is cancelled between two runs is no reason to stop the second.
            desk.looks = 10**6
            running = asyncio.create_task(run(session, 1))
            await until(lambda: len(desk.batches) == 4)
            session.stop()
            await running
        async with opened(db, readonly=True) as other:
            await cancel(other)
        desk.looks = 1
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 2
        assert not desk.twice()


async def test_a_lost_batch_is_let_go_on_request_only(db, tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: "look" in desk.calls)
            session.stop()
            await running
            desk.batches.clear()
            stopped = (await run(session, 1))[-1]
            assert stopped.code == "error"
            assert "does not know the batch batch_1" in stopped.message
            assert "--give-up" in stopped.message
            assert await let_go(session) == 6
            assert session.state.usage("scorer").unknown == 6
            desk.looks = 1
            await run(session, 1)
            assert session.state.finished_steps == 1
            await whole(session)


async def test_the_budget_bounds_what_is_sent(db, tmp_path):
    desk = BatchDesk()
    with LoopbackServer(desk=desk) as server:
        limit = {"max_output_tokens": "scorer=100", "budget": 0.001}
        await new(db, batched(tmp_path, server.url, train=20, test=0, **limit))
        async with opened(db) as session:
            stopped = (await run(session, 1))[-1]
            assert stopped.code == "budget"
            first = next(iter(desk.batches.values()))
            # 100 tokens of output at $3.30 a million, halved, and about 20 of input.
            assert len(first.items) == 5
            assert session.state.usage().cost_usd <= 0.001
            assert len(desk.bought) == session.state.usage("scorer").calls
            await session.edit(Edits(settings={"budget": 1}))
            await run(session, 1)
            assert session.state.candidates[1].score.full
        assert not desk.twice()


async def test_what_a_batch_can_still_cost_is_held(db, tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        limit = {"max_output_tokens": "scorer=100", "budget": 0.0012}
        await new(db, batched(tmp_path, server.url, **limit))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: "look" in desk.calls)
            session.stop()
            await running
        async with opened(db) as session:
            held = session.left_open.pico
            assert held == rows(db, "SELECT reserved_pico FROM batches")[0][0] > 0.0009e12
            # One single call costs $0.00033 at most, which is not left beside the batch.
            with pytest.raises(BudgetReached, match="by a batch that is under way"):
                _ = [each async for each in trials(session, 1, "Another one.")]
            desk.looks = 1
            await run(session, 1)
            assert session.left_open.pico == 0


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("cut", ["create", "created"])
async def test_a_sending_that_broke_off_is_looked_for_before_it_is_sent_again(
    db, tmp_path, scorer, cut
):
    cuts = [cut]

    def fault(name):
        if cuts and name == cuts[0]:
            cuts.pop()
            return 0
        return None

    desk = BatchDesk(fault=fault)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url, scorer=scorer))
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            assert session.state.usage().unknown == session.state.usage("scorer").failed == 0
        assert "list" in desk.calls
        assert len(desk.batches) == 2
        assert not desk.twice()


async def test_another_batch_of_the_same_size_is_not_taken_for_ours(db, tmp_path):
    desk = BatchDesk(looks=1)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url, scorer="anthropic/m"), "a")
        await new(
            db.with_name("other.db"), batched(tmp_path, server.url, scorer="anthropic/m"), "a"
        )
        async with opened(db.with_name("other.db"), "a") as session:
            await run(session, 1)
        desk.fault = lambda name: 0 if name == "create" and len(desk.batches) == 2 else None
        async with opened(db, "a") as session:
            desk.seen = lambda name: setattr(desk, "fault", None) if name == "list" else None
            await run(session, 1)
            assert session.state.finished_steps == 1
        assert len(desk.batches) == 4


async def test_looks_may_fail_for_a_while(db, tmp_path):
    failing = iter([500, 0, 503])
    desk = BatchDesk(fault=lambda name: next(failing, None) if name == "look" else None)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            desk.fault = lambda name: 500 if name == "look" else None
            stopped = (await run(session, 1))[-1]
            assert stopped.code == "missing"
            assert "The batch goes on; run again to take it up." in stopped.message
            failing = iter([0, 500])
            desk.fault = lambda name: next(failing, None) if name == "results" else None
            await run(session, 1)
            assert session.state.finished_steps == 2
        assert not desk.twice()


async def test_a_batch_that_the_provider_finds_faulty_is_no_answer(db, tmp_path):
    desk = BatchDesk()

    def seen(name):
        if name == "created" and len(desk.batches) == 1:
            desk.batches["batch_1"].error = "Enqueued token limit reached."

    desk.seen = seen
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            stopped = (await run(session, 1))[-1]
            assert stopped.code == "missing"
            assert "Enqueued token limit reached." in stopped.message
            await run(session, 1)
            assert session.state.finished_steps == 1
            assert session.state.usage("scorer").failed == 6


async def test_batches_keep_to_the_providers_limits(db, tmp_path, monkeypatch):
    monkeypatch.setattr(OpenAIBatches, "most_requests", 10)
    desk = BatchDesk(most=10)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
        assert [len(batch.items) for batch in desk.batches.values()] == [6, 10, 10, 4]
        assert not desk.twice()


async def test_texts_come_back_as_they_were(db, tmp_path):
    odd = "a\u2028b\u0085c\x1cd 8"
    with LoopbackServer(
        lambda r: odd if "<INS>" not in r.prompt else "<INS>Add.</INS>", desk=BatchDesk()
    ) as server:
        await new(db, batched(tmp_path, server.url, train=2, test=0, scorer="anthropic/m"))
        async with opened(db) as session:
            await run(session, 1)
        assert {text for (text,) in rows(db, "SELECT text FROM answers")} >= {odd}


async def test_an_overflow_that_the_candidate_caused_counts_zero(db, tmp_path):
    long = "Think about it. " * 100

    def item(_, request):
        long_one = long.strip() in request.prompt
        return Fault(status=400, code="context_length_exceeded") if long_one else None

    with LoopbackServer(desk=BatchDesk(item=item)) as server:
        values = batched(tmp_path, server.url, train=4, test=0)
        await new(db, values, initial=(long, "Add."))
        async with opened(db) as session:
            await run(session, 1)
            scores = [session.state.candidates[id_].score for id_ in (1, 2)]
            assert (scores[0].value, scores[0].flagged, scores[0].n) == (0.0, 4, 4)
            assert scores[1].full


async def test_a_judge_is_asked_one_by_one(db, tmp_path):
    desk = BatchDesk()
    judged = {"metric": "judge", "rubric": "Is it right?", "judge": "openai/j"}

    def reply(request):
        if request.model == "j":
            return "It is. <grade>10</grade>"
        return "<INS>Add.</INS>" if "<INS>" in request.prompt else "8"

    with LoopbackServer(reply, desk=desk) as server:
        values = batched(tmp_path, server.url, train=4, test=0, judge_url=server.url, **judged)
        await new(db, values)
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            judge = session.state.usage("judge")
            # The answers are all the same, so one judgement for each example is enough.
            assert judge.calls == len(server.records(model="j")) > 0
            assert session.state.usage("scorer").calls == len(desk.bought) == 8
            await whole(session)


async def test_a_batch_under_way_moves_with_its_session(db, tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        desk.looks = 1
        async with opened(db) as session:
            await run(session, 1)
            desk.looks = 10**6
            running = asyncio.create_task(run(session, 1))
            await until(lambda: len(desk.batches) == 3 and desk.calls[-1] == "look")
            session.stop()
            await running
        store = await Store.open(db)
        text = "".join([piece async for piece in write_jsonl(store, "s")])
        await store.close()
        path = tmp_path / "s.jsonl"
        path.write_text(text)
        other = await Store.open(tmp_path / "other.db")
        await import_file(other, path)
        again = "".join([piece async for piece in write_jsonl(other, "s")])
        assert again == text
        await other.close()
        desk.looks = 1
        bought = len(desk.bought)
        async with opened(tmp_path / "other.db") as moved:
            assert moved.state.usage().unknown == 0
            await run(moved, 1)
            assert moved.state.finished_steps == 2
            await whole(moved)
            await fork(moved._store, moved, 1, "arm")
        async with opened(tmp_path / "other.db", "arm") as arm:
            assert arm.state.finished_steps == 1
            await run(arm, 1)
            await whole(arm)
            await arm._store.delete_now("s")
            await whole(arm)
            await arm._store.delete_now("arm")
            assert await arm._store.integrity() == "ok"
        assert rows(tmp_path / "other.db", "SELECT count(*) FROM batches") == [(0,)]
        # The steps drew the same candidates, so the fork found all answers in the store.
        assert len(desk.bought) == bought + 24
        assert not desk.twice()


async def test_simulated_models_take_batches_too(db, tmp_path, monkeypatch):
    values = {"task": "sums", "train": 10, "candidates": 3}
    await new(db, values, "full")
    await new(db, values | {"scoring": "batch", "replicate": 0}, "batch")
    async with opened(db, "full") as session:
        await run(session, 1)
        expected = outcome(session.state)
    other = db.with_name("other.db")
    await new(other, values | {"scoring": "batch"})
    async with opened(other) as session:
        await run(session, 1)
        assert outcome(session.state) == expected
        assert session.state.usage().cost_pico == 0
        await whole(session)


async def test_what_is_under_way_is_neither_deleted_nor_hidden(db, tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: "look" in desk.calls)
            # Halted, vetoed or added meanwhile: what was asked is kept, and bought once.
            await session.edit(Edits(veto=(1,), add=("Add.",)))
            session.stop()
            await running
            with pytest.raises(BadInput, match="batch batch_1 is under way at the provider"):
                await session._store.delete_now("s")
        said = [c.detail for c in await check_database(db) if c.name == "batches"]
        assert said == ["s: batch batch_1 under way"]
        desk.looks = 1
        async with opened(db) as session:
            await run(session, 1)
            state = session.state
            assert state.usage("scorer").calls == len(desk.bought)
            assert state.candidates[1].score is None
            assert state.candidates[2].score.full
            await whole(session)
            await session._store.delete_now("s")
        assert not desk.twice()


async def test_an_answer_counts_although_a_parameter_was_learned_meanwhile(db, tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: "look" in desk.calls)
            session.stop()
            await running
            await session._store.set_trait(server.url, "openai/m", "temperature", False)
        desk.looks = 1
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            assert session.state.candidates[1].score.full
        assert not desk.twice()


@pytest.mark.parametrize("scorer", ["openai/m", "anthropic/m"])
async def test_results_that_are_cut_off_or_garbled_are_read_again(db, tmp_path, scorer):
    def whole_lines(data):
        return b"\n".join(data.split(b"\n")[:2]) + b"\n"

    def garbled(data):
        first, rest = data.split(b"\n", 1)
        return first[:20] + b"\n[]\n\n" + rest

    ways = [lambda data: data[: len(data) // 2], whole_lines, garbled]
    desk = BatchDesk(looks=1)
    desk.cuts = [Fault(truncate=True), Fault(cut=True)]
    desk.spoil = lambda data: (ways.pop(0) if ways else bytes)(data)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url, scorer=scorer))
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            used = session.state.usage("scorer")
            # What is garbled is no answer: after three readings it is bought again.
            assert (used.calls, used.failed) in ((30, 0), (30, 1), (30, 2))
        assert len(desk.twice()) == used.failed


async def test_a_parameter_refused_twice_over_is_no_reason_to_stop(db, tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk, refuse=["temperature"]) as server:
        await new(db, batched(tmp_path, server.url, optimizer="anthropic/m"))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: "look" in desk.calls)
            session.stop()
            await running
            # Another session finds it out while the batch is under way.
            await session._store.set_trait(server.url, "openai/m", "temperature", False)
        desk.looks = 1
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            assert session.state.usage("scorer").failed == 6


async def test_what_was_sent_before_a_batch_that_is_refused_comes_home(db, tmp_path, monkeypatch):
    monkeypatch.setattr(OpenAIBatches, "most_requests", 4)
    desk = BatchDesk(looks=2)
    desk.fault = lambda name: 403 if name == "create" and desk.batches else None
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            stopped = (await run(session, 1))[-1]
            assert stopped.code == "error"
            assert session.state.usage("scorer").calls == len(desk.bought) == 4
            desk.fault = None
            await run(session, 1)
            assert session.state.finished_steps == 1
        assert not desk.twice()


async def test_the_forecast_is_at_the_price_of_batches(db, tmp_path):
    said = {}
    for scoring in ("full", "batch"):
        await new(db, batched(tmp_path, "http://127.0.0.1:1/v1", scoring=scoring), scoring)
        async with opened(db, scoring) as session:
            said[scoring] = {role.role: role for role in (await session.forecast()).roles}
            single = (await session.scoring_forecast(10)).roles[0]
            as_steps = (await session.scoring_forecast(10, as_steps=True)).roles[0]
            share = 2 if scoring == "batch" else 1
            assert single.cost_pico == share * as_steps.cost_pico
    full, batch = said["full"]["scorer"], said["batch"]["scorer"]
    assert (batch.low, batch.high, batch.calls) == (full.low, full.high, full.calls)
    assert 2 * batch.cost_low == full.cost_low < full.cost_high == 2 * batch.cost_high
    assert said["batch"]["optimizer"] == said["full"]["optimizer"]


async def test_a_batch_that_nobody_waits_for_any_more_holds_nothing_up(db, tmp_path):
    desk = BatchDesk(looks=1)
    with LoopbackServer(desk=desk) as server:
        await new(db, batched(tmp_path, server.url))
        async with opened(db) as session:
            await run(session, 1)
            desk.looks = 10**6
            running = asyncio.create_task(run(session, 1))
            await until(lambda: len(desk.batches) == 3 and desk.calls[-1] == "look")
            session.stop()
            await running
            await session.edit(Edits(veto=tuple(c.id for c in session.state.waiting())))
            # It goes on while the session does, single calls and all; its answers come late.
            await session.edit(Edits(settings={"scoring": "full"}))
            await run(session, 1)
            assert session.state.finished_steps == 2
            await run(session, 2)
            assert session.state.finished_steps == 4
            assert session.left_open.pico > 0
            before = session.state.usage("scorer").calls
            desk.batches["batch_3"].looks = 10**7
            await run(session, 1)
            late = len(desk.batches["batch_3"].items)
            assert session.state.usage("scorer").calls == before + late + 4 * 6
            assert session.left_open.pico == 0
            used = session.state.usage()
            await whole(session)
        async with opened(db) as session:
            assert session.state.usage() == used
