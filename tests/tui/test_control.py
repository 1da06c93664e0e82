from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.tui.archive import Archive
from opro_tui.tui.control import ControlRun
from opro_tui.tui.screens.compare_view import sections
from opro_tui.tui.screens.layers import Question
from tests.tui.driving import SIZES, make_session, opened, screen_text, until
from tests.tui.history import database, told

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["database", "told"]


@pytest.mark.parametrize("size", SIZES)
async def test_the_control_is_priced_made_run_and_compared(
    database: Path, size: tuple[int, int]
) -> None:
    archive = Archive(database, Config())
    async with opened(database, size) as (app, pilot):
        before = app.steering.state
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, Question))
        question = app.screen
        assert isinstance(question, Question)
        assert "Control: everything sampled at once" in screen_text(app)
        assert "samples 4 candidates from one meta-prompt" in question.text
        assert "the control stops there" in question.text
        assert "demo-control" not in [name for name, _ in await archive.others("demo")]
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.measuring, ControlRun))
        job = app.measuring
        assert isinstance(job, ControlRun)
        await until(pilot, lambda: job.finished)
        assert job.sampled == 4
        assert app.screen is app.workbench
        assert app.steering.state is before
    compared = await archive.compare("demo", "demo-control")
    said = "\n".join(f"{title}\n{text}" for title, text in sections(compared, ()))
    assert "Control of demo: all 4 candidates of steps 1–2 in one step" in said
    assert "says nothing of other tasks" in said


async def test_it_can_be_made_for_later_or_not_at_all(database: Path) -> None:
    archive = Archive(database, Config())
    async with opened(database) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("escape")
        assert len(await archive.others("demo")) == 1
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("k")
        await until(pilot, lambda: app.screen is app.workbench)
        await pilot.pause()
        assert "demo-control" in [name for name, _ in await archive.others("demo")]
        assert app.measuring is None


async def test_before_any_step_there_is_none(tmp_path: Path) -> None:
    await make_session(tmp_path / "s.db")
    async with opened(tmp_path / "s.db") as (app, pilot):
        await pilot.press("A")
        await pilot.pause()
        assert app.screen is app.workbench
