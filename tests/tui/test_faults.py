"""What is said when something is broken: the database, or the program itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from opro_tui.config import Config
from opro_tui.store.database import Store
from opro_tui.tui import advice, crash
from opro_tui.tui.app import OproApp
from opro_tui.tui.screens.problem import Problem
from tests.tui.driving import SIZES, make_session, opened, screen_text, until

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
PROMPT = "a prompt that nobody else shall read"


@both_sizes
async def test_a_damaged_database_is_said_to_be_damaged_and_nothing_else(tmp_path, size) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    data = path.read_bytes()
    for each in tmp_path.glob("sessions.db-*"):
        each.unlink()
    path.write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    app = OproApp(path, None, Config())
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Problem))
        shown = screen_text(app)
        assert "damaged" in shown
        assert "intact" not in shown
        assert "press r" not in shown
        await pilot.press("escape")
        await pilot.pause()
        shown = screen_text(app)
        assert "The sessions can't be read" in shown
        assert "o sessions yet" not in shown
        assert "Demo" not in shown
        path.write_bytes(data)
        await pilot.press("R")
        await until(pilot, lambda: "1 of 1 session shown" in screen_text(app))


def test_a_session_is_called_intact_only_where_that_is_known() -> None:
    assert advice.kept("openai/x: too many requests", on_bench=True) == advice.KEPT
    assert not advice.kept("openai/x: too many requests", on_bench=False)
    assert not advice.kept("s.db: the database is damaged.", on_bench=True)
    assert "backup" in "".join(advice.advice("", "s.db: the database is damaged."))


async def test_a_session_that_can_not_be_opened_is_named(tmp_path) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    app = OproApp(path, None, Config())
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: app.sessions is not None and bool(app.sessions.entries))
        store = await Store.open(path)
        await store.delete("demo")
        await store.close()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Problem))
        assert app.screen.heading == "'demo' can't be opened"


async def test_a_database_may_be_named_from_the_folder_one_is_in(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    await make_session(Path("sessions.db"))
    async with opened(Path("sessions.db")) as (app, _):
        assert app.steering.opened
    app = OproApp(Path("sessions.db"), None, Config())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "1 of 1 session shown" in screen_text(app))


def broken(text: str) -> None:
    secret = text * 3
    raise ValueError(secret)


def test_a_report_of_a_fault_holds_no_word_of_a_prompt() -> None:
    with pytest.raises(ValueError, match=PROMPT) as caught:
        broken(PROMPT)
    text = crash.report(caught.value, Path("/var/log/x.log"))
    assert "ValueError in test_faults.py" in text
    assert "/var/log/x.log" in text
    assert PROMPT not in text
    assert len(text.splitlines()) == 2
    assert "--log-level debug" in crash.report(KeyError(PROMPT), None)


async def test_a_fault_ends_with_a_short_report_and_the_way_back(tmp_path, monkeypatch) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    app = OproApp(path, "demo", Config())
    printed: list[str] = []
    monkeypatch.setattr(type(app), "panic", lambda _, text: printed.append(str(text)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.steering.opened)
        try:
            broken(PROMPT)
        except ValueError as error:
            app._handle_exception(error)
            app._handle_exception(error)
        assert len(printed) == 1
        assert "OPRO TUI had to end: ValueError" in printed[0]
        assert PROMPT not in printed[0]
        assert app.return_code == 1
        app._exception = None
