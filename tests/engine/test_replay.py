from __future__ import annotations

import pytest

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.engine import replay as replaying
from opro_tui.engine.replay import Replay
from opro_tui.store.database import Store
from tests.support.sessions import make, opened, own_data, run


@pytest.fixture
async def played(tmp_path):
    db = tmp_path / "s.db"
    store = await Store.open(db)
    await make(store, own_data(tmp_path))
    states = []
    async with opened(db) as session:
        await run(session, 1)
        states.append(session.state)
        await session.edit(Edits(pin=(1,), note="keep"))
        await run(session, 2)
        states.append(session.state)
    yield store, states
    await store.close()


@pytest.mark.parametrize("fine", [True, False])
async def test_it_ends_where_the_session_is_and_passes_where_it_was(played, fine, monkeypatch):
    monkeypatch.setattr(replaying, "CHECKPOINT", 7)
    store, (early, late) = played
    replay = await Replay.open(store, "s", fine=fine)
    assert replay.seek(len(replay.events)) == late
    assert replay.seek(replay.after_step(1)) == early
    assert replay.seek(10**9) == late
    assert replay.seek(-5).steps == ()
    places = [0, 5, 3, len(replay.events), 8, 1]
    straight = await Replay.open(store, "s", fine=fine)
    for place in places:
        expected = (await Replay.open(store, "s", fine=fine)).seek(place)
        assert straight.seek(place) == expected


async def test_places_worth_jumping_to(played):
    store, (_, late) = played
    replay = await Replay.open(store, "s")
    assert [replay.seek(place).finished_steps for place in replay.steps()] == [0, 1, 2, 3]
    assert [replay.seek(place).edits[-1].kind for place in replay.edits()] == ["pin"]
    bests = replay.new_bests()
    assert replay.seek(bests[-1]).best_id == late.best_id
    assert replay.seek(bests[0]).best_id == 1


async def test_a_step_that_never_finished_is_named(played):
    store, _ = played
    replay = await Replay.open(store, "s")
    with pytest.raises(BadInput, match=r"step 9 did not finish\. Steps 0 to 3 did"):
        replay.after_step(9)
