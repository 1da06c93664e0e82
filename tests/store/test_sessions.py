"""Sessions are named, listed, forked and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opro_tui.core.errors import BadInput, StoreError
from tests.store.samples import answer, evaluated, intent, new_session, outcome, sampled, started

if TYPE_CHECKING:
    from opro_tui.store.database import Store

TABLES = (
    *("sessions", "steps", "candidates", "scores", "evaluations", "calls", "answers", "choices"),
    *("edits", "notices", "examples", "example_sets", "texts", "routes", "summaries"),
)


async def counts(store: Store) -> dict[str, int]:
    return await store._read(
        lambda db: {
            table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES
        }
    )


async def test_an_unknown_name_gets_the_nearest(store: Store) -> None:
    await new_session(store, "sums-v2")
    with pytest.raises(BadInput, match="Did you mean 'sums-v2'"):
        await store.session("sums-v3")
    with pytest.raises(BadInput, match="opro-tui list"):
        await store.session("zzz")
    with pytest.raises(BadInput):
        await store.delete_now("zzz")
    with pytest.raises(StoreError):
        await store.session_by_id(77)


async def test_names_are_taken_once(store: Store) -> None:
    await new_session(store, "demo")
    with pytest.raises(BadInput, match="'demo-2'"):
        await new_session(store, "demo")
    with pytest.raises(BadInput, match="empty"):
        await new_session(store, " ")
    assert await store.free_name("demo") == "demo-2"
    await new_session(store, "demo-2")
    assert await store.free_name("demo") == "demo-3"
    assert await store.free_name("other") == "other"


async def test_rename(store: Store) -> None:
    made = await new_session(store, "old")
    await new_session(store, "taken")
    with pytest.raises(BadInput):
        await store.rename("old", "taken")
    with pytest.raises(BadInput):
        await store.rename("missing", "new")
    await store.rename("old", "old")
    await store.rename("old", "new")
    assert (await store.session("new")).id == made.id


async def test_the_session_last_used_comes_first(store: Store) -> None:
    a, b = await new_session(store, "a"), await new_session(store, "b")
    later = max(a.updated, b.updated) + 1
    await store._write(
        lambda db: db.execute("UPDATE sessions SET updated = ? WHERE id = ?", (later, a.id))
    )
    assert [record.name for record in await store.sessions()] == ["a", "b"]
    await store.append(b.id, [sampled(0, 1)])
    assert (await store.session("b")).updated >= b.updated


async def test_a_summary_never_goes_back(store: Store) -> None:
    session = (await new_session(store)).id
    await store.set_summary(session, 7, {"best": 0.7})
    await store.set_summary(session, 5, {"best": 0.5})
    record = await store.session("s")
    assert (record.summary, record.summary_seq) == ({"best": 0.7}, 7)
    await store.set_summary(session, 8, {"best": 0.8, "text": "\ud800"})
    assert (await store.session("s")).summary == {"best": 0.8, "text": "\ud800"}


async def fill(store: Store, session: int) -> int:
    await store.append(session, [started(0), sampled(0, 1)])
    call = await store.begin_call(session, intent())
    await store.begin_call(session, intent(b"open" * 4))
    await store.finish_call(
        session, outcome(call), answer("a", "b"), [evaluated(0, 1, 0, call=call)]
    )
    await store.set_summary(session, 4, {})
    return call


async def test_nothing_is_left_of_a_deleted_session(store: Store) -> None:
    before = await counts(store)
    session = (await new_session(store)).id
    await fill(store, session)
    await store.delete_now("s")
    assert await counts(store) == before
    assert await store.sessions() == []
    with pytest.raises(StoreError):
        await store.append(session, [sampled(0, 2)])


async def test_a_deleted_parent_is_hidden_until_its_last_fork_goes(store: Store) -> None:
    root = (await new_session(store, "root")).id
    await fill(store, root)
    child = (await new_session(store, "child", parent=root, fork_seq=4)).id
    await new_session(store, "second", parent=root, fork_seq=4)
    await new_session(store, "grandchild", parent=child, fork_seq=4)
    await store.delete_now("root")
    with pytest.raises(BadInput):
        await store.session("root")
    assert (await store.session_by_id(root)).name == "root"
    assert len(await store.events(child, fine=True)) == 4
    again = await new_session(store, "root")  # its name is free again
    await store.delete_now("root")
    assert again.id != root
    await store.delete_now("child")
    await store.delete_now("second")
    assert [record.name for record in await store.sessions()] == ["grandchild"]
    assert (await counts(store))["sessions"] == 3
    await store.delete_now("grandchild")
    assert set((await counts(store)).values()) == {0}


async def test_answers_outlive_the_session_that_bought_them(store: Store) -> None:
    buyer = (await new_session(store, "buyer")).id
    call = await fill(store, buyer)
    user = (await new_session(store, "user")).id
    await store.append(user, [evaluated(0, 5, 0, call=call, from_store=True)])
    await store.delete_now("buyer")
    (seen,) = await store.evaluations(user, 5)
    assert [completion.text for completion in seen.completions] == ["a", "b"]
    found = await store.find_answers([intent().key])
    assert found[intent().key].session is None
    assert (await counts(store))["calls"] == 1
    assert await store.integrity() == "ok"
    await store.delete_now("user")
    assert set((await counts(store)).values()) == {0}


async def test_traits(store: Store) -> None:
    assert await store.traits("e", "m") == {}
    await store.set_trait("e", "m", "temperature", False)
    await store.set_trait("e", "m", "n", 8)
    await store.set_trait("e", "m", "n", 4)
    await store.set_trait("e", "other", "n", True)
    known = await store.traits("e", "m")
    assert known == {"temperature": False, "n": 4}
    assert known["temperature"] is False
