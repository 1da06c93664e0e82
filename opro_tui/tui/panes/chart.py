"""Best and mean score by step, or the picture of a task that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui.format import safe
from opro_tui.tui.later import Later
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.widgets.chart import Chart
from opro_tui.tui.widgets.picture import PictureView

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from opro_tui.core.picture import Picture
    from opro_tui.core.state import State
    from opro_tui.tui import charting
else:
    charting = Later("opro_tui.tui.charting")

EMPTY = "Best and mean score of each finished step."
MOST_ZOOM = 12
CHART = "SCORE BY STEP"
OTHER = "the chart", "the picture"
"""What the key shows instead of the picture, and instead of the chart."""
WALK = "↑ ↓ another solution · + - zoom"
BACK = "C back"


class ChartPane(Pane):
    """The chart, and in its place the picture of a task that has one.

    Args:
        kind: Which characters draw it, of `options.CHARTS`.
        key: What switches between chart and picture.
        near: Whether the screen has keys to look at the picture from nearer or farther off.

    Attributes:
        pictured: Whether there is a picture to show.
        zoom: How near the picture is looked at.
        alone: Whether it has the whole screen.
    """

    def __init__(self, kind: str, key: str = ".", *, near: bool = True) -> None:
        self.chart = Chart(kind, id="chart-view")
        self.view = PictureView(kind, id="picture-view")
        super().__init__(self.chart, id="chart", title=CHART)
        self.key = key
        self.near = near
        self.view.more = "- shows more" if near else ""
        self.pictured = False
        self.zoom = 0
        self.alone = False
        self._drawn: tuple[object, ...] = ()
        self._called = ""

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.chart
        self.view.display = False
        yield self.view

    @property
    def shows_picture(self) -> bool:
        """Whether the picture stands there now."""
        return self.body is self.view

    def draw(self, state: State) -> None:
        """Draw a state; one in which no step ended and nothing was edited costs nothing."""
        seen = (state.steps, state.edits)
        if self._drawn and all(a is b for a, b in zip(seen, self._drawn, strict=True)):
            return
        self._drawn = seen
        self._entitle()
        self.chart.show(charting.series(state), state.facts, empty=EMPTY)

    def draw_picture(self, picture: Picture | None, words: str = "") -> None:
        """Show a picture, or say why there is none; the first one takes the chart's place."""
        if picture is None and not words:
            return
        first, self.pictured = not self.pictured, True
        self._called = safe(picture.name, 20).upper() if picture is not None else "PICTURE"
        self.view.show(picture, words)
        if first and picture is not None:
            self.switch(picture=True)
        self._entitle()

    def switch(self, *, picture: bool) -> None:
        """Show the picture or the chart, whichever has the focus keeps it."""
        focused = self.body.has_focus
        self.body = self.view if picture and self.pictured else self.chart
        self.chart.display = self.body is self.chart
        self.view.display = self.body is self.view
        if focused:
            self.body.focus()
        self._entitle()

    def _entitle(self) -> None:
        if self.shows_picture:
            near = f" · {2.0**self.zoom:g}×" if self.zoom else ""
            self.entitle(f"{self._called}{near}")
        else:
            self.entitle(CHART)
        words = []
        if self.pictured:
            if self.alone and self.near and self.shows_picture:
                words.append(WALK)
            if self.near or not self.alone:
                words.append(f"{self.key} {OTHER[not self.shows_picture]}")
            if self.alone:
                words.append(BACK if self.near else f"{self.key} back")
        self.border_subtitle = " · ".join(words)

    def nearer(self, by: int) -> None:
        """Look at the picture from nearer, or from farther off."""
        self.zoom = max(-MOST_ZOOM, min(MOST_ZOOM, self.zoom + by))
        self._entitle()
