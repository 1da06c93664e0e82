"""The history screens' hands on the engine: any session of the database, by its name.

The session on the bench is lent out as it is; every other one is opened and closed again.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.money_report import Effort, report
from opro_tui.core.waste import waste
from opro_tui.engine import listing
from opro_tui.engine.ablation import stored, table
from opro_tui.engine.compare import compare
from opro_tui.engine.replay import Replay
from opro_tui.engine.session import Session
from opro_tui.models.prices import prices_date
from opro_tui.store.database import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from opro_tui.config import Config
    from opro_tui.core.money_report import Report
    from opro_tui.core.state import State
    from opro_tui.core.waste import Waste
    from opro_tui.engine.ablation.table import Table
    from opro_tui.engine.compare import Comparison
    from opro_tui.tui.steering import Steering

FINE_EVENTS = 20_000
"""Sessions of at most so many events are replayed with each of them at once."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A replay that was read.

    Attributes:
        replay: It stands at its end.
        stored: How many events the session has.
        fine: Whether the replay has them all.
        edits: Places right after an edit.
        steps: Places right after a step's results.
        bests: Places right after another solution became the best.
    """

    replay: Replay
    stored: int
    fine: bool
    edits: tuple[int, ...]
    steps: tuple[int, ...]
    bests: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """What the costs screen shows.

    Attributes:
        state: The session.
        report: Its costs.
        waste: Its waste meter.
        simulated: Whether a simulated model takes part.
        prices: Of when the price list is.
    """

    state: State
    report: Report
    waste: Waste
    simulated: bool
    prices: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Two sessions beside each other.

    Attributes:
        found: The comparison.
        first: One state.
        second: The other.
        simulated: Whether a simulated model takes part.
        held_out: Examples in each one's test split.
    """

    found: Comparison
    first: State
    second: State
    simulated: bool
    held_out: tuple[int, int]


class Archive:
    """All sessions of a database, for looking back.

    Attributes:
        database: Its file.
        config: Providers and prices.
        bench: The session on the bench; None without one.
    """

    def __init__(self, database: Path, config: Config, bench: Steering | None = None) -> None:
        self.database = database
        self.config = config
        self.bench = bench
        self._read_efforts: dict[int, tuple[int, dict[tuple[int, str], Effort]]] = {}

    def on_bench(self, name: str) -> bool:
        """Whether a session is the one on the bench."""
        return self.bench is not None and self.bench.opened and self.bench.name == name

    @asynccontextmanager
    async def store(self, *, write: bool = False) -> AsyncIterator[Store]:
        """The database, for as long as it is needed; who only looks changes nothing of the file."""
        store = await Store.open(self.database, readonly=not write, copying=not write)
        try:
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def session(self, name: str, *, write: bool = False) -> AsyncIterator[Session]:
        """A session, the one of the bench or one opened for the purpose.

        Raises:
            BadInput: There is none of that name.
            SessionBusy: Another process writes it, and it is wanted for writing.
        """
        if self.bench is not None and self.on_bench(name):
            yield self.bench.session
            return
        async with self.store(write=write) as store:
            session = await Session.open(store, name, self.config, readonly=not write)
            try:
                yield session
            finally:
                await session.close()

    async def others(self, name: str) -> list[tuple[str, str]]:
        """Every other session with a line about it: relatives first, then the last used."""
        async with self.store() as store:
            own = await store.session(name)
            records = [record for record in await store.sessions() if record.id != own.id]
        near, far = [], []
        for record in records:
            about = record.settings.task
            if record.parent == own.id:
                near.append((record.name, f"{about}, a fork of this one"))
            elif record.id == own.parent:
                near.append((record.name, f"{about}, this one's parent"))
            elif own.parent is not None and record.parent == own.parent:
                near.append((record.name, f"{about}, another fork of the same"))
            else:
                far.append((record.name, about))
        return near + far

    async def free_name(self, base: str) -> str:
        """The base, or the first of base-2, base-3 … that is free."""
        async with self.store() as store:
            return await store.free_name(base)

    async def fork(self, name: str, step: int, new: str) -> None:
        """Make a session that shares another's past up to a step.

        Raises:
            BadInput: The step isn't finished, or the name is taken.
        """
        async with self.store(write=True) as store:
            await listing.fork(store, name, step, new, self.config)

    async def replay(self, name: str, *, fine: bool | None = None) -> Opened:
        """Read a session's history and play it to its end, off the event loop.

        Args:
            name: The session's name.
            fine: With every evaluation and call; None: only when they are few.

        Raises:
            BadInput: There is no session of that name.
        """
        async with self.store() as store:
            record = await store.session(name)
            stored = await store.last_seq(record.id)
            wanted = stored <= FINE_EVENTS if fine is None else fine
            replay = await Replay.open(store, name, fine=wanted)
        return await asyncio.to_thread(_played, replay, stored, wanted)

    async def costs(self, name: str) -> Costs:
        """What a session cost.

        Raises:
            BadInput: There is no session of that name.
        """
        async with self.session(name) as session, self.store() as store:
            state, simulated = session.state, session.record.simulated
            efforts = await self._efforts(store, session.record.id, state.last_seq)

        def work() -> Costs:
            return Costs(state, report(state, efforts), waste(state), simulated, prices_date())

        return await asyncio.to_thread(work)

    async def _efforts(
        self, store: Store, session: int, upto: int
    ) -> dict[tuple[int, str], Effort]:
        """What calls took; what was read before is not read again while a session goes on."""
        read, known = self._read_efforts.get(session, (0, {}))
        found = dict(known)
        for key, effort in (await store.efforts(session, read, upto)).items():
            found[key] = found.get(key, Effort()) + effort
        self._read_efforts[session] = (upto, found)
        return found

    async def ablation(self, name: str) -> Table:
        """An ablation's table and curves, read off the event loop.

        Raises:
            BadInput: There is none of that name.
        """

        async def work() -> Table:
            async with self.store() as store:
                return await table.read(store, await stored.entries(store, name), self.config)

        return await asyncio.to_thread(asyncio.run, work())

    async def ablation_seen(self, name: str) -> tuple[int, ...]:
        """What changes when a session of an ablation goes on."""
        async with self.store() as store:
            found = (await stored.ablations(store)).get(name, ())
            return tuple([await store.last_seq(entry.record.id) for entry in found])

    async def compare(self, first: str, second: str) -> Compared:
        """Compare two sessions by what is stored.

        Raises:
            BadInput: One of them is not there, or has no scored solution.
        """
        async with (
            self.session(first) as one,
            self.session(second) as other,
            self.store() as store,
        ):
            found = await compare(store, one, other)
            return Compared(
                found,
                one.state,
                other.state,
                one.record.simulated or other.record.simulated,
                (_test_size(one), _test_size(other)),
            )


def _test_size(session: Session) -> int:
    return sum(example.split == "test" for example in session.task.examples)


def _played(replay: Replay, stored: int, fine: bool) -> Opened:
    replay.seek(len(replay.events))
    return Opened(
        replay,
        stored,
        fine,
        tuple(replay.edits()),
        tuple(replay.steps()),
        tuple(replay.new_bests()),
    )
