"""Whether refusals have to do with how much is sent: some endpoints refuse as the dice fall.

Under a limit, half as much is hardly ever refused. Where it is, no limit was found, and slowing
down for one would end in a request a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor, log2

_ENOUGH, _OFTEN = 8, 3
"""Requests, and refusals among them, that say something."""
_SHARE = 0.1
"""The share of refusals that no limit explains at half the rate, or less, of one that was found."""
_APART = 2
"""Levels that are at least a factor of two apart."""
_RECENT = 24.0
"""Requests over which what is refused now is averaged."""
_WORSE, _MORE = 1.5, 0.2
"""How much more often than by chance something has to be refused to be taken for a limit again."""


@dataclass(slots=True)
class Doubt:
    """Counts what is refused at each rate, by powers of two.

    Attributes:
        levels: Power of two of the requests a second that a quota allowed, to how many were sent
            and refused then.
        chance: The share that is refused whatever is sent; None when nothing says so.
    """

    levels: dict[int, list[int]] = field(default_factory=dict)
    chance: float | None = None
    _share: float = 0.0

    def sent(self, rate: float | None) -> int | None:
        """A request is sent under a quota of so many a second, or under none; returns its level."""
        if rate is None:
            return None
        level = floor(log2(rate))
        self.levels.setdefault(level, [0, 0])[0] += 1
        return level

    def came_back(self, level: int | None, *, refused: bool) -> None:
        """It was refused, or not."""
        if level is not None and refused and level in self.levels:
            self.levels[level][1] += 1
        self._share += (refused - self._share) / _RECENT

    def unfounded(self) -> bool:
        """Whether what was found is no limit, for half as much is refused as well.

        What was counted is forgotten then.
        """
        top = max(self.levels, default=0)
        slow = [counts for level, counts in self.levels.items() if level <= top - _APART]
        sent, refused = sum(each[0] for each in slow), sum(each[1] for each in slow)
        if sent < _ENOUGH or refused < max(_OFTEN, _SHARE * sent):
            return False
        self.levels.clear()
        self.chance = self._share = refused / sent
        return True

    def explains(self) -> bool:
        """Whether what is refused now is no more than what chance refuses."""
        if self.chance is None:
            return False
        if self._share <= _WORSE * self.chance + _MORE:
            return True
        self.chance = None
        return False
