"""The built-in tasks that compute their score, by the name in front of a colon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.protocols import Task

ABOUT = {
    "linear-regression": "find w and b of a hidden line; also linear-regression:w=36,b=-1,noise=1",
    "tsp": "find the shortest round trip; also tsp:n=20, for 5 to 100 points",
}
"""Each one's name and one line about it."""


def make(name: str, seed: int) -> Task | None:
    """The task that a name such as `tsp:n=20` describes; None when it names none of these.

    Raises:
        BadInput: A parameter can't be.
    """
    kind = name.partition(":")[0]
    if kind == "linear-regression":
        from opro_tui.tasks.linear_regression import LinearRegression, parse_name

        return LinearRegression(parse_name(name, seed), name)
    if kind == "tsp":
        from opro_tui.tasks.tsp import TravellingSalesman

        return TravellingSalesman.from_name(name, seed)
    return None


def make_again(spec: Mapping[str, Any]) -> Task | None:
    """The task of a `spec()`; None when it is of another kind.

    Raises:
        KeyError, TypeError, ValueError: The spec is damaged.
    """
    kind = spec.get("kind")
    if kind == "linear-regression":
        from opro_tui.tasks.linear_regression import LinearRegression, Problem

        return LinearRegression(Problem.from_json(spec), str(spec["name"]))
    if kind == "tsp":
        from opro_tui.tasks.tsp import TravellingSalesman

        return TravellingSalesman.from_spec(spec)
    return None
