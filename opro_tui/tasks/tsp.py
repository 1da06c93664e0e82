"""The travelling salesman, the paper's second problem: find the shortest round trip."""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.hashing import uniform
from opro_tui.core.meta_prompt import Template
from opro_tui.core.protocols import Grade
from opro_tui.tasks import tsp_tours as tours
from opro_tui.tasks.base import BaseTask
from opro_tui.tasks.tsp_optimum import TOLERANCE, Optimum, solve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.picture import Picture, View
    from opro_tui.tasks.tsp_tours import Point, Tour

NAME = "tsp"
STARTS = 5
REACH = 100
FEWEST, MOST, USUAL = 5, 100, 10
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"exemplars": 0, "temperature": 1.0, "candidates": 8, "shown": 20}
)
_LONGEST = 4000
"""Characters of a proposal that is read at all; a hundred nodes with arrows take 700."""
_ARROW = r"(?:[,;|\s]|-{1,2}>|={1,2}>|[→⟶➔>–—]|\bto\b|\bthen\b){1,8}"
_TRACE = re.compile(
    rf"[\s\[({{\"'`]{{0,4}}(\d{{1,6}}(?:{_ARROW}\d{{1,6}}){{0,400}})[\s\])}}\"'`.]{{0,4}}",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?trace>|\btrace\s*[:=]", re.IGNORECASE)

_TUNED = """\
A round trip visits each of the points below exactly once and then goes back to the first one. \
Each point has a number and its coordinates (x, y):
{points}
These trips have been tried, each as a trace: the numbers of the points in the order of the visit, \
from point 0. Where a length stands with one, shorter is better:
{{trajectory}}
Give ONE new trace that is different from all of the above and whose length is lower than every \
length above. It starts at point 0 and has every point exactly once. Write the numbers with commas \
between <trace> and </trace>, and nothing else.
"""

_PRETRAINED = """\
Points, each with its number and its coordinates (x, y):
{points}
Round trips through all points, each behind its length where that is known; each new trace is \
shorter, its length lower than all others.
{{trajectory}}<trace>"""


def parse_name(name: str) -> int:
    """How many nodes a task name asks for.

    Args:
        name: `tsp`, optionally with `:n=20`.

    Raises:
        BadInput: There is another parameter, or n is no whole number from 5 to 100.
    """
    count = USUAL
    for part in filter(None, (each.strip() for each in name.partition(":")[2].split(","))):
        key, _, text = part.partition("=")
        if key.strip() != "n":
            todo = nearest(key.strip(), ["n"]) or f"The parameter is n: {NAME}:n=20."
            raise BadInput(f"unknown parameter {key.strip()[:40]!r}", where=name[:60], todo=todo)
        text = text.strip()
        count = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else -1
        if not FEWEST <= count <= MOST:
            raise BadInput(
                f"n can't be {text[:40]!r}",
                where=name[:60],
                todo=f"Give a whole number from {FEWEST} to {MOST}.",
            )
    return count


def draw_points(count: int, seed: int) -> tuple[Point, ...]:
    """Different points from [−100, 100]², in whole numbers, so that what is shown is scored."""
    found: list[Point] = []
    draw = 0
    while len(found) < count:
        x, y = (
            round(REACH * (2 * uniform(NAME, "point", seed, draw, axis) - 1)) for axis in ("x", "y")
        )
        draw += 1
        if (x, y) not in found:
            found.append((x, y))
    return tuple(found)


class TravellingSalesman(BaseTask):
    """Find the shortest closed tour through points in the plane.

    Args:
        points: Where the nodes lie, by number.
        seed: Draws the starting tours.
        name: As the user gave it.
        optimum: The best tour, where it is known already.
    """

    minimize = True
    trusted = True
    defaults: Mapping[str, Any] = DEFAULTS

    def __init__(
        self,
        points: Sequence[Point],
        seed: int = 0,
        name: str = NAME,
        optimum: Optimum | None = None,
    ) -> None:
        super().__init__(seed)
        self.name = name
        self.points = tuple(points)
        self.between = tours.distances(self.points)
        self.heuristics = {
            "nearest neighbour": tours.nearest_neighbour(self.between),
            "farthest insertion": tours.farthest_insertion(self.between),
        }
        self._optimum = optimum

    @classmethod
    def from_name(cls, name: str, seed: int) -> TravellingSalesman:
        """The problem that a task name and a seed describe.

        Raises:
            BadInput: The name has a parameter that can't be.
        """
        return cls(draw_points(parse_name(name), seed), seed, name)

    @classmethod
    def from_spec(cls, data: Mapping[str, Any]) -> TravellingSalesman:
        """The reverse of `spec`; ValueError when something in it can't be."""
        points = tuple((int(x), int(y)) for x, y in data["points"])
        if not FEWEST <= len(points) <= MOST or len(set(points)) < len(points):
            raise ValueError("not 5 to 100 different points")
        if any(abs(value) > REACH for point in points for value in point):
            raise ValueError("a point is out of range")
        optimum = Optimum.from_json(data["optimum"], points)
        return cls(points, int(data["seed"]), str(data["name"]), optimum)

    def optimum(self) -> Optimum:
        """The best tour; solved when first asked for, which takes a minute at most."""
        if self._optimum is None:
            self._optimum = solve(self.points)
        return self._optimum

    def spec(self) -> dict[str, Any]:
        """JSON data that `tasks.restore` makes this task from; solves it, so call in a thread."""
        return {
            "kind": NAME,
            "name": self.name,
            "seed": self.seed,
            "points": [list(point) for point in self.points],
            "optimum": self.optimum().to_json(),
        }

    def starting_solutions(self) -> tuple[str, ...]:
        """Five different random tours, drawn by the seed."""
        found: dict[str, None] = {}
        draw = 0
        while len(found) < STARTS:
            rest = sorted(
                range(1, len(self.points)),
                key=lambda node: uniform(NAME, "start", self.seed, draw, node),
            )
            found[_show((0, *rest))] = None
            draw += 1
        return tuple(found)

    def template(self, style: str) -> Template:
        """The built-in meta-prompt with the coordinates in it; proposals are tagged traces."""
        pretrained = style == "pretrained"
        points = "\n".join(f"{node}: ({x}, {y})" for node, (x, y) in enumerate(self.points))
        known = (
            "length {score}: <trace>{solution}</trace>\n"
            if pretrained
            else "<trace>{solution}</trace>\nlength: {score}\n\n"
        )
        return Template(
            instructions=(_PRETRAINED if pretrained else _TUNED).format(points=points),
            solution_format=known,
            solution_format_without_score="<trace>{solution}</trace>\n",
            exemplar_format="{input}\n{target}\n",
            several_format=(
                "\n\nGive {count} traces that differ from each other, each between its own"
                " <trace> and </trace>.\n"
            ),
            proposal_open="<trace>",
            proposal_close="</trace>",
        )

    def compute(self, solution: str) -> Grade:
        """The tour's length; a solution that is no tour raises LookupError."""
        problem = self.reject(solution)
        if problem:
            raise LookupError(f"{solution[:60]!r} is no tour: {problem}")
        tour = _nodes(solution) or ()
        return Grade(tours.length(tour, self.between), _show(tour))

    def clean(self, proposal: str) -> str:
        """The trace in its normal form, `0,3,2,1`, without the way back to 0; other text stripped.

        Tags, brackets, arrows and the words `trace`, `to` and `then` are read past.
        """
        nodes = _nodes(proposal)
        if nodes is None:
            return proposal.strip()
        back = nodes[0] == nodes[-1] == 0 and nodes.count(0) == 2
        return _show(nodes[:-1] if back else nodes)

    def reject(self, solution: str) -> str | None:
        """A tour has each node once and starts at 0."""
        nodes = _nodes(solution)
        if nodes is None:
            return "no trace of node numbers"
        count = len(self.points)
        unknown = next((node for node in nodes if node >= count), None)
        if unknown is not None:
            return f"node {unknown} is unknown (there are 0 to {count - 1})"
        if nodes[0] != 0:
            return f"starts at node {nodes[0]}, not at 0"
        twice = next((node for node in nodes if nodes.count(node) > 1), None)
        if twice is not None:
            return f"node {twice} is visited {_times(nodes.count(twice))}"
        missing = [node for node in range(count) if node not in nodes]
        if len(missing) == 1:
            return f"node {missing[0]} is missing"
        if missing:
            few = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
            return f"{len(nodes)} of {count} nodes: {few} are missing"
        return None

    def show_score(self, score: float, buckets: int) -> str:  # noqa: ARG002
        """The length, rounded to a whole number."""
        return str(round(score)) if math.isfinite(score) else str(score)

    def solved(self, score: float) -> bool:
        """Whether the score is that of the optimum, and it is proven."""
        best = self.optimum()
        return best.proven and score <= best.length + TOLERANCE

    def describe(self) -> Mapping[str, Any]:
        """The points, the heuristics' tours and, once it is known, the optimum."""
        return {
            "kind": NAME,
            "name": self.name,
            "n": len(self.points),
            "coordinates": [list(point) for point in self.points],
            "range": [-REACH, REACH],
            "heuristics": {
                name: {"tour": list(tour), "length": tours.length(tour, self.between)}
                for name, tour in self.heuristics.items()
            },
            "optimum": None if self._optimum is None else self._optimum.to_json(),
        }

    def picture(self, view: View) -> Picture:
        """The best or the selected tour beside the optimum, which is solved when it has to be."""
        from opro_tui.tasks.tsp_picture import draw

        return draw(view, self.points, self.optimum(), self._tour, self._length)

    def _tour(self, solution: str) -> Tour | None:
        return None if self.reject(solution) else _nodes(solution)

    def _length(self, tour: Tour) -> float:
        return tours.length(tour, self.between)


def _nodes(text: str) -> tuple[int, ...] | None:
    """The node numbers that a text consists of; None when there is anything else in it."""
    if len(text) > _LONGEST:
        return None
    match = _TRACE.fullmatch(_TAG.sub(" ", text))
    return None if match is None else tuple(int(node) for node in re.findall(r"\d+", match[1]))


def _show(tour: Sequence[int]) -> str:
    return ",".join(map(str, tour))


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"
