"""The text of a row that may be cut, in the lines under its list."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from opro_tui.tui import format as fmt
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from collections.abc import Sequence


class WholeText(Toned):
    """A harmless text in as many lines as there are; what doesn't fit ends with an ellipsis."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.text = ""

    def show(self, text: str) -> None:
        """Show another text."""
        if text != self.text:
            self.text = text
            self.refresh()

    def lines(self, width: int, height: int) -> Sequence[str]:
        """The text in lines."""
        cuts = [0, *fmt.wrap_offsets(self.text, width)]
        cuts = cuts[:height]
        whole = [self.text[a:b] for a, b in itertools.pairwise(cuts)]
        return [*whole, fmt.cut(self.text[cuts[-1] :], width)]

    def render_line(self, y: int) -> Strip:
        """Draw a line; those that aren't needed stay blank."""
        width, height = self.content_size
        base = self.ground
        lines = self.lines(max(1, width), max(1, height))
        text = lines[y] if y < len(lines) else ""
        return Strip([Segment(text, base)]).adjust_cell_length(width, base)
