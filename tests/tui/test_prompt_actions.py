"""The meta-prompt pane, template editor, differences and exemplars, as one uses them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from opro_tui.engine.create import Start
from opro_tui.tui.screens.differences import Differences
from opro_tui.tui.screens.exemplars import Exemplars
from opro_tui.tui.screens.layers import Reader
from opro_tui.tui.screens.template_editor import TemplateEditor
from opro_tui.tui.screens.workbench import Workbench
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, settled, until
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
WARM = (Start("Add it up.", 0.5), Start("Think first.", 0.7), Start("Solve it.", 0.6))


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A session on sums with three solutions to show, none of them run."""
    found = tmp_path / "s.db"
    await make_session(found, "sums", train=12, warm=WARM, candidates=2)
    return found


async def step(app, pilot) -> None:
    app.workbench.trajectory.rows.focus()
    await pilot.press("s")
    await run_out(app, pilot)


def in_prompt(app, kind: str, id_: int) -> None:
    """Mark a region of the pane and focus it."""
    view = app.workbench.prompt_pane.text
    view.focus()
    regions = view.prompt.regions
    view.reveal(next(i for i, r in enumerate(regions) if (r.kind, r.id) == (kind, id_)))


@both_sizes
async def test_the_regions_are_walked_and_told_about(path, size) -> None:
    async with opened(path, size) as (app, pilot):
        view = app.workbench.prompt_pane.text
        cursor = app.workbench.trajectory.rows.key
        view.focus()
        await settled(app, pilot)
        seen = []
        for _ in view.parts:
            region = view.region_at
            seen.append((region.kind, region.id))
            await pilot.press("n")
        regions = app.steering.prompt.regions
        assert seen == [(r.kind, r.id) for r in regions]
        await settled(app, pilot)
        assert "instructions · ≈" in screen_text(app)
        await pilot.press("N", "left_square_bracket", "right_square_bracket")
        assert view.region_at.kind == "exemplar"
        await settled(app, pilot)
        text = screen_text(app)
        assert f"ex {view.region_at.id} exemplar · ≈" in text
        assert " %" in text
        assert "┃" in text
        assert app.workbench.trajectory.rows.key == cursor


@both_sizes
async def test_a_region_is_pinned_dropped_and_opened_where_it_stands(path, size) -> None:
    async with opened(path, size) as (app, pilot):
        cursor = app.workbench.trajectory.rows.key
        in_prompt(app, "solution", 1)
        await pilot.press("p")
        await run_out(app, pilot)
        assert app.steering.state.pinned == {1}
        assert "◆#1" in screen_text(app)
        await pilot.press("p")
        await run_out(app, pilot)
        assert not app.steering.state.pinned
        await pilot.press("d")
        await run_out(app, pilot)
        assert app.steering.state.dropped == {1}
        exemplar = app.steering.prompt.exemplar_ids[0]
        in_prompt(app, "exemplar", exemplar)
        await pilot.press("p")
        await run_out(app, pilot)
        assert app.steering.state.exemplars_pinned == {exemplar}
        await pilot.press("enter")
        assert isinstance(app.screen, Reader)
        assert app.steering.session.task.examples[exemplar].input in app.screen.text
        await pilot.press("escape")
        await pilot.press("d")
        await run_out(app, pilot)
        assert app.steering.state.exemplars_dropped == {exemplar}
        in_prompt(app, "solution", 2)
        await pilot.press("enter")
        await pilot.pause()
        assert not isinstance(app.screen, Workbench)
        assert "Think first." in screen_text(app)
        await pilot.press("escape")
        assert app.workbench.trajectory.rows.key == cursor


async def test_a_region_without_a_solution_can_not_be_pinned_and_opens_the_editor(path) -> None:
    async with opened(path) as (app, pilot):
        app.workbench.prompt_pane.text.focus()
        await pilot.press("p", "d")
        await pilot.pause()
        assert not app.steering.state.edits
        await pilot.press("enter")
        assert isinstance(app.screen, TemplateEditor)


async def test_the_marked_region_stays_when_the_prompt_changes(path) -> None:
    async with opened(path) as (app, pilot):
        in_prompt(app, "solution", 2)
        await step(app, pilot)
        assert app.workbench.prompt_pane.text.region_at.id == 2


async def test_a_click_marks_a_region(path) -> None:
    async with opened(path) as (app, pilot):
        view = app.workbench.prompt_pane.text
        line = next(i for i, each in enumerate(view.lines) if each.label)
        await pilot.click(view, offset=(12, line))
        assert view.region_at.kind == "instructions"


