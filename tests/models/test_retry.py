from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.errors import ModelError
from opro_tui.models.retry import Patience, RetryPolicy, call_with_retries

FAST = RetryPolicy(base=0.001)


def failed(**options: object) -> ModelError:
    return ModelError("no", retryable=True, **options)  # type: ignore[arg-type]


@given(st.integers(1, 200), st.floats(0, 1e12) | st.none(), st.integers())
def test_waits_are_bounded_and_repeatable(attempt: int, after: float | None, seed: int) -> None:
    policy = RetryPolicy(attempts=1000, seed=seed)
    error = failed(retry_after=after)
    wait = policy.delay(attempt, error)
    assert wait is not None
    assert wait == policy.delay(attempt, error)
    if after is None:
        assert policy.base / 2 <= wait <= policy.cap
    else:
        assert min(after, policy.retry_after_cap) <= wait <= policy.retry_after_cap


def test_waits_grow_and_differ_between_calls() -> None:
    waits = [RetryPolicy(seed=7).delay(attempt, failed()) for attempt in (1, 3, 5)]
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    assert len({RetryPolicy(seed=seed).delay(1, failed()) for seed in range(50)}) == 50


@pytest.mark.parametrize(
    "error",
    [ModelError("x"), ModelError("x", retryable=True, fatal=True), ModelError("x", fatal=True)],
)
def test_what_cannot_heal_is_not_tried_again(error: ModelError) -> None:
    assert RetryPolicy().delay(1, error) is None


def test_attempts_end() -> None:
    policy = RetryPolicy(attempts=3)
    assert [policy.delay(n, failed()) is None for n in (1, 2, 3, 4)] == [False, False, True, True]


def test_an_answer_that_is_none_is_asked_for_once_more_only() -> None:
    waits = [RetryPolicy().delay(made, failed(kind="unusable")) is None for made in (1, 2, 3)]
    assert waits == [False, True, True]


async def test_success_after_failures_is_told_of() -> None:
    seen: list[tuple[int, str]] = []
    outcomes = iter([failed(kind="server"), failed(kind="timeout"), None])

    async def attempt() -> str:
        if error := next(outcomes):
            raise error
        return "ok"

    result = await call_with_retries(
        attempt, FAST, lambda made, error, wait: seen.append((made, error.kind))
    )
    assert result == ("ok", 3)
    assert seen == [(1, "server"), (2, "timeout")]


async def test_the_last_error_goes_up_after_all_attempts() -> None:
    made: list[int] = []

    async def attempt() -> None:
        made.append(1)
        raise failed(kind=f"kind {len(made)}")

    with pytest.raises(ModelError) as caught:
        await call_with_retries(attempt, RetryPolicy(attempts=4, base=0.0), lambda *_: None)
    assert caught.value.kind == "kind 4"
    assert len(made) == 4


async def test_a_fatal_error_goes_straight_up() -> None:
    async def attempt() -> None:
        raise ModelError("bad key", fatal=True)

    with pytest.raises(ModelError, match="bad key"):
        await call_with_retries(attempt, FAST, lambda *_: pytest.fail("retried"))


async def test_waiting_can_be_cancelled() -> None:
    async def attempt() -> None:
        raise failed(retry_after=100)

    waiting = asyncio.Event()
    call = asyncio.create_task(call_with_retries(attempt, RetryPolicy(), lambda *_: waiting.set()))
    await waiting.wait()
    started = time.monotonic()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert time.monotonic() - started < 1


def test_an_endpoint_that_never_answered_is_not_waited_for_long():
    broke = failed(kind="connection")
    patience, policy = Patience(), RetryPolicy(base=0.001)
    first = patience.of(policy, "here", seed=1)
    assert first.delay(3, broke) is not None
    assert first.delay(4, broke) is None
    assert first.delay(5, failed()) is not None
    patience.failed("here", broke)
    assert patience.of(policy, "here", seed=2).delay(1, broke) is None
    assert patience.of(policy, "there", seed=2).delay(1, broke) is not None
    patience.heard("here")
    assert patience.of(policy, "here", seed=3).delay(5, broke) is not None
    patience.failed("here", broke)
    assert patience.of(policy, "here", seed=4).delay(5, broke) is not None
