"""Fresh and held-out examples, forks that share answers, and honest comparisons."""

from __future__ import annotations

import pytest

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.core.grades import unpack
from opro_tui.engine import heldout
from opro_tui.engine.compare import compare
from opro_tui.engine.fork import fork
from opro_tui.engine.run import Incomplete
from opro_tui.models.retry import RetryPolicy
from opro_tui.store.database import Store
from tests.support.loopback import Fault, LoopbackServer
from tests.support.sessions import make_and_run, opened, own_data, run

MESSAGES = "/v1/messages"


@pytest.fixture
def server():
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def db(tmp_path):
    return tmp_path / "s.db"


async def test_a_look_is_counted_kept_and_bought_once(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url, test=8), 1)
    before = len(server.records(MESSAGES))
    async with opened(db) as session:
        best = session.state.best()
        chosen = heldout.indexes(session, "test")
        (first,) = await heldout.measure(session, [best], chosen, "evaluate")
        assert (first.score.n, first.score.of, first.split) == (8, 8, "test")
        assert len(unpack(first.score.grades)) == 8
        assert len(server.records(MESSAGES)) == before + 8
        await heldout.measure(session, [best], chosen, "evaluate")
        assert len(server.records(MESSAGES)) == before + 8
        assert len(session.state.measured) == 2
        assert heldout.known(session.state, best.id, chosen) is session.state.measured[-1]
        await run(session, 1)
        live = session.state
    async with opened(db, readonly=True) as session:
        assert session.state == live


async def test_fresh_examples_are_none_of_the_others(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url, test=5), 1)
    async with opened(db) as session:
        chosen = heldout.fresh(session, None)
        assert len(chosen) == 20 - 6 - 5
        assert heldout.fresh(session, 4) == heldout.fresh(session, 4)
        assert not set(chosen) & (
            set(session.state.facts.train) | set(heldout.indexes(session, "test"))
        )
        ties = heldout.tied(session.state)
        found = await heldout.measure(session, ties, chosen, "confirm")
        assert [event.candidate for event in found] == [candidate.id for candidate in ties]


async def test_missing_answers_are_no_measurement(db, tmp_path):
    broken = {"on": False}

    def fault(number, request):
        return Fault(status=500) if broken["on"] and number % 3 == 0 else None

    with LoopbackServer(fault=fault) as server:
        await make_and_run(db, own_data(tmp_path, server.url, test=8), 1)
        async with opened(db) as session:
            session.hands.caller.policy = RetryPolicy(attempts=1)
            broken["on"] = True
            best, chosen = session.state.best(), heldout.indexes(session, "test")
            with pytest.raises(Incomplete, match=r"of 8 answers of #\d+ are missing"):
                await heldout.measure(session, [best], chosen, "evaluate")
            assert session.state.measured == ()
            broken["on"] = False
            before = len(server.records(MESSAGES))
            await heldout.measure(session, [best], chosen, "evaluate")
            assert 0 < len(server.records(MESSAGES)) - before < 8


async def test_there_may_be_nothing_fresh(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url, test=14), 1)
    async with opened(db) as session:
        with pytest.raises(BadInput, match="there are no fresh examples"):
            heldout.fresh(session, None)


async def arms(db, store):
    async with opened(db) as parent:
        await fork(store, parent, 1, "arm")


async def test_arms_are_compared_from_where_they_parted(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url, test=8), 2)
    store = await Store.open(db)
    await arms(db, store)
    async with opened(db, "arm") as arm:
        await arm.edit(Edits(settings={"temperature": 0.2}, note="calmer"))
        await run(arm, 2)
    async with opened(db) as one, opened(db, "arm") as two:
        found = await compare(store, one, two)
        assert found.parted == 1
        assert [edit.kind for edit in found.second.edits] == ["set"]
        assert found.first.edits == ()
        own = [used for (step, _), used in two.state.ledger.items() if step > 1]
        assert found.second.spent.calls == sum(used.calls for used in own)
        assert found.held_out is None
        assert found.training is not None
        for session in (one, two):
            chosen = heldout.indexes(session, "test")
            await heldout.measure(session, [session.state.best()], chosen, "evaluate")
        found = await compare(store, one, two)
        assert found.held_out is not None
        assert found.held_out.n == 8
        assert found.held_out.low <= found.held_out.gain <= found.held_out.high
    await store.close()


async def test_strangers_share_no_past(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url), 1)
    await make_and_run(db, own_data(tmp_path, server.url, train=5), 1, name="b")
    store = await Store.open(db)
    async with opened(db, readonly=True) as one:
        found = await compare(store, one, one)
        assert found.training is not None
        assert (found.training.wins, found.training.losses) == (0, 0)
    await store.close()
