from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static

from opro_tui.config import Config, Provider
from opro_tui.core.edits import Edits
from opro_tui.core.events import EditMade
from opro_tui.core.settings import DEFINITIONS
from opro_tui.tui import edit_words, settings_view
from opro_tui.tui.screens.fork import ForkLayer
from opro_tui.tui.screens.history import HistoryLayer
from opro_tui.tui.screens.layers import Prompt, Question, Reader
from opro_tui.tui.screens.settings import LINES, SettingsLayer
from opro_tui.tui.screens.workbench import Workbench
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import HOSTILE, empty

if TYPE_CHECKING:
    from pathlib import Path

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


@pytest.fixture
async def regression(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.db"
    await make_session(path)
    return path


def index(name: str) -> int:
    return next(
        i for i, line in enumerate(LINES) if line.definition and line.definition.name == name
    )


def test_every_setting_stands_in_the_panel_once() -> None:
    shown = [line.definition.name for line in LINES if line.definition]
    assert sorted(shown) == sorted(definition.name for definition in DEFINITIONS)


def test_a_row_tells_value_default_and_what_is_fixed() -> None:
    state = empty(temperature=0.4)
    row = settings_view.row(state, LINES[index("temperature")])
    assert [cell.text for cell in row][:3] == ["temperature", "≠ 0.4", "1"]
    fixed = settings_view.row(state, LINES[index("scorer")])
    assert fixed[2].text == "by fork only"
    assert fixed[0].tone == "muted"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("temperature", "0.4", "hot"),
        ("candidates", "4", "0"),
        ("order", "random", "sideways"),
        ("review", "yes", "perhaps"),
        ("schedule", "linear:0.2", "linear:9"),
        ("proposals", "independent", "99"),
        ("max_output_tokens", "optimizer=500", "everybody=3"),
        ("budget", "none", "-1"),
    ],
)
def test_typed_values_are_checked(name, good, bad) -> None:
    state = empty()
    assert settings_view.problem(state, name, good) == ""
    assert settings_view.problem(state, name, bad).endswith(".")


def test_what_is_shown_can_be_typed_back() -> None:
    state = empty(max_output_tokens="optimizer=500,scorer=900", budget=2.5, review=True)
    for definition in DEFINITIONS:
        if definition.starred:
            text = settings_view.typed(state, definition.name)
            changed = state.settings.with_values({definition.name: text})
            assert changed == state.settings, definition.name


def test_choices_are_walked_round() -> None:
    assert settings_view.next_choice("order", "ascending", 1) == "descending"
    assert settings_view.next_choice("order", "ascending", -1) == "random"
    assert settings_view.next_choice("order", "typed", 1) == "ascending"
    assert settings_view.next_choice("shown", "20", 1) == "20"


def test_every_kind_of_edit_has_words() -> None:
    made = [
        EditMade(step=1, kind=kind, before=None, after=3)
        for kind in ("pin", "unpin", "drop", "undrop", "pin_exemplar", "veto", "halt", "rescore")
    ]
    made += [
        EditMade(step=1, kind="redraw", before=0, after=1),
        EditMade(step=1, kind="approve"),
        EditMade(
            step=1,
            kind="fork",
            before={"settings": {"scorer": "a/\x1b[31mb"}},
            after={
                "parent": "\x1b[31m",
                "step": None,
                "seq": 4,
                "settings": {"scorer": "c/d"},
                "solutions": [3],
            },
        ),
        EditMade(step=1, kind="add", after={"id": 4, "text": "\x1b[31mred"}),
        EditMade(step=1, kind="set", before={"temperature": 1.0}, after={"temperature": 0.4}),
        EditMade(
            step=1, kind="meta_prompt", before={"instructions": "a"}, after={"instructions": "bc"}
        ),
    ]
    said = [edit_words.words(edit).line for edit in made]
    assert len(set(said)) == len(said)
    assert all(line.isprintable() for line in said)
    assert "temperature 1 → 0.4" in said
    assert all(edit_words.whole(edit) for edit in made)


@both_sizes
async def test_a_setting_is_changed_with_a_note_listed_and_undone(regression, size) -> None:
    async with opened(regression, size) as (app, pilot):
        await pilot.press("comma")
        layer = app.screen
        assert isinstance(layer, SettingsLayer)
        assert layer.chosen.name == "optimizer"
        layer.rows.move_to(index("candidates"))
        await pilot.press("enter")
        layer.field.value = "zero"
        await pilot.pause()
        assert "whole number" in str(layer.query_one("#problem", Static).content)
        await pilot.press("enter")
        assert app.steering.state.settings.candidates == 8
        layer.field.value = "3"
        await pilot.press("tab", *"cheap", "enter")
        await run_out(app, pilot)
        assert app.steering.state.settings.candidates == 3
        assert not layer.query_one("#fields").display
        await pilot.press("H")
        assert isinstance(app.screen, HistoryLayer)
        text = screen_text(app)
        assert "candidates" in text
        assert "8 → 3" in text
        assert "cheap" in text
        await pilot.press("enter")
        assert isinstance(app.screen, Reader)
        await pilot.press("escape", "u")
        await run_out(app, pilot)
        assert app.steering.state.settings.candidates == 8
        assert len(app.steering.state.edits) == 2
        await pilot.press("escape")
        assert isinstance(app.screen, Workbench)


