"""A text to read that scrolls with the keys of the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class TextView(VerticalScroll, can_focus=True):
    """Content of any length; foreign text is made harmless by who shows it."""

    DEFAULT_CSS = """
    TextView {
        width: 1fr;
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        & > Static { width: 1fr; height: auto; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("pagedown,ctrl+d,space", "page_down", "Page down", show=False),
        Binding("pageup,ctrl+u", "page_up", "Page up", show=False),
        Binding("home,g", "scroll_home", "Top", show=False),
        Binding("end,G", "scroll_end", "End", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.content = Content("")
        self._static = Static(self.content)

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self._static

    def show(self, content: Content, *, top: bool = False) -> None:
        """Show another text.

        Args:
            content: The text.
            top: Whether to begin at its first line; else how far it was scrolled stays.
        """
        if content.plain != self.content.plain:
            self.content = content
            self._static.update(content)
        if top:
            self.scroll_home(animate=False)
