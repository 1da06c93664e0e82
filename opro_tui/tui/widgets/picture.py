"""Any task's picture, drawn anew for each size."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip

from opro_tui.tui import format as fmt
from opro_tui.tui.later import Later
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

    from opro_tui.core.picture import Picture
    from opro_tui.tui import picturing
    from opro_tui.tui.picturing import Run
else:
    picturing = Later("opro_tui.tui.picturing")


class PictureView(Toned, can_focus=True):
    """A picture; ↑ and ↓ walk the solutions that it shows.

    Args:
        chart: Which characters draw, of `options.CHARTS`.

    Attributes:
        more: What shows the marks that lie outside, for where that can be done.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j,right,l", "walk(1)", "Next solution", show=False),
        Binding("up,k,left,h", "walk(-1)", "Solution before", show=False),
        Binding("home,g", "walk(-100000)", "First solution", show=False),
        Binding("end,G", "walk(100000)", "Last solution", show=False),
    ]

    class Walked(Message):
        """Another solution shall be shown.

        Args:
            by: How many further down the list.
        """

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, chart: str, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.chart = chart
        self.picture: Picture | None = None
        self.words = ""
        self.more = ""
        self._lines: Sequence[Sequence[Run]] = ()

    def show(self, picture: Picture | None, words: str = "") -> None:
        """Show another picture, or say why there is none."""
        if picture == self.picture and words == self.words:
            return
        self.picture, self.words = picture, words
        self._draw()

    def action_walk(self, by: int) -> None:
        """Ask for another solution."""
        self.post_message(self.Walked(by))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme or focus."""
        super().notify_style_update()
        self.refresh()

    def _draw(self) -> None:
        width, height = self.content_size
        self._lines = ()
        if width and height:
            if self.picture is not None:
                size = (width, height)
                self._lines = picturing.paint(self.picture, *size, self.chart, self.more)
            else:
                cuts = fmt.wrap_offsets(self.words, width)
                parts = zip([0, *cuts], [*cuts, len(self.words)], strict=True)
                self._lines = [[(self.words[a:b], "muted", "")] for a, b in parts]
        self.refresh()

    @property
    def text(self) -> str:
        """What stands there."""
        return "\n".join("".join(text for text, _, _ in line) for line in self._lines)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.content_size.width
        base = self.ground
        if y >= len(self._lines):
            return Strip.blank(width, base)
        segments = []
        for text, tone, ground in self._lines[y]:
            behind = Style(bgcolor=self.tone(ground).bgcolor) if ground else Style.null()
            segments.append(Segment(text, base + behind + self.tone(tone)))
        return Strip(segments).adjust_cell_length(width, base)
