from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, TextArea

from opro_tui.config import Config
from opro_tui.core.errors import BadInput
from opro_tui.core.events import Stopped
from opro_tui.engine.create import Start
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from opro_tui.tui.keymap import keymap
from opro_tui.tui.messages import RunEnded
from opro_tui.tui.screens.detail import DetailScreen
from opro_tui.tui.screens.layers import Question
from opro_tui.tui.screens.problem import Problem
from opro_tui.tui.screens.template_editor import TemplateEditor
from opro_tui.tui.screens.workbench import Workbench
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


@pytest.fixture
async def regression(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.db"
    await make_session(path)
    return path


@both_sizes
async def test_a_new_session_says_what_comes_and_which_key(regression, size) -> None:
    async with opened(regression, size) as (app, _):
        text = screen_text(app)
        assert "SIMULATED" in text
        assert "META-PROMPT · step 1" in text
        assert "s scores the starting solutions" in text
        assert "? Help" in text


@both_sizes
async def test_a_step_fills_all_panes(regression, size) -> None:
    async with opened(regression, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        state = app.steering.state
        assert state.finished_steps == 1
        text = screen_text(app)
        assert "CANDIDATES · step 1" in text
        assert "TRAJECTORY · 13 of 13 shown" in text
        assert f"(#{state.best_id})" in text
        assert "step 1 done" in text
        assert "META-PROMPT · step 2" in text


async def test_run_n_asks_how_many_and_refuses_nonsense(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("r")
        field = app.screen.query_one(Input)
        field.value = "0"
        await pilot.press("enter")
        assert not app.steering.running
        assert "whole number" in screen_text(app)
        field.value = "2"
        await pilot.press("enter")
        await run_out(app, pilot)
        assert app.steering.state.finished_steps == 2


async def test_a_run_is_stopped_and_goes_on_later(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "1")
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=20, concurrency=2)
    async with opened(path, (80, 24)) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: app.steering.state.scoring_progress()[0] > 3)
        assert "x Stop" in screen_text(app)
        await pilot.press("x")
        assert "stopping…" in app.workbench.status.text
        await run_out(app, pilot)
        assert app.steering.session.status == "incomplete"
        assert "s goes on with step 0" in app.workbench.status.text
        before = app.steering.state.usage("scorer").calls
        monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0")
    async with opened(path, (80, 24)) as (app, pilot):
        assert app.steering.state.usage("scorer").calls == before
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.state.current is None


async def test_stop_pressed_twice_breaks_off_at_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "30")
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=20)
    async with opened(path) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: app.steering.session.traffic.in_flight > 0)
        await pilot.press("x", "x")
        await until(pilot, lambda: not app.steering.running)
        assert app.steering.session.status == "incomplete"


