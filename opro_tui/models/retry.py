"""Our own retry loop: cancellable, visible, and never waiting longer than we say."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from opro_tui.core.errors import ModelError
from opro_tui.core.hashing import uniform

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long after a failure a call is sent again.

    Attributes:
        attempts: The most times a call is sent.
        base: Seconds before the second attempt; doubled before each further one.
        cap: The longest wait in seconds where the endpoint named none.
        retry_after_cap: The longest wait in seconds where it did.
        seed: Spreads the waits; give each call its own, so that many don't come back at once.
    """

    attempts: int = 6
    base: float = 0.5
    cap: float = 20.0
    retry_after_cap: float = 120.0
    seed: int | str = 0

    def delay(self, attempt: int, error: ModelError) -> float | None:
        """Seconds to wait before the next attempt, or None to give up.

        Args:
            attempt: How many attempts were made, 1 or more.
            error: What the last one ended in.
        """
        if error.fatal or not error.retryable or attempt >= self.attempts:
            return None
        spread = uniform("retry", self.seed, attempt)
        if error.retry_after is not None:
            wait = max(error.retry_after, 0.0) + self.base * spread
            return min(wait, self.retry_after_cap)
        wait = min(self.cap, self.base * 2.0 ** min(attempt - 1, 60))
        return wait * (0.5 + 0.5 * spread)


async def call_with_retries(
    attempt: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    on_retry: Callable[[int, ModelError, float], None],
    *,
    stopping: asyncio.Event | None = None,
) -> tuple[T, int]:
    """Make a call, again and again where that may help.

    Args:
        attempt: Makes one attempt.
        policy: When to try again.
        on_retry: Told of each failure that is followed by another attempt: attempts made so far,
            the error, and the seconds until the next one.
        stopping: When it is set no further attempt is made, and a wait ends at once.

    Returns:
        The answer, and how many attempts it took.

    Raises:
        ModelError: The last failure, when no further attempt is made.
    """
    made = 0
    while True:
        made += 1
        try:
            return await attempt(), made
        except ModelError as error:
            wait = policy.delay(made, error)
            if wait is None or (stopping is not None and stopping.is_set()):
                raise
            on_retry(made, error, wait)
            if await _interrupted(wait, stopping):
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
