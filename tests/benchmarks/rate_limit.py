"""A scoring step of 8 × 100 on an endpoint that takes 60 requests a second and refuses the rest."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui.store.database import Store
from tests.benchmarks import Row
from tests.support.limits import Fixed, Limiter, Sliding, TokenBucket, limited
from tests.support.loopback import LoopbackServer
from tests.support.sessions import make, opened, own_data, run, write_examples

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 60
SOLUTIONS = 8
TRAIN = 100
LATENCY = 0.05
SLOTS = 32
MESSAGES = "/v1/messages"
KINDS: tuple[tuple[str, Limiter, str | None], ...] = (
    ("in any second", Sliding(LIMIT), None),
    ("in any second, Retry-After", Sliding(LIMIT), "whole"),
    ("by the clock's seconds", Fixed(LIMIT), None),
    ("as a bucket, Retry-After", TokenBucket(LIMIT, LIMIT), "whole"),
)


async def measure(folder: Path, limiter: Limiter, how: str | None) -> tuple[float, int, int]:
    """Seconds from the first request to the last answer; answers, and refusals."""
    write_examples(folder / "sums.jsonl", TRAIN + 10)
    with LoopbackServer(fault=limited(limiter, how), latency=LATENCY) as server:
        values = own_data(folder, server.url, train=TRAIN, test=0, candidates=1, concurrency=SLOTS)
        store = await Store.open(folder / "sessions.db")
        await make(store, values, initial=tuple(f"Way {n}." for n in range(SOLUTIONS)))
        await store.close()
        async with opened(folder / "sessions.db") as session:
            await run(session, 1)
            scores = [each.score for each in session.state.candidates.values()]
        answered = Counter(record.messages for record in server.records())
        # The step after it draws one more solution and scores that.
        assert len(answered) == (SOLUTIONS + 1) * TRAIN + 1, "an answer is lost"
        assert set(answered.values()) == {1}, "an answer was bought twice"
        assert all(score is not None and score.n == TRAIN for score in scores)
        scored = sorted(record.ended or 0.0 for record in server.records(MESSAGES))
        last = scored[SOLUTIONS * TRAIN - 1]
        refused = [r for r in server.records(MESSAGES, status=429) if r.started < last]
        return last - server.ledger[0].started, SOLUTIONS * TRAIN, len(refused)


def rows() -> Iterator[Row]:
    """Measure."""
    for name, limiter, how in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            seconds, answers, refused = asyncio.run(measure(Path(folder), limiter, how))
        yield Row(f"60 {name}", seconds, answers / LIMIT, unit="s", limit=1 / 0.9)
        yield Row(f"60 {name}, refused", 100 * refused / answers, unit="%", limit=8.0)