async def test_escape_closes_the_field_and_then_the_panel(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("equals_sign", "enter")
        assert isinstance(app.screen, SettingsLayer)
        assert app.screen.field.has_focus
        await pilot.press("escape")
        assert app.screen.rows.has_focus
        await pilot.press("escape")
        assert isinstance(app.screen, Workbench)
        assert not app.steering.state.edits


async def test_a_filter_leaves_headings_out_and_the_cursor_on_a_setting(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("comma", "slash", *"scoring", "enter")
        layer = app.screen
        assert [LINES[key].definition is None for key in layer.rows.keys].count(True) == 0
        assert layer.rows.counted == f"{len(layer.rows.keys)} of {len(DEFINITIONS)} shown"
        layer.rows.move_to(index("scoring"))
        await pilot.press("enter", "down", "enter")
        await until(pilot, lambda: app.steering.state.settings.scoring == "racing")
        await pilot.press("slash", *"nothing such", "escape")
        await pilot.pause()
        assert layer.rows.has_focus
        assert LINES[layer.rows.key].definition == layer.chosen


async def test_what_the_engine_refuses_is_said_beside_the_field(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("comma", "enter")
        layer = app.screen
        layer.field.value = "nobody/model"
        await pilot.press("enter")
        await until(pilot, lambda: "nobody" in str(layer.query_one("#problem", Static).content))
        assert app.screen is layer
        assert app.steering.state.settings.optimizer == "simulated"


async def test_choices_are_taken_with_the_arrows(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("comma")
        app.screen.rows.move_to(index("order"))
        await pilot.press("enter", "down", "enter")
        await run_out(app, pilot)
        assert app.steering.state.settings.order == "descending"


@both_sizes
async def test_a_fork_goes_on_from_a_step_and_is_opened(regression, size) -> None:
    async with opened(regression, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        app.screen.query_one(Input).value = "7"
        await pilot.press("enter")
        assert "finished step" in screen_text(app)
        app.screen.query_one(Input).value = "0"
        await pilot.press("enter")
        await until(pilot, lambda: "The fork's name" in screen_text(app))
        app.screen.query_one(Input).value = "other"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "other is made" in screen_text(app)
        await pilot.press("o")
        await until(pilot, lambda: app.steering.name == "other" and app.steering.opened)
        await until(pilot, lambda: app.steering.prompt is not None)
        assert app.screen is app.workbench
        assert [step.number for step in app.steering.state.steps] == [0]
        assert "other" in screen_text(app)
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.state.finished_steps == 1


@both_sizes
async def test_a_fixed_setting_is_changed_in_a_fork_that_is_priced_and_opened(
    tmp_path, size
) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path, "sums", candidates=2, train=10, test=10)
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await pilot.press("comma")
        layer = app.screen
        layer.rows.move_to(index("metric"))
        await pilot.pause()
        said = layer.query_one("#explanation", Static).content
        assert "Enter changes it in a fork" in str(said)
        await pilot.press("enter")
        assert layer.field.has_focus
        await pilot.press("enter")
        assert "so already" in screen_text(app)
        layer.field.value = "exact"
        await pilot.press("tab", *"strict", "enter")
        await until(pilot, lambda: isinstance(app.screen, ForkLayer))
        await until(pilot, lambda: "Nothing has to be bought" in screen_text(app))
        assert "metric: numeric → exact" in screen_text(app)
        assert app.screen.query_one(Input).value == "demo-fork"
        await pilot.press("escape")
        assert app.screen is layer
        assert layer.field.value == "exact"
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing has to be bought" in screen_text(app))
        app.screen.query_one(Input).value = "demo"
        await pilot.press("enter")
        await until(pilot, lambda: "already" in str(app.screen.query_one("#problem").content))
        app.screen.query_one(Input).value = "strict"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("o")
        await until(pilot, lambda: app.steering.name == "strict" and app.steering.opened)
        state = app.steering.state
        assert state.settings.metric == "exact"
        assert state.best_id is None
        assert not state.steps
        assert state.edits[-1].note == "strict"
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, HistoryLayer))
        assert "fork demo at step 1" in screen_text(app)


async def test_a_real_price_is_shown_and_what_no_fork_can_do_is_said(tmp_path) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path, "sums", candidates=2, train=10, test=10)
    async with opened(path, (80, 24)) as (app, pilot):
        await pilot.press("comma")
        layer = app.screen
        layer.rows.move_to(index("task"))
        await pilot.press("enter")
        said = layer.query_one("#problem", Static).content
        assert "make a new session for another task" in str(said)
        assert not layer.query_one("#fields").display
        layer.rows.move_to(index("scorer"))
        await pilot.press("enter")
        layer.field.value = "openai/gpt-5-nano"
        await pilot.press("enter")
        await until(pilot, lambda: "To buy: 10, ≈ $0.000" in screen_text(app))
        await pilot.press("escape")
        layer.field.value = "nobody/x"
        await pilot.press("enter")
        await until(pilot, lambda: "nobody" in str(app.screen.query_one("#problem").content))
        assert isinstance(app.screen, ForkLayer)
        await pilot.press("enter")
        assert isinstance(app.screen, ForkLayer)


async def test_what_the_scorer_may_answer_is_changed_in_a_fork_once_something_ran(
    tmp_path,
) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path, "sums", candidates=2, train=5, test=5)
    async with opened(path) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await pilot.press("comma")
        app.screen.rows.move_to(index("max_output_tokens"))
        await pilot.press("enter")
        app.screen.field.value = "scorer=300"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ForkLayer))
        assert not dict(app.steering.state.settings.max_output_tokens).get("scorer")


