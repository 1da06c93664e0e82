"""`/` in every list: what is typed narrows it, Escape shows all again, and the count is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.app import App
from textual.widgets import Input

from opro_tui.core.edits import Edits
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.parts import Cell
from opro_tui.tui.screens.costs import CostsScreen
from opro_tui.tui.screens.history import HistoryLayer
from opro_tui.tui.screens.settings import SettingsLayer
from opro_tui.tui.widgets.filter_line import FilterLine
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.row_list import Column
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from textual.app import ComposeResult

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
TEXTS = ("alpha one", "beta two", "Alpha THREE", "gamma")


class Listing(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.rows = FilteredList((Column("", 0),), id="rows")
        self.pane = Pane(self.rows, id="pane", counts=True)

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.entitle("THINGS · by name")
        self.fill(range(4))

    def fill(self, keys) -> None:
        self.rows.show(keys, lambda key: (Cell(TEXTS[key % 4]),), empty="none")


async def test_what_is_typed_narrows_the_list_and_escape_shows_all_again() -> None:
    app = Listing()
    async with app.run_test(size=(60, 12)) as pilot:
        app.rows.focus()
        await pilot.press("down", "down")
        assert app.rows.key == 2
        await pilot.press("slash", *"ALPHA")
        assert list(app.rows.keys) == [0, 2]
        assert app.rows.key == 2
        assert "THINGS · by name · 2 of 4 shown" in app.pane.border_title
        app.fill(range(8))
        assert list(app.rows.keys) == [0, 2, 4, 6]
        await pilot.press("enter")
        assert app.rows.has_focus
        assert list(app.rows.keys) == [0, 2, 4, 6]
        await pilot.press("slash", *"xyz")
        assert app.rows.key is None
        assert "Nothing matches" in app.rows.empty
        await pilot.press("escape")
        await pilot.pause()
        assert app.rows.has_focus
        assert len(app.rows.keys) == 8
        assert not app.query(FilterLine)
        await pilot.press("Q", "enter")
        await pilot.pause()
        assert not app.query(FilterLine)


async def test_a_title_leaves_out_what_does_not_fit() -> None:
    app = Listing()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert app.pane.border_title == "THINGS · by name · 4 of 4 shown"
        await pilot.resize_terminal(30, 12)
        await pilot.pause()
        assert app.pane.border_title == "THINGS · by name"
        await pilot.resize_terminal(20, 12)
        await pilot.pause()
        assert app.pane.border_title == "THINGS"


@both_sizes
async def test_candidates_costs_edits_and_settings_are_filtered(tmp_path, size) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path, "sums", candidates=4, train=8, test=4)
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        for edits in (Edits(pin=(1,)), Edits(settings={"temperature": "0.5"})):
            await app.steering.edit(edits)
        pane = app.workbench.candidates
        pane.rows.focus()
        ids = pane.rows.keys
        await pilot.press("slash", *f"#{ids[-1]}")
        assert pane.rows.keys == (ids[-1],)
        assert f"1 of {len(ids)} shown" in screen_text(app)
        last = screen_text(app).splitlines()[-1]
        assert last.lstrip().startswith("? Help")
        assert "Show all" in last
        await pilot.press("escape")
        assert pane.rows.keys == ids

        await pilot.press("B")
        await until(pilot, lambda: isinstance(app.screen, CostsScreen) and app.screen.costs)
        rows = app.screen.rows
        total = len(rows.keys)
        await pilot.press("slash", *"optimizer")
        assert 0 < len(rows.keys) < total
        assert f"{len(rows.keys)} of {total} shown" in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, CostsScreen)
        assert len(rows.keys) == total
        await pilot.press("escape", "H")
        await until(pilot, lambda: isinstance(app.screen, HistoryLayer))
        assert "2 of 2 shown" in screen_text(app)
        await pilot.press("slash", *"pin")
        assert "1 of 2 shown" in screen_text(app)
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert app.screen.heading.startswith("Edit ")
        await pilot.press("escape", "escape", "escape")
        await pilot.press("comma")
        await until(pilot, lambda: isinstance(app.screen, SettingsLayer))
        await pilot.press("slash", *"temperature", "enter")
        assert "the optimizer's temp" in screen_text(app)
        await pilot.press("down", "up", "enter")
        assert app.screen.field.has_focus


async def test_hostile_filters_and_rows_do_nothing() -> None:
    app = Listing()
    async with app.run_test(size=(60, 12)) as pilot:
        app.rows.show(range(len(HOSTILE)), lambda key: (Cell(repr(HOSTILE[key])),))
        app.rows.focus()
        await pilot.press("slash")
        for text in HOSTILE:
            app.query_one(Input).value = text
            await pilot.pause()
        await pilot.press("escape")
        assert len(app.rows.keys) == len(HOSTILE)
