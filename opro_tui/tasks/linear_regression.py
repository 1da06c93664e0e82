"""Linear regression, the paper's first problem: find w and b from the values of guessed pairs."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.hashing import uniform
from opro_tui.core.meta_prompt import Template
from opro_tui.core.protocols import Grade
from opro_tui.tasks.base import BaseTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.picture import Picture, View

NAME = "linear-regression"
STARTS = 5
START_RANGE = (10, 20)
LIMIT = 1_000_000
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"exemplars": 0, "temperature": 1.0, "candidates": 8, "shown": 20}
)

_PAIR_TEXT = r"[-+−]?\d{1,7}(?![\d.]*\d)"
_PAIR = re.compile(
    rf"\A[\s\[({{<]*(?:w\s*[:=]?)?\s*({_PAIR_TEXT})\s*(?:[,;]|\band\b|\s)\s*(?:and\s+)?"
    rf"(?:b\s*[:=]?)?\s*({_PAIR_TEXT})[\s\])}}>.]*\Z",
    re.IGNORECASE,
)

_TUNED = """\
A hidden line is described by two whole numbers, w and b. Every pair [w, b] has a loss, which is \
lowest where the pair fits the line best.

These pairs have been tried. Where a loss stands with one, a lower loss is better:
{trajectory}
Work out from them in which direction w and b should go. Then give ONE new pair of whole numbers, \
different from all of the above, whose loss is lower than every loss above. Write nothing but the \
pair in brackets, like this: [w, b]
"""

_PRETRAINED = """\
Pairs of whole numbers [w, b], each behind its loss where that is known; each new pair has a lower \
loss than all others.
{trajectory}["""


_RANGES = {
    "w": (-LIMIT, LIMIT),
    "b": (-LIMIT, LIMIT),
    "noise": (0, 1000),
    "points": (2, 10_000),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One regression problem.

    Attributes:
        w: The true slope.
        b: The true intercept.
        noise: The standard deviation of the normal noise on y.
        points: How many points; x = 1, 2, …
        seed: Fixes the noise and the starting pairs.
    """

    w: int = 15
    b: int = 14
    noise: float = 1.0
    points: int = 50
    seed: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Problem:
        """The problem that `asdict` wrote; ValueError when a value is out of range."""
        values: dict[str, Any] = {}
        for key, (low, high) in _RANGES.items():
            values[key] = float(data[key]) if key == "noise" else int(data[key])
            if not low <= values[key] <= high:
                raise ValueError(f"{key} is out of range")
        return cls(**values, seed=int(data["seed"]))


def parse_name(name: str, seed: int) -> Problem:
    """The problem that a task name describes.

    Args:
        name: `linear-regression`, optionally with `:w=15,b=14,noise=1,points=50`.
        seed: The session's seed.

    Raises:
        BadInput: A parameter is unknown, no number, or out of range.
    """
    values: dict[str, Any] = {}
    parameters = name.partition(":")[2]
    for part in filter(None, (each.strip() for each in parameters.split(","))):
        key, _, text = part.partition("=")
        key = key.strip()
        if key not in _RANGES:
            todo = nearest(key, _RANGES) or f"The parameters are {', '.join(_RANGES)}."
            raise BadInput(f"unknown parameter {key!r}", where=name, todo=todo)
        low, high = _RANGES[key]
        try:
            value = float(text) if key == "noise" else int(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            kind = "a number" if key == "noise" else "a whole number"
            raise BadInput(
                f"{key} can't be {text.strip()!r}",
                where=name,
                todo=f"Give {kind} from {low:,} to {high:,}.",
            )
        values[key] = value
    return Problem(**values, seed=seed)


class LinearRegression(BaseTask):
    """Find the pair (w, b) with the smallest squared residual norm.

    Args:
        problem: The line, its noise and the seed.
        name: As the user gave it.
    """

    minimize = True
    trusted = True
    defaults: Mapping[str, Any] = DEFAULTS

    def __init__(self, problem: Problem, name: str = NAME) -> None:
        super().__init__(problem.seed)
        self.name = name
        self.problem = problem
        self.xs = tuple(range(1, problem.points + 1))
        # Rounded, because the last bits of log and cos differ between platforms.
        self.ys = tuple(
            round(problem.w * x + problem.b + problem.noise * _normal(problem.seed, x), 6)
            for x in self.xs
        )
        self._solved_at = self.loss(problem.w, problem.b)

    def loss(self, w: int, b: int) -> float:
        """The squared residual norm of a pair."""
        pairs = zip(self.xs, self.ys, strict=True)
        return math.fsum((y - (w * x + b)) ** 2 for x, y in pairs)

    def spec(self) -> dict[str, Any]:
        """JSON data that `tasks.restore` makes this task from."""
        return {"kind": NAME, "name": self.name, **asdict(self.problem)}

    def starting_solutions(self) -> tuple[str, ...]:
        """Five different pairs from [10, 20]², drawn by the seed; never the true one."""
        return tuple(_show(*pair) for pair in self._starts())

    def _starts(self) -> list[tuple[int, int]]:
        low, high = START_RANGE
        true = (self.problem.w, self.problem.b)
        pairs = [
            (w, b) for w in range(low, high + 1) for b in range(low, high + 1) if (w, b) != true
        ]
        pairs.sort(key=lambda pair: uniform(NAME, "start", self.seed, *pair))
        return pairs[:STARTS]

    def template(self, style: str) -> Template:
        """The built-in meta-prompt; proposals stand in brackets."""
        pretrained = style == "pretrained"
        known = (
            "Loss {score}: [{solution}]\n" if pretrained else "pair {solution} has loss {score}\n"
        )
        hidden = "[{solution}]\n" if pretrained else "pair {solution}\n"
        return Template(
            instructions=_PRETRAINED if pretrained else _TUNED,
            solution_format=known,
            solution_format_without_score=hidden,
            exemplar_format="{input}\n{target}\n",
            several_format=(
                "\nGive {count} pairs that differ from each other, each in its own brackets.\n"
            ),
            proposal_open="[",
            proposal_close="]",
        )

    def compute(self, solution: str) -> Grade:
        """The squared residual norm; a solution that is no pair raises LookupError."""
        pair = _parse(solution)
        if pair is None:
            raise LookupError(f"{solution[:60]!r} is no pair of whole numbers")
        return Grade(self.loss(*pair), _show(*pair))

    def clean(self, proposal: str) -> str:
        """The pair in its normal form, `w=15, b=14`; any other text stripped."""
        pair = _parse(proposal)
        return _show(*pair) if pair else proposal.strip()

    def reject(self, solution: str) -> str | None:
        """Only pairs of whole numbers up to a million have a value."""
        pair = _parse(solution)
        if pair is None:
            return "no pair of integers"
        return "out of range" if max(map(abs, pair)) > LIMIT else None

    def show_score(self, score: float, buckets: int) -> str:  # noqa: ARG002
        """The value, rounded to a whole number."""
        return str(round(score)) if math.isfinite(score) else str(score)

    def solved(self, score: float) -> bool:
        """Whether the score is that of the true pair."""
        return score == self._solved_at

    def describe(self) -> Mapping[str, Any]:
        """The true pair, the points, and the loss as a map of the (w, b) plane."""
        return {
            "kind": NAME,
            "name": self.name,
            "true": {"w": self.problem.w, "b": self.problem.b},
            "true_loss": self._solved_at,
            "noise": self.problem.noise,
            "x": list(self.xs),
            "y": list(self.ys),
            "x_range": [self.xs[0], self.xs[-1]],
            "y_range": [min(self.ys), max(self.ys)],
            "starts": [list(pair) for pair in self._starts()],
            "map": self._map(),
        }

    def picture(self, view: View) -> Picture:
        """The loss as a map of the (w, b) plane, with the pairs tried and the true one on it."""
        from opro_tui.tasks.regression_picture import draw

        drawn = self._map()
        terms = tuple(float(drawn[name]) for name in ("at", "w", "b", "ww", "wb", "bb"))
        at, by_w, by_b, ww, wb, bb = terms
        (w_low, w_high), (b_low, b_high) = drawn["w_range"], drawn["b_range"]
        loss = (float(self.problem.w), float(self.problem.b), at, by_w, by_b, ww, wb, bb)
        usual = (float(w_low), float(w_high)), (float(b_low), float(b_high))
        return draw(view, loss, usual, _parse)

    def _map(self) -> dict[str, Any]:
        """The window to draw, and the loss as a quadratic in the distances from the true pair.

        With dw = w − w*, db = b − b*: loss = at + w·dw + b·db + ww·dw² + wb·dw·db + bb·db², so that
        a map of any resolution costs nothing.
        """
        problem = self.problem
        rest = [y - (problem.w * x + problem.b) for x, y in zip(self.xs, self.ys, strict=True)]
        window = {}
        for axis, true in (("w_range", problem.w), ("b_range", problem.b)):
            low, high = min(START_RANGE[0], true), max(START_RANGE[1], true)
            margin = max(5, (high - low) // 4)
            window[axis] = [low - margin, high + margin]
        return {
            **window,
            "at": self._solved_at,
            "w": -2 * math.fsum(x * r for x, r in zip(self.xs, rest, strict=True)),
            "b": -2 * math.fsum(rest),
            "ww": sum(x * x for x in self.xs),
            "wb": 2 * sum(self.xs),
            "bb": len(self.xs),
        }


def _normal(seed: int, x: int) -> float:
    """A standard normal number that is a function of the seed and the point (Box–Muller)."""
    radius = math.sqrt(-2 * math.log(1 - uniform(NAME, "noise", seed, x, "radius")))
    return radius * math.cos(2 * math.pi * uniform(NAME, "noise", seed, x, "angle"))


def _parse(text: str) -> tuple[int, int] | None:
    match = _PAIR.match(text) if len(text) <= 200 else None
    if match is None:
        return None
    w, b = (int(number.replace("−", "-")) for number in match.groups())
    return w, b


def _show(w: int, b: int) -> str:
    return f"w={w}, b={b}"
