"""The gate of an endpoint, against limiters as endpoints have them, in no time."""

from __future__ import annotations

import asyncio
import random

import pytest

from opro_tui.core.errors import ModelError
from opro_tui.core.protocols import Account
from opro_tui.models.allowances import Allowance, allowances
from opro_tui.models.gate import Gate, gate_of
from opro_tui.models.retry import RetryPolicy, call_with_retries
from tests.support.clockwork import run
from tests.support.limits import AtOnce, Fixed, Sliding, TokenBucket, retry_after


class Never:
    """An endpoint that takes nothing; or, once `wait` is None, everything."""

    def __init__(self, wait):
        self.wait = wait

    def take(self, now):
        return self.wait


class Endpoint:
    """An endpoint with a limiter, and calls to it."""

    def __init__(self, limiter, *, how=None, latency=0.05, account=None):
        self.limiter, self.how, self.latency = limiter, how, latency
        self.gate = Gate(account or Account("here"), asyncio.get_running_loop())
        self.random = random.Random(1)
        self.refused = self.most = self.out = self.said = 0
        self.answered = []
        self.headers = dict

    async def attempt(self, turn):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.01 * self.random.random())
        wait = self.limiter.take(loop.time())
        self.out += 1
        self.most = max(self.most, self.out)
        await asyncio.sleep(self.latency if wait is None else 0.002)
        self.out -= 1
        self.gate.told(turn.model, self.headers())
        if wait is not None:
            self.refused += 1
            after = retry_after(wait, self.how)
            raise ModelError("no", kind="rate_limit", retryable=True, retry_after=after)
        getattr(self.limiter, "done", lambda: None)()
        turn.accepted(100)

    async def call(self, number, stopping=None):
        turn = self.gate.turn("m", 50)
        try:
            if not await turn.wait(stopping):
                return False
            policy = RetryPolicy(seed=number)
            await call_with_retries(
                lambda: self.attempt(turn), policy, lambda *_: None, stopping=stopping, turn=turn
            )
            self.answered.append(number)
            return True
        finally:
            turn.leave()

    async def step(self, count, workers):
        """Calls by so many workers; returns the seconds that it took."""
        loop = asyncio.get_running_loop()
        queue, began = iter(range(count)), loop.time()

        async def work():
            for number in queue:
                await self.call(number)

        await asyncio.gather(*[work() for _ in range(workers)])
        assert sorted(self.answered) == list(range(count))
        return loop.time() - began


@pytest.mark.parametrize("how", [None, "exact", "whole"])
@pytest.mark.parametrize(
    "limiter", [lambda: Sliding(60), lambda: Fixed(60), lambda: TokenBucket(60, 60)]
)
def test_a_limit_by_the_second_is_used_to_nine_tenths_with_few_refusals(limiter, how):
    async def measure():
        endpoint = Endpoint(limiter(), how=how)
        return 800 / await endpoint.step(800, 32), endpoint.refused

    rate, refused = run(measure())
    assert rate >= 0.9 * 60
    assert refused <= 50


def test_a_limit_by_the_minute_is_found_out():
    async def measure():
        endpoint = Endpoint(Sliding(20, 60.0))
        return await endpoint.step(100, 32), endpoint.refused

    seconds, refused = run(measure())
    assert seconds < 4 * 60 / 0.75
    assert refused <= 60


def test_a_limit_on_what_is_under_way_is_found_out():
    async def measure():
        endpoint = Endpoint(AtOnce(8), latency=1.0)
        return await endpoint.step(200, 32), endpoint.refused

    seconds, refused = run(measure())
    assert seconds <= 1.15 * 200 / 8
    assert refused <= 40


class Chance:
    """An endpoint that refuses as the dice fall, however little is sent."""

    def __init__(self, share):
        self.share, self.random = share, random.Random(1)

    def take(self, now):
        return 0.1 if self.random.random() < self.share else None


@pytest.mark.parametrize(("latency", "most"), [(0.05, 60), (1.0, 300)])
def test_refusals_that_no_limit_explains_do_not_slow_down_for_good(latency, most):
    async def measure():
        endpoint = Endpoint(Chance(0.2), latency=latency)
        seconds = await endpoint.step(800, 16)
        # A limit that comes later is still found.
        endpoint.limiter, endpoint.refused = Sliding(20), 0
        endpoint.answered.clear()
        return seconds, await endpoint.step(400, 16), endpoint.refused

    seconds, later, refused = run(measure())
    assert seconds <= most
    assert later <= 400 / (0.6 * min(20, 16 / latency))
    assert refused <= 120


def test_without_a_limit_nothing_waits():
    async def measure():
        endpoint = Endpoint(TokenBucket(1e9, 1e9))
        seconds = await endpoint.step(640, 32)
        assert endpoint.gate.held_back() is None
        return seconds

    assert run(measure()) < 640 / 32 * 0.06 * 1.05


