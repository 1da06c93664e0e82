"""A call's usage in its columns, and the sums of many calls' columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.usage import Usage
from opro_tui.store.rows import counts_of
from opro_tui.store.texts import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.events import Outcome

Tokens = tuple[int | None, int, int | None, int, int | None, int | None, int | None]
"""A call's columns: input, cached, output, reasoning, cost, written to the cache, saved by it."""


def usage_of(
    outcome: Outcome,
    tokens: Tokens,
    counted: str | bytes | None,
) -> Usage:
    """A call's usage from its columns."""
    calls, from_store, failed, unknown = load(counted) if counted else counts_of(outcome)
    input_tokens, cached, output_tokens, reasoning, cost, to_cache, saved = tokens
    found = Usage(
        calls, from_store, failed, unknown, input_tokens, cached, output_tokens, reasoning, cost
    )
    if not cached and not to_cache:
        return found
    return replace(found, cache_write_tokens=to_cache or 0, cache_saved_pico=saved)


UNKNOWN = "CASE WHEN counted IS NULL THEN outcome = 2 ELSE json_extract(counted, '$[3]') END"
"""How often a call may have been billed unheard: one that was answered in the end, too."""
SUMS = (
    f"sum(outcome = 0), sum(outcome = 1), sum({UNKNOWN}),"
    " sum(input_tokens), sum(cached_tokens), sum(output_tokens), sum(reasoning_tokens),"
    " sum(cost_pico), sum(input_tokens IS NULL), sum(output_tokens IS NULL),"
    " sum(cost_pico IS NULL), sum(cache_write_tokens), sum(cache_saved_pico),"
    " sum(cache_saved_pico IS NULL"
    " AND coalesce(cached_tokens, 0) + coalesce(cache_write_tokens, 0) > 0)"
)


def summed(row: Sequence[Any]) -> Usage:
    """The usage of some calls from the columns of SUMS."""
    return Usage(
        calls=row[0] or 0,
        failed=row[1] or 0,
        unknown=row[2] or 0,
        input_tokens=None if row[8] else row[3] or 0,
        cached_tokens=row[4] or 0,
        output_tokens=None if row[9] else row[5] or 0,
        reasoning_tokens=row[6] or 0,
        cost_pico=None if row[10] else row[7] or 0,
        cache_write_tokens=row[11] or 0,
        cache_saved_pico=None if row[13] else row[12] or 0,
    )
