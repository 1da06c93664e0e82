"""One line made of parts, of which the least important go when it gets narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from opro_tui.tui.parts import SEPARATOR, Part, fitting
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from collections.abc import Sequence


class Line(Toned):
    """A one-line display."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.parts: tuple[Part, ...] = ()

    def show(self, parts: Sequence[Part]) -> None:
        """Show other parts."""
        new = tuple(parts)
        if new != self.parts:
            self.parts = new
            self.refresh()

    @property
    def text(self) -> str:
        """What it says, uncut."""
        return SEPARATOR.join(part.text for part in self.parts if part.text)

    def render_line(self, y: int) -> Strip:
        """Draw the line; the rest of the widget stays blank."""
        width = self.content_size.width
        base = self.ground
        if y:
            return Strip.blank(width, base)
        segments = []
        for place, part in enumerate(fitting(self.parts, width)):
            if place:
                segments.append(Segment(SEPARATOR, base + self.tone("muted")))
            segments.append(Segment(part.text, base + self.tone(part.tone)))
        return Strip(segments).adjust_cell_length(width, base)
