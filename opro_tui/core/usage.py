"""Tokens and dollars that add up, where unknown is unknown and never 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ROLES = ("optimizer", "scorer", "judge")
PICO = 10**12
"""Picodollars in a dollar: costs are whole picodollars, so that their sum depends on no order."""


def to_picodollars(usd: float | None) -> int | None:
    """Dollars as whole picodollars; None stays None."""
    return None if usd is None else round(usd * PICO)


def add_known(a: int | None, b: int | None) -> int | None:
    """Add two token counts; unknown (None) plus anything is unknown."""
    return None if a is None or b is None else a + b


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What one response says it used, in tokens.

    Attributes:
        input_tokens: Everything read, cached tokens included; None when the endpoint did not say.
        cached_tokens: The part of the input that was read from the provider's cache.
        cache_write_tokens: The part of the input that was written to the provider's cache.
        output_tokens: Everything written, reasoning included; None when the endpoint did not say.
        reasoning_tokens: The part of the output that was reasoning.
    """

    input_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int | None = None
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls, tokens and dollars of one role, as `cli.md`'s USAGE.

    Attributes:
        calls: Answered requests.
        from_store: Evaluations answered from the store, at no cost.
        failed: Requests that ended in an error after all retries.
        unknown: Requests that may be billed though nobody heard the answer: killed, timed out, or
            lost with a connection.
        input_tokens: Tokens read, cached included; None when any call's count is unknown.
        cached_tokens: Tokens of the input read from the provider's cache.
        output_tokens: Tokens written, reasoning included; None when any call's count is unknown.
        reasoning_tokens: Tokens of the output that were reasoning.
        cost_pico: Picodollars; None when any call's price is unknown.
        cache_write_tokens: Tokens of the input written to the provider's cache.
        cache_saved_pico: Picodollars that the provider's cache saved against the plain price;
            below 0 where writing to it cost more; None when that is unknown of any call.
    """

    calls: int = 0
    from_store: int = 0
    failed: int = 0
    unknown: int = 0
    input_tokens: int | None = 0
    cached_tokens: int = 0
    output_tokens: int | None = 0
    reasoning_tokens: int = 0
    cost_pico: int | None = 0
    cache_write_tokens: int = 0
    cache_saved_pico: int | None = 0

    @property
    def cost_usd(self) -> float | None:
        """Dollars; None when any call's price is unknown."""
        return None if self.cost_pico is None else self.cost_pico / PICO

    @property
    def cache_saved_usd(self) -> float | None:
        """Dollars that the provider's cache saved; None when that is unknown of any call."""
        return None if self.cache_saved_pico is None else self.cache_saved_pico / PICO

    @property
    def used_cache(self) -> bool:
        """Whether anything was read from the provider's cache or written to it."""
        return bool(self.cached_tokens or self.cache_write_tokens)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            from_store=self.from_store + other.from_store,
            failed=self.failed + other.failed,
            unknown=self.unknown + other.unknown,
            input_tokens=add_known(self.input_tokens, other.input_tokens),
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=add_known(self.output_tokens, other.output_tokens),
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost_pico=add_known(self.cost_pico, other.cost_pico),
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cache_saved_pico=add_known(self.cache_saved_pico, other.cache_saved_pico),
        )

    @classmethod
    def of_call(
        cls, tokens: TokenUsage, cost_pico: int | None, cache_saved_pico: int | None = 0
    ) -> Usage:
        """One answered call."""
        return cls(
            calls=1,
            input_tokens=tokens.input_tokens,
            cached_tokens=tokens.cached_tokens,
            output_tokens=tokens.output_tokens,
            reasoning_tokens=tokens.reasoning_tokens,
            cost_pico=cost_pico,
            cache_write_tokens=tokens.cache_write_tokens,
            cache_saved_pico=cache_saved_pico,
        )

    def to_json(self) -> dict[str, Any]:
        """The USAGE object of `cli.md`."""
        return {
            "calls": self.calls,
            "from_store": self.from_store,
            "failed": self.failed,
            "unknown": self.unknown,
            "input_tokens": self.input_tokens,
            "cached_tokens": self.cached_tokens,
            "output_tokens": self.output_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "cost_usd": self.cost_usd,
            "cache_write_tokens": self.cache_write_tokens,
            "cache_saved_usd": self.cache_saved_usd,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Usage:
        """The reverse of `to_json`."""
        fields = dict(data)
        return cls(
            cost_pico=to_picodollars(fields.pop("cost_usd")),
            cache_saved_pico=to_picodollars(fields.pop("cache_saved_usd", 0.0)),
            **fields,
        )


def total(parts: Iterable[Usage]) -> Usage:
    """The sum of any number of usages, in one pass: a session may have thousands."""
    calls = from_store = failed = unknown = cached = reasoning = to_cache = 0
    read: int | None = 0
    written: int | None = 0
    cost: int | None = 0
    saved: int | None = 0
    for part in parts:
        calls += part.calls
        from_store += part.from_store
        failed += part.failed
        unknown += part.unknown
        cached += part.cached_tokens
        reasoning += part.reasoning_tokens
        read = add_known(read, part.input_tokens)
        written = add_known(written, part.output_tokens)
        cost = add_known(cost, part.cost_pico)
        to_cache += part.cache_write_tokens
        saved = add_known(saved, part.cache_saved_pico)
    return Usage(
        calls, from_store, failed, unknown, read, cached, written, reasoning, cost, to_cache, saved
    )
