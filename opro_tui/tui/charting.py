"""The chart of best and mean score by step, as lines of characters: no widget, no library.

The best is a line, the mean are single marks, the interval of the best is shaded: each has a sign
of its own, so that the chart can be read without colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.tui import format as fmt
from opro_tui.tui.edit_words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opro_tui.core.state import Facts, State

Run = tuple[str, str]
"""Some characters and their tone."""

LABEL = 8
DECADES = 3.0
"""Orders of magnitude from which on an objective is drawn on a logarithmic scale."""
MOST = 1e300
"""Values beyond it are drawn at the edge, for differences of larger ones overflow."""
QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Which characters draw.

    Attributes:
        across: Points of the best's line side by side in a cell.
        down: Points on top of each other in a cell.
        glyph: Makes a character of the set points of a cell, as (column, row).
    """

    across: int
    down: int
    glyph: Callable[[frozenset[tuple[int, int]]], str]
    mean: str = "•"
    band: str = "░"
    edit: str = "▲"
    corner: str = "└"
    axis: str = "─"
    side: str = "│"
    cursor: str = "┊"


def _quadrant(points: frozenset[tuple[int, int]]) -> str:
    return QUADRANTS[sum(1 << (x + 2 * y) for x, y in points)]


def _braille(points: frozenset[tuple[int, int]]) -> str:
    return chr(0x2800 + sum(BRAILLE[y][x] for x, y in points))


