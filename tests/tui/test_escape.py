"""Escape closes one layer and never breaks off what is being bought."""

from __future__ import annotations

import pytest

from opro_tui.tui.screens.layers import Question, Reader
from opro_tui.tui.screens.measure import MeasureScreen
from opro_tui.tui.screens.workbench import Workbench
from tests.tui.driving import SIZES, make_session, opened, run_out, until

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


async def scored(path) -> None:
    """A session with a scored step, on which a measurement takes a while."""
    await make_session(path, "sums", candidates=2, train=4, test=200, concurrency=8)
    async with opened(path) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)


@both_sizes
async def test_escape_does_not_break_off_a_step(tmp_path, monkeypatch, size) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.1")
    path = tmp_path / "s.db"
    await make_session(path, "sums", candidates=2, train=8, test=4, concurrency=2)
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: app.steering.state.scoring_progress()[0] > 1)
        for key in ("escape", "escape", "m", "escape", "slash", "escape", "escape"):
            await pilot.press(key)
            assert app.steering.running
            assert not app.steering.stopping
        assert isinstance(app.screen, Workbench)
        await run_out(app, pilot)
        assert app.steering.state.stopped is None
        assert app.steering.state.steps[-1].finished_seq


@both_sizes
@pytest.mark.parametrize("key", ["F", "X"], ids=["confirm", "evaluate"])
async def test_escape_does_not_break_off_a_measurement(tmp_path, monkeypatch, size, key) -> None:
    path = tmp_path / "s.db"
    await scored(path)
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.1")
    async with opened(path, size) as (app, pilot):
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, MeasureScreen))
        screen = app.screen
        await until(pilot, lambda: screen.offer is not None)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("s")
        await until(pilot, lambda: screen.job is not None and screen.job.done > 0)
        job = screen.job
        await pilot.press("question_mark", "escape")
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Workbench))
        await pilot.press("m")
        assert isinstance(app.screen, Reader)
        await pilot.press("escape", "escape")
        assert not job.finished
        assert not job.stopping
        await until(pilot, lambda: job.finished)
        assert job.stopped is None
        assert app.steering.state.measured
