"""What all panes are: a framed widget with a title, of which one is active."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from textual.containers import Container
from textual.content import Content
from textual.geometry import Region

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
        self._entitling = False

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.body

    def entitle(self, title: str) -> None:
        """Set the frame's title, which is never read as markup."""
        content = Content(title)
        if self.border_title != content.markup:
            self._entitling = True
            self.border_title = content
            self._entitling = False

    def refresh(self, *regions: Region, **how: bool) -> Self:
        """As every widget's; another title draws the frame's upper edge again and not all of it."""
        if self._entitling and not regions:
            x, y = self.content_offset
            regions = (Region(-x, -y, self.outer_size.width, 1),)
        return super().refresh(*regions, **how)