def test_a_refusal_holds_all_back_and_an_absurd_wait_is_capped_and_said():
    async def measure():
        endpoint = Endpoint(Never(3600.0), how="exact")
        loop = asyncio.get_running_loop()
        began = loop.time()
        calls = [asyncio.create_task(endpoint.call(number)) for number in range(8)]
        await asyncio.sleep(1)
        held = endpoint.gate.held_back()
        assert 100 < held.next_in <= 120
        assert held.asked == 3600
        assert endpoint.refused == 8
        late = asyncio.create_task(endpoint.call(8))
        await asyncio.sleep(100)
        assert endpoint.refused == 8
        endpoint.limiter.wait = None
        await asyncio.gather(*calls, late)
        assert endpoint.refused == 8
        return loop.time() - began

    assert run(measure()) < 122


def test_an_endpoint_that_refuses_everything_is_given_up_and_not_bothered():
    async def measure():
        endpoint = Endpoint(Never(1.0))
        calls = [asyncio.create_task(endpoint.call(number)) for number in range(32)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(each, ModelError) for each in results)
        return endpoint.refused

    assert run(measure()) <= 32 + RetryPolicy().refusals


def test_stopping_ends_every_wait_at_once():
    async def measure():
        endpoint = Endpoint(Sliding(1, 3600.0), how="exact")
        stopping = asyncio.Event()
        calls = [asyncio.create_task(endpoint.call(n, stopping)) for n in range(5)]
        await asyncio.sleep(5)
        began = asyncio.get_running_loop().time()
        stopping.set()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert results.count(True) == 1
        assert asyncio.get_running_loop().time() == began
        assert not endpoint.gate._out
        assert not endpoint.gate._waiting

    run(measure())


def test_a_cancelled_call_leaves_its_place():
    async def measure():
        endpoint = Endpoint(Sliding(100), account=Account("here", concurrency=1))
        first = asyncio.create_task(endpoint.call(0))
        second = asyncio.create_task(endpoint.call(1))
        third = asyncio.create_task(endpoint.call(2))
        await asyncio.sleep(0.001)
        first.cancel()
        second.cancel()
        assert await third
        assert endpoint.most == 1

    run(measure())


def test_configured_limits_are_kept_to_and_never_run_into():
    async def measure(**limits):
        endpoint = Endpoint(Sliding(11), account=Account("here", **limits))
        return await endpoint.step(50, 32), endpoint

    seconds, endpoint = run(measure(requests_per_minute=600))
    assert 4.5 <= seconds <= 5.5
    assert endpoint.refused == 0
    # Calls have 100 tokens: 20 a second are 2,000 tokens.
    seconds, endpoint = run(measure(tokens_per_minute=60_000))
    assert 3.5 <= seconds <= 5.5
    seconds, endpoint = run(measure(concurrency=3))
    assert endpoint.most == 3


def test_limits_that_headers_tell_are_never_run_into():
    async def measure():
        loop = asyncio.get_running_loop()
        bucket = TokenBucket(60, 60)
        endpoint = Endpoint(bucket)

        def headers():
            level = min(60.0, bucket.level + (loop.time() - bucket.at) * 60)
            return {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": f"{int(level)}",
                "x-ratelimit-reset-requests": f"{round((60 - level) / 60 * 1000)}ms",
            }

        endpoint.headers = headers
        return 800 / await endpoint.step(800, 32), endpoint.refused

    rate, refused = run(measure())
    assert rate >= 54
    assert refused <= 10


def test_headers_are_read_and_nonsense_is_left_out():
    openai = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1m0.5s",
    }
    assert allowances(openai) == (
        Allowance("requests", 500, 499, 0.12),
        Allowance("tokens", 30000, 0, 60.5),
    )
    anthropic = {
        "date": "Wed, 25 Nov 2026 12:00:00 GMT",
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-11-25T12:01:00Z",
    }
    (found,) = allowances(anthropic)
    assert (found.what, found.reset, found.rate) == ("requests", 60.0, 50 / 60)
    for limit, left in (
        ("-1", "0"),
        ("x", "1"),
        ("5", "9"),
        ("nan", "1"),
        ("inf", "1"),
        ("0", "0"),
    ):
        broken = {"x-ratelimit-limit-requests": limit, "x-ratelimit-remaining-requests": left}
        assert allowances(broken) == ()


async def test_models_of_one_account_share_a_gate():
    assert gate_of(Account("a")) is gate_of(Account("a"))
    assert gate_of(Account("a")) is not gate_of(Account("b"))
    assert gate_of(None) is None


def test_a_date_beyond_all_calendars_is_left_out() -> None:
    headers = {
        "date": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z",
    }
    assert [each.limit for each in allowances(headers)] == [50]
