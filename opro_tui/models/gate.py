"""One gate for each endpoint and key: all calls in the process go through it, as it allows.

It starts wide open. A refusal (429, 529, 503) holds all calls back together, not each on its own,
and tells what the endpoint allows: so many requests at a time, or so many in a time. What it says
of its limits in headers, and what the config file states, is kept to before anything is refused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from opro_tui.core.hashing import uniform
from opro_tui.models.allowances import allowances
from opro_tui.models.doubt import Doubt
from opro_tui.models.held_back import HeldBack
from opro_tui.models.quotas import HORIZONS, Bucket, History, Quota, Window
from opro_tui.models.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.errors import ModelError
    from opro_tui.core.protocols import Account
    from opro_tui.models.retry import RetryPolicy


def limits(error: ModelError) -> bool:
    """Whether a failure says that an endpoint takes no more, so that it is no call's own matter."""
    named = error.kind == "overloaded" and error.retry_after is not None
    return error.retryable and (error.kind == "rate_limit" or named)


_SHOWN = 2.0
"""Seconds for which it is said that calls were held back."""
_FIRST = 0.25
"""Share of a policy's first wait after which an endpoint is asked again."""
_OUTPUT = 64
"""Tokens that an answer is taken to have before one came."""


@dataclass(slots=True)
class _Refusals:
    """The refusals since the last time that something was granted after a pause."""

    at: float
    first: float
    refused: int = 1
    accepted: int = 0


@dataclass(slots=True)
class _Limits:
    """All that holds calls back, beside a pause."""

    window: Window = field(default_factory=Window)
    quota: Quota | None = None
    configured: dict[str, Bucket] = field(default_factory=dict)
    told: dict[str, dict[str, Bucket]] = field(default_factory=dict)

    def buckets(self, model: str) -> list[tuple[str, Bucket]]:
        return [*self.configured.items(), *self.told.get(model, {}).items()]


