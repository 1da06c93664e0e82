"""How much may be sent when: what a limit leaves, and what is learned where none is told."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opro_tui.models.allowances import Allowance

HORIZONS = (1.0, 10.0, 60.0)
"""Seconds over which endpoints count."""
MARGIN, _WIDER, _WIDEST = 1.05, 0.03, 1.11
"""How much longer than that we count, for requests don't all travel equally long; more where a
refusal that costs a pause came all the same, up to the last."""
LONGEST = 120.0
"""Seconds that a limit alone may hold a call back: then one is sent to see."""
_SPREAD = 0.7
"""That share at first: after a pause what was missed is caught up with."""
_EVEN, _CHEAP = 0.88, 0.5
"""That share where a refusal's pause is longer than the second, in horizons."""
_OVERTAKEN = 0.1
"""Seconds by which a request may overtake another."""
_CREDIBLE, _LEAST = 0.4, 0.95
"""From which share on a lower count is taken for one, and how much lower it then makes a quota."""
_WORTH, _DEAREST = 20.0, 6.0
"""How much longer than a refusal's pause nothing is tried, and the longest pause that counts."""
_LATE = 0.02
"""Seconds of sending that are caught up with, for timers are late."""
_STEADY = 3.0
_HOLD = 3.0
"""Horizons before a quota that was just learned rises."""
_MOST_KEPT = 20_000
_MOST_HOLD = 64.0


@dataclass(slots=True)
class Bucket:
    """Units that are used up and come back at a steady rate.

    Attributes:
        rate: Units that come back in a second.
        most: Units that there can be.
        level: Units that there were at `at`; below 0 when more was used than there was.
        at: When, in the loop's seconds.
    """

    rate: float
    most: float
    level: float
    at: float

    def ready_in(self, now: float) -> float:
        """Seconds until something may be sent; 0 or less: now."""
        level = self._level(now)
        if level > 0:
            return 0.0
        return min(-level / self.rate + 1e-4, LONGEST - (now - self.at))

    def use(self, units: float, now: float) -> None:
        """Take units; negative ones are given back."""
        self.level, self.at = min(self._level(now) - units, self.most), now

    def _level(self, now: float) -> float:
        return min(self.level + (now - self.at) * self.rate, self.most)

    @classmethod
    def per_minute(cls, units: int, now: float) -> Bucket:
        """What a configured limit leaves: sent evenly, for many endpoints count in seconds."""
        rate = units / 60.0
        return cls(rate, max(rate * 0.1, 1e-6), max(rate * 0.1, 1e-6), now)

    @classmethod
    def told(cls, allowance: Allowance, under_way: float, now: float) -> Bucket:
        """What an endpoint said is left, less what was on its way there when it said so."""
        return cls(allowance.rate, allowance.limit, allowance.remaining - under_way, now)


@dataclass(slots=True)
class Quota:
    """A limit that was run into: at most so many requests in any stretch of so many seconds.

    It rises while nothing is refused, first by a little each second, then faster, for what limited
    the endpoint may be over.

    Attributes:
        horizon: Seconds.
        ceiling: Requests that were accepted in that time when more was refused.
        sent: When the last ones were sent.
        calm: Seconds in which the quota was used up and nothing was refused.
        hold: Seconds before it rises.
        spread: The share of a horizon over which what it allows is spread.
        margin: How much longer than a horizon is counted.
    """

    horizon: float
    ceiling: float
    sent: deque[float]
    hold: float
    spread: float
    margin: float = MARGIN
    calm: float = 0.0
    next: float = 0.0

    @property
    def most(self) -> int:
        """Requests in a horizon, now."""
        grown = (self.calm - self.hold) / self.horizon
        if grown <= 0:
            return max(1, int(self.ceiling))
        factor = 1.0 + 0.02 * min(grown, _STEADY)
        if grown > _STEADY:
            factor *= 2.0 ** min((grown - _STEADY) / 2.0, 20.0)
        return max(1, int(self.ceiling * factor))

    @property
    def used_up(self) -> bool:
        """Whether it is what holds requests back, or nearly."""
        return len(self.sent) >= 0.8 * self.most

    def ready_in(self, now: float) -> float:
        """Seconds until a request may be sent; 0 or less: now."""
        span = self.horizon * self.margin
        while self.sent and self.sent[0] <= now - span:
            self.sent.popleft()
        most = self.most
        if len(self.sent) >= most:
            return self.sent[len(self.sent) - most] + span - now + 1e-4
        return self.next - now

    def send(self, now: float) -> None:
        """A request is sent."""
        self.sent.append(now)
        self.next = max(self.next, now - _LATE) + self.spread * self.horizon / self.most

    def refuse(self, *times: float) -> None:
        """A request was refused, and doesn't count; it is known by when it was let go or sent."""
        found = next((each for each in times if each in self.sent), None)
        if found is not None:
            self.sent.remove(found)

    def accept(self, seconds: float) -> None:
        """A request was accepted, so long after the one before."""
        if self.used_up:
            self.calm += min(seconds, self.horizon)


