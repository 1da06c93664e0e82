from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from opro_tui.config import Config
from opro_tui.tui import help_view
from opro_tui.tui.app import OproApp
from opro_tui.tui.bindings import BY_ID, LIST_KEYS, spelled
from opro_tui.tui.commands import COMMANDS, FROM_LIST
from opro_tui.tui.screens.every import tables
from opro_tui.tui.screens.help import HelpLayer
from opro_tui.tui.screens.settings import SettingsLayer
from opro_tui.tui.screens.workbench import Workbench
from opro_tui.tui.session_commands import SESSION_COMMANDS
from opro_tui.tui.widgets.key_bar import Hint, KeyBar, places
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until

if TYPE_CHECKING:
    from pathlib import Path

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


@pytest.fixture
async def regression(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.db"
    await make_session(path)
    return path


@pytest.mark.parametrize("table", [COMMANDS, SESSION_COMMANDS])
def test_help_has_every_action_key_and_mark(table) -> None:
    lines = help_view.lines(table, {}, possible=[command.id for command in table])
    sentences = {line.sentence for line in lines}
    assert {command.tooltip for command in table} <= sentences
    assert {sentence for _, sentence in LIST_KEYS} <= sentences
    assert {mark[2] for mark in help_view.MARKS} <= sentences


def test_the_panes_actions_stand_first_under_its_name() -> None:
    lines = help_view.lines(COMMANDS, {}, pane="trajectory")
    assert lines[0].label == "TRAJECTORY"
    assert lines[1].command is not None
    assert "trajectory" in lines[1].command.panes


def test_typing_finds_by_all_words_and_remapped_keys_show() -> None:
    found = help_view.lines(COMMANDS, {"copy": "ctrl+y"}, wanted="clip copy")
    assert [line.command.id for line in found if line.command] == ["copy"]
    assert found[1].keys == "ctrl+y"
    assert help_view.lines(COMMANDS, {}, wanted="no such thing") == ()


def test_commands_are_whole_and_their_ids_unique() -> None:
    for table in (COMMANDS, SESSION_COMMANDS):
        assert len({command.id for command in table}) == len(table)
        for command in table:
            assert command.label
            assert command.tooltip.endswith(".")
            assert hasattr(Workbench, f"action_{command.action}") or table is SESSION_COMMANDS


@both_sizes
async def test_help_finds_and_runs_an_action(regression, size) -> None:
    async with opened(regression, size) as (app, pilot):
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpLayer)
        await pilot.press(*"every setting")
        assert "Settings" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsLayer))


async def test_help_walks_lists_and_says_what_is_not_possible(regression) -> None:
    async with opened(regression) as (app, pilot):
        await pilot.press("f1")
        layer = app.screen
        await pilot.press("down", "down", "up", "pagedown")
        assert layer.chosen.sentence
        layer.query_one(Input).value = "take your last edit back"
        await pilot.pause()
        assert "(not now)" in screen_text(app)
        await pilot.press("enter")
        assert app.screen is layer
        layer.query_one(Input).value = "[/x] nothing"
        await pilot.pause()
        assert "Nothing matches" in screen_text(app)
        await pilot.press("enter", "escape")
        assert isinstance(app.screen, Workbench)


@both_sizes
async def test_the_palette_has_every_action_that_is_possible(regression, size) -> None:
    async with opened(regression, size) as (app, pilot):
        titles = {command.title for command in app.get_system_commands(app.workbench)}
        assert {"Step", "Run", "Settings", "Copy", "Chart", "Help", "Mouse", "Quit"} <= titles
        assert "Undo" not in titles
        await pilot.press("colon")
        await pilot.pause()
        assert not isinstance(app.screen, Workbench)


@pytest.mark.parametrize("width", [200, 120, 80, 60, 40])
async def test_the_footer_keeps_help_first_and_quit_in_sight(regression, width) -> None:
    async with opened(regression, (width, 24)) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await until(pilot, lambda: "q Quit" in screen_text(app).splitlines()[-1])
        last = screen_text(app).splitlines()[-1]
        assert last.lstrip().startswith("? Help")


def test_keys_are_shown_as_their_signs_on_every_screen() -> None:
    assert spelled("K,less_than_sign") == "K <"
    assert spelled("full_stop,underscore,ctrl+number_sign,f10") == ". _ ctrl+# f10"
    for table in (*tables(), FROM_LIST):
        for command in table:
            shown = spelled(command.keys)
            assert "_" not in shown, command.id
            assert len(shown) <= 10, command.id


@both_sizes
async def test_q_says_where_it_leads(regression, size) -> None:
    app = OproApp(regression, None, Config())
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.sessions is not None and bool(app.sessions.entries))
        await pilot.press("enter")
        await until(pilot, lambda: app.steering.opened and app.screen is app.workbench)
        await until(pilot, lambda: "q Back" in screen_text(app).splitlines()[-1])
        assert "Quit" not in screen_text(app).splitlines()[-1]
        titles = {command.title for command in app.get_system_commands(app.workbench)}
        assert "Back to the list" in titles
        await pilot.press("question_mark", *"list of sessions")
        assert "Back to the" in screen_text(app)
        await pilot.press("escape", "q")
        await until(pilot, lambda: app.screen is app.sessions)


HINTS = tuple(
    Hint(key, key, label, f"It does {label}.", True, kept=label == "Quit")
    for key, label in (("?", "Help"), ("s", "Step"), ("p", "Pin"), ("q", "Quit"))
)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (26, {0: "Help", 7: "Step", 14: "Pin", 20: "Quit"}),
        (25, {0: "Help", 7: "Step", 14: "Quit"}),
        (22, {0: "Help", 7: "Step", 14: "Quit"}),
        (21, {0: "Help", 7: "Quit"}),
        (14, {0: "Quit"}),
    ],
)
def test_hints_stand_whole_or_not_at_all_and_the_way_out_stays(width, shown) -> None:
    assert {at: hint.label for at, hint in places(HINTS, width)} == shown


async def test_the_footer_is_clicked_and_says_what_a_key_does(regression) -> None:
    async with opened(regression) as (app, pilot):
        bar = app.screen.query_one(KeyBar)
        at = next(at for at, hint in bar.places if hint.label == "Help")
        await pilot.hover(KeyBar, offset=(bar.gutter.left + at, 0))
        assert bar.tooltip == BY_ID["help"].tooltip
        await pilot.hover(KeyBar, offset=(bar.size.width - 20, 0))
        assert bar.tooltip is None
        await pilot.click(KeyBar, offset=(bar.gutter.left + at, 0))
        assert isinstance(app.screen, HelpLayer)
