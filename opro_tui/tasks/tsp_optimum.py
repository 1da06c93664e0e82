"""The shortest tour, proven: degree constraints and, as they are violated, subtour cuts (HiGHS)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from opro_tui.tasks import tsp_tours as tours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opro_tui.tasks.tsp_tours import Matrix, Point, Tour

PROVEN_UP_TO = 50
"""Nodes up to which a proof is worth waiting for: it takes a second or two."""
TIME_LIMIT, TIME_LIMIT_ABOVE = 60.0, 20.0
"""Seconds after which the best tour so far is given with a bound instead of a proof."""
TOLERANCE = 1e-6

Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best tour that is known, and what is proven about it.

    Attributes:
        tour: The nodes in order, from 0.
        length: How long it is.
        bound: No tour is shorter than this; the length itself where it is proven.
        proven: Whether no tour is shorter.
    """

    tour: Tour
    length: float
    bound: float
    proven: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "tour": list(self.tour),
            "length": self.length,
            "bound": self.bound,
            "proven": self.proven,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], points: Sequence[Point]) -> Optimum:
        """The reverse of `to_json`; ValueError when it is no tour of the points."""
        tour = tuple(int(node) for node in data["tour"])
        if sorted(tour) != list(range(len(points))) or tour[0] != 0:
            raise ValueError("the optimum is no tour")
        length = tours.length(tour, tours.distances(points))
        proven = bool(data["proven"])
        return cls(tour, length, length if proven else min(float(data["bound"]), length), proven)


def solve(points: Sequence[Point], seconds: float | None = None) -> Optimum:
    """Find the shortest tour. Takes its time; meant for a thread, HiGHS lets others run.

    Args:
        points: At least five, all different.
        seconds: When to give up on a proof; None takes the limit for so many points.
    """
    if seconds is None:
        seconds = TIME_LIMIT if len(points) <= PROVEN_UP_TO else TIME_LIMIT_ABOVE
    between = tours.distances(points)
    starts = (tours.farthest_insertion(between), tours.nearest_neighbour(between))
    best = min((tours.improved(s, between) for s in starts), key=lambda t: tours.length(t, between))
    return _Search(between, best, time.monotonic() + seconds).run()


