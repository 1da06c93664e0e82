"""Best and mean score by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui import charting
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.widgets.chart import Chart

if TYPE_CHECKING:
    from opro_tui.core.state import State

EMPTY = "Best and mean score by step, from the first finished step on."


class ChartPane(Pane):
    """The chart.

    Args:
        kind: Which characters draw it, of `options.CHARTS`.
    """

    def __init__(self, kind: str) -> None:
        self.chart = Chart(kind, id="chart-view")
        super().__init__(self.chart, id="chart")
        self._drawn: tuple[object, ...] = ()

    def draw(self, state: State) -> None:
        """Draw a state; one in which no step ended and nothing was edited costs nothing."""
        seen = (state.steps, state.edits)
        if self._drawn and all(a is b for a, b in zip(seen, self._drawn, strict=True)):
            return
        self._drawn = seen
        self.entitle("SCORE BY STEP")
        self.chart.show(charting.series(state), state.facts, empty=EMPTY)
