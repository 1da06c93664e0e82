"""The line under a list in which a person types what its rows shall hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType


class FilterLine(Horizontal):
    """A filter as it is typed, with how many rows are left.

    Args:
        example: What stands there while nothing is typed.
        typed: Takes the text, as it is typed.
        left: Goes on in the list; with all rows again, where that is asked for.
    """

    DEFAULT_CSS = """
    FilterLine {
        height: 1;
        background: $panel;
        & > Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $panel; }
        & > Input:focus { border: none; background: $primary 20%; }
        & > Static { width: auto; padding: 0 1; color: $foreground 62%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "keep", "To the list", tooltip="Go on in the list that is left."),
        Binding("escape", "clear", "Show all", tooltip="Show all rows again."),
    ]

    def __init__(
        self, example: str, typed: Callable[[str], None], left: Callable[[bool], None]
    ) -> None:
        super().__init__()
        self.input = Input(placeholder=example, compact=True, select_on_focus=False)
        self._count = Static(Content(""))
        self._typed = typed
        self._left = left

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.input
        yield self._count

    def on_mount(self) -> None:
        """Start typing at once."""
        self.input.focus()

    def tell(self, words: str) -> None:
        """Say how many rows are left."""
        self._count.update(Content(words))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Hand on what is typed."""
        event.stop()
        self._typed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on in the list."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Go on in the list that is left."""
        self._left(not self.input.value.strip())

    def action_clear(self) -> None:
        """Show all rows again."""
        self._left(True)
