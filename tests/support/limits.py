"""Rate limiters as endpoints have them, for the loopback server and for tests without one."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tests.support.replies import Fault

if TYPE_CHECKING:
    from tests.support.replies import FaultHook
    from tests.support.wire import LoopbackRequest


class Limiter(Protocol):
    """What decides whether one more request is taken."""

    def take(self, now: float) -> float | None:
        """None when it is; else the seconds after which one would be."""


@dataclass(slots=True)
class Sliding:
    """At most so many requests in any stretch of so many seconds; refused ones don't count."""

    limit: int
    seconds: float = 1.0
    taken: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> float | None:
        while self.taken and self.taken[0] <= now - self.seconds:
            self.taken.popleft()
        if len(self.taken) >= self.limit:
            return self.taken[0] + self.seconds - now
        self.taken.append(now)
        return None


@dataclass(slots=True)
class Fixed:
    """At most so many requests in each period of so many seconds."""

    limit: int
    seconds: float = 1.0
    period: int = -1
    taken: int = 0

    def take(self, now: float) -> float | None:
        period = math.floor(now / self.seconds)
        if period != self.period:
            self.period, self.taken = period, 0
        if self.taken >= self.limit:
            return (period + 1) * self.seconds - now
        self.taken += 1
        return None


@dataclass(slots=True)
class TokenBucket:
    """Room for a burst that comes back at a steady rate a second."""

    rate: float
    burst: float
    level: float = math.inf
    at: float = 0.0

    def take(self, now: float) -> float | None:
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1.0:
            return (1.0 - self.level) / self.rate
        self.level -= 1.0
        return None


@dataclass(slots=True)
class AtOnce:
    """At most so many requests under way; who answers one calls `done`."""

    limit: int
    under_way: int = 0

    def take(self, now: float) -> float | None:
        if self.under_way >= self.limit:
            return 0.01
        self.under_way += 1
        return None

    def done(self) -> None:
        self.under_way -= 1


def retry_after(wait: float, how: str | None) -> float | None:
    """What an endpoint says of a wait: nothing, the exact seconds, or whole ones."""
    return {None: None, "exact": wait, "whole": float(math.ceil(wait))}[how]


def limited(limiter: Limiter, how: str | None = None) -> FaultHook:
    """A fault hook that answers 429 to what a limiter doesn't take, with `Retry-After` or not."""

    def fault(_number: int, _request: LoopbackRequest) -> Fault | None:
        wait = limiter.take(time.monotonic())
        if wait is None:
            return None
        after = retry_after(wait, how)
        headers = {} if after is None else {"Retry-After": f"{after:g}"}
        return Fault(status=429, message="Rate limit reached", headers=headers)

    return fault