class _Search:
    """One exact search: a linear relaxation first, then whole edges, with cuts where needed."""

    def __init__(self, between: Matrix, start: Tour, deadline: float) -> None:
        import highspy

        self.between = between
        self.n = len(between)
        self.deadline = deadline
        self.best, self.length = start, tours.length(start, between)
        self.bound = 0.0
        self.edges: list[Edge] = list(combinations(range(self.n), 2))
        self.column = {edge: index for index, edge in enumerate(self.edges)}
        self.highspy: Any = highspy
        self.solver = self.highspy.Highs()
        self.solver.silent()
        for option, value in (
            ("threads", 1),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", TOLERANCE / 10),
        ):
            self.solver.setOptionValue(option, value)
        for a, b in self.edges:
            self.solver.addCol(between[a][b], 0.0, 1.0, 0, [], [])
        for node in range(self.n):
            around = [self._column(node, other) for other in range(self.n) if other != node]
            self.solver.addRow(2.0, 2.0, len(around), around, [1.0] * len(around))

    def run(self) -> Optimum:
        """The optimum, or the best tour with a bound when the time is up."""
        proven = self._relax() and (self._fix() or self._branch())
        bound = self.length if proven else min(self.bound, self.length)
        return Optimum(tours.from_zero(self.best), self.length, bound, proven)

    def _relax(self) -> bool:
        """Solve the subtour relaxation; False when the time is up."""
        while self._solve():
            self.bound = max(self.bound, float(self.solver.getObjectiveValue()))
            weights = self._weights()
            sets = _components(self.n, weights)
            if len(sets) == 1:
                sets = _light_cuts(self.n, weights)
            if not sets:
                return True
            self._cut(sets)
        return False

    def _fix(self) -> bool:
        """Rule out edges too dear for any shorter tour; True when none can be shorter at all."""
        gap = self.length - self.bound
        if gap <= TOLERANCE:
            return True
        reduced = list(self.solver.getSolution().col_dual)
        for column, cost in enumerate(reduced):
            if cost > gap + TOLERANCE:
                self.solver.changeColBounds(column, 0.0, 0.0)
        return False

    def _branch(self) -> bool:
        """Solve with whole edges until these make one tour; False when the time is up."""
        whole = [self.highspy.HighsVarType.kInteger] * len(self.edges)
        self.solver.changeColsIntegrality(len(whole), list(range(len(whole))), whole)
        while True:
            done = self._solve()
            self.bound = max(self.bound, float(self.solver.getInfo().mip_dual_bound))
            if not done:
                return False
            chosen = [edge for edge, value in self._weights().items() if value > 0.5]
            sets = _components(self.n, chosen)
            if len(sets) == 1:
                self._take(_walk(self.n, chosen))
                return True
            self._cut(sets)

    def _take(self, found: Tour) -> None:
        length = tours.length(found, self.between)
        if length < self.length:
            self.best, self.length = found, length

    def _solve(self) -> bool:
        """Run the solver; whether it found an optimum in time."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            return False
        self.solver.setOptionValue("time_limit", float(self.solver.getRunTime()) + left)
        self.solver.run()
        optimal = self.highspy.HighsModelStatus.kOptimal
        return bool(self.solver.getModelStatus() == optimal)

    def _weights(self) -> dict[Edge, float]:
        values = list(self.solver.getSolution().col_value)
        return {self.edges[i]: value for i, value in enumerate(values) if value > TOLERANCE}

    def _cut(self, sets: Iterable[frozenset[int]]) -> None:
        """Let at least two edges leave each set of nodes."""
        for nodes in sets:
            leaving = [self._column(a, b) for a in nodes for b in range(self.n) if b not in nodes]
            self.solver.addRow(2.0, self.solver.inf, len(leaving), leaving, [1.0] * len(leaving))

    def _column(self, a: int, b: int) -> int:
        return self.column[(a, b) if a < b else (b, a)]


def _components(n: int, weights: Iterable[Edge]) -> list[frozenset[int]]:
    """The sets of nodes that the edges connect."""
    parent = list(range(n))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in weights:
        parent[root(a)] = root(b)
    found: dict[int, set[int]] = {}
    for node in range(n):
        found.setdefault(root(node), set()).add(node)
    return [frozenset(nodes) for nodes in found.values()]


def _light_cuts(n: int, weights: Mapping[Edge, float]) -> list[frozenset[int]]:
    """Sets of nodes that less than two edges leave, among the cuts of Stoer and Wagner's search."""
    near: dict[int, dict[int, float]] = {node: {} for node in range(n)}
    for (a, b), weight in weights.items():
        near[a][b] = near[b][a] = weight
    merged = {node: frozenset((node,)) for node in near}
    found: list[frozenset[int]] = []
    while len(near) > 1:
        before, last, weight = _phase(near)
        if weight < 2 - 1e-5:
            found.append(merged[last])
        merged[before] |= merged.pop(last)
        for other, value in near.pop(last).items():
            del near[other][last]
            if other != before:
                near[before][other] = near[other][before] = near[before].get(other, 0.0) + value
    return found


def _phase(near: Mapping[int, Mapping[int, float]]) -> tuple[int, int, float]:
    """The last two nodes in order of adjacency, and the weight around the last."""
    weight = dict.fromkeys(near, 0.0)
    before = last = -1
    around = 0.0
    while weight:
        node = max(weight, key=weight.__getitem__)
        before, last, around = last, node, weight.pop(node)
        for other, value in near[node].items():
            if other in weight:
                weight[other] += value
    return before, last, around


def _walk(n: int, edges: Iterable[Edge]) -> Tour:
    """The nodes in the order in which the edges of one tour join them."""
    near: dict[int, list[int]] = {node: [] for node in range(n)}
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    tour, before = [0], -1
    while len(tour) < n:
        here = tour[-1]
        following = next(node for node in near[here] if node != before)
        before = here
        tour.append(following)
    return tuple(tour)
