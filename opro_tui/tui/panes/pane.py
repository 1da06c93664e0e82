"""What all panes are: a framed widget with a title, of which one is active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container
from textual.content import Content

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget


class Pane(Container):
    """A frame around one list or text.

    Args:
        body: What stands in it and takes the focus.
    """

    def __init__(self, body: Widget, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.body = body

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.body

    def entitle(self, title: str) -> None:
        """Set the frame's title, which is never read as markup."""
        content = Content(title)
        if self.border_title != content.markup:
            self.border_title = content
