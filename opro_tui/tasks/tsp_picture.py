"""Tours drawn: the best or the selected one, with the shortest one under it and beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opro_tui.core.picture import TINY, Kind, Line, Mark, Panel, Picture, Reference, percent, window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from opro_tui.core.picture import Seen, View
    from opro_tui.tasks.tsp_optimum import Optimum
    from opro_tui.tasks.tsp_tours import Point, Tour

PROVEN, UNPROVEN = "the proven optimum", "the best known tour, unproven"
LABELLED = 30
"""Nodes up to which each has its number beside it."""


def draw(
    view: View,
    points: Sequence[Point],
    optimum: Optimum,
    read: Callable[[str], Tour | None],
    length: Callable[[Tour], float],
) -> Picture:
    """The tours.

    Args:
        view: The solutions so far.
        points: Where the nodes lie.
        optimum: The shortest tour, or the shortest that is known.
        read: Makes a tour of a solution; None where it is none.
        length: How long a tour is.
    """
    words = PROVEN if optimum.proven else UNPROVEN
    reference = Reference(optimum.length, words, optimum.proven)
    seen = view.selected or view.best
    kind = Kind.BEST if seen is None or seen == view.best else Kind.SELECTED
    tour = None if seen is None else read(seen.text)
    nodes = _nodes(points)
    x, y = (window((point[axis] for point in points), view.zoom) for axis in (0, 1))
    own = Panel("no tour yet", x, y, even=True, marks=nodes)
    shortest = Line(_places(optimum.tour, points), Kind.GOAL, closed=True)
    missing: tuple[Line, ...] = ()
    if seen is not None and tour is not None:
        has = set(_edges(tour))
        missing = tuple(
            Line(_places(edge, points), Kind.GOAL, dotted=True)
            for edge in _edges(optimum.tour)
            if edge not in has
        )
        title = _title(seen, kind, reference, length(tour))
        lines = (Line(_places(tour, points), kind, closed=True), *missing)
        own = replace(own, title=title, lines=lines)
    elif seen is not None:
        own = replace(own, title=f"{kind} #{seen.id}: no tour")
    name = "optimum" if optimum.proven else "best known"
    beside = Panel(f"{name} {optimum.length:,.1f}", x, y, even=True, lines=(shortest,), marks=nodes)
    legend = [(kind, f"{kind} tour")] if tour is not None else []
    legend += [(Kind.GOAL, f"only in the {name}")] if missing else []
    legend.append((Kind.START, "start"))
    captions = tuple(_captions(view, reference, optimum))
    return Picture("tour", (own, beside), captions, tuple(legend), reference)


def _captions(view: View, reference: Reference, optimum: Optimum) -> Iterable[str]:
    best = view.best
    if best is None:
        yield f"{reference.words}: {optimum.length:,.1f}"
    elif (gap := reference.gap(best.score)) is not None and gap <= -TINY:
        yield f"{percent(-gap)} shorter than {reference.words} (best #{best.id})"
    elif gap is not None and gap >= TINY:
        yield f"gap {percent(gap)} to {reference.words} (best #{best.id})"
    else:
        yield f"best #{best.id} is as short as {reference.words}"
    if not optimum.proven and optimum.bound > 0:
        over = 100 * (optimum.length / optimum.bound - 1)
        yield f"the best known is at most {percent(over)} above the shortest there is"


def _title(seen: Seen, kind: Kind, reference: Reference, length: float) -> str:
    title = f"{kind} #{seen.id}: {length:,.1f}"
    gap = reference.gap(length)
    if gap is not None and kind is Kind.SELECTED:
        title += f", gap {percent(gap)}"
    return title if seen.score is not None else f"{title}, not scored yet"


def _nodes(points: Sequence[Point]) -> tuple[Mark, ...]:
    named = len(points) <= LABELLED
    return tuple(
        Mark(point, Kind.NODE if node else Kind.START, str(node) if named else "")
        for node, point in enumerate(points)
    )


def _places(nodes: Sequence[int], points: Sequence[Point]) -> tuple[Point, ...]:
    return tuple(points[node] for node in nodes)


def _edges(tour: Sequence[int]) -> list[tuple[int, int]]:
    """The pairs of neighbours, the lower node first."""
    return [(min(a, b), max(a, b)) for a, b in zip(tour, [*tour[1:], tour[0]], strict=True)]
