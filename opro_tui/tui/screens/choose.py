"""A layer to find one thing among many: type to filter, arrows to move, Enter to take."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import getters
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from opro_tui.tui.format import count, plain, safe
from opro_tui.tui.parts import Cell
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.tui.parts import Row


@lru_cache(maxsize=4096)
def closeness(query: str, text: str) -> float | None:
    """How well a text fits what was typed, higher is better; None when it doesn't.

    Every character must occur in order. What stands together and near the front fits better.
    """
    query, text = query.casefold(), text.casefold()
    if not query:
        return 0.0
    whole = text.find(query)
    if whole >= 0:
        return 1000.0 - whole - len(text) / 1000
    place, gaps = -1, 0
    for character in query:
        found = text.find(character, place + 1)
        if found < 0:
            return None
        gaps += found - place - 1
        place = found
    return -float(gaps) - len(text) / 1000


def fitting(query: str, texts: Iterable[str]) -> list[int]:
    """The indices of the texts that fit a query, the best first; all in order for an empty one."""
    scored = [(closeness(query.strip(), text), place) for place, text in enumerate(texts)]
    good = [(-score, place) for score, place in scored if score is not None]
    return [place for _, place in (sorted(good) if query.strip() else good)]


class Choose(Layer[str]):
    """One of some texts, each with a line about it; or what was typed, where that is allowed.

    Args:
        title: What is chosen.
        options: The texts, each with a line about it.
        typed: What stands in the field first.
        free: Whether what was typed may be taken though it is not among them.
        current: Where the cursor begins when nothing is typed.
        note: What else is to be said about the texts.
        label: The heading over the texts; the title where it is left out.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
    ]
    HINT = "Type to filter · ↑↓ move · Enter takes it · Escape closes"

    field = getters.query_one("#query", Input)
    rows = getters.query_one("#options", RowList)

    def __init__(
        self,
        title: str,
        options: Sequence[tuple[str, str]],
        *,
        typed: str = "",
        free: bool = False,
        current: str = "",
        note: str = "",
        label: str = "",
    ) -> None:
        super().__init__(title)
        self.options = tuple(options)
        self.typed = typed
        self.free = free
        self.current = typed or current
        self.note = note
        self._shown = ""
        self.label = label or title.lower()

    def compose(self) -> ComposeResult:
        """Build it."""
        longest = max((cell_len(text) for text, _ in self.options), default=20)
        width = max(min(42, longest + 1), cell_len(self.label))
        columns = (Column(self.label, width), Column("about", 0))
        with self.box(classes="finder"):
            yield Input(
                self.typed,
                id="query",
                compact=True,
                select_on_focus=True,
                placeholder="type to filter",
            )
            yield RowList(columns, id="options", led=True)
            yield Static(Content(""), id="shown")
            yield Static(plain(self.HINT), id="hint")

    def on_mount(self) -> None:
        """Start typing at once."""
        self.rows.can_focus = False
        self.field.focus()
        self.filter("")
        current = [place for place, (text, _) in enumerate(self.options) if text == self.current]
        if current:
            self.rows.move_to(current[0])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what fits."""
        if event.value != self.typed:
            self.typed = ""
            self.filter(event.value)

    def filter(self, query: str) -> None:
        """Show what fits a query."""
        found = fitting(query, [f"{text} {about}" for text, about in self.options])
        empty = "Nothing fits; Enter takes what is typed." if self.free else "Nothing fits."
        self.rows.show(found, self._row, empty=empty)
        self.rows.action_jump(0)
        self._shown = f"{count(len(found))} of {count(len(self.options))} shown"
        self._tell()

    def on_row_list_highlighted(self) -> None:
        """Say all of what the list may cut."""
        self._tell()

    def _tell(self) -> None:
        about = "" if self.rows.key is None else safe(self.options[self.rows.key][1], 160)
        lines = (" · ".join(filter(None, (self._shown, about))), self.note)
        self.query_one("#shown", Static).update(plain("\n".join(filter(None, lines))))

    def _row(self, place: int) -> Row:
        text, about = self.options[place]
        return (Cell(safe(text, 100), "strong"), Cell(safe(about, 300), "muted"))

    def action_move(self, by: int) -> None:
        """Move in the list while typing goes on."""
        self.rows.action_move(by)

    def action_page(self, pages: int) -> None:
        """Move in the list by pages."""
        self.rows.action_page(pages)

    def on_row_list_chosen(self) -> None:
        """Take the row under the cursor."""
        self.take()

    def on_input_submitted(self) -> None:
        """Take the row under the cursor, or what was typed."""
        self.take()

    def take(self) -> None:
        """Close with what was chosen."""
        if self.rows.key is not None:
            self.dismiss(self.options[self.rows.key][0])
        elif self.free and self.field.value.strip():
            self.dismiss(self.field.value.strip())
