"""The list of sessions: what it says and everything that can be done in it."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from opro_tui.config import Config
from opro_tui.engine import listing
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.engine.listing import Entry
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from opro_tui.store.locks import WriterLock
from opro_tui.tui import sessions_view as view
from opro_tui.tui.app import OproApp
from opro_tui.tui.screens.layers import Prompt, Question
from opro_tui.tui.screens.new_session.screen import NewSession
from opro_tui.tui.screens.problem import Problem
from tests.tui.driving import SIZES, screen_text, until
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from textual.pilot import Pilot

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
NOW = 1_800_000_000_000


def entry(id_: int, name: str, **more) -> Entry:
    values = {
        "task": "sums",
        "optimizer": "openai/a",
        "scorer": "openai/b",
        "simulated": False,
        "parent": None,
        "updated": NOW - id_ * 60_000,
        "known": True,
    }
    return Entry(id=id_, name=name, **(values | more))


async def fill(path: Path, *names: str, steps: int = 1) -> None:
    """Sessions on the quick task, the first of them run."""
    store = await Store.open(path)
    try:
        for name in names:
            values = {"task": "linear-regression", "seed": 1}
            await create(store, prepare(Draft(name=name, values=values), Config()))
        session = await Session.open(store, names[0], Config())
        async for _ in session.run(steps):
            pass
        await session.close()
    finally:
        await store.close()


async def names_in(path: Path) -> list[str]:
    store = await Store.open(path)
    try:
        return [record.name for record in await store.sessions()]
    finally:
        await store.close()


@asynccontextmanager
async def browsing(
    path: Path, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[OproApp, Pilot[None]]]:
    app = OproApp(path, None, Config())
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: settled(app))
        yield app, pilot


def settled(app: OproApp) -> bool:
    sessions = app.sessions
    assert sessions is not None
    known = all(entry.known for entry in sessions.entries.values())
    return sessions.loaded and known and not sessions._loading


async def shows(app: OproApp, pilot: Pilot[None], *names: str) -> None:
    """Let the list come to show some sessions, in any order."""
    sessions = app.sessions
    assert sessions is not None
    await until(
        pilot,
        lambda: settled(app) and {e.name for e in sessions.entries.values()} == set(names),
    )


async def answer(app: OproApp, pilot: Pilot[None], text: str) -> None:
    """Give a prompt's answer."""
    await until(pilot, lambda: isinstance(app.screen, Prompt))
    app.screen.query_one(Input).value = text
    await pilot.press("enter")


@both_sizes
async def test_rows_say_what_a_session_is(tmp_path, size) -> None:
    await fill(tmp_path / "s.db", "alpha", "beta")
    async with browsing(tmp_path / "s.db", size) as (app, _):
        text = screen_text(app)
        assert "2 of 2 sessions shown" in text
        alpha = next(line for line in text.splitlines() if "alpha" in line)
        assert "sim" in alpha
        assert "ready" in alpha
        assert "$0" in alpha
        assert "now" in alpha
        assert "? Help" in text
        assert "q Quit" in text


@both_sizes
async def test_without_sessions_it_offers_the_demo_and_a_new_one(tmp_path, size) -> None:
    path = tmp_path / "none" / "s.db"
    async with browsing(path, size) as (app, pilot):
        text = screen_text(app)
        assert "No sessions yet" in text
        assert "d  makes a demo" in text
        assert "n  makes a session" in text
        assert not path.exists()
        await pilot.press("x", "r", "f", "D", "enter")
        assert app.screen is app.sessions
        await pilot.press("d")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
        assert app.steering.name == "demo"
        assert app.steering.session.record.simulated


