"""Seeded draws: the same parts give the same numbers, on every machine and in every order."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, TypeVar

from opro_tui.core.hashing import digest, uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_STANDARD = NormalDist()
_EDGE = 1e-9


def normal(*parts: object) -> float:
    """A standard normal number that is a function of the parts alone."""
    return _STANDARD.inv_cdf(min(max(uniform(*parts), _EDGE), 1 - _EDGE))


def normal_cdf(value: float) -> float:
    """The share of a standard normal below a value."""
    return _STANDARD.cdf(value)


class Dice:
    """A stream of draws that depends on nothing but the parts it was made from."""

    __slots__ = ("_drawn", "_root")

    def __init__(self, *parts: object) -> None:
        self._root = digest(*parts).hex()
        self._drawn = 0

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """The next number, even over [low, high)."""
        self._drawn += 1
        return low + (high - low) * uniform(self._root, self._drawn)

    def normal(self, deviation: float = 1.0) -> float:
        """The next number, normal around 0."""
        return deviation * _STANDARD.inv_cdf(min(max(self.uniform(), _EDGE), 1 - _EDGE))

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens now."""
        return self.uniform() < probability

    def choice(self, items: Sequence[T]) -> T:
        """One of the items (at least one), each as likely as the next."""
        return items[min(int(self.uniform() * len(items)), len(items) - 1)]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """One of the items (at least one), as likely as its weight says (none below 0)."""
        left = self.uniform() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            left -= weight
            if left < 0:
                return item
        return items[-1]