async def test_pin_and_drop_change_the_next_prompt_and_toggle(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        app.workbench.trajectory.rows.focus()
        await pilot.press("G")
        worst = app.workbench.trajectory.rows.key
        assert worst is not None
        await pilot.press("p")
        await run_out(app, pilot)
        assert app.steering.state.pinned == {worst}
        assert "◆ pinned" in screen_text(app)
        await pilot.press("d")
        await run_out(app, pilot)
        assert app.steering.state.dropped == {worst}
        assert not app.steering.state.pinned
        assert app.workbench.trajectory.rows.key == worst
        prompt = app.steering.prompt
        assert prompt is not None
        assert worst not in prompt.solution_ids
        await pilot.press("d")
        await run_out(app, pilot)
        assert not app.steering.state.dropped


async def test_the_temperature_is_checked_while_it_is_typed(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("t")
        field = app.screen.query_one(Input)
        field.value = "hot"
        await pilot.press("enter")
        assert isinstance(app.screen, type(app.screen))
        assert app.steering.state.settings.temperature == 1.0
        field.value = "0.4"
        await pilot.press("enter")
        await run_out(app, pilot)
        assert app.steering.state.settings.temperature == 0.4
        assert "T 0.4" in screen_text(app)


@both_sizes
async def test_the_meta_instructions_are_edited_in_many_lines(regression, size) -> None:
    async with opened(regression, size) as (app, pilot):
        await pilot.press("e")
        area = app.screen.query_one(TextArea)
        area.text = ""
        await pilot.press("s", "q", "enter", "x")
        assert area.text == "sq\nx"
        await pilot.pause()
        assert "Without {trajectory}" in screen_text(app)
        await pilot.press("ctrl+s")
        await run_out(app, pilot)
        assert app.steering.state.template.instructions == "sq\nx"
        assert app.steering.prompt is not None
        assert app.steering.prompt.text == "sq\nx"
        assert "sq" in screen_text(app)


async def test_escape_keeps_a_draft_and_revert_brings_the_text_back(regression) -> None:
    async with opened(regression) as (app, pilot):
        original = app.steering.state.template.instructions
        await pilot.press("e")
        await pilot.press("Z", "escape")
        assert isinstance(app.screen, Workbench)
        assert app.steering.state.template.instructions == original
        await pilot.press("e")
        assert app.screen.query_one(TextArea).text == "Z" + original
        await pilot.click("#revert")
        assert app.screen.query_one(TextArea).text == original


async def test_an_own_solution_is_scored_with_the_next_candidates(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("a")
        app.screen.query_one(TextArea).text = "w=15, b=14"
        await pilot.click("#save")
        await run_out(app, pilot)
        added = max(app.steering.state.candidates)
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.state.candidates[added].score is not None
        assert app.steering.state.best_id == added


async def test_what_was_added_is_confirmed_and_shown_where_there_is_little_room(regression) -> None:
    async with opened(regression, (80, 24)) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await pilot.press("a")
        app.screen.query_one(TextArea).text = "w=15, b=14"
        added = max(app.steering.state.candidates) + 1
        await pilot.press("ctrl+s")
        words = f"Added #{added}, scored with the next"
        await until(pilot, lambda: words in screen_text(app))
        assert app.workbench.candidates.rows.key == added
        app.clear_notifications()
        await until(pilot, lambda: words not in screen_text(app))
        assert "w=15, b=14" in screen_text(app)


async def test_what_can_not_be_added_is_explained_and_kept(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("a")
        app.screen.query_one(TextArea).text = "no pair"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "pair of integers" in screen_text(app))
        assert "--add" not in screen_text(app)
        assert app.screen.query_one(TextArea).text == "no pair"
        await pilot.press("escape", "a")
        assert app.screen.query_one(TextArea).text == "no pair"


async def test_review_waits_vetoes_and_then_scores(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=10, review=True)
    async with opened(path) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.session.status == "reviewing"
        assert "REVIEW step 1: " in app.workbench.status.text
        app.workbench.candidates.rows.focus()
        waiting = app.steering.state.waiting()
        app.workbench.candidates.rows.move_to(waiting[0].id)
        await pilot.press("v")
        await run_out(app, pilot)
        assert app.steering.state.candidates[waiting[0].id].vetoed
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.state.candidates[waiting[0].id].score is None
        assert app.steering.state.candidates[waiting[1].id].score is not None
        assert app.steering.state.finished_steps == 1


async def test_open_again_shows_the_same(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        app.workbench.trajectory.rows.focus()
        await pilot.press("p")
        await run_out(app, pilot)
        before = screen_text(app).splitlines()[:-2]
        await pilot.press("q")
        await pilot.pause()
        assert app.return_code == 0
    async with opened(regression) as (app, pilot):
        await run_out(app, pilot)
        assert isinstance(app.screen, Workbench)
        assert screen_text(app).splitlines()[:-2] == before


async def test_quit_asks_while_a_step_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.05")
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=30, concurrency=1)
    async with opened(path) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: app.steering.running)
        await pilot.press("q")
        assert isinstance(app.screen, Question)
        await pilot.press("escape")
        assert isinstance(app.screen, Workbench)
        assert app.steering.running
        await pilot.press("q", "s")
        await until(pilot, lambda: not app.steering.running)
        await until(pilot, lambda: app.return_code == 0)


async def test_escape_and_ctrl_c_never_quit_at_once(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("escape", "escape", "ctrl+c")
        await pilot.pause()
        assert app.is_running
        assert app.return_code is None
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert app.return_code == 0


async def test_a_second_window_follows_read_only(regression) -> None:
    store = await Store.open(regression)
    writer = await Session.open(store, "demo", Config())
    try:
        async with opened(regression, (120, 40)) as (app, pilot):
            text = screen_text(app)
            assert "read-only: run by process" in text
            assert "s Step" not in text
            await pilot.press("down")
            assert not app._notifications
            await pilot.press("s")
            assert "is run by process" in next(iter(app._notifications)).message
            await until(pilot, lambda: "what that does appears here" in screen_text(app))
            await pilot.press("p", "e")
            assert isinstance(app.screen, Workbench)
            async for _ in writer.run(1):
                pass
            await until(pilot, lambda: app.steering.state.finished_steps == 1)
            await until(pilot, lambda: "CANDIDATES · step 1" in screen_text(app))
    finally:
        await writer.close()
        await store.close()


async def test_a_failed_run_is_a_notice_and_the_session_stays(regression, monkeypatch) -> None:
    async with opened(regression) as (app, pilot):
        stopped = Stopped(step=1, code="error", message="no key [/b]. Set OPENAI_API_KEY.")
        app.post_message(RunEnded(stopped))
        await until(pilot, lambda: isinstance(app.screen, Problem))
        text = screen_text(app)
        assert "The step could not go on" in text
        assert "o key [/b]. Set OPENAI_API_KEY." in text
        await pilot.press("escape", "s")
        await run_out(app, pilot)
        assert app.steering.state.finished_steps == 1


async def test_even_a_fault_of_the_program_ends_as_a_notice(regression, monkeypatch) -> None:
    async with opened(regression) as (app, pilot):

        async def broken(steps):
            raise RuntimeError("[/oops]")
            yield

        monkeypatch.setattr(app.steering.session, "run", broken)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Problem))
        assert "RuntimeError: [/oops]" in screen_text(app)
        assert "fault of the program" in screen_text(app)


async def test_an_unknown_session_ends_with_its_exit_code(regression) -> None:
    app = OproApp(regression, "nope", Config())
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 2


async def test_keys_are_remapped_by_name_and_wrong_names_refused(regression) -> None:
    config = Config(keymap={"step": "ctrl+n"})
    async with opened(regression, config=config) as (app, pilot):
        assert "^n Step" in screen_text(app)
        await pilot.press("ctrl+n")
        await run_out(app, pilot)
        assert app.steering.state.finished_steps == 1
    with pytest.raises(BadInput, match="Did you mean 'step'"):
        keymap(Config(keymap={"stepp": "n"}))


async def test_tab_walks_the_panes_and_zoom_shows_one(regression) -> None:
    async with opened(regression, (80, 24)) as (app, pilot):
        seen = []
        for _ in range(3):
            await pilot.press("tab")
            seen.append(next(pane.id for pane in app.workbench.panes if pane.has_class("-active")))
        assert sorted(seen) == ["candidates", "meta-prompt", "trajectory"]
        await pilot.press("z")
        await pilot.pause()
        shown = [pane for pane in app.workbench.panes if pane.region.height]
        assert len(shown) == 1


@pytest.mark.parametrize("size", [(60, 20), (40, 12), (30, 8), (20, 4), (200, 60)])
async def test_odd_sizes_do_not_break(regression, size) -> None:
    async with opened(regression, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await pilot.resize_terminal(80, 24)
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert "demo" in screen_text(app)


@pytest.mark.parametrize("theme", ["opro-light", "opro-contrast", "light", "ansi-dark", "nord"])
async def test_any_theme_can_be_chosen(regression, theme) -> None:
    async with opened(regression, config=Config(ui={"theme": theme})) as (app, _):
        assert "META-PROMPT" in screen_text(app)


@both_sizes
async def test_hostile_texts_do_no_harm_in_any_pane(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    warm = tuple(
        Start(text, 0.5 + place / 100)
        for place, text in enumerate(HOSTILE)
        if text and "\ud800" not in text
    )
    await make_session(path, "sums", warm=warm, train=10, max_length=20_000)
    async with opened(path, size) as (app, pilot):
        assert "\x1b" not in screen_text(app)
        for pane in app.workbench.panes:
            pane.body.focus()
            await pilot.press("pagedown", "pagedown")
            assert all(c.isprintable() or c == "\n" for c in screen_text(app))
        app.workbench.trajectory.rows.focus()
        app.workbench.trajectory.rows.focus()
        for row in app.workbench.trajectory.rows.keys:
            app.workbench.trajectory.rows.move_to(row)
            await pilot.press("enter")
            assert isinstance(app.screen, DetailScreen)
            assert all(c.isprintable() or c == "\n" for c in screen_text(app))
            await pilot.press("escape")
        await pilot.press("p")
        await run_out(app, pilot)
        assert app.is_running


async def test_hostile_meta_instructions_can_be_edited(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=10)
    text = "".join(t for t in HOSTILE if "\ud800" not in t)
    async with opened(path) as (app, pilot):
        await pilot.press("e")
        app.screen.query_one(TextArea).text = text
        await pilot.pause()
        assert isinstance(app.screen, TemplateEditor)
        assert "\x1b" not in screen_text(app)
        await pilot.press("ctrl+s")
        await run_out(app, pilot)
        assert isinstance(app.screen, Workbench)
        assert app.steering.prompt is not None
        assert all(c.isprintable() or c == "\n" for c in screen_text(app))