@both_sizes
async def test_enter_opens_the_workbench_and_leaving_comes_back(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha", "beta")
    async with browsing(path, size) as (app, pilot):
        await pilot.press("slash", *"alpha", "enter", "enter")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
        assert app.steering.name == "alpha"
        await until(pilot, lambda: app.steering.prompt is not None)
        await pilot.press("s")
        await until(pilot, lambda: app.steering.state.finished_steps == 2)
        await until(pilot, lambda: not app.steering.running)
        await pilot.press("q")
        await until(pilot, lambda: app.screen is app.sessions and settled(app))
        steps = {e.name: e.steps for e in app.sessions.entries.values()}
        assert steps == {"alpha": 2, "beta": 0}
        assert app.sessions.selected.name == "alpha"
        await pilot.press("escape", "G", "enter")
        await until(pilot, lambda: app.steering.opened)
        assert app.steering.name == "beta"


@pytest.mark.parametrize("keys", ["oo", "opro"])
async def test_keys_typed_before_the_workbench_stands_do_no_harm(tmp_path, keys) -> None:
    await fill(tmp_path / "s.db", "alpha")
    async with browsing(tmp_path / "s.db") as (app, pilot):
        for key in keys:
            app.simulate_key(key)
        await until(pilot, lambda: app.steering.opened)
        await until(pilot, lambda: app.steering.prompt is not None)
        assert app.screen_stack.count(app.workbench) == 1
        assert app.steering.name == "alpha"


async def test_keys_pressed_twice_make_one_demo_and_one_form(tmp_path) -> None:
    path = tmp_path / "s.db"
    async with browsing(path) as (app, pilot):
        app.simulate_key("n")
        app.simulate_key("n")
        await until(pilot, lambda: isinstance(app.screen, NewSession) and app.screen.is_mounted)
        assert len(app.screen_stack) == 3
        app.pop_screen()
        await until(pilot, lambda: app.screen is app.sessions)
        app.simulate_key("d")
        app.simulate_key("d")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
    assert await names_in(path) == ["demo"]


async def test_search_shows_what_matches_and_escape_all(tmp_path) -> None:
    await fill(tmp_path / "s.db", "alpha", "beta", "alphabet")
    async with browsing(tmp_path / "s.db", (80, 24)) as (app, pilot):
        await pilot.press("slash", *"alp")
        await pilot.pause()
        text = screen_text(app)
        assert "2 of 3 sessions shown" in text
        assert "beta " not in text
        await pilot.press(*"xx")
        await pilot.pause()
        assert "0 of 3" in screen_text(app)
        assert "Escape shows all" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "3 of 3" in screen_text(app)
        assert not app.sessions.field.display
        assert app.sessions.rows.has_focus


@both_sizes
async def test_rename_checks_the_name_while_it_is_typed(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha", "beta")
    async with browsing(path, size) as (app, pilot):
        await pilot.press("slash", *"alpha", "enter", "r")
        await answer(app, pilot, "beta")
        await pilot.pause()
        assert "already" in screen_text(app)
        await answer(app, pilot, "汉字 [/INST]")
        await shows(app, pilot, "汉字 [/INST]", "beta")
    assert set(await names_in(path)) == {"汉字 [/INST]", "beta"}


@both_sizes
async def test_duplicate_and_fork_ask_for_names(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha", steps=2)
    async with browsing(path, size) as (app, pilot):
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        assert app.screen.query_one(Input).value == "alpha-2"
        await pilot.press("enter")
        await shows(app, pilot, "alpha", "alpha-2")
        assert app.sessions.selected.name == "alpha-2"
        assert app.sessions.selected.steps == 0
        await pilot.press("f")
        await pilot.pause(0.2)
        assert app.screen is app.sessions
        app.sessions.rows.move_to(next(e.id for e in app.sessions.entries.values() if e.steps))
        await pilot.press("f")
        await answer(app, pilot, "9")
        await pilot.pause()
        assert "0 to 2" in screen_text(app)
        await answer(app, pilot, "1")
        await until(pilot, lambda: app.screen.query_one(Input).value == "alpha-fork")
        await pilot.press("enter")
        await shows(app, pilot, "alpha", "alpha-2", "alpha-fork")
        assert app.sessions.selected.steps == 1
        assert "└ alpha-fork" in screen_text(app)


@both_sizes
async def test_delete_says_what_is_lost_and_asks(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha", "beta")
    async with browsing(path, size) as (app, pilot):
        await pilot.press("slash", *"alpha", "enter", "x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        text = screen_text(app)
        assert "alpha: 1 step" in text
        assert "$0 spent" in text
        await pilot.press("escape")
        await pilot.press("x", "enter")
        await pilot.pause()
        assert app.screen is app.sessions
        await pilot.press("delete", "y")
        await shows(app, pilot, "beta")


async def test_marked_sessions_are_deleted_together(tmp_path) -> None:
    path = tmp_path / "s.db"
    await fill(path, "a", "b", "c")
    async with browsing(path, (80, 24)) as (app, pilot):
        await pilot.press("g", "space", "space")
        await pilot.pause()
        assert "● 2 marked" in screen_text(app)
        kept = app.sessions.selected.name
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "Delete 2 sessions?" in screen_text(app)
        await pilot.press("y")
        await shows(app, pilot, kept)
        assert not app.sessions.marked


async def test_what_another_process_runs_is_shown_so_and_kept(tmp_path) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha", "beta")
    store = await Store.open(path)
    record = await store.session("alpha")
    await store.close()
    lock = WriterLock(path, record.id, "alpha")
    lock.acquire()
    try:
        async with browsing(path) as (app, pilot):
            assert app.sessions.entries[record.id].elsewhere
            await pilot.press("slash", *"alpha", "enter")
            await pilot.pause()
            assert "open in another process" in screen_text(app)
            await pilot.press("x", "y")
            await until(pilot, lambda: isinstance(app.screen, Problem))
            assert "alpha" in app.screen.text
        assert set(await names_in(path)) == {"alpha", "beta"}
    finally:
        lock.release()


async def test_an_open_step_of_another_process_is_running() -> None:
    record = type("R", (), {})()
    base = entry(1, "x")
    for name in ("id", "name", "updated", "simulated", "parent"):
        setattr(record, name, getattr(base, name))
    record.settings = prepare(Draft(name="x"), Config()).settings
    record.task_spec = {"kind": "prompt"}
    found = listing._entry(record, {"status": "incomplete"}, elsewhere=True, known=True)
    assert found.status == "running"
    assert listing._entry(record, None, elsewhere=False).status == ""


async def test_letters_only_act_in_the_list(tmp_path) -> None:
    await fill(tmp_path / "s.db", "alpha")
    async with browsing(tmp_path / "s.db") as (app, pilot):
        await pilot.press("slash", *"nxdq")
        assert app.screen is app.sessions
        assert app.sessions.field.value == "nxdq"
        await pilot.press("escape", "n")
        assert isinstance(app.screen, NewSession)
        await pilot.press("escape")
        assert app.screen is app.sessions


async def test_the_mouse_selects_and_opens(tmp_path) -> None:
    await fill(tmp_path / "s.db", "alpha", "beta")
    async with browsing(tmp_path / "s.db", (80, 24)) as (app, pilot):
        await pilot.click("#sessions", offset=(5, 2))
        assert app.sessions.rows.cursor == 1
        wanted = app.sessions.selected.name
        await pilot.click("#sessions", offset=(5, 2), times=2)
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
        assert app.steering.name == wanted


async def test_a_session_that_is_gone_is_said_and_the_list_comes_back(tmp_path) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha", "beta")
    async with browsing(path) as (app, pilot):
        store = await Store.open(path)
        await store.delete("alpha")
        await store.close()
        await pilot.press("slash", *"alpha", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, Problem))
        assert "alpha" in app.screen.text
        await pilot.press("escape")
        await shows(app, pilot, "beta")
        assert app.screen is app.sessions


async def test_a_database_that_can_not_be_read_is_said(tmp_path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"no database at all" * 1000)
    app = OproApp(path, None, Config())
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Problem))
        assert "s.db" in app.screen.text


async def test_hostile_names_are_shown_and_do_nothing(tmp_path) -> None:
    path = tmp_path / "s.db"
    await fill(path, "first")
    store = await Store.open(path)
    record = await store.session("first")
    names = [name for name in HOSTILE if name.strip() and len(name) < 1000]
    for name in names:
        await store.create_session(
            name=name,
            task_spec=record.task_spec,
            settings=replace(record.settings, task=name, optimizer=name),
            template=record.template,
            simulated=True,
            sources=(),
            versions={},
            examples=(),
        )
    await store.close()
    for size in SIZES:
        async with browsing(path, size) as (app, pilot):
            for _ in names:
                await pilot.press("down")
                text = screen_text(app)
                assert "\x1b" not in text
                assert "\u202e" not in text
            await pilot.press("x")
            await until(pilot, lambda app=app: isinstance(app.screen, Question))
            await pilot.press("escape", "r")
            await until(pilot, lambda app=app: isinstance(app.screen, Prompt))


async def test_500_sessions_stay_quick(tmp_path) -> None:
    entries = [entry(i, f"session {i}", parent=i - 1 if i % 5 else None) for i in range(1, 501)]
    async with browsing(tmp_path / "s.db") as (app, pilot):
        before = time.process_time()
        app.sessions._take(entries)
        await pilot.pause()
        assert time.process_time() - before < 0.5
        await pilot.press("slash", *"499")
        await pilot.pause()
        assert "1 of 500" in screen_text(app)


def test_forks_stand_below_their_parents_in_every_order() -> None:
    entries = [
        entry(1, "b", best=0.5),
        entry(2, "b fork", parent=1, best=0.9),
        entry(3, "a", best=0.7),
        entry(4, "fork of a fork", parent=2),
        entry(5, "orphan", parent=99),
    ]
    for by in range(len(view.SORTS)):
        for order in (view.Order(by), view.Order(by).turned()):
            lines = view.arrange(entries, order=order)
            names = [line.entry.name for line in lines]
            assert sorted(names) == sorted(e.name for e in entries)
            assert names.index("b fork") == names.index("b") + 1
            assert names.index("fork of a fork") == names.index("b") + 2
    best = view.arrange(entries, order=view.Order(3))
    assert [(line.entry.name, line.depth) for line in best] == [
        ("a", 0),
        ("b", 0),
        ("b fork", 1),
        ("fork of a fork", 2),
        ("orphan", 0),
    ]
    (alone,) = view.arrange(entries, "fork of a")
    assert alone.depth == 0


def test_figures_are_said_as_they_are_known() -> None:
    unknown = entry(1, "x", known=False)
    assert (view.best(unknown), view.cost(unknown)) == ("…", "…")
    new = entry(1, "x", steps=0)
    assert (view.best(new), view.cost(new)) == ("–", "?")
    full = entry(1, "x", steps=3, best=0.815, low=0.76, high=0.868, cost=0.412)
    assert (view.best(full), view.half(full), view.cost(full)) == ("81.5", "±5.4", "$0.412")
    raw = entry(1, "x", best=1234567.0, bounded=False)
    row = view.row(view.Line(raw), marked=False, now=NOW)
    assert row[2].text == "1,234,567"
    assert row[2].span == 2
    assert view.models(entry(1, "x", scorer="openai/a")) == "openai/a"


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "now"), (5, "5 min"), (200, "3 h"), (60 * 50, "2 d")]
)
def test_when_it_was_last_used(minutes, words) -> None:
    assert view.ago(NOW - minutes * 60_000, NOW) == words


