"""How the simulated optimizer reads and strays, whatever kind of solution it writes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opro_tui.models.simulated.draws import Dice
    from opro_tui.models.simulated.extract import Shown
    from opro_tui.models.simulated.reader import Brief

_RECENCY = 4.0
_RECENCY_UNSURE = 1.5
_UNSURE = 0.45


def between(low: float, middle: float, high: float, temperature: float) -> float:
    """A habit's strength, given at temperatures 0, 1 and 2, in between."""
    temperature = min(max(temperature, 0.0), 2.0)
    if temperature <= 1:
        return low + (middle - low) * temperature
    return middle + (high - middle) * (temperature - 1)


def ignores_trajectory(brief: Brief, dice: Dice, temperature: float) -> bool:
    """Whether a proposal is made up; without scores there is less to hold on to."""
    unsure = 0.0 if brief.scored else _UNSURE * min(temperature, 1.0)
    return dice.chance(between(0.0, 0.06, 0.9, temperature) + unsure)


def spoils(dice: Dice, temperature: float) -> bool:
    """Whether a proposal comes out in a way that vetting rejects."""
    return dice.chance(between(0.02, 0.035, 0.1, temperature))


def attended(shown: tuple[Shown, ...], dice: Dice) -> list[Shown]:
    """The shown solutions that are taken in: the later one stands, the less it is missed."""
    if not shown:
        return []
    last = len(shown) - 1
    seen = [
        item
        for position, item in enumerate(shown[:-1])
        if dice.chance(0.3 + 0.65 * (position / last) ** 2)
    ]
    return [*seen, shown[-1]]


def worth(items: list[Shown], brief: Brief) -> list[float]:
    """How good each solution looks, higher being better, with 0.1 a clear difference.

    Without scores all look alike, and only their order remains as a sign.
    """
    scores = [item.score for item in items if item.score is not None]
    if not scores:
        return [0.0] * len(items)
    scale = _scale(scores)
    low = min(scores) if not brief.minimize else max(scores)
    sign = -1.0 if brief.minimize else 1.0
    return [sign * ((low if item.score is None else item.score) / scale) for item in items]


def recency(count: int, brief: Brief) -> list[float]:
    """How much more the later of so many solutions weighs than the first."""
    most = _RECENCY if brief.scored else _RECENCY_UNSURE
    return [math.exp(most * position / max(count - 1, 1)) for position in range(count)]


def soft(values: list[float], sharpness: float) -> list[float]:
    """Weights that favour the higher values, the more so the smaller the sharpness."""
    top = max(values)
    return [math.exp(max((value - top) / max(sharpness, 1e-3), -60.0)) for value in values]


def _scale(scores: list[float]) -> float:
    if all(0 <= score <= 1 for score in scores):
        return 1.0
    if all(0 <= score <= 100 for score in scores):
        return 100.0
    return 2 * (max(scores) - min(scores)) or 1.0
