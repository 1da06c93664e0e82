"""Every edit of a session, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from opro_tui.tui import edit_words, settings_view
from opro_tui.tui.screens.layers import Layer, Reader
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.state import State

COLUMNS = (
    Column("seq", 6, right=True, from_width=100),
    Column("step", 4, right=True),
    Column("when", 16, from_width=100),
    Column("what", 20),
    Column("before → after", 20, from_width=60),
    Column("why", 0),
)
EMPTY = "Every change that you make is kept here with its step, and can be taken back with u."


class HistoryLayer(Layer[None]):
    """The history.

    Args:
        source: The session's state now.
        undo: Takes the last edit back; returns what to say.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "u",
            "undo",
            "Undo",
            show=False,
            tooltip="Take your last edit back; again for the one before.",
            id="undo",
        ),
        Binding("q,H", "close", "Close", show=False),
    ]
    AUTO_FOCUS = "#history"

    rows = getters.query_one("#history", RowList)

    def __init__(self, source: Callable[[], State], undo: Callable[[], Awaitable[str]]) -> None:
        super().__init__("History of edits")
        self.source = source
        self.undo = undo

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="wide"):
            yield FilteredList(COLUMNS, id="history")
            hint = "Enter shows it · u undoes the last · / filters · Escape closes"
            yield Static(Content(hint), id="hint")

    def on_mount(self) -> None:
        """Show the edits."""
        self.draw()

    def draw(self) -> None:
        """Show the edits as they are now, newest first."""
        edits = {edit.seq: edit for edit in reversed(self.source().edits)}
        self.rows.show(list(edits), lambda seq: settings_view.history_row(edits[seq]), empty=EMPTY)

    def on_filtered_list_counted(self, event: FilteredList.Counted) -> None:
        """Say how many edits are shown."""
        self.query_one("#box").border_subtitle = event.rows.counted

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show the whole of an edit."""
        edit = next(edit for edit in self.source().edits if edit.seq == event.key)
        facts = [
            ("edit", edit_words.words(edit).what),
            ("step", f"{edit.step} (the first that it applied to)"),
            ("when", edit_words.moment(edit.at)),
            ("why", edit.note or "no note"),
        ]
        self.app.push_screen(Reader(f"Edit {edit.seq}", edit_words.whole(edit), facts))

    async def action_undo(self) -> None:
        """Take the last edit back."""
        self.notify(await self.undo(), markup=False)
        self.draw()