def test_what_is_lost_names_some_and_counts_the_rest() -> None:
    many = [entry(i, f"s{i}", steps=i, cost=None) for i in range(9)]
    text = view.what_is_lost(many, forks=2)
    assert "s0: 0 steps, unknown cost" in text
    assert "and 3 more with 21 steps" in text
    assert "2 forks keep" in text


def test_names_and_steps_are_checked() -> None:
    assert view.name_problem("good", {"other"}) is None
    assert "already" in (view.name_problem("taken", {"taken"}) or "")
    assert view.name_problem("", ()) is not None
    assert view.name_problem("a\x1b", ()) is not None
    assert view.step_problem("2", 2) is None
    assert "0 to 2" in (view.step_problem("3", 2) or "")
    assert view.step_problem("1.5", 2) is not None


@both_sizes
async def test_u_brings_a_deleted_session_back(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha", "beta")
    async with browsing(path, size) as (app, pilot):
        await pilot.press("slash", *"alpha", "enter", "x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "For 30 days u brings it back" in screen_text(app)
        await pilot.press("y")
        await shows(app, pilot, "beta")
        await pilot.press("escape", "u")
        await until(pilot, lambda: "Bring back which session?" in screen_text(app))
        assert "kept until" in screen_text(app)
        await pilot.press("enter")
        await shows(app, pilot, "alpha", "beta")


@both_sizes
async def test_what_another_process_does_comes_into_the_list(tmp_path, size) -> None:
    """A session made, run, renamed and deleted elsewhere; the cursor stays on its session."""
    path = tmp_path / "s.db"
    await fill(path, "alpha", "beta")
    async with browsing(path, size) as (app, pilot):
        here = app.sessions.selected.name
        await fill(path, "gamma", "delta", steps=2)
        await shows(app, pilot, "alpha", "beta", "gamma", "delta")
        assert app.sessions.selected.name == here
        gamma = next(e for e in app.sessions.entries.values() if e.name == "gamma")
        assert gamma.steps == 2
        assert "gamma" in screen_text(app)
        await pilot.press("space")
        marked = app.sessions.marked
        below = app.sessions.selected.name
        store = await Store.open(path)
        await store.rename("gamma", "epsilon")
        await store.delete("delta")
        await store.close()
        await shows(app, pilot, "alpha", "beta", "epsilon")
        assert app.sessions.marked == marked
        assert app.sessions.selected.name == below or below in ("gamma", "delta")
        record = next(e for e in app.sessions.entries.values() if e.name == "beta")
        lock = WriterLock(path, record.id, "beta")
        lock.acquire()
        await until(pilot, lambda: app.sessions.entries[record.id].elsewhere)
        lock.release()
        await until(pilot, lambda: not app.sessions.entries[record.id].elsewhere)


async def test_the_list_is_not_read_again_where_nothing_happened(tmp_path, monkeypatch) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha", "beta")
    read = []
    entries = listing.entries

    def counted(store):
        read.append(store)
        return entries(store)

    monkeypatch.setattr(listing, "entries", counted)
    async with browsing(path) as (app, pilot):
        await pilot.pause(9)
        seen = len(read)
        assert seen <= 2  # its own summaries may be news once
        await pilot.pause(9)
        assert len(read) == seen
        await pilot.press("slash", *"alp")
        await fill(path, "alpine")
        await until(pilot, lambda: "alpine" in screen_text(app))
        assert app.sessions.field.value == "alp"


async def test_a_database_that_another_process_makes_comes_into_the_list(tmp_path) -> None:
    path = tmp_path / "s.db"
    async with browsing(path) as (app, pilot):
        assert "No sessions yet" in screen_text(app)
        await fill(path, "alpha")
        await shows(app, pilot, "alpha")