@both_sizes
async def test_past_prompts_are_shown_as_they_were_sent(path, size) -> None:
    async with opened(path, size) as (app, pilot):
        await pilot.press("less_than_sign")
        assert app.workbench.past_step is None
        await step(app, pilot)
        await step(app, pilot)
        sent = [s.prompt.text for s in app.steering.state.steps if s.prompt]
        view = app.workbench.prompt_pane.text
        await pilot.press("less_than_sign")
        assert view.prompt.text == sent[1]
        view.focus()
        await pilot.press("left")
        await pilot.pause()
        assert view.prompt.text == sent[0]
        assert "step 1, as sent (read-only)" in screen_text(app)
        await pilot.press("right", "greater_than_sign")
        await pilot.pause()
        assert view.prompt == app.steering.prompt
        assert "META-PROMPT · step 3" in screen_text(app)


# The template editor


@both_sizes
async def test_every_text_is_edited_with_a_preview_and_a_note(path, size) -> None:
    async with opened(path, size) as (app, pilot):
        await pilot.press("e")
        editor = app.screen
        await settled(app, pilot)
        before = editor.price.text
        await pilot.press("shift+tab", "down", "enter")
        assert editor.focused is editor.area("solution_format")
        editor.area("solution_format").text = "Try: {solution}\nGot: {score} {x}\n\n"
        await settled(app, pilot)
        assert "Try: Think first.\nGot: 70 {x}" in editor.view.prompt.text
        assert "Try: Add it up." in screen_text(app)
        assert editor.price.text != before
        assert "(" in editor.price.text
        assert app.steering.state.template.solution_format != editor.area("solution_format").text
        editor.query_one(Input).value = "shorter"
        await pilot.press("ctrl+s")
        await run_out(app, pilot)
        assert app.steering.state.edits[-1].note == "shorter"
        assert "Got: 70 {x}" in app.steering.prompt.text
        assert app.workbench.template_draft is None


@both_sizes
async def test_problems_are_said_beside_the_text_and_empty_tags_can_not_be_saved(
    path, size
) -> None:
    async with opened(path, size) as (app, pilot):
        await pilot.press("e")
        editor = app.screen
        editor.area("instructions").text = "{trajectory}"
        await pilot.pause()
        assert "Without {exemplars}" in screen_text(app)
        editor.area("proposal_open").text = ""
        await settled(app, pilot)
        assert "proposal_open is empty" in editor.price.text
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert app.screen is editor
        assert "opening tag is empty" in screen_text(app)
        assert not app.steering.state.edits


async def test_drafts_survive_and_are_undone_step_by_step(path) -> None:
    async with opened(path) as (app, pilot):
        saved = app.steering.state.template
        await pilot.press("e", "Z")
        app.screen.area("exemplar_format").text = "draft {input}{target}"
        app.screen.query_one(Input).value = "because"
        await pilot.press("escape", "e")
        editor = app.screen
        assert editor.area("exemplar_format").text == "draft {input}{target}"
        assert editor.query_one(Input).value == "because"
        assert editor.area("instructions").text == f"Z{saved.instructions}"
        await pilot.press("ctrl+z")
        assert editor.area("instructions").text == saved.instructions
        await pilot.press("shift+tab", "down", "down", "down")
        await pilot.click("#revert")
        assert editor.area("exemplar_format").text == saved.exemplar_format
        await pilot.press("escape")
        assert app.workbench.template_draft is None


async def test_a_text_is_reset_to_the_built_in_one(path) -> None:
    async with opened(path) as (app, pilot):
        built_in = app.steering.state.template.instructions
        await pilot.press("e")
        app.screen.area("instructions").text = "mine {trajectory}{exemplars}<INS>"
        await pilot.press("ctrl+s")
        await run_out(app, pilot)
        assert "*ins" in screen_text(app)
        await pilot.press("e")
        await pilot.pause()
        assert "differs from the built-in" in screen_text(app)
        await pilot.press("ctrl+r")
        assert app.screen.area("instructions").text == built_in
        await pilot.press("ctrl+z")
        assert app.screen.area("instructions").text.startswith("mine")
        await pilot.click("#built-in")
        await pilot.click("#save")
        await run_out(app, pilot)
        assert app.steering.state.template.instructions == built_in


@pytest.mark.parametrize("keys", [("e", "ctrl+e"), ("O",)], ids=["inside", "at once"])
async def test_a_text_is_written_in_the_own_editor(path, tmp_path, monkeypatch, keys) -> None:
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nprintf "new {trajectory} {exemplars} <INS>\\n" > "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    async with opened(path) as (app, pilot):
        monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(app.screen, TemplateEditor))
        area = app.screen.area("instructions")
        await until(pilot, lambda: area.text == "new {trajectory} {exemplars} <INS>\n")
        await pilot.press("ctrl+z")
        assert area.text == app.steering.state.template.instructions


