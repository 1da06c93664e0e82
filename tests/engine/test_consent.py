"""Code that an imported file names never runs without consent, whatever is made of the session."""

from __future__ import annotations

from contextlib import suppress

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import BadInput, CodeMissing
from opro_tui.engine import lineage, listing, rebuild, regrade
from opro_tui.engine.arms import null_arm
from opro_tui.engine.consent import ALLOWED
from opro_tui.engine.exchange.formats import export
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.fork import duplicate, fork, make
from opro_tui.engine.replay import Replay
from opro_tui.engine.report import list_json, show_json
from opro_tui.store.database import Store
from tests.support.sessions import opened, run
from tests.support.strange_code import METRIC, OWN_METRIC, forget, ran, strange

MADE = {"metric": ("s", "f", "g", "d", "e", "t", "p"), "task": ("s", "f", "g", "d", "e")}


@pytest.fixture(params=["metric", "task"])
async def made(request, tmp_path, monkeypatch):
    path = await strange(tmp_path, request.param, monkeypatch)
    assert not ran(tmp_path), "making forks and duplicates ran it"
    return path, MADE[request.param], request.param


async def test_what_is_made_from_an_imported_session_asks_too(made, monkeypatch):
    path, names, kind = made
    for name in names:
        with pytest.raises(CodeMissing, match="would run the code python:strange_code_x") as caught:
            async with opened(path, name):
                pass
        assert ALLOWED in str(caught.value)
        assert ("--allow-python" in str(caught.value)) == (name in "sde")
    assert not ran(path.parent)
    monkeypatch.setenv(ALLOWED, METRIC if kind == "metric" else "python:strange_code_x:Shortest")
    for name in names:
        forget(path.parent)
        async with opened(path, name) as session:
            await run(session, 1)
        assert ran(path.parent)


async def test_looking_at_them_runs_nothing(made):
    path, names, _ = made
    store = await Store.open(path)
    await list_json(store)
    assert [entries async for entries in listing.entries(store)]
    for name in names:
        async with opened(path, name, readonly=True) as session:
            await show_json(store, session)
            if session.state.finished_steps:
                with suppress(CodeMissing):  # only an own task can say how its scores are shown
                    await rebuild.rebuild(session, rebuild.Changes())
                lineage.lineage(session)
                for metric in (None, METRIC):
                    with pytest.raises(BadInput):
                        await regrade.regrade(session, metric)
        replay = await Replay.open(store, name)
        replay.seek(len(replay.events))
        for form in ("json", "html", "csv", "md"):
            assert [piece async for piece in export(store, name, Config(), form)]
    await store.close()
    assert not ran(path.parent)


async def test_a_null_arm_asks_too(made):
    path, _, kind = made
    store = await Store.open(path)
    async with opened(path, "s", readonly=True) as session:
        if kind == "task":
            with pytest.raises(CodeMissing):
                await null_arm(store, session)
        else:
            found = await null_arm(store, session)
            await make(store, found.plan, "control")
            with pytest.raises(CodeMissing, match="comes from an imported session"):
                async with opened(path, "control"):
                    pass
    await store.close()
    assert not ran(path.parent)


async def test_a_metric_that_the_person_names_is_theirs(tmp_path, monkeypatch):
    path = await strange(tmp_path, "metric", monkeypatch)
    store = await Store.open(path)
    async with opened(path, "s", readonly=True) as session:
        await fork(store, session, None, "mine", {"metric": OWN_METRIC})
    await store.close()
    async with opened(path, "mine") as session:
        await run(session, 1)
    assert not ran(tmp_path)


async def test_a_deleted_parent_is_still_asked_for(tmp_path, monkeypatch):
    path = await strange(tmp_path, "metric", monkeypatch)
    store = await Store.open(path)
    await store.delete_now("s")
    await store.delete_now("f")
    await store.close()
    with pytest.raises(CodeMissing):
        async with opened(path, "g"):
            pass
    assert not ran(tmp_path)


async def test_who_agreed_when_importing_is_not_asked_again(tmp_path, monkeypatch):
    await strange(tmp_path, "metric", monkeypatch)
    store = await Store.open(tmp_path / "other.db")
    done = await import_file(store, tmp_path / "s.jsonl", allow_python=True)
    async with opened(tmp_path / "other.db", done.record.name, readonly=True) as session:
        await fork(store, session, 1, "f")
        await duplicate(store, session, "d")
    await store.close()
    for name in ("f", "d"):
        async with opened(tmp_path / "other.db", name) as session:
            assert not session.readonly
