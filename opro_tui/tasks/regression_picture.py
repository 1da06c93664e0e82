"""Linear regression drawn: the loss as a map of the (w, b) plane, with the pairs on it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from opro_tui.core.picture import (
    Field,
    Kind,
    Line,
    Mark,
    Panel,
    Picture,
    Range,
    window,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opro_tui.core.picture import Place, Seen, View

COLUMNS, ROWS = 80, 48
"""Values of the map; a screen takes from between them what it needs."""
FAR = 0.25
"""Spans of the usual window from which on a pair is left outside of it."""

Quadratic = tuple[float, float, float, float, float, float, float, float]
"""The true w and b, the loss there, and its coefficients for dw, db, dw², dw·db and db²."""


def draw(
    view: View,
    loss: Quadratic,
    usual: tuple[Range, Range],
    read: Callable[[str], tuple[int, int] | None],
) -> Picture:
    """The map with everything on it.

    Args:
        view: The solutions so far.
        loss: The loss as a quadratic around the true pair.
        usual: The window of w and that of b which hold the true pair and the starting ones.
        read: Makes a pair of a solution; None where it is none.
    """
    goal = (loss[0], loss[1])
    tried = [(seen, pair) for seen in view.tried if (pair := read(seen.text)) is not None]
    best = None if view.best is None else read(view.best.text)
    chosen = None if view.selected is None else read(view.selected.text)
    marked = [pair for pair in (chosen, best) if pair is not None]
    x, y = (
        _window(axis, usual[axis], [pair for _, pair in tried], marked, view.zoom, goal[axis])
        for axis in (0, 1)
    )
    marks = [Mark(goal, Kind.GOAL, "true")]
    if best is not None and view.best is not None:
        marks.insert(0, Mark(best, Kind.BEST, f"#{view.best.id}"))
    if chosen is not None and chosen != best and view.selected is not None:
        marks.insert(0, Mark(chosen, Kind.SELECTED, f"#{view.selected.id}"))
    marks += [Mark(pair, Kind.TRIED) for _, pair in tried]
    panel = Panel(
        title="loss over w and b: emptier is lower",
        x=x,
        y=y,
        x_name="w",
        y_name="b",
        field=_field(loss, x, y),
        lines=(Line(tuple(_bests(tried)), Kind.BEST, dotted=True),),
        marks=tuple(marks),
    )
    legend = [
        (Kind.GOAL, "true pair"),
        (Kind.BEST, "best"),
        (Kind.TRIED, f"{len(tried):,} tried"),
    ]
    if chosen is not None and chosen != best:
        legend.insert(1, (Kind.SELECTED, "selected"))
    return Picture("map", (panel,), tuple(_captions(view, loss)), tuple(legend))


def _captions(view: View, loss: Quadratic) -> list[str]:
    goal = f"true pair {_loss(loss[2])}"
    if view.best is None or view.best.score is None:
        return [f"nothing is scored yet ({goal})"]
    if view.best.score == loss[2]:
        found = f"the true pair is found: {view.best.text}, loss {_loss(view.best.score)}"
        lines = [found]
    else:
        lines = [f"{view.best.text}: loss {_loss(view.best.score)}, {goal}"]
    chosen = view.selected
    if chosen is not None and chosen.id != view.best.id:
        worth = "not scored yet" if chosen.score is None else f"loss {_loss(chosen.score)}"
        lines.append(f"selected {chosen.text[:60]}: {worth}")
    return lines


def _loss(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _bests(tried: Sequence[tuple[Seen, tuple[int, int]]]) -> list[Place]:
    """The pairs that were the best when they were scored, in order."""
    found: list[Place] = []
    lowest = float("inf")
    for seen, pair in tried:
        if seen.score is not None and seen.score < lowest:
            lowest = seen.score
            found.append(pair)
    return found


def _window(
    axis: int,
    usual: Range,
    tried: Sequence[tuple[int, int]],
    marked: Sequence[tuple[int, int]],
    zoom: int,
    centre: float,
) -> Range:
    """The usual window, widened to what is marked and to what was tried not too far outside."""
    far = FAR * (usual[1] - usual[0])
    values = [*usual, *(pair[axis] for pair in marked)]
    values += [v for pair in tried if usual[0] - far <= (v := pair[axis]) <= usual[1] + far]
    if zoom == 0 and len(values) == 2:
        return usual
    return window(values, zoom, centre)


@lru_cache(maxsize=16)
def _field(loss: Quadratic, x: Range, y: Range) -> Field:
    w, b, at, by_w, by_b, ww, wb, bb = loss
    rows = []
    for row in range(ROWS):
        up = y[0] + (y[1] - y[0]) * (row + 0.5) / ROWS - b
        line = []
        for column in range(COLUMNS):
            right = x[0] + (x[1] - x[0]) * (column + 0.5) / COLUMNS - w
            value = at + by_w * right + by_b * up + ww * right**2 + wb * right * up + bb * up**2
            line.append(max(0.0, value))
        rows.append(tuple(line))
    return Field(tuple(rows), log=True)
