"""Replay with new eyes on the screen: answers graded again, meta-prompts rebuilt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from opro_tui.core.protocols import Example, Grade
from opro_tui.engine import regrade as regrading
from opro_tui.engine.regrade import Verdict
from opro_tui.tui.screens import new_eyes_view as view
from opro_tui.tui.screens.changed_answers import ChangedAnswers
from opro_tui.tui.screens.choose import Choose
from opro_tui.tui.screens.differences import Differences
from opro_tui.tui.screens.layers import Prompt
from opro_tui.tui.screens.new_eyes import NewEyesScreen
from opro_tui.tui.screens.replay import ReplayScreen
from tests.tui.driving import SIZES, make_session, opened, screen_text, until
from tests.tui.history import browsing, database, told
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from opro_tui.tui.app import OproApp

__all__ = ["database", "told"]


async def looked(app: OproApp, pilot: Pilot[None]) -> NewEyesScreen:
    """The screen, with the question for the metric over it."""
    await until(pilot, lambda: isinstance(app.screen, Choose))
    screen = app.screen_stack[-2]
    assert isinstance(screen, NewEyesScreen)
    return screen


async def graded(app: OproApp, pilot: Pilot[None], screen: NewEyesScreen) -> None:
    await until(pilot, lambda: app.screen is screen and screen.found is not None)
    await until(pilot, lambda: not screen.working)


@pytest.mark.parametrize("size", SIZES)
async def test_answers_are_graded_by_a_pattern_and_listed(
    database: Path, size: tuple[int, int]
) -> None:
    async with opened(database, size) as (app, pilot):
        before = app.steering.state
        await pilot.press("N")
        screen = await looked(app, pilot)
        assert "numeric" in screen_text(app)
        await pilot.press(*"regex", "enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"(", "enter")
        assert "invalid" in " ".join(screen_text(app).split())
        await pilot.press("backspace", *r"(\d)", "enter")
        await graded(app, pilot, screen)
        found = screen.found
        assert found is not None
        assert found.down
        text = screen_text(app)
        assert r"numeric → regex:(\d)" in text
        assert "right → wrong" in text
        assert "▲" in text or "▼" in text
        assert screen.solutions.keys == tuple(row.candidate.id for row in found.rows)
        row = next(row for row in found.rows if row.down)
        screen.solutions.move_to(row.candidate.id)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChangedAnswers))
        layer = app.screen
        assert isinstance(layer, ChangedAnswers)
        assert len(layer.found) == row.up + row.down
        await until(pilot, lambda: "right → wrong" in screen_text(app))
        await pilot.press("down", "escape")
        assert "fork demo --at" in screen.eyes.command
        await pilot.press("y", "escape")
        assert app.screen is app.workbench
        assert app.steering.state is before


@pytest.mark.parametrize("size", SIZES)
async def test_meta_prompts_are_rebuilt_and_compared(database: Path, size: tuple[int, int]) -> None:
    async with opened(database, size) as (app, pilot):
        await pilot.press("N")
        screen = await looked(app, pilot)
        await pilot.press("escape", "2")
        await until(pilot, lambda: screen.rebuilt is not None)
        await until(pilot, lambda: "to the byte" in screen_text(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"x")
        assert "whole number" in " ".join(screen_text(app).split())
        await pilot.press("backspace", "1", "enter")
        await until(pilot, lambda: app.screen is screen and bool(screen.rebuilt))
        assert screen.rebuilt is not None
        assert [item.step for item in screen.rebuilt] == [1, 2]
        assert len(screen.rebuilt[1].built.solution_ids) == 1
        assert "shown 1" in screen_text(app)
        assert "−#" in screen_text(app)
        screen.steps.move_to(2)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Differences))
        await until(pilot, lambda: "lines" in screen_text(app))
        await pilot.press("escape", "x")
        await until(pilot, lambda: "to the byte" in screen_text(app))


async def test_the_scores_of_the_other_metric_can_rank_the_rebuilt_ones(database: Path) -> None:
    async with opened(database) as (app, pilot):
        await pilot.press("N")
        screen = await looked(app, pilot)
        assert screen.check_action("scores", ()) is False
        screen.app.screen.dismiss("regex:(.)")
        await graded(app, pilot, screen)
        await pilot.press("2")
        await until(pilot, lambda: screen.rebuilt is not None and not screen.working)
        await pilot.press("w")
        await until(pilot, lambda: "those of regex:(.)" in screen_text(app))
        await until(pilot, lambda: bool(screen.rebuilt) and not screen.working)
        assert screen.rebuilt is not None
        assert not screen.rebuilt[1].same


async def test_escape_stops_the_work_and_a_bad_metric_is_said(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def endless(*_: object, **__: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with opened(database, (80, 24)) as (app, pilot):
        await pilot.press("N")
        screen = await looked(app, pilot)
        app.screen.dismiss("exakt")
        await until(pilot, lambda: any("exakt" in each.message for each in app._notifications))
        assert screen.found is None
        monkeypatch.setattr(regrading, "regrade", endless)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        app.screen.dismiss("exact")
        await begun.wait()
        await until(pilot, lambda: "Escape stops it" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: not screen.working)
        assert app.screen is screen
        await pilot.press("escape")
        assert app.screen is app.workbench


async def test_a_task_that_computes_says_so_and_rebuilds(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await make_session(path, candidates=2)
    async with opened(path, (80, 24)) as (app, pilot):
        assert app.workbench.check_action("new_eyes", ()) is False
        async for _ in app.steering.session.run(1):
            pass
        await pilot.press("N")
        await until(pilot, lambda: isinstance(app.screen, NewEyesScreen))
        screen = app.screen
        assert isinstance(screen, NewEyesScreen)
        await until(pilot, lambda: "computes its scores" in screen_text(app))
        assert screen.check_action("metric", ()) is False
        await pilot.press("b")
        await until(pilot, lambda: "to the byte" in screen_text(app))


async def test_the_replay_leads_there(database: Path) -> None:
    async with browsing(database, (120, 40), replay="demo") as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen))
        await pilot.press("N")
        screen = await looked(app, pilot)
        await pilot.press("enter")
        await graded(app, pilot, screen)
        assert "by numeric again" in screen_text(app)
        assert "every answer gets the grade it had" in screen_text(app)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_answers_stay_in_their_rows(text: str) -> None:
    verdict = Verdict(Example(1, text, text), text, Grade(1.0, text), Grade(0.0))
    for cell in view.answer_row(verdict):
        assert all(character.isprintable() for character in cell.text)
    assert dict(view.answer_text(verdict))["verdict"] == "right → wrong"
