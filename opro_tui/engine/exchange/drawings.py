"""A task's picture as SVG that needs nothing but the page's own style."""

from __future__ import annotations

import math
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from opro_tui.core.picture import Kind, levels
from opro_tui.engine.exchange.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opro_tui.core.picture import Line, Mark, Panel, Picture, Place

_WIDTH, _HEIGHT = 360, 300
_EDGE, _GAP, _TOP, _AXIS = 14, 40, 26, 24
_LEVELS = 12
_ORDER = (Kind.TRIED, Kind.NODE, Kind.START, Kind.GOAL, Kind.BEST, Kind.SELECTED)
_RADIUS = {Kind.TRIED: 2.5, Kind.NODE: 3.5, Kind.START: 5.0}


def drawing(picture: Picture) -> str:
    """All panels side by side, in one SVG; what lies outside of a panel is left out."""
    count = len(picture.panels)
    wide = _WIDTH if count > 1 else 2 * _WIDTH
    width = 2 * _EDGE + count * wide + _GAP * (count - 1)
    height = _TOP + _HEIGHT + _AXIS
    parts = [
        f'<g transform="translate({_EDGE + number * (wide + _GAP)},{_TOP})">'
        f"{''.join(_panel(panel, wide))}</g>"
        for number, panel in enumerate(picture.panels)
    ]
    label = _text(picture.name)
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _panel(panel: Panel, width: int) -> Iterable[str]:
    place = _Place(panel, width)
    yield f'<text class="tick" x="0" y="-10">{_text(panel.title)}</text>'
    yield from _field(panel, width)
    for line in reversed(panel.lines):
        yield _line(line, place)
    shown = [mark for mark in panel.marks if place.within(mark.at)]
    # As in the raster the first of a kind lies on top, and kinds over each other by their weight.
    for kind in _ORDER:
        yield from (_mark(mark, place) for mark in reversed(shown) if mark.kind is kind)
    if panel.x_name:
        low, high = f"{panel.x[0]:.4g}", f"{panel.x[1]:.4g}"
        beside = f"{panel.y_name} from {panel.y[0]:.4g} (below) to {panel.y[1]:.4g}"
        words = f"{panel.x_name} from {low} (left) to {high}, {beside}"
        yield f'<text class="tick" x="0" y="{_HEIGHT + 18}">{_text(words)}</text>'


class _Place:
    """From a panel's data to places on the page."""

    def __init__(self, panel: Panel, width: int) -> None:
        self.panel = panel
        (x0, x1), (y0, y1) = panel.x, panel.y
        right, up = width / ((x1 - x0) or 1.0), _HEIGHT / ((y1 - y0) or 1.0)
        if panel.even:
            right = up = min(right, up)
        self.right, self.up = right, up
        self.left = (width - right * (x1 - x0)) / 2
        self.top = (_HEIGHT - up * (y1 - y0)) / 2

    def within(self, place: Place) -> bool:
        """Whether a place is in the window."""
        (x0, x1), (y0, y1) = self.panel.x, self.panel.y
        return all(map(math.isfinite, place)) and x0 <= place[0] <= x1 and y0 <= place[1] <= y1

    def __call__(self, place: Place) -> str:
        x = self.left + self.right * (place[0] - self.panel.x[0])
        y = self.top + self.up * (self.panel.y[1] - place[1])
        return f"{x:.1f},{y:.1f}"


def _field(panel: Panel, width: int) -> Iterable[str]:
    """The map as bands of rectangles, neighbours of one level in one."""
    if panel.field is None or not panel.field.rows or not all(panel.field.rows):
        return
    rows = levels(panel.field, _LEVELS)
    tall = _HEIGHT / len(rows)
    for number, row in enumerate(reversed(rows)):
        each, at = width / len(row), 0
        for level, group in groupby(row):
            size = len(list(group))
            if level:
                yield (
                    f'<rect class="level" opacity="{level / (1.6 * _LEVELS):.2f}"'
                    f' x="{at * each:.1f}" y="{number * tall:.1f}"'
                    f' width="{size * each:.1f}" height="{tall + 0.3:.1f}"/>'
                )
            at += size


def _line(line: Line, place: _Place) -> str:
    if not line.places or not all(map(place.within, line.places)):
        return ""
    name = "polygon" if line.closed else "polyline"
    dotted = " dotted" if line.dotted else ""
    points = " ".join(map(place, line.places))
    return f'<{name} class="line-{line.kind}{dotted}" points="{points}"/>'


def _mark(mark: Mark, place: _Place) -> str:
    x, y = place(mark.at).split(",")
    radius = _RADIUS.get(mark.kind, 6.0)
    title = f"<title>{_text(f'{mark.kind} {mark.word}'.strip())}</title>"
    circle = f'<circle class="mark-{mark.kind}" cx="{x}" cy="{y}" r="{radius}">{title}</circle>'
    if not mark.word:
        return circle
    word = _text(mark.word[:20])
    return f'{circle}<text class="tick" x="{float(x) + 8:.1f}" y="{float(y) + 4:.1f}">{word}</text>'


def _text(text: str) -> str:
    return escape(visible(text))
