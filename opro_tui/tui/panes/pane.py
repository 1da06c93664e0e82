"""What all panes are: a framed widget with a title, of which one is active."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.cells import cell_len
from textual.containers import Container
from textual.content import Content
from textual.geometry import Region

from opro_tui.tui.parts import SEPARATOR
from opro_tui.tui.widgets.whole_text import WholeText

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from opro_tui.tui.widgets.filtered_list import FilteredList
    from opro_tui.tui.widgets.row_list import RowList

LONG = 32
"""Characters from which on a text may be cut by its column."""
FRAME = 6
"""Cells of the upper edge that are no title: corners, a line and spaces."""


class Pane(Container):
    """A frame around one list or text.

    Args:
        body: What stands in it and takes the focus.
        title: What it is called before there is more to say.
        counts: Whether the title says how many rows of a filtered list are shown.
    """

    def __init__(
        self,
        body: Widget,
        *,
        id: str,  # noqa: A002 - the name that widgets use
        title: str = "",
        counts: bool = False,
    ) -> None:
        super().__init__(id=id)
        self.body = body
        self._title = title
        self._counts = counts
        self._counted = ""
        self._entitling = False
        self.border_title = Content(title)

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.body

    def entitle(self, title: str) -> None:
        """Set the frame's title, which is never read as markup; what doesn't fit is left out."""
        self._title = title
        parts = [*title.split(SEPARATOR), *filter(None, (self._counted,))]
        room = self.outer_size.width - FRAME
        while len(parts) > 1 and self.is_mounted and cell_len(SEPARATOR.join(parts)) > room:
            parts.pop()
        content = Content(SEPARATOR.join(parts))
        if self.border_title != content.markup:
            self._entitling = True
            self.border_title = content
            self._entitling = False

    def on_resize(self) -> None:
        """Say as much in the title as there is room for."""
        self.entitle(self._title)

    def on_filtered_list_counted(self, event: FilteredList.Counted) -> None:
        """Say in the title how many rows are shown."""
        event.stop()
        if self._counts:
            self._counted = event.rows.counted
            self.entitle(self._title)

    def refresh(self, *regions: Region, **how: bool) -> Self:
        """As every widget's; another title draws the frame's upper edge again and not all of it."""
        if self._entitling and not regions:
            x, y = self.content_offset
            regions = (Region(-x, -y, self.outer_size.width, 1),)
        return super().refresh(*regions, **how)


class SolutionPane(Pane):
    """A list of solutions, and under it the text of the one under the cursor.

    Args:
        rows: The list; its last column is the text.
        title: What it is called before there is more to say.
        counts: Whether the title says how many rows are shown.
    """

    def __init__(
        self,
        rows: RowList,
        *,
        id: str,  # noqa: A002 - the name that widgets use
        title: str = "",
        counts: bool = False,
    ) -> None:
        super().__init__(rows, id=id, title=title, counts=counts)
        self._rows = rows
        self.whole = WholeText(id=f"{id}-whole")

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.body
        yield self.whole

    def show_whole(self) -> None:
        """Show the text of the row under the cursor; whoever draws it asks now and then.

        Not with every key: painting two more lines takes longer than moving the cursor.
        """
        key = self._rows.key
        row = () if key is None else self._rows.row(key)
        text = row[-1].text if row else ""
        self.whole.show(text)
        if len(text) >= LONG:
            # For good: lines that come and go with the cursor would move the rows.
            self.add_class("-long")