async def test_undo_takes_back_pins_one_after_the_other(regression) -> None:
    async with opened(regression) as (app, pilot):
        assert "Undo" not in screen_text(app)
        await pilot.press("u")
        await pilot.press("s")
        await run_out(app, pilot)
        best, worst = app.workbench.trajectory.rows.keys[0], app.workbench.trajectory.rows.keys[-1]
        await app.workbench.make(Edits(pin=(best,)))
        await app.workbench.make(Edits(drop=(worst,)))
        app.workbench.trajectory.rows.focus()
        await pilot.press("u")
        await run_out(app, pilot)
        assert not app.steering.state.dropped
        assert app.steering.state.pinned == {best}
        await pilot.press("u")
        await run_out(app, pilot)
        assert not app.steering.state.pinned
        await pilot.press("u")
        await pilot.pause()
        assert len(app.steering.state.edits) == 4


@both_sizes
async def test_hostile_texts_and_notes_do_no_harm_in_the_history(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=10)
    async with opened(path, size) as (app, pilot):
        for text in HOSTILE:
            clean = text.replace("\ud800", "").replace("\udfff", "")
            if clean.strip():
                await app.workbench.make(Edits(add=(clean + "!",), note=clean))
        await pilot.press("H")
        for _ in app.steering.state.edits:
            assert all(c.isprintable() or c == "\n" for c in screen_text(app))
            await pilot.press("enter")
            assert all(c.isprintable() or c == "\n" for c in screen_text(app))
            await pilot.press("escape", "down")
        assert app.is_running


async def test_an_address_that_is_not_encrypted_is_said_when_it_is_set(regression) -> None:
    config = Config(providers={"lab": Provider("lab", "openai", "https://lab.invalid/v1")})
    async with opened(regression, (80, 24), config) as (app, pilot):
        told: list[str] = []
        app.notify = lambda message, **_: told.append(message)  # type: ignore[method-assign]
        for name, value in (("optimizer", "lab/m"), ("optimizer_url", "http://lab.invalid/v1")):
            await app.workbench.make(Edits(settings={name: value}))
            await run_out(app, pilot)
        await app.workbench.make(Edits(settings={"candidates": 3}))
        await run_out(app, pilot)
        app.workbench.draw_if_changed()
        await pilot.pause()
        (warning,) = [words for words in told if "encrypted" in words]
        assert warning.startswith("http://lab.invalid/v1 is not encrypted")
        await pilot.press("m")
        await until(pilot, lambda: "http://lab.invalid/v1 is not encrypted" in screen_text(app))
    async with opened(regression, (80, 24), config) as (app, pilot):
        told = []
        app.notify = lambda message, **_: told.append(message)  # type: ignore[method-assign]
        await app.workbench.make(Edits(settings={"candidates": 4}))
        await run_out(app, pilot)
        assert not [words for words in told if "encrypted" in words]


async def test_an_address_that_is_typed_is_not_kept_before_it_is_checked(regression) -> None:
    address = "https://me:planted-word@lab.invalid/v1"
    async with opened(regression, (80, 24)) as (app, pilot):
        await pilot.press("comma")
        layer = app.screen
        layer.rows.move_to(index("optimizer_url"))
        await pilot.press("enter")
        layer.field.value = address
        await pilot.press("tab", *"why", "enter")
        await until(pilot, lambda: "holds a password" in screen_text(app))
        await app.steering.drafts.flush()
        assert app.steering.drafts.data("setting optimizer_url") == {"value": "none", "note": "why"}
    written = [file.read_bytes() for file in regression.parent.iterdir() if file.is_file()]
    assert not [data for data in written if b"planted-word" in data]
