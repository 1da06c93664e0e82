"""A list whose rows are filtered by what they say, with `/` as everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.message import Message
from textual.widget import Widget

from opro_tui.tui.format import count
from opro_tui.tui.widgets.filter_line import FilterLine
from opro_tui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.binding import BindingType

    from opro_tui.tui.parts import Row
    from opro_tui.tui.widgets.row_list import Column

EXAMPLE = "words that a row holds"
NO_MATCH = "Nothing matches. Escape shows all."


class FilteredList(RowList):
    """A list of rows that shows only those that hold every word typed after `/`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash,Q", "filter", "Filter", show=False),
        Binding("escape", "clear_filter", "Show all", show=False),
    ]

    class Counted(Message):
        """Another number of rows is shown, or there."""

        def __init__(self, rows: FilteredList) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self, columns: Sequence[Column], *, id: str) -> None:  # noqa: A002
        super().__init__(columns, id=id)
        self._all: tuple[int, ...] = ()
        self._all_empty = ""
        self._words: tuple[str, ...] = ()
        self._line: FilterLine | None = None
        self._told = (-1, -1)

    @property
    def counted(self) -> str:
        """How many rows of how many are shown; nothing where there are none."""
        if not self._all:
            return ""
        return f"{count(len(self.keys))} of {count(len(self._all))} shown"

    def show(self, keys: Sequence[int], make: Callable[[int], Row], *, empty: str = "") -> None:
        """As every list's; what the filter doesn't let through is left out."""
        self._all, self._all_empty = tuple(keys), empty
        self._make = make
        found: Sequence[int] = self._all
        if self._words:
            found = [key for key in self._all if self._matches(key, make(key))]
            empty = NO_MATCH if self._all else empty
        super().show(found, make, empty=empty)
        told = (len(found), len(self._all))
        if told != self._told:
            self._told = told
            self.post_message(self.Counted(self))
            if self._line is not None:
                self._line.tell(self.counted)

    def narrow(self, text: str) -> None:
        """Show only the rows that hold every word of a text."""
        self._words = tuple(text.casefold().split())
        self.show(self._all, self._make, empty=self._all_empty)

    def _matches(self, key: int, row: Row) -> bool:  # noqa: ARG002 - for lists with headings
        cells = [cell.text.casefold() for cell in row]
        text = " ".join(cells)
        return all(word in text or _numbered(word, cells) for word in self._words)

    def action_filter(self) -> None:
        """Type what the rows shall hold."""
        if self._line is not None:
            self._line.input.focus()
            return
        home = self.parent
        if isinstance(home, Widget):
            self._line = FilterLine(EXAMPLE, self.narrow, self._left)
            home.mount(self._line, after=self)
            self._line.tell(self.counted)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave Escape to the screen while nothing is filtered."""
        return action != "clear_filter" or self._line is not None

    def action_clear_filter(self) -> None:
        """Show all rows again."""
        self._left(True)

    def _left(self, clear: bool) -> None:
        self.focus()
        if clear and self._line is not None:
            self._line.remove()
            self._line = None
            self.narrow("")


def _numbered(word: str, cells: Sequence[str]) -> bool:
    """Whether a word such as #12 means a row whose number stands there without the sign."""
    return word.startswith("#") and word[1:] in cells
