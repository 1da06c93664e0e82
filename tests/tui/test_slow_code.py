"""A user's module that takes its time to be imported doesn't hold the screen up."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from opro_tui.config import Config
from opro_tui.tasks import user_code
from opro_tui.tui.app import OproApp
from opro_tui.tui.screens.new_session.screen import NewSession
from tests.support.own_code import METRIC, run_and_forget
from tests.tui.driving import screen_text, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BEGUN, GO_ON = threading.Event(), threading.Event()
_SLOW = """
from tests.tui.test_slow_code import BEGUN, GO_ON
BEGUN.set()
GO_ON.wait(60)

def half(answer, target):
    return 0.5
"""


async def _session(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session whose metric's module is slow from now on."""
    BEGUN.clear()
    GO_ON.clear()
    await run_and_forget(path, "metric", monkeypatch, steps=1)
    (path.parent / "eyes_own_code.py").write_text(_SLOW)


def _forget() -> None:
    GO_ON.set()
    for thread in user_code._hanging.values():
        thread.join(10)
    user_code._hanging.clear()
    sys.modules.pop("eyes_own_code", None)


async def test_keys_answer_while_a_session_waits_for_its_metric(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sessions.db"
    await _session(path, monkeypatch)
    app = OproApp(path, "s", Config())
    try:
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, BEGUN.is_set)
            await pilot.press("question_mark")
            await until(pilot, lambda: "HELP" in screen_text(app).upper())
            assert not app.steering.opened
            await pilot.press("escape")
            GO_ON.set()
            await until(pilot, lambda: app.steering.opened)
            assert not app.steering.readonly
    finally:
        _forget()


async def test_one_that_hangs_is_told_and_the_session_opens_to_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sessions.db"
    await _session(path, monkeypatch)
    monkeypatch.setattr(user_code, "SECONDS", 0.3)
    app = OproApp(path, "s", Config())
    try:
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, lambda: app.steering.opened and "read-only" in screen_text(app))
            assert "is not imported after 0.3 s" in app.steering.missing_code
    finally:
        _forget()


async def test_the_form_takes_keys_while_it_checks_a_metric(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _session(tmp_path / "sessions.db", monkeypatch)
    monkeypatch.setattr("opro_tui.tui.screens.new_session.screen.DEBOUNCE", 0.01)
    app = OproApp(tmp_path / "sessions.db", None, Config())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.sessions is not None and app.sessions.loaded)
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, NewSession))
            page = app.screen
            assert isinstance(page, NewSession)
            page.rows["task"].input.value = str(tmp_path / "sums.jsonl")
            page.rows["metric"].input.value = METRIC
            await until(pilot, BEGUN.is_set)
            page.rows["name"].input.focus()
            await pilot.press("x", "y")
            assert "xy" in page.rows["name"].text
            assert page.checking.busy
    finally:
        _forget()