GLYPHS = {
    "blocks": Glyphs(2, 2, _quadrant),
    "braille": Glyphs(2, 4, _braille),
    "ascii": Glyphs(1, 1, lambda _: "#", "o", ".", "^", "+", "-", "|", ":"),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One finished step.

    Attributes:
        step: Its number.
        best: The best score when it ended, and the next two its interval.
        best_id: Whose score that is.
        mean: The mean score of its own candidates.
        edits: What a person had changed for it, in words.
    """

    step: int
    best: float | None = None
    low: float | None = None
    high: float | None = None
    best_id: int | None = None
    mean: float | None = None
    edits: tuple[str, ...] = ()


def series(state: State) -> tuple[Point, ...]:
    """The finished steps that have something to draw."""
    edits: dict[int, list[str]] = {}
    for edit in state.edits:
        if edit.kind != "approve":
            edits.setdefault(edit.step, []).append(words(edit).line)
    points = []
    for step in state.steps:
        if not step.finished_seq:
            continue
        best = None if step.best is None else state.candidates[step.best]
        score = None if best is None else best.score
        point = Point(
            step.number,
            mean=step.mean,
            edits=tuple(edits.get(step.number, ())),
            best=None if score is None else score.value,
            low=None if score is None else score.low,
            high=None if score is None else score.high,
            best_id=step.best,
        )
        if point.best is not None or point.mean is not None:
            points.append(point)
    return tuple(points)


@dataclass(frozen=True, slots=True)
class Scale:
    """The vertical axis.

    Attributes:
        low: The value at the bottom.
        high: The value at the top.
        log: Whether it is logarithmic.
    """

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """How far up a value lies, 0 to 1."""
        low, high, value = (self._of(each) for each in (self.low, self.high, value))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def at(self, share: float) -> float:
        """The value so far up."""
        low, high = self._of(self.low), self._of(self.high)
        value = low + share * (high - low)
        return float(10 ** min(value, 308.0)) if self.log else value

    def _of(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value


def scale(points: Sequence[Point], facts: Facts) -> Scale:
    """An axis on which every point has its place."""
    values = [
        min(MOST, max(-MOST, value))
        for point in points
        for value in (point.best, point.low, point.high, point.mean)
        if value is not None and math.isfinite(value)
    ]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if not facts.bounded and low > 0 and math.log10(high / low) >= DECADES:
        return Scale(low, high, log=True)
    if not facts.bounded and low == 0 and high > 0:
        least = min((value for value in values if value > 0), default=high)
        if high / least >= 10**DECADES:
            # An exact hit stands on the floor, a little under the smallest loss above it.
            return Scale(least / 2, high, log=True)
    room = 0.05 * (high - low) or (0.05 if facts.bounded else max(1.0, abs(low) * 0.05))
    if facts.bounded:
        return Scale(max(0.0, low - room), min(1.0, high + room))
    return Scale(low - room, high + room)


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawn chart.

    Attributes:
        lines: Its lines from top to bottom.
        columns: The column of the plot's own area in which each point stands.
        left: The cells before that area.
    """

    lines: tuple[tuple[Run, ...], ...]
    columns: tuple[int, ...]
    left: int


def plot(
    points: Sequence[Point],
    facts: Facts,
    width: int,
    height: int,
    *,
    glyphs: Glyphs = GLYPHS["blocks"],
    cursor: int | None = None,
) -> Plot:
    """Draw a chart.

    Args:
        points: The steps, in order; at least one.
        facts: The task's; says how scores are written.
        width: Cells.
        height: Lines, at least 4.
        glyphs: Which characters draw.
        cursor: The index of the point whose column is marked.
    """
    axis = scale(points, facts)
    labels = _labels(axis, facts, height - 2)
    left = min(LABEL, max((len(text) for text in labels.values()), default=0)) + 1
    area = _Area(points, axis, max(4, width - left - 1), max(2, height - 2), glyphs)
    lines = []
    marked = None if cursor is None else area.columns[cursor]
    for row, runs in enumerate(area.rows(marked)):
        label = fmt.fit(labels.get(row, ""), left - 1, right=True)
        lines.append(((label + " " + glyphs.side, "muted"), *runs))
    lines.append(((" " * left + glyphs.corner, "muted"), *area.axis()))
    lines.append(((" " * (left + 1), ""), *area.numbers(cursor)))
    return Plot(tuple(lines), area.columns, left + 1)


def _labels(axis: Scale, facts: Facts, rows: int) -> dict[int, str]:
    """Values beside some rows: bottom, top, and between them where there is room."""
    count = max(2, min(5, rows // 3))
    last = rows - 1
    chosen = {round(last * part / (count - 1)) for part in range(count)}
    written = {row: fmt.value(axis.at(1 - row / max(1, last)), facts) for row in chosen}
    return {
        row: text if len(text) <= LABEL else fmt.cut(_short(axis.at(1 - row / max(1, last))), LABEL)
        for row, text in written.items()
    }


def _short(value: float) -> str:
    """A value that is too long for its label."""
    return fmt.short_count(value) if 0 <= value < MOST else fmt.number(value)


class _Area:
    """The cells within the axes."""

    def __init__(
        self, points: Sequence[Point], axis: Scale, width: int, height: int, glyphs: Glyphs
    ) -> None:
        self.points = points
        self.scale = axis
        self.width = width
        self.height = height
        self.glyphs = glyphs
        first, last = points[0].step, points[-1].step
        span = max(1, last - first)
        self.places = tuple((point.step - first) / span for point in points)
        self.columns = tuple(round(place * (width - 1)) for place in self.places)
        self._best = self._line()
        self._levels = {
            (column, self._row(point.best))
            for column, point in zip(self.columns, points, strict=True)
            if point.best is not None
        }
        self._band = self._intervals()
        self._mean = self._means()

    def _row(self, value: float) -> int:
        return round((1 - self.scale.share(value)) * (self.height - 1))

    def _line(self) -> dict[tuple[int, int], set[tuple[int, int]]]:
        """The best as steps: level up to the next point, then straight up or down."""
        across, down = self.glyphs.across, self.glyphs.down
        cells: dict[tuple[int, int], set[tuple[int, int]]] = {}

        def dot(x: int, y: int) -> None:
            cells.setdefault((x // across, y // down), set()).add((x % across, y % down))

        before: tuple[int, int] | None = None
        for place, point in zip(self.places, self.points, strict=True):
            if point.best is None:
                continue
            x = round(place * (self.width * across - 1))
            y = round((1 - self.scale.share(point.best)) * (self.height * down - 1))
            if before is not None:
                for between in range(before[0], x):
                    dot(between, before[1])
                for between in range(min(before[1], y), max(before[1], y) + 1):
                    dot(x, between)
            dot(x, y)
            before = (x, y)
        return cells

    def _intervals(self) -> dict[int, tuple[int, int]]:
        """Column to the rows of the best's interval, from the top one to the bottom one."""
        found: dict[int, tuple[int, int]] = {}
        before = -1
        for column, point in zip(self.columns, self.points, strict=True):
            if point.low is None or point.high is None or point.low == point.high:
                continue
            rows = (self._row(point.high), self._row(point.low))
            if before >= 0:
                for between in range(before + 1, column):
                    found[between] = found[before]
            found[column] = rows
            before = column
        return found

    def _means(self) -> set[tuple[int, int]]:
        """A mark in each column: the mean of the means of the steps that fall there."""
        sums: dict[int, list[float]] = {}
        for column, point in zip(self.columns, self.points, strict=True):
            if point.mean is not None and math.isfinite(point.mean):
                sums.setdefault(column, []).append(self.scale.share(point.mean))
        last = self.height - 1
        return {(c, round((1 - math.fsum(s) / len(s)) * last)) for c, s in sums.items()}

    def rows(self, marked: int | None) -> Iterator[list[Run]]:
        for row in range(self.height):
            yield _joined(self._cell(column, row, marked) for column in range(self.width))

    def _cell(self, column: int, row: int, marked: int | None) -> Run:
        dots = self._best.get((column, row))
        mean = (column, row) in self._mean
        if dots and not (mean and (column, row) not in self._levels):
            return self.glyphs.glyph(frozenset(dots)), "best"
        if mean:
            return self.glyphs.mean, "accent"
        if column == marked:
            return self.glyphs.cursor, "strong"
        band = self._band.get(column)
        if band is not None and band[0] <= row <= band[1]:
            return self.glyphs.band, "separator"
        return " ", ""

    def axis(self) -> list[Run]:
        edited = {c for c, point in zip(self.columns, self.points, strict=True) if point.edits}
        signs = self.glyphs
        return _joined(
            (signs.edit, "pinned") if column in edited else (signs.axis, "muted")
            for column in range(self.width)
        )

    def numbers(self, cursor: int | None) -> list[Run]:
        """Step numbers under the axis: the first, the last, and the marked one."""
        line = [" "] * self.width
        wanted = [0, len(self.points) - 1]
        if cursor is not None:
            wanted.insert(0, cursor)
        taken: list[tuple[int, int]] = []
        for index in dict.fromkeys(wanted):
            text = str(self.points[index].step)
            start = min(max(0, self.columns[index] - len(text) // 2), self.width - len(text))
            end = start + len(text)
            if start >= 0 and all(end < a or start > b for a, b in taken):
                line[start:end] = text
                taken.append((start, end))
        return [("".join(line), "muted")]


def _joined(cells: Iterator[Run]) -> list[Run]:
    """Neighbours of the same tone as one piece."""
    runs: list[Run] = []
    for text, tone in cells:
        if runs and runs[-1][1] == tone:
            runs[-1] = (runs[-1][0] + text, tone)
        else:
            runs.append((text, tone))
    return runs
