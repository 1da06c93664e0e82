"""When a step is so dear that it is asked for first."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from opro_tui.tui import format as fmt

if TYPE_CHECKING:
    from opro_tui.core.forecast import Forecast
    from opro_tui.core.state import State

FACTOR = 3
FIRST_USD = 1.0
"""What a first step may cost without being asked for."""


def why_ask(state: State, forecast: Forecast | None) -> str:
    """Why the next step should be confirmed; empty when it costs what steps cost.

    A step under way isn't asked for again, and neither is one whose price is unknown.
    """
    costs = None if forecast is None else forecast.cost_range
    if costs is None or state.current is not None:
        return ""
    low, high = costs
    spent = [state.usage(step=step.number).cost_usd for step in state.steps if step.number]
    known = [cost for cost in spent if cost]
    price = fmt.dollar_range(low, high)
    if not known:
        if high <= FIRST_USD or state.finished_steps:
            return ""
        return f"The first step is expected to cost {price}."
    usual = median(known)
    if high <= FACTOR * usual:
        return ""
    dear = f"This step is expected to cost {price}"
    return f"{dear}; the steps before cost about {fmt.dollars(usual)} each."