@dataclass(slots=True)
class History:
    """When the requests were sent that an endpoint accepted."""

    sent: list[float] = field(default_factory=list)

    def accept(self, sent: float) -> None:
        """Note one."""
        insort(self.sent, sent)
        if len(self.sent) > _MOST_KEPT:
            del self.sent[: _MOST_KEPT // 2]
        elif self.sent[0] < sent - 2 * HORIZONS[-1]:
            del self.sent[: bisect_left(self.sent, sent - HORIZONS[-1])]

    def quota(
        self, refused: float, out: Iterable[float], old: Quota | None, pause: float
    ) -> Quota | None:
        """What the endpoint seems to allow, now that it refused; None when nothing tells.

        Args:
            refused: When the request was sent that it refused.
            out: When the requests that are under way were sent: taken for accepted.
            old: What was thought before.
            pause: Seconds that the refusal cost.
        """
        sent = sorted([*self.sent, *out])
        before = sent[: bisect_right(sent, refused)]
        late = bisect_right(self.sent, refused + _OVERTAKEN) - bisect_right(self.sent, refused)
        if not before:
            return None
        horizon = next((each for each in HORIZONS if refused - before[-1] < each), None)
        if horizon is None:
            return None
        ceiling = float(len(before) - bisect_left(before, refused - horizon) + late)
        # Where a refusal costs much, evenly, so that there are few.
        dear = pause > _CHEAP * horizon
        hold, spread, margin = _HOLD * horizon, _EVEN if dear else _SPREAD, MARGIN
        if old is not None and not old.used_up:
            spread = min(1.0, 1.4 * old.spread)  # so many in a burst were too many
        if old is not None and old.horizon == horizon:
            if ceiling >= _CREDIBLE * old.most:
                # Not everything arrives when it was sent: one refusal says little against it.
                ceiling = max(ceiling, _LEAST * old.most)
                if dear:
                    margin = min(_WIDEST, old.margin + _WIDER)
            ceiling = min(ceiling, max(1.0, 0.97 * old.most))
            if 0.85 * old.ceiling <= ceiling <= 1.15 * old.ceiling:
                hold = min(2.0 * old.hold, _MOST_HOLD * horizon)
        recent = sent[bisect_left(sent, refused - horizon) :]
        hold = max(hold, _WORTH * min(pause, _DEAREST))
        return Quota(horizon, ceiling, deque(recent), hold, spread, margin)


@dataclass(slots=True)
class Window:
    """How many calls may be under way.

    Attributes:
        most: That many; infinite until something is refused.
        accepted: The most that were under way with one that was accepted.
        ceiling: What `most` was set to last.
        hold: Seconds after a refusal in which it doesn't grow.
        strained: The share of the last answers that said that the endpoint is overloaded.
    """

    most: float = inf
    accepted: int = 0
    ceiling: float = inf
    hold: float = 1.0
    strained: float = 0.0

    def ease(self, under_way: int) -> None:
        """The endpoint is overloaded: fewer, down to half where it says so to all."""
        self.shrink(min(self.most, under_way) * (1.0 - self.strained / 2.0))

    def note(self, *, overloaded: bool) -> None:
        """An answer came, or that the endpoint is overloaded."""
        self.strained += (overloaded - self.strained) / 8.0

    def shrink(self, most: float) -> None:
        """Allow no more than that, and at least one."""
        self.most = max(1.0, min(self.most, most))

    def settle(self) -> None:
        """A round of refusals is over: grow the more slowly the better the limit is known."""
        near = 0.85 * self.ceiling <= self.most <= 1.15 * self.ceiling
        self.hold = min(2.0 * self.hold, _MOST_HOLD) if near else 1.0
        self.ceiling = self.most

    def grow(self, under_way: int) -> None:
        """A call was accepted: one more for each time that as many were as are allowed."""
        if under_way >= self.most - 1.0:
            self.most += 1.0 / self.most
