"""Our own retry loop: cancellable, visible, and never waiting longer than we say."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from opro_tui.core.errors import ModelError
from opro_tui.core.hashing import uniform
from opro_tui.models.gate import limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opro_tui.models.turn import Turn


T = TypeVar("T")

UNHEARD_ATTEMPTS = 4
UNUSABLE_ATTEMPTS = 2
"""For answers that are whole and yet none: each may be billed, and the next is mostly the same."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long after a failure a call is sent again.

    Attributes:
        attempts: The most times a call is sent.
        base: Seconds before the second attempt; doubled before each further one.
        cap: The longest wait in seconds where the endpoint named none.
        retry_after_cap: The longest wait in seconds where it did.
        refusals: The most times that an endpoint is asked which answers nothing but that it takes
            no more (429, 529); such answers are no attempts.
        unheard: Whether the endpoint has not answered yet: then one that can't be reached is tried
            fewer times, for most likely it doesn't run.
        seed: Spreads the waits; give each call its own, so that many don't come back at once.
    """

    attempts: int = 6
    base: float = 0.5
    cap: float = 20.0
    retry_after_cap: float = 120.0
    refusals: int = 11
    unheard: bool = False
    seed: int | str = 0

    def delay(self, attempt: int, error: ModelError) -> float | None:
        """Seconds to wait before the next attempt, or None to give up.

        Args:
            attempt: How many attempts were made, 1 or more.
            error: What the last one ended in.
        """
        most = self.attempts
        if self.unheard and error.kind == "connection":
            most = min(most, UNHEARD_ATTEMPTS)
        if error.kind == "unusable":
            most = min(most, UNUSABLE_ATTEMPTS)
        if error.fatal or not error.retryable or attempt >= most:
            return None
        spread = uniform("retry", self.seed, attempt)
        if error.retry_after is not None:
            wait = max(error.retry_after, 0.0) + self.base * spread
            return min(wait, self.retry_after_cap)
        wait = min(self.cap, self.base * 2.0 ** min(attempt - 1, 60))
        return wait * (0.5 + 0.5 * spread)


class Patience:
    """Which endpoints have answered, so that one that doesn't run is not waited for again."""

    def __init__(self) -> None:
        self._heard: set[str] = set()
        self._silent: set[str] = set()

    def heard(self, endpoint: str) -> None:
        """It has answered."""
        self._heard.add(endpoint)

    def failed(self, endpoint: str, error: ModelError) -> None:
        """A call to it was given up."""
        if error.kind == "connection":
            self._silent.add(endpoint)

    def of(self, policy: RetryPolicy, endpoint: str, *, seed: int) -> RetryPolicy:
        """A policy for one call: one attempt where nothing ever came and a call was given up."""
        heard = endpoint in self._heard
        attempts = 1 if endpoint in self._silent and not heard else policy.attempts
        return replace(policy, seed=seed, attempts=attempts, unheard=not heard)


async def call_with_retries(
    attempt: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    on_retry: Callable[[int, ModelError, float], None],
    *,
    stopping: asyncio.Event | None = None,
    turn: Turn | None = None,
) -> tuple[T, int]:
    """Make a call, again and again where that may help.

    Args:
        attempt: Makes one attempt.
        policy: When to try again.
        on_retry: Told of each failure that is followed by another attempt: attempts made so far,
            the error, and the seconds until the next one.
        stopping: When it is set no further attempt is made, and a wait ends at once.
        turn: The call's place at its endpoint's gate, granted; further attempts wait for it.

    Returns:
        The answer, and how many attempts it took, refusals by the endpoint's limits left out.

    Raises:
        ModelError: The last failure, when no further attempt is made.
    """
    made = 0
    while True:
        made += 1
        try:
            return await attempt(), made
        except ModelError as error:
            limited = turn is not None and limits(error)
            if turn is not None and limited:
                made -= 1
                wait = turn.refused(error, policy)
            else:
                wait = policy.delay(made, error)
            if wait is None or (stopping is not None and stopping.is_set()):
                raise
            on_retry(made, error, wait)
            if not limited:
                if turn is not None:
                    turn.failed(error)
                if await _interrupted(wait, stopping):
                    raise
            if turn is not None and not await turn.wait(stopping):
                raise


async def _interrupted(seconds: float, stopping: asyncio.Event | None) -> bool:
    """Wait; whether the wait was ended because no further attempt is wanted."""
    if stopping is None:
        await asyncio.sleep(seconds)
        return False
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return False
    return True
