"""The paper's own figures for its two mathematical problems, to stand beside what is measured here.

Source: Yang et al., "Large Language Models as Optimizers" (arXiv 2309.03409), tables 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPTIMIZERS = ("text-bison", "gpt-3.5-turbo", "gpt-4")
HEURISTICS = ("nearest neighbour", "farthest insertion")


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its ±, as printed; either is None where the paper has none."""

    mean: float | None
    spread: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """Plain data."""
        return {"mean": self.mean, "spread": self.spread}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: what one method reached.

    Attributes:
        steps: Steps until the best solution there is was found.
        unique: Different solutions tried until then.
        gap: How much longer than the optimum the best tour was, in %.
        successes: Repetitions, of five, that found the best solution there is.
    """

    steps: Figure | None = None
    unique: Figure | None = None
    gap: Figure | None = None
    successes: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The figures that there are."""
        figures = {"steps": self.steps, "unique": self.unique, "gap": self.gap}
        found: dict[str, Any] = {n: f.to_json() for n, f in figures.items() if f is not None}
        return found if self.successes is None else found | {"successes": self.successes}


def _pairs(*numbers: float) -> Mapping[str, Line]:
    """Steps of the three optimizers, then their unique pairs, each as mean and ±."""
    figures = [Figure(*numbers[at : at + 2]) for at in range(0, 12, 2)]
    rows = zip(OPTIMIZERS, figures[:3], figures[3:], strict=True)
    return MappingProxyType({name: Line(steps, unique) for name, steps, unique in rows})


LINEAR_REGRESSION: Mapping[tuple[int, int], Mapping[str, Line]] = MappingProxyType(
    {
        (15, 14): _pairs(5.8, 2.6, 7.6, 4.5, 4.0, 1.5, 40.0, 12.4, 36.0, 15.2, 17.2, 5.1),
        (17, 17): _pairs(4.0, 1.8, 12.6, 6.0, 6.0, 3.7, 33.4, 11.7, 53.8, 16.9, 26.0, 10.6),
        (16, 10): _pairs(3.8, 2.2, 10.4, 5.4, 6.2, 3.1, 30.2, 13.4, 42.8, 16.3, 24.2, 8.2),
        (3, 5): _pairs(9.8, 2.8, 10.8, 2.7, 12.2, 2.0, 55.8, 16.1, 39.6, 10.1, 33.0, 4.0),
        (25, 23): _pairs(19.6, 11.4, 26.4, 18.3, 12.2, 3.7, 104.0, 52.3, 78.6, 26.2, 44.2, 8.3),
        (2, 30): _pairs(31.4, 6.3, 42.8, 9.7, 38.0, 15.9, 126.4, 17.7, 125.6, 21.7, 99.0, 24.6),
        (36, -1): _pairs(35.8, 6.4, 45.4, 16.9, 50.4, 18.8, 174.0, 28.2, 142.2, 31.2, 116.4, 32.7),
    }
)
"""True (w, b) to what each optimizer needed, over five repetitions."""


def _trip(
    heuristics: tuple[float, ...], gaps: tuple[float, ...], steps: tuple[float | None, ...]
) -> Mapping[str, Line]:
    """Gaps as mean and ±; steps as mean, ± and successes for each of the three optimizers."""
    rows = {
        name: Line(gap=Figure(*heuristics[2 * at : 2 * at + 2]))
        for at, name in enumerate(HEURISTICS)
    }
    for at, name in enumerate(OPTIMIZERS):
        mean, spread, successes = steps[3 * at : 3 * at + 3]
        rows[name] = Line(
            steps=None if mean is None else Figure(mean, spread),
            gap=Figure(*gaps[2 * at : 2 * at + 2]),
            successes=int(successes or 0),
        )
    return MappingProxyType(rows)


_NONE = (None, None, 0)
TSP: Mapping[int, Mapping[str, Line]] = MappingProxyType(
    {
        10: _trip(
            (13.0, 1.3, 3.2, 1.4),
            (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            (40.4, 5.6, 5, 46.8, 9.3, 5, 9.6, 3.0, 5),
        ),
        15: _trip(
            (9.4, 3.7, 1.2, 0.6),
            (4.4, 1.3, 1.2, 1.1, 0.2, 0.2),
            (*_NONE, 202.0, 41.1, 4, 58.5, 29.0, 4),
        ),
        20: _trip(
            (16.0, 3.9, 0.2, 0.1),
            (30.4, 10.6, 4.4, 2.5, 1.4, 0.6),
            (*_NONE, 438.0, 0.0, 1, 195.5, 127.6, 2),
        ),
        50: _trip(
            (19.7, 3.1, 9.8, 1.5),
            (219.8, 13.7, 133.0, 6.8, 11.0, 2.6),
            (*_NONE, *_NONE, *_NONE),
        ),
    }
)
"""Nodes to what each method reached on five problems."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the paper's table.

    Attributes:
        label: As it is printed.
        facts: What tells it from the others, for programs.
        short: Its part of the sessions' names.
        task: The task's name.
        paper: Method to the paper's figures; empty where it has none.
    """

    label: str
    facts: Mapping[str, int]
    short: str
    task: str
    paper: Mapping[str, Line]


@dataclass(frozen=True, slots=True)
class Experiment:
    """One of the paper's two mathematical problems.

    Attributes:
        name: As the command line has it.
        short: Its part of the sessions' names.
        steps: Steps after which a repetition counts as not having found it.
        rows: The table's rows.
    """

    name: str
    short: str
    steps: int
    rows: tuple[Row, ...]


def experiment(name: str, sizes: Sequence[int] = ()) -> Experiment:
    """One of the paper's problems.

    Args:
        name: `linear-regression` or `tsp`.
        sizes: For tsp, the numbers of nodes, instead of the paper's four.

    Raises:
        BadInput: There is no such experiment, or it has no sizes.
    """
    if name == "linear-regression":
        if sizes:
            raise BadInput("is for tsp only", where="--n", todo=f"Leave it out for {name}.")
        rows = [
            Row(f"w={w}, b={b}", {"w": w, "b": b}, f"{w}-{b}", f"{name}:w={w},b={b}", figures)
            for (w, b), figures in LINEAR_REGRESSION.items()
        ]
        return Experiment(name, "lr", 500, tuple(rows))
    if name == "tsp":
        wanted = dict.fromkeys(sizes or TSP)
        rows = [Row(f"n={n}", {"n": n}, str(n), f"{name}:n={n}", TSP.get(n, {})) for n in wanted]
        return Experiment(name, name, 200, tuple(rows))
    known = ("linear-regression", "tsp")
    todo = nearest(name, known) or f"There are {' and '.join(known)}."
    raise BadInput(f"no experiment {name[:40]!r}", where="reproduce", todo=todo)
