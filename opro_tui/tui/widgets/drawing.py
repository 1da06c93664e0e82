"""A picture made of characters, drawn anew for each size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from opro_tui.tui import format as fmt
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opro_tui.tui.charting import Run

    Painter = Callable[[int, int], Sequence[Sequence[Run]]]


class Drawing(Toned, can_focus=True):
    """Lines of toned characters, as some function of width and height gives them."""

    DEFAULT_CSS = "Drawing { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str, ascii: bool = False) -> None:  # noqa: A002 - names of use
        super().__init__(id=id)
        self._ascii = ascii
        self._paint: Painter | None = None
        self._lines: Sequence[Sequence[Run]] = ()

    def show(self, paint: Painter) -> None:
        """Show another picture."""
        self._paint = paint
        self._draw()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme or focus."""
        super().notify_style_update()
        self.refresh()

    def _draw(self) -> None:
        width, height = self.content_size
        if self._paint is not None and width and height:
            self._lines = self._paint(width, height)
            if self._ascii:
                self._lines = [[(fmt.in_ascii(t), n) for t, n in line] for line in self._lines]
        self.refresh()

    @property
    def text(self) -> str:
        """What stands there."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.content_size.width
        base = self.ground
        if y >= len(self._lines):
            return Strip.blank(width, base)
        segments = [Segment(fmt.cut(t, width), base + self.tone(n)) for t, n in self._lines[y]]
        return Strip(segments).adjust_cell_length(width, base)
