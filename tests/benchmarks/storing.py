"""What storing costs a step, and how long its transactions take while 500 results a second come."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks import Row, percentile
from tests.benchmarks.step import Load, served
from tests.benchmarks.step_parts import ours, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

BARE = Load(0.0, 8, 250, 32)
BUSY = Load(0.06, 8, 250, 32)
"""32 slots at 60 ms are 530 results a second at most."""
ROUNDS = 3
CPU_LIMIT = 1.3
LONGEST_MS = 20.0


async def unstored(path: str) -> dict[str, float]:
    """The same step with nothing stored: calls and events get their numbers, and that is all."""
    from opro_tui.store.database import Store

    numbers = itertools.count(10**9)

    async def number(self: Store, session: int, *_: Any, **__: Any) -> int:
        return next(numbers)

    async def told(self: Store, session: int, events: Any) -> list[Any]:
        return [replace(event, seq=next(numbers), at=1) for event in events]

    async def finished(
        self: Store, session: int, event: Any, answer: Any, then: Any = ()
    ) -> list[Any]:
        return await told(self, session, [event, *then])

    Store.begin_call = Store.begin_shared_call = number  # type: ignore[assignment, method-assign]
    Store.append, Store.finish_call = told, finished  # type: ignore[assignment, method-assign]
    return await ours(path)


async def timed(path: str, level: str) -> dict[str, float]:
    """A step whose transactions are timed, at a level of `synchronous`."""
    from opro_tui.store import threads

    took: list[float] = []
    jobs: list[int] = []
    connect, transaction = threads.connect, threads.Writer._transaction

    def connected(path: Path, *, readonly: bool) -> Any:
        db = connect(path, readonly=readonly)
        if not readonly:
            db.execute(f"PRAGMA synchronous = {level}")
        return db

    def measured(self: threads.Writer, db: Any, batch: list[Any]) -> list[Any]:
        began = time.perf_counter()
        results = transaction(self, db, batch)
        took.append(1000 * (time.perf_counter() - began))
        jobs.append(len(results))
        return results

    threads.connect = connected
    threads.Writer._transaction = measured  # type: ignore[method-assign]
    found = await ours(path)
    return {
        "rate": found["calls"] / found["wall"],
        "median": median(took),
        "p95": percentile(took, 0.95),
        "worst": max(took),
        "jobs": sum(jobs) / len(jobs),
    }


def measured(call: str) -> dict[str, float]:
    """What a function of this module found in a process of its own."""
    code = f"import asyncio, json; from tests.benchmarks import storing as it; found = {call};"
    code += "print(json.dumps(asyncio.run(found)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def rows() -> Iterator[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder, served(BARE) as url:
        path = prepare(Path(folder), url, BARE.solutions, BARE.train, BARE.slots)
        cpu: dict[str, list[float]] = {"ours": [], "unstored": []}
        for _ in range(ROUNDS):
            for kind, found in cpu.items():
                run = measured(f"it.{kind}({str(path)!r})")
                found.append(1000 * run["cpu"] / run["calls"])
        name = "CPU a call of 8 × 250 without latency, against nothing stored"
        yield Row(name, median(cpu["ours"]), median(cpu["unstored"]), limit=CPU_LIMIT)
    with tempfile.TemporaryDirectory() as folder, served(BUSY) as url:
        path = prepare(Path(folder), url, BUSY.solutions, BUSY.train, BUSY.slots)
        runs = {
            level: [measured(f"it.timed({str(path)!r}, {level!r})") for _ in range(ROUNDS)]
            for level in ("FULL", "NORMAL")
        }
    full, normal = (
        {name: median(run[name] for run in runs[level]) for name in runs[level][0]}
        for level in ("FULL", "NORMAL")
    )
    yield Row("results a second, FULL against NORMAL", full["rate"], normal["rate"], unit="/s")
    yield Row("jobs in a transaction", full["jobs"], normal["jobs"], unit="")
    yield Row("a transaction, median", full["median"], normal["median"])
    yield Row("a transaction, p95", full["p95"], limit=LONGEST_MS)
    yield Row("a transaction, worst", full["worst"], normal["worst"])
