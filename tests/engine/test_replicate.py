"""The setting `replicate`: whose bought answers a session's scores rest on."""

from __future__ import annotations

from opro_tui.config_file import load_config
from opro_tui.core.edits import Edits
from opro_tui.core.reducer import fold
from opro_tui.engine import heldout
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.exchange.writing import write_json
from opro_tui.engine.opening import initial_state
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from tests.support.sessions import make, own_data, run


async def opened(store, name):
    return await Session.open(store, name, load_config(None))


async def one_step(store, folder, name, **values):
    await make(store, own_data(folder, **values), name)
    session = await opened(store, name)
    await run(session, 1)
    return session


async def bought(session):
    used = session.state.usage("scorer")
    return used.calls, used.from_store


async def test_the_same_number_shares_answers_and_another_buys_its_own(tmp_path):
    store = await Store.open(tmp_path / "s.db")
    first = await one_step(store, tmp_path, "first", replicate=3)
    again = await one_step(store, tmp_path, "again", replicate=3, temperature=0.5)
    other = await one_step(store, tmp_path, "other", replicate=4)
    shared = first.state.usage("scorer", 0).calls
    assert shared == 6
    assert (await bought(again))[1] >= shared
    assert again.state.usage("scorer", 0).calls == 0
    assert (await bought(other)) == (other.state.usage("scorer").calls, 0)
    assert other.state.usage("scorer", 0).calls == shared
    for session in (first, again, other):
        await session.close()
    await store.close()


async def test_what_is_stored_makes_the_same_state_and_goes_through_a_file(tmp_path):
    store = await Store.open(tmp_path / "s.db")
    session = await one_step(store, tmp_path, "s", replicate=2, test=4)
    await session.edit(Edits(rescore=(1,)))
    async for _ in session.score([1]):
        pass
    best = session.state.best()
    await heldout.measure(session, [best], heldout.indexes(session, "test"), "evaluate")
    state = session.state
    assert state.candidates[1].replicate == 1
    stored = await store.events(session.record.id)
    assert fold(initial_state(session.record, session.task), stored) == state
    evaluations = await store.evaluations(session.record.id, 1)
    assert {item.event.replicate for item in evaluations} == {0, 1}
    path = tmp_path / "s.json"
    path.write_bytes("".join([piece async for piece in write_json(store, "s")]).encode())
    await session.close()
    await store.close()
    other = await Store.open(tmp_path / "other.db")
    await import_file(other, path)
    read = await opened(other, "s")
    assert read.state.settings.replicate == 2
    assert read.state == state
    await read.close()
    await other.close()
