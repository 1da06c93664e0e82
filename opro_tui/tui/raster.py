"""One panel of a picture in characters: lines as dots within cells, marks and words over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from rich.cells import get_character_cell_size

from opro_tui.core.picture import Kind, clipped, levels
from opro_tui.tui import format as fmt
from opro_tui.tui.charting import GLYPHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opro_tui.core.picture import Line, Mark, Panel, Place
    from opro_tui.tui.charting import Glyphs

Spot = tuple[int, int]
"""A cell, as column and row from the top left."""

TALL = 2.0
"""How many times as tall as wide a cell is."""
LEVELS = 6
WORD = 12
"""Cells of a mark's word at most."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What stands for what.

    Attributes:
        marks: Each kind's sign.
        solid: A piece of a line, for the legend.
        dotted: A piece of a line with gaps.
        ramp: The levels of a field, from the lowest.
        gap: Every which dot of a dotted line is drawn.
    """

    marks: dict[Kind, str]
    solid: str
    dotted: str
    ramp: str
    gap: int


_ROUND = {
    Kind.TRIED: "•",
    Kind.BEST: "★",
    Kind.SELECTED: "◆",
    Kind.GOAL: "◎",
    Kind.NODE: "●",
    Kind.START: "■",
}
_PLAIN = {
    Kind.TRIED: "o",
    Kind.BEST: "*",
    Kind.SELECTED: "@",
    Kind.GOAL: "X",
    Kind.NODE: "o",
    Kind.START: "S",
}
SIGNS = {
    "blocks": Signs(_ROUND, "▀▀", "▘▘", " ·:░▒▓", 2),
    "braille": Signs(_ROUND, "⠒⠒", "⠂⠂", " ·:░▒▓", 3),
    "ascii": Signs(_PLAIN, "--", "..", " .:=%#", 2),
}
TONES = {
    Kind.TRIED: "accent",
    Kind.BEST: "best",
    Kind.SELECTED: "title",
    Kind.GOAL: "pinned",
    Kind.NODE: "strong",
    Kind.START: "title",
}


@dataclass(slots=True)
class Cell:
    """One character of a drawing.

    Attributes:
        text: The character.
        tone: How it looks.
        ground: What stands behind it, a tone as well.
        taken: 0 for nothing on it, 1 for a line, 2 for a mark, 3 for a word.
    """

    text: str = " "
    tone: str = ""
    ground: str = ""
    taken: int = 0


class Raster:
    """The cells within a panel's frame.

    Args:
        panel: What is drawn.
        width: Cells.
        height: Lines.
        chart: Which characters draw, a name in SIGNS.

    Attributes:
        outside: How many marks lie outside of the window.
    """

    def __init__(self, panel: Panel, width: int, height: int, chart: str) -> None:
        self.panel = panel
        self.width = width
        self.height = height
        self.glyphs: Glyphs = GLYPHS[chart]
        self.signs = SIGNS[chart]
        self.outside = 0
        self.cells = [[Cell() for _ in range(width)] for _ in range(height)]
        self._scale()
        self._field()
        self._lines()
        self._marks()

    def _scale(self) -> None:
        """From data to dots; the same scale both ways where the panel wants that."""
        across, down = self.glyphs.across, self.glyphs.down
        (x0, x1), (y0, y1) = self.panel.x, self.panel.y
        self.dots = (self.width * across, self.height * down)
        right = (self.dots[0] - 1) / ((x1 - x0) or 1.0)
        up = (self.dots[1] - 1) / ((y1 - y0) or 1.0)
        if self.panel.even:
            wide, tall = 1 / across, TALL / down
            each = min(right * wide, up * tall)
            right, up = each / wide, each / tall
        self.by = (right, up)
        self.start = (
            (self.dots[0] - 1 - right * (x1 - x0)) / 2,
            (self.dots[1] - 1 - up * (y1 - y0)) / 2,
        )

    def _dot(self, place: Place) -> Spot:
        """The dot of a place that lies within the window."""
        x = self.start[0] + self.by[0] * (place[0] - self.panel.x[0])
        y = self.start[1] + self.by[1] * (self.panel.y[1] - place[1])
        return (
            min(self.dots[0] - 1, max(0, round(x))),
            min(self.dots[1] - 1, max(0, round(y))),
        )

    def _field(self) -> None:
        values = self.panel.field
        if values is None or not all(values.rows) or not values.rows:
            return
        drawn = levels(values, LEVELS)
        rows, columns = len(drawn), min(len(row) for row in drawn)
        for y, line in enumerate(self.cells):
            from_row = drawn[rows - 1 - min(rows - 1, y * rows // self.height)]
            for x, cell in enumerate(line):
                level = from_row[min(columns - 1, x * columns // self.width)]
                cell.text = self.signs.ramp[level]
                cell.tone = cell.ground = f"level-{level}"

    def _lines(self) -> None:
        """The lines, the last one first; where two kinds meet in a cell the later one has it."""
        found: dict[Spot, tuple[Line, set[Spot], str]] = {}
        for line in reversed(self.panel.lines):
            ends = [*line.places, line.places[0]] if line.closed and line.places else line.places
            for first, last in pairwise(ends):
                part = clipped(first, last, self.panel.x, self.panel.y)
                if part is not None:
                    self._segment(self._dot(part[0]), self._dot(part[1]), line, found)
        for (x, y), (line, dots, stroke) in found.items():
            cell = self.cells[y][x]
            cell.text = stroke or self.glyphs.glyph(frozenset(dots))
            cell.tone, cell.taken = TONES[line.kind], 1

    def _segment(
        self, first: Spot, last: Spot, line: Line, found: dict[Spot, tuple[Line, set[Spot], str]]
    ) -> None:
        across, down = self.glyphs.across, self.glyphs.down
        whole = across == down == 1
        stroke = ("." if line.dotted else _stroke(first, last)) if whole else ""
        step = self.signs.gap if line.dotted else 1
        for x, y in islice(_between(first, last), 0, None, step):
            spot = (x // across, y // down)
            known = found.get(spot)
            if known is None or known[0].kind is not line.kind or whole:
                known = found[spot] = (line, set(), stroke)
            known[1].add((x % across, y % down))

    def _marks(self) -> None:
        spots: dict[Spot, Mark] = {}
        for mark in reversed(self.panel.marks):
            if not self._within(mark.at):
                self.outside += 1
                continue
            x, y = self._dot(mark.at)
            spot = (x // self.glyphs.across, y // self.glyphs.down)
            spots[spot] = mark
            cell = self.cells[spot[1]][spot[0]]
            cell.text, cell.tone, cell.taken = self.signs.marks[mark.kind], TONES[mark.kind], 2
        for spot, mark in reversed(spots.items()):
            if mark.word:
                self._word(spot, mark)

    def _within(self, place: Place) -> bool:
        (x0, x1), (y0, y1) = self.panel.x, self.panel.y
        return all(map(math.isfinite, place)) and x0 <= place[0] <= x1 and y0 <= place[1] <= y1

    def _word(self, spot: Spot, mark: Mark) -> None:
        """Write a mark's word beside it, where nothing is; over a line where it has to be."""
        # Each character takes one cell here, so wider ones and those without width stay away.
        safe = fmt.safe(mark.word, WORD)
        word = "".join(letter for letter in safe if get_character_cell_size(letter) == 1)
        size, (x, y) = len(word), spot
        ways = ((x + 1, y), (x - size, y), (x - size // 2, y - 1), (x - size // 2, y + 1))
        for most in (0, 1):
            for left, row in ways:
                if not (0 <= row < self.height and left >= 0 and left + size <= self.width):
                    continue
                cells = self.cells[row][left : left + size]
                around = self.cells[row][max(0, left - 1) : left + size + 1]
                if all(c.taken <= most for c in cells) and all(c.taken < 3 for c in around):
                    for cell, letter in zip(cells, word, strict=True):
                        cell.text, cell.tone, cell.taken = letter, TONES[mark.kind], 3
                    return


def _stroke(first: Spot, last: Spot) -> str:
    """The character that comes nearest to a line's direction."""
    across, down = last[0] - first[0], last[1] - first[1]
    if abs(across) >= 2.5 * abs(down):
        return "-"
    if abs(down) >= 2 * abs(across):
        return "|"
    return "\\" if (across > 0) == (down > 0) else "/"


def _between(first: Spot, last: Spot) -> Iterator[Spot]:
    """The dots of a straight line, in order."""
    (x0, y0), (x1, y1) = first, last
    steps = max(abs(x1 - x0), abs(y1 - y0))
    if not steps:
        yield first
        return
    for step in range(steps + 1):
        yield round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps)
