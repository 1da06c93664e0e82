"""The null arm: as many candidates at once, in requests of the same size, for the same money."""

from __future__ import annotations

import pytest

from opro_tui.config_file import load_config
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.engine.arms import is_control, null_arm
from opro_tui.engine.compare import compare
from opro_tui.engine.fork import make as make_fork
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from tests.support.loopback import LoopbackServer
from tests.support.sessions import make, opened, own_data, run
from tests.support.wire import CHAT


async def arm(db, at=0, steps=None):
    """Make the control `c` of `s`."""
    store = await Store.open(db)
    try:
        session = await Session.open(store, "s", load_config(None), readonly=True)
        found = await null_arm(store, session, at, steps)
        await make_fork(store, found.plan, "c")
        await session.close()
    finally:
        await store.close()
    return found


async def new(db, values):
    store = await Store.open(db)
    await make(store, values)
    await store.close()


async def test_it_asks_for_as_many_in_requests_of_the_same_size(tmp_path):
    db = tmp_path / "s.db"
    with LoopbackServer() as server:
        await new(db, own_data(tmp_path, server.url, exemplars=2))
        async with opened(db) as session:
            await run(session, 3)
            before = server.records(CHAT)
            scorer = [r.body for r in server.records("/v1/messages")]
            first = session.state.steps[1].prompt.text
            spent = session.state.usage()
        found = await arm(db)
        assert (found.candidates, found.per_request, found.steps) == (12, 4, (1, 2, 3))
        assert len(server.records(CHAT)) == len(before)
        async with opened(db, "c") as control:
            settings = control.state.settings
            assert is_control(settings)
            assert settings.stop_after_tokens == spent.input_tokens + spent.output_tokens
            assert found.forecast.roles[0].calls == 3
            assert (await run(control, 5))[-1].code in ("max_steps", "budget")
            asked = server.records(CHAT)[len(before) :]
            assert [r.body.get("n", 1) for r in asked] == [4, 4, 4]
            assert {r.body["messages"][-1]["content"] for r in asked} == {first}
            draws = [c for c in control.state.candidates.values() if c.draw is not None]
            assert len(draws) == 12
            used = control.state.usage()
            assert used.input_tokens + used.output_tokens <= settings.stop_after_tokens
        # Not one answer is bought twice, for the scorer's requests stay the same.
        bodies = [str(r.body) for r in server.records("/v1/messages")]
        assert bodies[: len(scorer)] == [str(body) for body in scorer]
        assert len(bodies) == len(set(bodies))


async def test_steering_stays_out_of_it(tmp_path):
    db = tmp_path / "s.db"
    await new(db, own_data(tmp_path, optimizer="simulated", scorer="simulated", review=True))
    async with opened(db) as session:
        await run(session, 1)
        await run(session, 1)
        await session.edit(Edits(settings={"temperature": 0.2, "candidates": 6}, add=("Mine.",)))
        for _ in range(4):
            await run(session, 1)
        assert session.state.finished_steps == 3
    found = await arm(db)
    assert (found.candidates, found.per_request) == (16, 4)
    async with opened(db, "c") as control:
        last = (await run(control, 1))[-1]
        state = control.state
        # Bolder candidates may use the money up before all are scored.
        assert state.finished_steps == 1 or last.code == "budget"
        assert state.steps[1].started.settings.temperature == 1.0
        assert not state.settings.review
        assert not any(c.origin == "person" for c in state.candidates.values())


async def test_it_may_stand_against_some_of_the_steps(tmp_path):
    db = tmp_path / "s.db"
    await new(db, own_data(tmp_path, schedule="linear:0", max_steps=3))
    async with opened(db) as session:
        await run(session, 3)
    found = await arm(db, at=1, steps=1)
    assert (found.steps, found.candidates, found.at) == ((2,), 4, 1)
    async with opened(db, "c") as control:
        assert (control.state.settings.temperature, control.state.settings.schedule) == (
            0.5,
            "constant",
        )
        assert control.state.settings.max_steps == 2
        await run(control, 1)
        assert control.state.steps[-1].number == 2


async def test_comparing_says_which_is_the_control(tmp_path):
    db = tmp_path / "s.db"
    await new(db, own_data(tmp_path))
    async with opened(db) as session:
        await run(session, 2)
    await arm(db)
    async with opened(db, "c") as control:
        await run(control, 1)
    store = await Store.open(db)
    sessions = [
        await Session.open(store, name, load_config(None), readonly=True) for name in ("s", "c")
    ]
    found = await compare(store, *sessions)
    assert (found.first.control, found.second.control) == (False, True)
    assert found.first.sampled == found.second.sampled == 8
    assert found.second.label == "control of s: all 8 candidates of steps 1–2 in one step"
    assert (found.parted, found.second.finished) == (0, True)
    for session in sessions:
        await session.close()
    await store.close()


async def test_there_has_to_be_something_to_stand_against(tmp_path):
    db = tmp_path / "s.db"
    await new(db, own_data(tmp_path))
    async with opened(db) as session:
        with pytest.raises(BadInput, match="no step after step 0"):
            await arm(db)
        await run(session, 1)
    with pytest.raises(BadInput, match="no step after step 1"):
        await arm(db, at=1)
    with pytest.raises(BadInput, match="at least 1"):
        await arm(db, steps=0)


async def test_what_waits_in_the_session_is_not_the_controls_to_score(tmp_path):
    db = tmp_path / "s.db"
    await new(db, own_data(tmp_path))
    async with opened(db) as session:
        await run(session, 1)
        await session.edit(Edits(add=("Mine, for the next step.",)))
    found = await arm(db)
    scorer = next(role for role in found.forecast.roles if role.role == "scorer")
    assert scorer.calls <= 4 * 6
