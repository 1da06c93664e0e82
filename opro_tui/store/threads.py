"""Two connections in two threads: one writes in shared transactions, the other reads."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from opro_tui.core.errors import StoreError
from opro_tui.store.connection import EXPLAINED, check_still_ours, connect, explain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
_Done = tuple["Job", Any, Exception | None]

HELD_SECONDS = 60.0
"""How long a store that is closed waits for another program's lock, to store what was paid for."""


class Job(NamedTuple):
    """Something to be done in a transaction.

    Attributes:
        work: It; may run twice.
        future: Where its result goes.
        loop: Whose future that is.
        paid: Whether it stores what was paid for, and waits for another program's lock to go.
    """

    work: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    paid: bool


LONGEST_SECONDS = 0.01
"""How long the jobs of one transaction may take together: with its commit it stays below 20 ms."""
_SHORTEST_SECONDS = 0.0001
TURN_SECONDS = 0.0001
"""How long the other threads may keep this one waiting for its turn at the interpreter: at
Python's 5 ms a call waits longer for its row than for the disk (tests/benchmarks/step.py)."""


class Writer:
    """The thread that owns the writing connection.

    It takes the jobs that are waiting into one transaction, for about as long as a commit takes on
    this disk, so that whoever waits is served soon, and at most for `LONGEST_SECONDS`; what arrives
    while that commits shares the next one. A job is a function of the connection and
    may run twice: when one of a shared transaction fails, all are rolled back and each runs again
    in a transaction of its own, so that only the culprit's caller gets the error. When another
    program keeps the database locked, all get the error but those that store what was paid for,
    which wait.

    Nobody hears of a result before it is on the disk (`synchronous` is FULL, see `connect`).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._closed = False
        self._after: Callable[[], None] = lambda: None
        self._held: list[Job] = []
        self._commit_seconds = 0.0
        self._schema = -1
        self.transactions = 0
        sys.setswitchinterval(min(sys.getswitchinterval(), TURN_SECONDS))
        self._thread = threading.Thread(target=self._run, name="opro-store-writer", daemon=True)
        self._thread.start()

    def run(
        self, work: Callable[[sqlite3.Connection], T], *, paid: bool = False
    ) -> asyncio.Future[T]:
        """Run a job in a transaction, after all that were given before; its result once committed.

        Args:
            work: It.
            paid: Whether it stores what was paid for.

        Raises:
            StoreError: The store was closed.
        """
        if self._closed:
            raise StoreError("the store was closed", where=str(self._path))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(Job(work, future, loop, paid))
        return future

    def stop(self, after: Callable[[], None] = lambda: None) -> None:
        """Take no more jobs.

        Args:
            after: Waits until the other connection is closed. Of two that close at once, each may
                find the other there, and neither would write the log back.
        """
        if not self._closed:
            self._closed = True
            self._after = after
            self._jobs.put(None)

    def join(self) -> None:
        """Wait until what was queued is committed and the connection is closed."""
        self._thread.join()

    def _run(self) -> None:
        db: sqlite3.Connection | None = None
        until: float | None = None
        while until is None or self._held:
            batch, last = ([], True) if until is not None else self._take()
            if last and until is None:
                until = time.monotonic() + HELD_SECONDS
            held, self._held = self._held, []
            if batch := [*held, *batch]:
                try:
                    db = db or connect(self._path, readonly=False)
                except sqlite3.Error as error:
                    _deliver([(job, None, explain(error, self._path)) for job in batch])
                else:
                    waits = until is None or time.monotonic() < until
                    while batch:
                        before = len(self._held)
                        done = self._together(db, batch, waits=waits)
                        batch = batch[len(done) + len(self._held) - before :]
                        _deliver(done)
        self._after()
        if db is not None:
            db.close()

    def _take(self) -> tuple[list[Job], bool]:
        """Wait for a job, then take all that are there; True when the last one was among them.

        While some are held back, what is there is taken at once.
        """
        batch: list[Job] = []
        try:
            item = self._jobs.get(block=not self._held)
        except Empty:
            return batch, False
        while item is not None:
            batch.append(item)
            try:
                item = self._jobs.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _together(self, db: sqlite3.Connection, batch: list[Job], *, waits: bool) -> list[_Done]:
        """Run the first of some jobs in one transaction; what became of each that isn't held."""
        try:
            results = self._transaction(db, batch)
        except Exception as error:  # noqa: BLE001 - every error belongs to one of the callers
            if _is_busy(error):
                self._held += [job for job in batch if job.paid and waits]
                told = explain(error, self._path)
                return [(job, None, told) for job in batch if not (job.paid and waits)]
            if len(batch) > 1:
                return [done for job in batch for done in self._together(db, [job], waits=waits)]
            known = explain(error, self._path) if isinstance(error, EXPLAINED) else error
            return [(batch[0], None, known)]
        return [(job, result, None) for job, result in zip(batch, results, strict=False)]

    def _transaction(self, db: sqlite3.Connection, batch: list[Job]) -> list[Any]:
        results: list[Any] = []
        db.execute("BEGIN IMMEDIATE")
        usual = max(_SHORTEST_SECONDS, self._commit_seconds)
        end = time.monotonic() + min(LONGEST_SECONDS, usual)
        try:
            schema = db.execute("PRAGMA schema_version").fetchone()[0]
            if schema != self._schema:
                check_still_ours(db, self._path)
                self._schema = schema
            for job in batch:
                results.append(job.work(db))
                if time.monotonic() > end:
                    break
            began = time.monotonic()
            db.execute("COMMIT")
            # The least of the last ones: what it takes beyond that, it waits for its turn.
            took = time.monotonic() - began
            self._commit_seconds = min(took, 1.1 * self._commit_seconds) or took
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self.transactions += 1
        return results


def _is_busy(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def _deliver(done: list[_Done]) -> None:
    """Wake the callers, each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[_Done]] = {}
    for item in done:
        loops.setdefault(item[0].loop, []).append(item)
    for loop, items in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve, items)
        except RuntimeError:  # that loop is closed: nobody waits any more
            continue


def _resolve(items: list[_Done]) -> None:
    for job, result, error in items:
        future = job.future
        if future.done():  # its caller was cancelled
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


class Reader:
    """The thread that owns the reading connection."""

    def __init__(self, path: Path, *, readonly: bool) -> None:
        self._path = path
        self._readonly = readonly
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="opro-store-reader")
        self._db: sqlite3.Connection | None = None
        self._closed = False

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job on one snapshot of the database and return its result."""
        if self._closed:
            raise StoreError("the store was closed", where=str(self._path))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._snapshot, job)

    def _snapshot(self, job: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._db is None:
                self._db = connect(self._path, readonly=self._readonly)
                self._db.execute("PRAGMA query_only = ON")
            self._db.execute("BEGIN")
            try:
                return job(self._db)
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        except EXPLAINED as error:
            raise explain(error, self._path) from error

    def stop(self) -> None:
        """Take no more jobs."""
        if not self._closed:
            self._closed = True
            self._pool.submit(self._close)

    def join(self) -> None:
        """Wait until what was asked for is read and the connection is closed."""
        self._pool.shutdown(wait=True)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
