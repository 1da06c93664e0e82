"""The answers of a solution that another metric grades otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from opro_tui.tui.screens import new_eyes_view as view
from opro_tui.tui.screens.layers import PAGER, Layer
from opro_tui.tui.widgets.facts import Facts
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.engine.regrade import Verdict


class ChangedAnswers(Layer[None]):
    """A solution's answers that score otherwise under the other metric.

    Args:
        id: The solution.
        found: Its answers.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "close", "Close", show=False),
        PAGER,
    ]

    rows = getters.query_one("#changed", RowList)
    text = getters.query_one("#answer", Facts)

    def __init__(self, id: int, found: Sequence[Verdict]) -> None:  # noqa: A002
        super().__init__(f"#{id}: {len(found):,} answers graded otherwise")
        self.found = tuple(found)

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="wide alikes"):
            yield FilteredList(view.ANSWER_COLUMNS, id="changed")
            yield Facts(id="answer")
            yield Static(Content("↑↓ another answer · Escape closes"), id="hint")

    def on_mount(self) -> None:
        """List them."""
        self.rows.focus()
        self.rows.show(range(len(self.found)), lambda i: view.answer_row(self.found[i]))

    @property
    def whole(self) -> str:
        """What a pager reads: the answer at hand."""
        return self.text.content.plain

    def on_row_list_highlighted(self, event: RowList.Highlighted) -> None:
        """Show the answer in full."""
        event.stop()
        self.text.tell(view.answer_text(self.found[event.key]))
        self.text.scroll_home(animate=False)
