"""What endpoints say of their limits in a response's headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPENAI = ("requests", "tokens")
_ANTHROPIC = ("requests", "tokens", "input-tokens", "output-tokens")
_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MINUTE = 60.0
_MOST = 1e12


@dataclass(frozen=True, slots=True)
class Allowance:
    """One limit of an endpoint, as a response told it.

    Attributes:
        what: requests, tokens, input-tokens or output-tokens.
        limit: How many of them there are when none is used.
        remaining: How many are left.
        reset: Seconds until all are there again.
    """

    what: str
    limit: float
    remaining: float
    reset: float

    @property
    def rate(self) -> float:
        """How many come back in a second."""
        used = self.limit - self.remaining
        if used > 0 and self.reset > 0:
            return used / self.reset
        return self.limit / _MINUTE


def allowances(headers: Mapping[str, str]) -> tuple[Allowance, ...]:
    """Read OpenAI's `x-ratelimit-*` and Anthropic's `anthropic-ratelimit-*`; nonsense is left out.

    Args:
        headers: Of a response, found in any case.
    """
    found = []
    for what in _OPENAI:
        names = (f"x-ratelimit-{part}-{what}" for part in ("limit", "remaining", "reset"))
        found.append(_allowance(what, *(headers.get(name) for name in names)))
    at: datetime | None = None
    for what in _ANTHROPIC:
        names = (f"anthropic-ratelimit-{what}-{part}" for part in ("limit", "remaining", "reset"))
        limit, remaining, reset = (headers.get(name) for name in names)
        if limit is None or remaining is None:
            continue
        at = at or _now(headers)
        found.append(_allowance(what, limit, remaining, _until(reset, at)))
    return tuple(each for each in found if each is not None)


def _allowance(
    what: str, limit: str | None, remaining: str | None, reset: str | None
) -> Allowance | None:
    if limit is None or remaining is None:
        return None
    try:
        most, left = float(limit), float(remaining)
    except ValueError:
        return None
    if not 0 < most < _MOST or not 0 <= left <= most:
        return None
    return Allowance(what, most, left, _seconds(reset) or 0.0)


def _seconds(text: str | None) -> float | None:
    """A duration such as `1s`, `6m0s`, `120ms` or a bare number of seconds."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        parts = _PARTS.findall(text)
        if "".join(f"{number}{unit}" for number, unit in parts) != text.strip():
            return None
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return seconds if isfinite(seconds) and seconds >= 0 else None


def _now(headers: Mapping[str, str]) -> datetime:
    """The endpoint's own time, so that a clock that is wrong here does no harm."""
    try:
        return parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return datetime.now(UTC)


def _until(text: str | None, now: datetime) -> str | None:
    """Seconds until a moment written as RFC 3339, as a text."""
    try:
        moment = datetime.fromisoformat(text or "")
        return str(max((moment - now).total_seconds(), 0.0))
    except (ValueError, TypeError, OverflowError):
        return None
