"""Scoring steered by a person: halted, vetoed, completed, repeated, and priced alone."""

from __future__ import annotations

import asyncio

import pytest

from opro_tui.core.edits import Edits
from opro_tui.core.reducer import fold
from opro_tui.engine import detail
from opro_tui.engine.opening import initial_state
from opro_tui.store.database import Store
from tests.support.loopback import LoopbackServer
from tests.support.sessions import make, opened, own_data, run
from tests.support.waiting import until

MESSAGES = "/v1/messages"


@pytest.fixture
def db(tmp_path):
    return tmp_path / "db" / "sessions.db"


async def new(db, values, **draft):
    store = await Store.open(db)
    await make(store, values, **draft)
    await store.close()


async def stored_again(session):
    events = await session._store.events(session.record.id, fine=True)
    return fold(initial_state(session.record, session.task), events)


async def test_a_halt_during_a_run_ends_one_candidate_and_the_step_goes_on(db, tmp_path):
    with LoopbackServer(latency=0.03) as server:
        await new(db, own_data(tmp_path, server.url, train=8, concurrency=2), initial=("A.", "B."))
        async with opened(db) as session:
            running = asyncio.create_task(run(session, 1))
            await until(lambda: len(getattr(session.state.partial.get(1), "grades", ())) >= 2)
            await session.edit(Edits(halt=(1,)))
            halted = session.state.candidates[1].score
            assert 2 <= halted.n < 8
            await running
            state = session.state
            assert state.candidates[1].score == halted
            assert state.candidates[2].score.full
            assert state.steps[0].finished_seq
            assert state.best_id != 1
            asked = [r for r in server.records(MESSAGES) if "A." in r.messages[-1][1]]
            assert len(asked) <= halted.n + 2
            assert await stored_again(session) == state
        async with opened(db) as session:
            assert session.state == state
            await session.edit(Edits(complete=(1,)))
            async for _ in session.score((1,)):
                pass
            assert session.state.candidates[1].score.full
            asked = [r for r in server.records(MESSAGES) if "A." in r.messages[-1][1]]
            assert len(asked) == 8


async def test_a_veto_during_a_run_keeps_a_computed_candidate_from_being_scored(tmp_path, db):
    await new(db, {"task": "linear-regression", "seed": 1}, initial=("w=1, b=1", "w=2, b=2"))
    async with opened(db) as session:
        events = session.run(1)
        async for event in events:
            if event.type == "candidate_scored" and event.candidate == 1:
                await session.edit(Edits(veto=(2,)))
                break
        await events.aclose()
        await run(session, 1)
        second = session.state.candidates[2]
        assert second.vetoed == (second.score is None)


async def test_each_candidate_s_costs_are_what_its_own_calls_used(db, tmp_path):
    with LoopbackServer() as server:
        await new(db, own_data(tmp_path, server.url), initial=("A.", "B."))
        async with opened(db) as session:
            await run(session, 1)
            used = await detail.spent(session)
            assert used[1].calls == 6
            total = session.state.usage("scorer")
            assert sum(item.calls for item in used.values()) == total.calls
            assert sum(item.input_tokens for item in used.values()) == total.input_tokens
            assert sum(item.output_tokens for item in used.values()) == total.output_tokens
            assert used[1].cost_pico is None
            of_step = await detail.spent(session, 1)
            assert set(of_step) == {
                c.id for c in session.state.candidates.values() if c.step == 1 and c.score
            }


async def test_scoring_alone_is_priced_by_its_answers(db, tmp_path):
    await new(db, own_data(tmp_path) | {"optimizer": "simulated", "scorer": "openai/gpt-4o-mini"})
    async with opened(db) as session:
        few, many = await session.scoring_forecast(6), await session.scoring_forecast(60)
        assert (few.calls, many.calls) == (6, 60)
        assert 0 < few.cost_range[0] < few.cost_range[1] < many.cost_range[1]
        whole = await session.forecast()
        scorer = next(role for role in whole.roles if role.role == "scorer")
        assert (await session.scoring_forecast(scorer.calls)).roles == (scorer,)


async def test_computed_scores_cost_nothing(db):
    await new(db, {"task": "linear-regression"})
    async with opened(db) as session:
        assert (await session.scoring_forecast(0)).cost_range == (0, 0)
