"""Tours: their length, the two heuristics of the paper, and a local search for a good start."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[int, int]
Tour = tuple[int, ...]
Matrix = tuple[tuple[float, ...], ...]

_GAIN = 1e-9
"""What a move must shorten a tour by, so that rounding can't make it go round for ever."""


def distances(points: Sequence[Point]) -> Matrix:
    """The Euclidean distance between each two points."""
    return tuple(
        tuple(math.sqrt((ax - bx) ** 2 + (ay - by) ** 2) for bx, by in points) for ax, ay in points
    )


def length(tour: Sequence[int], between: Matrix) -> float:
    """How long a closed tour is; the same for both directions."""
    return math.fsum(between[a][b] for a, b in zip(tour, [*tour[1:], tour[0]], strict=True))


def nearest_neighbour(between: Matrix) -> Tour:
    """From node 0, always on to the nearest node that was not visited; ties go to the lower one."""
    left = set(range(1, len(between)))
    tour = [0]
    while left:
        here = tour[-1]
        tour.append(min(left, key=lambda node: (between[here][node], node)))
        left.remove(tour[-1])
    return tuple(tour)


def farthest_insertion(between: Matrix) -> Tour:
    """Insert, where it costs least, the node whose cheapest insertion costs most.

    Starts from node 0 alone; ties go to the lower node and to the earlier place.
    """
    tour = [0]
    left = set(range(1, len(between)))
    while left:
        places = {node: _cheapest(tour, node, between) for node in left}
        node = max(left, key=lambda each: (places[each][0], -each))
        tour.insert(places[node][1], node)
        left.remove(node)
    return tuple(tour)


def _cheapest(tour: Sequence[int], node: int, between: Matrix) -> tuple[float, int]:
    """The least that a node adds to a tour, and the index at which it is then inserted."""
    row = between[node]
    return min(
        (
            row[tour[at]]
            + row[tour[(at + 1) % len(tour)]]
            - between[tour[at]][tour[(at + 1) % len(tour)]],
            at + 1,
        )
        for at in range(len(tour))
    )


def improved(tour: Sequence[int], between: Matrix) -> Tour:
    """A tour that no reversal and no move of up to three nodes in a row makes shorter."""
    current = list(tour)
    while _reversal(current, between) or _relocation(current, between):
        pass
    return from_zero(current)


def from_zero(tour: Sequence[int]) -> Tour:
    """The same tour, starting at node 0."""
    at = tour.index(0)
    return (*tour[at:], *tour[:at])


def _reversal(tour: list[int], between: Matrix) -> bool:
    """Reverse the first stretch found that shortens the tour (2-opt)."""
    n = len(tour)
    for i in range(n - 1):
        before, first = tour[i - 1], tour[i]
        for j in range(i + 1, n - (i == 0)):
            last, after = tour[j], tour[(j + 1) % n]
            old = between[before][first] + between[last][after]
            if between[before][last] + between[first][after] < old - _GAIN:
                tour[i : j + 1] = tour[i : j + 1][::-1]
                return True
    return False


def _relocation(tour: list[int], between: Matrix) -> bool:
    """Move the first stretch of one to three nodes found that shortens the tour (or-opt)."""
    n = len(tour)
    for size in (1, 2, 3):
        for i in range(n):
            turned = [*tour[i:], *tour[:i]]
            stretch, rest = turned[:size], turned[size:]
            if len(rest) < 2:
                continue
            first, last = stretch[0], stretch[-1]
            gain = between[rest[-1]][first] + between[last][rest[0]] - between[rest[-1]][rest[0]]
            for at in range(len(rest) - 1):
                a, b = rest[at], rest[at + 1]
                straight = between[a][first] + between[last][b] - between[a][b]
                turned_round = between[a][last] + between[first][b] - between[a][b]
                if min(straight, turned_round) < gain - _GAIN:
                    middle = stretch if straight <= turned_round else stretch[::-1]
                    tour[:] = [*rest[: at + 1], *middle, *rest[at + 1 :]]
                    return True
    return False