class Gate:
    """Lets calls through as an endpoint allows.

    Args:
        account: The endpoint and key, and the limits that the config file states.
        loop: Whose clock counts.
    """

    def __init__(self, account: Account, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._most = account.concurrency or inf
        self._limits = _Limits()
        now = loop.time()
        for what, units in (
            ("requests", account.requests_per_minute),
            ("tokens", account.tokens_per_minute),
        ):
            if units is not None:
                self._limits.configured[what] = Bucket.per_minute(units, now)
        self._history = History()
        self._doubt = Doubt()
        self._out: dict[Turn, None] = {}
        self._waiting: deque[Turn] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._refusals: _Refusals | None = None
        self._strikes = 0
        self._since = self._eased = -inf
        self._paused_until = -inf
        self._asked: float | None = None
        self._probe: Turn | None = None
        self._last_accepted = now
        self._last_held = self._last_round = -inf
        self._output = float(_OUTPUT)

    def time(self) -> float:
        """The clock that counts, in seconds."""
        return self._loop.time()

    def turn(self, model: str, tokens: int) -> Turn:
        """A place for a call to a model.

        Args:
            model: Its name, for limits that are told are the model's.
            tokens: Of its messages, as estimated.
        """
        return Turn(self, model, tokens)

    def held_back(self) -> HeldBack | None:
        """How calls are held back now; None when they aren't."""
        now = self._loop.time()
        if not self._waiting and now - self._last_held > _SHOWN:
            return None
        next_in = 0.0
        if self._waiting:
            next_in = max(0.0, self._blocked_for(now), self._model_blocked(self._waiting[0], now))
        at_once = len(self._out) if next_in == inf else max(1, len(self._out))
        paused = now < self._paused_until
        return HeldBack(
            at_once, 0.0 if next_in == inf else next_in, self._asked if paused else None
        )

    # What turns do.

    def enter(self, turn: Turn) -> bool:
        """Let a call through at once where nothing holds it back and none waits."""
        now = self._loop.time()
        if self._waiting or self._blocked_for(now) > 0 or self._model_blocked(turn, now) > 0:
            return False
        self._grant(turn, now)
        return True

    def queue(self, turn: Turn) -> None:
        """Have a call wait; one that was refused goes before those that were not sent yet."""
        self._last_held = self._loop.time()
        if turn.rank:
            self._waiting.appendleft(turn)
        else:
            self._waiting.append(turn)
        self._pump()

    def accept(self, turn: Turn, tokens: int | None) -> None:
        """A call was answered."""
        if turn not in self._out:
            return
        now = self._loop.time()
        window, quota = self._limits.window, self._limits.quota
        window.accepted = max(window.accepted, turn.rank)
        window.note(overloaded=False)
        self._history.accept(turn.sent)
        self._doubt.came_back(turn.level, refused=False)
        if self._refusals is not None and turn.sent >= self._refusals.first:
            self._refusals.accepted += 1
        if turn.at >= self._since:
            self._strikes = 0
            if now - self._since > window.hold or self._doubt.chance is not None:
                window.grow(len(self._out))
            if quota is not None:
                quota.accept(now - self._last_accepted)
        self._last_accepted = now
        if tokens is not None:
            self._output += 0.1 * (max(0.0, tokens - turn.tokens) - self._output)
            spent = self._limits.configured.get("tokens")
            if spent is not None:
                spent.use(tokens - self._cost(turn, "tokens"), now)
        self.leave(turn)

    def refuse(self, turn: Turn, error: ModelError, policy: RetryPolicy) -> float | None:
        """A call was refused; see `Turn.refused`."""
        now = self._loop.time()
        fresh = turn.at >= self._since
        self._doubt.came_back(turn.level, refused=True)
        if fresh:
            self._strikes += 1
            self._since = now
            self._refusals = _Refusals(now, turn.sent)
            self._limits.window.settle()
        elif self._refusals is not None and turn.sent >= self._refusals.first:
            self._refusals.refused += 1
        self._back_off(turn)
        self._pause(error, policy, now, fresh=fresh)
        if self._limits.quota is not None:
            self._limits.quota.refuse(turn.at, turn.sent)
        self.leave(turn)
        if fresh and self._strikes >= policy.refusals:
            self._strikes = max(0, policy.refusals - 1)
            self._give_up(error)
            return None
        return max(0.0, self._paused_until - now)

    def overloaded(self, turn: Turn) -> None:
        """An endpoint is overloaded and doesn't say for how long: less at a time, call by call."""
        window = self._limits.window
        window.note(overloaded=True)
        if turn.at >= self._eased:
            self._eased = self._since = self._loop.time()
            window.ease(len(self._out))
        self.leave(turn)

    def leave(self, turn: Turn) -> None:
        """A call is over, one way or another."""
        granted = turn.granted
        turn.granted = None
        if turn in self._out:
            del self._out[turn]
        elif granted is not None and turn in self._waiting:
            self._waiting.remove(turn)
            granted.cancel()
        if self._probe is turn:
            self._probe = None
        self._pump()

    def told(self, model: str, headers: Mapping[str, str]) -> None:
        """Take in what a response to a model's call says of its limits."""
        found = allowances(headers)
        if not found:
            return
        now = self._loop.time()
        others = [turn for turn in self._out if turn.model == model][:-1]
        kept = self._limits.told.setdefault(model, {})
        for each in found:
            under_way = sum(self._cost(turn, each.what) for turn in others)
            kept[each.what] = Bucket.told(each, under_way, now)

    # What holds calls back.

    def _blocked_for(self, now: float) -> float:
        """Seconds until any call may start; infinite when one has to end first."""
        if now < self._paused_until:
            return self._paused_until - now
        window = self._limits.window.most
        if len(self._out) >= self._most or len(self._out) + 1 > max(1.0, window):
            return inf
        if self._strikes > 1 and self._probe is not None:
            return inf
        self._learn()
        quota = self._limits.quota
        return 0.0 if quota is None else quota.ready_in(now)

    def _model_blocked(self, turn: Turn, now: float) -> float:
        buckets = self._limits.buckets(turn.model)
        return max((bucket.ready_in(now) for _, bucket in buckets), default=0.0)

    def _cost(self, turn: Turn, what: str) -> float:
        if what == "requests":
            return 1.0
        parts = {"input-tokens": turn.tokens, "output-tokens": self._output}
        return parts.get(what, turn.tokens + self._output)

    def _grant(self, turn: Turn, now: float) -> None:
        self._out[turn] = None
        turn.at, turn.sent, turn.rank = now, now, len(self._out)
        quota = self._limits.quota
        if quota is not None:
            quota.send(now)
        turn.level = self._doubt.sent(None if quota is None else quota.most / quota.horizon)
        for what, bucket in self._limits.buckets(turn.model):
            bucket.use(self._cost(turn, what), now)
        if self._strikes > 1:
            self._probe = turn

    def _pump(self) -> None:
        """Let through who may go, and come back when the next may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            now = self._loop.time()
            wait = self._blocked_for(now)
            if wait <= 0:
                wait = self._first_ready(now)
            if wait > 0:
                self._last_held = now
                if wait < inf:
                    self._timer = self._loop.call_later(wait, self._pump)
                return

    def _first_ready(self, now: float) -> float:
        """Let the first go whose model's limits allow it; else the seconds until one's do."""
        waits: dict[str, float] = {}
        for turn in self._waiting:
            if turn.model not in waits:
                waits[turn.model] = self._model_blocked(turn, now)
            granted = turn.granted
            if waits[turn.model] > 0 or granted is None:
                continue
            self._waiting.remove(turn)
            if not granted.done():
                self._grant(turn, now)
                granted.set_result(None)
            return 0.0
        return min(waits.values())

    # What a refusal leads to.

    def _back_off(self, turn: Turn) -> None:
        window = self._limits.window
        if turn.rank > window.accepted:
            # More at a time than were ever accepted: what it still works on is what it takes.
            window.shrink(max(len(self._out) - 1, window.accepted))
            self._refusals = None

    def _pause(self, error: ModelError, policy: RetryPolicy, now: float, *, fresh: bool) -> None:
        if error.retry_after is not None:
            wait = min(max(error.retry_after, 0.0), policy.retry_after_cap)
            self._asked = error.retry_after if error.retry_after > wait else None
        elif not fresh:
            return
        else:
            wait = min(policy.cap, _FIRST * policy.base * 2.0 ** min(self._strikes - 1, 60))
            wait *= 0.75 + 0.25 * uniform("refused", policy.seed, self._strikes)
            self._asked = None
        self._paused_until = max(self._paused_until, now + wait)

    def _learn(self) -> None:
        """After a pause: take what was accepted before it for what the endpoint allows."""
        seen, self._refusals = self._refusals, None
        if seen is None or self._doubt.explains():
            return
        if self._doubt.unfounded():
            self._limits.quota, self._limits.window = None, Window()
            return
        quota, out = self._limits.quota, [turn.sent for turn in self._out]
        got_through = seen.accepted + sum(sent >= seen.first for sent in out)
        again, self._last_round = seen.first - self._last_round < HORIZONS[0], seen.first
        if seen.refused <= got_through and (quota is None or not (quota.used_up or again)):
            return  # whatever it was, it was over at once
        pause = self._paused_until - seen.at
        self._limits.quota = self._history.quota(seen.first, out, quota, pause) or quota

    def _give_up(self, error: ModelError) -> None:
        waiting, self._waiting = self._waiting, deque()
        for turn in waiting:
            if turn.granted is not None and not turn.granted.done():
                turn.granted.set_exception(error)
                turn.granted.exception()  # who asked to stop meanwhile doesn't look at it


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Account, Gate]] = WeakKeyDictionary()


def gate_of(account: Account | None) -> Gate | None:
    """The gate of an endpoint and key on the running event loop; None where there are no limits."""
    if account is None:
        return None
    loop = asyncio.get_running_loop()
    gates = _gates.setdefault(loop, {})
    if account not in gates:
        gates[account] = Gate(account, loop)
    return gates[account]
