"""That an endpoint's limits hold calls back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class HeldBack:
    """How an endpoint holds calls back now.

    Attributes:
        at_once: Calls that are under way or may be.
        next_in: Seconds until the next may start; 0 when that is as soon as another ends.
        asked: Seconds that the endpoint asked to wait, where that is longer than we do; else None.
    """

    at_once: int
    next_in: float
    asked: float | None = None

    def words(self, duration: Callable[[float], str]) -> str:
        """It as a plain fact.

        Args:
            duration: Puts a number of seconds in words.
        """
        text = f"rate limited: {self.at_once:,} at once"
        if self.next_in >= 1:
            text += f", next in {duration(self.next_in)}"
        if self.asked is not None:
            text += f" (it asks for {duration(self.asked)})"
        return text
