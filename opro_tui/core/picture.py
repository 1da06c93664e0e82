"""A task's picture: points, lines and a map of values as plain data, for any screen or page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Place = tuple[float, float]
Range = tuple[float, float]


class Kind(StrEnum):
    """What a mark or a line stands for; each has a sign and a tone of its own."""

    TRIED = "tried"
    BEST = "best"
    SELECTED = "selected"
    GOAL = "goal"
    NODE = "node"
    START = "start"


@dataclass(frozen=True, slots=True)
class Seen:
    """A solution as its picture is asked for.

    Attributes:
        id: Its number.
        text: The solution.
        score: What it is worth; None while it isn't scored.
    """

    id: int
    text: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a picture shall show.

    Attributes:
        tried: Every scored solution, in the order of their numbers.
        best: The best of them; None before there is one.
        selected: The one that the person looks at; None for the best.
        zoom: How often the window is halved; below 0 doubled.
    """

    tried: tuple[Seen, ...] = ()
    best: Seen | None = None
    selected: Seen | None = None
    zoom: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign at a place, with a word beside it where there is room."""

    at: Place
    kind: Kind
    word: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Places joined by straight lines.

    Attributes:
        places: In order.
        kind: What it stands for.
        closed: Whether the last place is joined to the first.
        dotted: Whether it is drawn with gaps.
    """

    places: tuple[Place, ...]
    kind: Kind
    closed: bool = False
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """Values on an even grid over the whole of a panel.

    Attributes:
        rows: From the lowest y to the highest, each from the lowest x to the highest; lower values
            are drawn lighter.
        log: Whether orders of magnitude matter rather than differences.
    """

    rows: tuple[tuple[float, ...], ...]
    log: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing; several stand side by side where there is room, else the first stands alone.

    Attributes:
        title: What it shows.
        x: The lowest and the highest x.
        y: The lowest and the highest y.
        x_name: What x is; empty leaves the axes out.
        y_name: What y is.
        even: Whether x and y have the same scale, as on a map.
        field: Values under everything else.
        lines: Drawn from the last to the first, so that the first lies on top.
        marks: Drawn over the lines, the first on top.
    """

    title: str
    x: Range
    y: Range
    x_name: str = ""
    y_name: str = ""
    even: bool = False
    field: Field | None = None
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """What scores are compared with: the best there is, or the best that is known.

    Attributes:
        value: Its score.
        words: What it is, as in "4.4 % to WORDS".
        proven: Whether nothing can be better.
        minimize: Whether a lower score is better.
    """

    value: float
    words: str
    proven: bool = True
    minimize: bool = True

    def gap(self, score: float | None) -> float | None:
        """How much worse a score is than it, in % of it; None where that can't be said."""
        if score is None or not self.value or not math.isfinite(score - self.value):
            return None
        gap = 100 * (score - self.value) / abs(self.value)
        return (gap if self.minimize else -gap) if math.isfinite(gap) else None


@dataclass(frozen=True, slots=True)
class Picture:
    """All of a picture.

    Attributes:
        name: What pictures of this task are called, in a word or two.
        panels: The drawings.
        captions: What it says, line by line, what matters most first.
        legend: What the signs mean here.
        reference: What scores are compared with, where there is such a thing.
    """

    name: str
    panels: tuple[Panel, ...]
    captions: tuple[str, ...] = ()
    legend: tuple[tuple[Kind, str], ...] = ()
    reference: Reference | None = None


TINY = 5e-7
"""Percent; a smaller gap is none."""


def percent(gap: float) -> str:
    """A gap in words; one that only rounding makes is none."""
    if gap <= -TINY:
        return f"−{percent(-gap)}"
    if gap < TINY:
        return "0 %"
    if gap < 0.05:
        return "under 0.1 %"
    return f"{gap:,.1f} %" if gap < 1000 else f"{gap:,.0f} %"


def window(values: Iterable[float], zoom: int = 0, centre: float | None = None) -> Range:
    """A range that has all of some values with a margin around them.

    Args:
        values: At least one that is finite.
        zoom: How often the range is halved around its centre; below 0 doubled.
        centre: Around what it is; None for the middle.
    """
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known), max(known)
    half = (0.55 * (high - low) or 1.0) / 2.0**zoom
    middle = (low + high) / 2 if centre is None or not zoom else centre
    return middle - half, middle + half


def clipped(first: Place, last: Place, x: Range, y: Range) -> tuple[Place, Place] | None:
    """The part of a straight line that lies within a window; None when none does."""
    (x0, y0), (x1, y1) = first, last
    if not all(map(math.isfinite, (x0, y0, x1, y1))):
        return None
    start, end = 0.0, 1.0
    across, up = x1 - x0, y1 - y0
    sides = ((-across, x0 - x[0]), (across, x[1] - x0), (-up, y0 - y[0]), (up, y[1] - y0))
    for step, room in sides:
        if not step:
            if room < 0:
                return None
            continue
        share = room / step
        if step < 0:
            start = max(start, share)
        else:
            end = min(end, share)
    if start > end:
        return None
    return (x0 + start * across, y0 + start * up), (x0 + end * across, y0 + end * up)


@lru_cache(maxsize=8)
def levels(field: Field, count: int) -> tuple[tuple[int, ...], ...]:
    """Each of a field's values as a level from 0 (the lowest) to `count` − 1.

    The levels are evenly apart between the lowest and the highest value, or between their orders
    of magnitude; what is no number is the highest.
    """
    known = [value for row in field.rows for value in row if math.isfinite(value)]
    if not known:
        return tuple(tuple(count - 1 for _ in row) for row in field.rows)
    low, high = min(known), max(known)
    if field.log:
        # As far as the lowest is from zero: only then are logarithms defined, and of use.
        shift = 1.0 - low if low <= 0 else 0.0
        bottom, top = math.log(low + shift), math.log(high + shift)
    else:
        shift, bottom, top = 0.0, low, high
    span = top - bottom

    def level(value: float) -> int:
        if not math.isfinite(value):
            return count - 1
        place = math.log(value + shift) if field.log else value
        share = (place - bottom) / span if span > 0 else 0.0
        return min(count - 1, int(share * count))

    return tuple(tuple(level(value) for value in row) for row in field.rows)
