"""Candidates on the real screen: reviewed, reworded, halted, scored again, sorted, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, TextArea

from opro_tui.core.solution import Origin
from opro_tui.tui.screens.detail import DetailScreen
from opro_tui.tui.screens.layers import Question
from opro_tui.tui.screens.look_alikes import LookAlikes
from opro_tui.tui.screens.workbench import Workbench
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, stepped_once, until

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from opro_tui.tui.app import OproApp

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


@pytest.fixture
async def sums(tmp_path) -> Path:
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=10)
    return path


@pytest.fixture
async def reviewing(kept, tmp_path) -> Path:
    path = tmp_path / "r.db"
    await stepped_once(kept / "reviewing.db", path, train=10, review=True)
    return path


async def stepped(app: OproApp, pilot: Pilot[None], steps: int = 1) -> None:
    for _ in range(steps):
        await pilot.press("s")
        await run_out(app, pilot)


@both_sizes
async def test_review_says_what_to_do_and_what_it_costs(reviewing, size) -> None:
    async with opened(reviewing, size) as (app, pilot):
        bench, waiting = app.workbench, app.steering.state.waiting()
        await until(pilot, lambda: "$0" in bench.status.text)
        count = len(waiting)
        assert f"REVIEW step 1: {count} of {count}" in bench.status.text
        assert f"{count} × 10 examples · {10 * count} answers" in bench.status.text
        text = screen_text(app)
        assert f"{10 * count} answers" in text
        assert "s scores them" in text
        assert "space select · v veto · w reword" in text
        bench.candidates.rows.focus()
        bench.candidates.rows.move_to(waiting[0].id)
        await pilot.press("space", "space")
        await until(pilot, lambda: f"{10 * (count - 2)} answers" in bench.status.text)
        await until(pilot, lambda: "$0" in bench.status.text)
        assert f"s scores {count - 2}, vetoes 2" in screen_text(app)
        assert "✕ left out by you" in screen_text(app)
        assert bench.candidates.rows.key == waiting[2].id


@both_sizes
async def test_the_selection_is_scored_and_the_rest_vetoed_after_a_question(
    reviewing, size
) -> None:
    async with opened(reviewing, size) as (app, pilot):
        waiting = app.steering.state.waiting()
        rows = app.workbench.candidates.rows
        rows.focus()
        rows.move_to(waiting[0].id)
        await pilot.press("space", "s")
        assert isinstance(app.screen, Question)
        await pilot.pause()
        assert "1 candidate is not selected and will be vetoed" in screen_text(app)
        assert f"Veto 1, score {len(waiting) - 1}" in screen_text(app)
        await pilot.press("escape")
        assert app.steering.session.status == "reviewing"
        await pilot.press("s", "s")
        await run_out(app, pilot)
        state = app.steering.state
        assert state.candidates[waiting[0].id].vetoed
        assert all(state.candidates[c.id].score for c in waiting[1:])
        assert state.current is None
        assert not app.workbench.looking.unselected


async def test_run_n_asks_about_the_selection_too(reviewing) -> None:
    async with opened(reviewing) as (app, pilot):
        rows = app.workbench.candidates.rows
        rows.focus()
        rows.move_to(app.steering.state.waiting()[0].id)
        await pilot.press("space", "r", "enter")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "1 candidate is not selected and will be vetoed" in screen_text(app)
        assert app.steering.session.status == "reviewing"


@both_sizes
async def test_a_reworded_candidate_takes_the_place_of_the_original(reviewing, size) -> None:
    async with opened(reviewing, size) as (app, pilot):
        first = app.steering.state.waiting()[0]
        rows = app.workbench.candidates.rows
        rows.focus()
        rows.move_to(first.id)
        await pilot.press("w")
        area = app.screen.query_one(TextArea)
        assert area.text == first.text
        area.text = "Work it out [step] by step."
        await pilot.press("ctrl+s")
        await run_out(app, pilot)
        state = app.steering.state
        own = max(state.candidates)
        assert state.candidates[first.id].vetoed
        assert state.candidates[own].text == "Work it out [step] by step."
        assert state.candidates[own].origin is Origin.PERSON
        assert state.candidates[own].step == 1
        assert rows.key == own
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.state.candidates[own].score is not None
        assert app.steering.state.candidates[first.id].score is None


async def test_a_scored_solution_reworded_stays_beside_the_new_one(sums) -> None:
    async with opened(sums) as (app, pilot):
        await stepped(app, pilot)
        best = app.steering.state.best_id
        app.workbench.trajectory.rows.focus()
        await pilot.press("w")
        app.screen.query_one(TextArea).text = "Another wording of it."
        await pilot.press("ctrl+s")
        await run_out(app, pilot)
        state = app.steering.state
        assert not state.candidates[best].vetoed
        own = max(state.candidates)
        assert state.candidates[own].waiting
        app.workbench.candidates.rows.focus()
        app.workbench.candidates.rows.move_to(own)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "10 answers" in screen_text(app)
        await pilot.press("s")
        await run_out(app, pilot)
        score = app.steering.state.candidates[own].score
        assert score is not None
        assert score.full
        assert app.steering.state.finished_steps == 1


async def test_review_of_computed_scores_costs_nothing(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path, review=True)
    async with opened(path) as (app, pilot):
        await stepped(app, pilot)
        assert "at no cost" in app.workbench.status.text
        await pilot.press("V")
        await run_out(app, pilot)
        assert not app.steering.state.settings.review


@both_sizes
async def test_a_candidate_is_halted_while_the_step_runs_then_completed(
    tmp_path, monkeypatch, size
) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.15")
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=20, concurrency=2)
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        first = next(iter(app.steering.state.candidates))
        app.workbench.candidates.rows.focus()
        await until(
            pilot, lambda: len(getattr(app.steering.state.partial.get(first), "grades", ())) > 2
        )
        await until(pilot, lambda: "/20" in screen_text(app))
        app.workbench.candidates.rows.move_to(first)
        await pilot.press("h")
        await until(pilot, lambda: app.steering.state.candidates[first].score is not None)
        halted = app.steering.state.candidates[first].score
        assert halted.n < 20
        monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0")
        await pilot.press("x")
        await run_out(app, pilot)
        assert app.steering.state.candidates[first].score == halted
    async with opened(path, size) as (app, pilot):
        app.workbench.candidates.rows.focus()
        await pilot.press("b")
        app.workbench.candidates.rows.move_to(first)
        await pilot.pause()
        assert f"on {halted.n} of 20" in screen_text(app)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert f"{20 - halted.n} answers" in screen_text(app)
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.state.candidates[first].score.full


@both_sizes
async def test_scoring_again_says_how_many_answers_it_buys(sums, size) -> None:
    async with opened(sums, size) as (app, pilot):
        await stepped(app, pilot)
        best = app.steering.state.best_id
        app.workbench.trajectory.rows.focus()
        await pilot.press("c")
        await pilot.pause()
        assert isinstance(app.screen, Workbench)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "10 answers" in screen_text(app)
        calls = app.steering.state.usage("scorer").calls
        await pilot.press("escape")
        assert app.steering.state.candidates[best].replicate == 0
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.state.candidates[best].replicate == 1
        assert app.steering.state.usage("scorer").calls == calls + 10


async def test_what_can_not_be_scored_is_explained(reviewing) -> None:
    async with opened(reviewing) as (app, pilot):
        first = app.steering.state.waiting()[0].id
        rows = app.workbench.candidates.rows
        rows.focus()
        rows.move_to(first)
        await pilot.press("v")
        await run_out(app, pilot)
        before = app.steering.state
        for key in ("c", "R", "v", "h", "space"):
            rows.move_to(first)
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, Workbench)
        assert app.steering.state == before
        assert "vetoed" in screen_text(app)


@both_sizes
async def test_earlier_steps_are_listed_and_left_again(sums, size) -> None:
    async with opened(sums, size) as (app, pilot):
        await stepped(app, pilot, 3)
        pane = app.workbench.candidates
        pane.rows.focus()
        newest = pane.rows.keys
        await pilot.press("b")
        assert {app.steering.state.candidates[key].step for key in pane.rows.keys} == {2}
        assert "step 2 of 3" in screen_text(app)
        await pilot.press("b", "b", "b")
        assert {app.steering.state.candidates[key].step for key in pane.rows.keys} == {0}
        await pilot.press("n", "n", "right_square_bracket", "n")
        assert pane.rows.keys == newest


async def test_costs_stand_beside_the_candidates_where_there_is_room(sums) -> None:
    async with opened(sums, (200, 40)) as (app, pilot):
        await stepped(app, pilot)
        await until(pilot, lambda: bool(app.workbench.looking.used))
        used = app.workbench.looking.used
        assert all(item.calls <= 10 for item in used.values())
        app.workbench.candidates.rows.focus()
        await pilot.press("z")
        await pilot.pause()
        assert "tokens" in screen_text(app)


@both_sizes
async def test_the_trajectory_is_sorted_and_the_cursor_stays_on_its_solution(sums, size) -> None:
    async with opened(sums, size) as (app, pilot):
        await stepped(app, pilot)
        rows = app.workbench.trajectory.rows
        rows.focus()
        key = rows.key
        for words in ("by number", "by step", "by score", "by length", "by rank"):
            await pilot.press("o")
            await pilot.pause()
            assert words in screen_text(app)
            assert rows.key == key
        await pilot.press("o")
        assert list(rows.keys) == sorted(rows.keys, reverse=True)


@both_sizes
async def test_the_filter_works_as_it_is_typed(sums, size) -> None:
    async with opened(sums, size) as (app, pilot):
        await stepped(app, pilot)
        pane = app.workbench.trajectory
        pane.rows.focus()
        total = len(pane.rows.keys)
        assert f"{total} of {total} shown" in screen_text(app)
        await pilot.press("slash", *"step:0")
        await pilot.pause()
        assert app.steering.state.finished_steps == 1
        few = len(pane.rows.keys)
        assert 0 < few < total
        assert f"{few} of {total} shown" in screen_text(app)
        assert pane.has_class("-active")
        await pilot.press("enter")
        assert app.focused is pane.rows
        assert len(pane.rows.keys) == few
        await pilot.press("slash", *" xq?")
        await pilot.pause()
        assert "Nothing matches" in screen_text(app)
        await pilot.press("escape")
        assert app.focused is pane.rows
        assert len(pane.rows.keys) == total
        assert not app.screen.query_one("#filter", Input).display
        await pilot.press("escape")
        assert app.is_running


@both_sizes
async def test_look_alikes_show_what_other_words_did(sums, size) -> None:
    async with opened(sums, size) as (app, pilot):
        await stepped(app, pilot, 2)
        app.workbench.trajectory.rows.focus()
        key = app.workbench.trajectory.rows.key
        await pilot.press("l")
        layer = app.screen
        assert isinstance(layer, LookAlikes)
        await until(pilot, lambda: bool(layer.rows.keys))
        assert key not in layer.rows.keys
        text = screen_text(app)
        assert " %" in text
        assert "[-" in text or "{+" in text
        first = layer.rows.key
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DetailScreen))
        assert app.screen.key == first