async def test_an_editor_that_fails_is_said_and_the_text_kept(path, monkeypatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor --wait")
    async with opened(path) as (app, pilot):
        await pilot.press("e")
        await pilot.click("#outside")
        await until(pilot, lambda: "no-such-editor" in screen_text(app))
        assert app.screen.changed == {}


# Differences


@both_sizes
async def test_differences_by_hand_and_by_step(path, size) -> None:
    async with opened(path, size) as (app, pilot):
        await step(app, pilot)
        await pilot.press("e")
        app.screen.area("solution_format").text = "\nInstruction: {solution}\nPoints: {score}\n"
        await pilot.press("ctrl+s")
        await run_out(app, pilot)
        await pilot.press("D")
        assert isinstance(app.screen, Differences)
        await settled(app, pilot)
        view = app.screen.view
        text = screen_text(app)
        assert "− automatic" in text
        assert "+│Points: " in text.replace("┃", "│")
        assert "−│Score: " in text.replace("┃", "│")
        assert view.at == view.parts[0]
        await pilot.press("n")
        assert view.at == view.parts[1]
        await pilot.press("N", "t")
        await settled(app, pilot)
        assert "− step 1" in screen_text(app)
        await pilot.click("#pair-0")
        await settled(app, pilot)
        assert "− automatic" in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, Workbench)


async def test_without_a_step_and_an_edit_nothing_differs(path) -> None:
    async with opened(path) as (app, pilot):
        await pilot.press("D")
        await settled(app, pilot)
        assert "no difference" in screen_text(app)
        assert len(app.screen.pairs) == 1


# Exemplars


@both_sizes
async def test_exemplars_are_pinned_dropped_redrawn_and_found(path, size) -> None:
    async with opened(path, size) as (app, pilot):
        await step(app, pilot)
        await pilot.press("E")
        assert isinstance(app.screen, Exemplars)
        await settled(app, pilot)
        layer, state = app.screen, lambda: app.steering.state
        shown = app.steering.prompt.exemplar_ids
        assert layer.rows.keys[: len(shown)] == shown
        assert " %" in screen_text(app)
        first = layer.rows.key
        await pilot.press("d")
        await run_out(app, pilot)
        assert state().exemplars_dropped == {first}
        await until(pilot, lambda: first not in layer.shelf.shown)
        assert layer.rows.key == first
        await pilot.press("d")
        await run_out(app, pilot)
        assert not state().exemplars_dropped
        await pilot.press("r")
        await run_out(app, pilot)
        assert state().redraw == 1
        other = layer.rows.keys[-1]
        await pilot.press("slash", *f"#{other}")
        await pilot.pause()
        assert other in layer.rows.keys
        await pilot.press("enter")
        layer.rows.move_to(other)
        await pilot.press("enter")
        await run_out(app, pilot)
        assert state().exemplars_pinned == {other}
        await until(pilot, lambda: other in app.steering.prompt.exemplar_ids)
        await pilot.pause(0.2)
        assert "◆ pinned" in screen_text(app)
        await pilot.press("p")
        await run_out(app, pilot)
        assert not state().exemplars_pinned
        await pilot.press("escape")
        assert layer.search.value == ""
        await pilot.press("escape")
        assert isinstance(app.screen, Workbench)


async def test_letters_in_the_search_are_text_and_escape_leaves_it_first(path) -> None:
    async with opened(path) as (app, pilot):
        await pilot.press("E", "slash", "p", "d", "r", "q")
        assert app.screen.search.value == "pdrq"
        assert "No example holds" in screen_text(app)
        assert not app.steering.state.edits
        await pilot.press("enter", "p", "d", "escape", "escape")
        assert isinstance(app.screen, Workbench)


async def test_a_task_without_examples_has_no_exemplars(tmp_path) -> None:
    found = tmp_path / "s.db"
    await make_session(found)
    async with opened(found) as (app, pilot):
        await pilot.press("E")
        assert isinstance(app.screen, Workbench)
        assert "Exemplars" not in screen_text(app)


# Hostile texts


@both_sizes
async def test_hostile_texts_do_no_harm(tmp_path, size) -> None:
    found = tmp_path / "s.db"
    texts = [text for text in HOSTILE if text and "\ud800" not in text]
    warm = tuple(Start(text, 0.5 + place / 100) for place, text in enumerate(texts))
    await make_session(found, "sums", warm=warm, train=10, max_length=20_000)
    async with opened(found, size) as (app, pilot):

        def harmless() -> bool:
            return all(c.isprintable() or c == "\n" for c in screen_text(app))

        await pilot.press("e")
        for name in ("solution_format", "placeholder", "proposal_open"):
            app.screen.area(name).text = f"{''.join(texts)}{{solution}}"
        await settled(app, pilot)
        assert harmless()
        await pilot.press("shift+tab", "down")
        await pilot.pause()
        assert harmless()
        await pilot.press("ctrl+s")
        await run_out(app, pilot)
        app.workbench.prompt_pane.text.focus()
        for _ in range(5):
            await pilot.press("n", "pagedown")
            assert harmless()
        await pilot.press("D")
        await settled(app, pilot)
        for _ in range(3):
            await pilot.press("n", "pagedown")
            assert harmless()
        await pilot.press("escape", "E", "slash", *"[/x")
        await pilot.pause()
        assert harmless()
