"""The chart of best and mean score by step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.strip import Strip

from opro_tui.tui import format as fmt
from opro_tui.tui.later import Later
from opro_tui.tui.parts import SEPARATOR, Part, fitting
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual import events
    from textual.binding import BindingType

    from opro_tui.core.state import Facts
    from opro_tui.tui import chart_words, charting
    from opro_tui.tui.charting import Glyphs, Plot, Point, Run
else:
    chart_words = Later("opro_tui.tui.chart_words")
    charting = Later("opro_tui.tui.charting")

LEAST_HEIGHT = 6
LEAST_WIDTH = 16
LEGEND_GAP = "  "


class Chart(Toned, can_focus=True):
    """Score by step; ← and → walk the steps and say what each brought."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h,k,up", "walk(-1)", "Step before", show=False),
        Binding("right,l,j,down", "walk(1)", "Next step", show=False),
        Binding("home,g", "walk_to(0)", "First step", show=False),
        Binding("end,G", "walk_to(-1)", "Last step", show=False),
        Binding("escape", "forget", "No step", show=False),
    ]

    def __init__(self, kind: str, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self._kind = kind
        self._ascii = kind == "ascii"
        self.points: tuple[Point, ...] = ()
        self.facts: Facts | None = None
        self.cursor: int | None = None
        self.empty = ""
        self._plot: Plot | None = None
        self._lines: list[tuple[tuple[str, str], ...] | list[Part]] = []

    @property
    def glyphs(self) -> Glyphs:
        """The characters that draw."""
        return charting.GLYPHS[self._kind]

    def show(self, points: Sequence[Point], facts: Facts, *, empty: str) -> None:
        """Show other steps; the marked one stays marked."""
        new = tuple(points)
        if new == self.points and facts == self.facts:
            return
        self.points, self.facts, self.empty = new, facts, empty
        if self.cursor is not None and self.cursor >= len(new):
            self.cursor = None
        self._draw()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme or focus."""
        super().notify_style_update()
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave Escape to the screen when no step is marked."""
        return action != "forget" or self.cursor is not None

    def action_walk(self, by: int) -> None:
        """Mark the step before or after."""
        if self.points:
            at = len(self.points) if self.cursor is None and by < 0 else self.cursor
            self._mark((-1 if at is None else at) + by)

    def action_walk_to(self, index: int) -> None:
        """Mark the first or the last step."""
        if self.points:
            self._mark(index % len(self.points))

    def action_forget(self) -> None:
        """Mark no step."""
        self.cursor = None
        self._draw()

    def _mark(self, index: int) -> None:
        self.cursor = max(0, min(index, len(self.points) - 1))
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Mark the step nearest to the click."""
        offset = event.get_content_offset(self)
        if offset is None or self._plot is None:
            return
        column = offset.x - self._plot.left
        columns = self._plot.columns
        self._mark(min(range(len(columns)), key=lambda index: abs(columns[index] - column)))

    def _draw(self) -> None:
        self._plot = None
        self._lines = []
        width, height = self.content_size
        if self.facts is not None and self.points and width >= LEAST_WIDTH:
            log = charting.scale(self.points, self.facts).log
            figures = chart_words.figures(self.points, self.facts, self.cursor)
            head = chart_words.in_lines(figures, width) if height > LEAST_HEIGHT + 4 else [figures]
            if self.cursor is None:
                foot = chart_words.legend(self.glyphs, log=log)
            else:
                foot = chart_words.edits_of(self.points[self.cursor])
            room = height - 1 - len(head)
            self._lines += head
            if room >= LEAST_HEIGHT - 2:
                self._plot = charting.plot(
                    self.points,
                    self.facts,
                    width,
                    room,
                    glyphs=self.glyphs,
                    cursor=self.cursor,
                )
                self._lines += self._plot.lines
            self._lines.append(foot)
        if self._ascii:
            self._lines = [_in_ascii(line) for line in self._lines]
        self.refresh()

    @property
    def text(self) -> str:
        """What stands there, line by line, uncut."""
        return "\n".join(
            self.separator.join(part.text for part in line if part.text)
            if isinstance(line, list)
            else "".join(text for text, _ in line)
            for line in self._lines
        )

    @property
    def separator(self) -> str:
        """What stands between the figures."""
        return fmt.in_ascii(SEPARATOR) if self._ascii else SEPARATOR

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.content_size.width
        base = self.ground
        if not self._lines:
            return self._draw_empty(y, width, base)
        if y >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[y]
        if isinstance(line, list):
            segments = []
            gap = LEGEND_GAP if y == len(self._lines) - 1 else self.separator
            for place, part in enumerate(fitting(line, width, gap)):
                if place:
                    segments.append(Segment(gap, base + self.tone("muted")))
                text = fmt.in_ascii(part.text) if self._ascii else part.text
                segments.append(Segment(text, base + self.tone(part.tone)))
        else:
            segments = [Segment(text, base + self.tone(tone)) for text, tone in line]
        return Strip(segments).adjust_cell_length(width, base)

    def _draw_empty(self, y: int, width: int, base: Style) -> Strip:
        words = self.empty if not self.points else "too small for a chart"
        cuts = fmt.wrap_offsets(words, max(1, width - 2))
        lines = [words[a:b] for a, b in zip([0, *cuts], [*cuts, len(words)], strict=True)]
        text = f" {lines[y]}" if y < len(lines) else ""
        return Strip([Segment(fmt.fit(text, width), base + self.tone("muted"))])


def _in_ascii(line: tuple[Run, ...] | list[Part]) -> tuple[Run, ...] | list[Part]:
    if isinstance(line, list):
        return [replace(part, text=fmt.in_ascii(part.text)) for part in line]
    return tuple((fmt.in_ascii(text), tone) for text, tone in line)
