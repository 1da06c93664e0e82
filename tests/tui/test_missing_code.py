"""A session whose own code is gone opens to be looked at, and replays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.tui.app import OproApp
from opro_tui.tui.screens.problem import Problem
from opro_tui.tui.screens.replay import ReplayScreen
from tests.support.own_code import run_and_forget
from tests.tui.driving import SIZES, screen_text, until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", ["metric", "task"])
@pytest.mark.parametrize("size", SIZES)
async def test_it_opens_read_only_and_replays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, size: tuple[int, int]
) -> None:
    path = tmp_path / "sessions.db"
    await run_and_forget(path, kind, monkeypatch, steps=1)
    app = OproApp(path, "s", Config())
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.steering.opened and "read-only" in screen_text(app))
        await until(pilot, lambda: "imported" in screen_text(app))
        assert "Another process" not in screen_text(app)
        assert app.steering.session.readonly
        await until(pilot, lambda: not any(w.group == "prompt" for w in app.workers))
        assert not isinstance(app.screen, Problem)
        assert app.workbench.check_action("step", ()) is False
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen))
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        await until(pilot, lambda: screen.opened is not None)
        await pilot.press("home", "s", "b", "end")
        assert screen.state == app.steering.state
        await pilot.press("escape")
        assert app.screen is app.workbench
