"""Run sessions through storms of faults, and hold them against the same in calm weather."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opro_tui.core.events import Stopped
from opro_tui.models.retry import RetryPolicy
from opro_tui.store.database import Store
from tests.support.loopback import LoopbackServer, answering
from tests.support.replies import Fault
from tests.support.sessions import make, opened, own_data
from tests.trust import books
from tests.trust.table import heading, table
from tests.trust.weather import Storm, odd_answers

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Iterator, Sequence

    from opro_tui.engine.session import Session

FORMATS = {
    "OpenAI chat": "openai",
    "OpenAI Responses": "openai-responses",
    "Anthropic": "anthropic",
}
CONCURRENCY = 4
MOST_PAUSES = 30
QUICK = RetryPolicy(base=0.02, cap=0.2, retry_after_cap=0.3)
"""The waits of real days, a hundred times shorter."""
TIMEOUT = 1.5
"""Seconds after which an answer counts as lost; ten minutes on real days."""


@dataclass(slots=True)
class Ride:
    """One session's way through a storm.

    Attributes:
        pauses: What was said each time that it stopped, and was asked to go on.
        requests: How many the server got.
        lost: Answers that were made and did not arrive.
        twice: Answers that arrived beyond those that are stored.
        defects: What was wrong.
    """

    pauses: list[str] = field(default_factory=list)
    requests: int = 0
    lost: int = 0
    twice: int = 0
    defects: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Sky:
    """A server under a storm that can be let loose, and a folder for databases."""

    server: LoopbackServer
    storm: Storm
    folder: Path
    small: bool = False

    @property
    def steps(self) -> int:
        """How many steps a session has."""
        return 1 if self.small else 2

    async def new(self, path: Path, provider: str) -> None:
        """Store a session on the server's models."""
        path.parent.mkdir(parents=True, exist_ok=True)
        models = {"optimizer": f"{provider}/optimizer", "scorer": f"{provider}/scorer"}
        size = {"train": 4, "candidates": 3} if self.small else {"train": 6, "candidates": 4}
        several = {"proposals": size["candidates"]} if provider == "anthropic" else {}
        values = own_data(
            self.folder, self.server.url, concurrency=CONCURRENCY, **models, **size, **several
        )
        store = await Store.open(path)
        try:
            await make(store, values)
        finally:
            await store.close()

    @asynccontextmanager
    async def opened(self, path: Path) -> AsyncIterator[Session]:
        """Open it, with waits and time-outs as short as they are here."""
        async with opened(path) as session:
            session.hands.caller.policy = QUICK
            for role in ("optimizer", "scorer"):
                model: Any = await session.hands.pool.prepare(role, session.state.settings)
                model.timeout = TIMEOUT
            yield session

    async def ride(self, path: Path, begun: int | None = None) -> Ride:
        """Run a session's steps, going on as often as it pauses.

        Args:
            path: The database.
            begun: How many requests the server had before the session's first; None for now.
        """
        ride = Ride()
        begun = len(self.server.ledger) if begun is None else begun
        async with self.opened(path) as session:
            while (left := self.steps - session.state.finished_steps) > 0:
                last = None
                async for event in session.run(left):
                    last = event
                if isinstance(last, Stopped):
                    ride.pauses.append(last.message)
                    ride.defects += _pause_faults(session, last)
                    if last.code == "error" or len(ride.pauses) > MOST_PAUSES:
                        ride.defects.append(f"did not get through: {last.message}")
                        break
        self._balance(ride, path, begun)
        return ride

    def _balance(self, ride: Ride, path: Path, begun: int) -> None:
        ledger = self.server.ledger[begun:]
        ride.requests = len(ledger)
        came = [record for record in ledger if record.delivered and record.status == 200]
        ride.lost = sum(not r.delivered and r.status in (0, 200) for r in ledger)
        now = books.read_books(path)
        ride.twice = len(came) - now.answered.total()
        if ride.twice or now.doubled:
            ride.defects.append(
                f"{len(came)} answers arrived, {now.answered.total()} are stored,"
                f" {now.doubled} twice"
            )
        arrived = books.asked(came)
        wrong = {m for m, n in now.answered.items() if m in arrived and arrived[m] != n}
        if wrong:
            ride.defects.append(f"bought more often than stored: {sorted(wrong)[:3]}")
        if now.unheard < ride.lost:
            ride.defects.append(
                f"{ride.lost} answers were lost, {now.unheard} count as maybe billed"
            )
        if now.sound or now.open or now.unknown:
            ride.defects.append(f"{now.sound} {now.open} open, {now.unknown} unknown")


def _pause_faults(session: Session, stopped: Stopped) -> list[str]:
    found = []
    if "\n" in stopped.message or "missing" not in stopped.message:
        found.append(f"a pause that doesn't say what is missing: {stopped.message!r}")
    if session.status != "incomplete":
        found.append(f"paused as {session.status}")
    return found


@contextmanager
def sky(seed: int, *, small: bool = False) -> Iterator[Sky]:
    """A server with a storm that doesn't blow yet, in which the endpoint once is gone.

    Args:
        seed: Fixes what happens.
        small: Sessions of one step with few calls, and an endpoint that is gone for less long.
    """
    storm = Storm(seed, gone_at=9, gone_for=0.2 if small else 1.0)
    targets = {f"What is {i} + {i * 7}?": str(i * 8) for i in range(20)}
    reply = odd_answers(answering(targets))
    with (
        tempfile.TemporaryDirectory(prefix="opro-storm-") as folder,
        LoopbackServer(reply, fault=storm, latency=0.002) as server,
    ):
        storm.server = server
        yield Sky(server, storm, Path(folder), small)


def result(path: Path) -> dict[str, Any]:
    """What a session came to, failed calls left out."""
    found = books.outcome(path)
    found["usage"] = {role: (u[0], *u[2:]) for role, u in found["usage"].items()}
    return found


async def one(over: Sky, provider: str, seed: int) -> Ride:
    """A session in calm weather and the same through a storm."""
    folder = over.folder / f"{provider}-{seed}"
    calm, rough = folder / "calm.db", folder / "rough.db"
    over.storm.blowing = False
    await over.new(calm, provider)
    await over.ride(calm)
    await over.new(rough, provider)
    over.storm.begin(f"{provider} {seed}")
    ride = await over.ride(rough)
    over.storm.blowing = False
    wanted, found = await asyncio.to_thread(lambda: (result(calm), result(rough)))
    if wanted != found:
        differ = {
            name: (wanted[name], found[name]) for name in wanted if wanted[name] != found[name]
        }
        ride.defects.append(f"ended otherwise: {books.as_json(differ)}")
    return ride


@dataclass(frozen=True, slots=True)
class Lasting:
    """An error that no waiting heals.

    Attributes:
        name: For the table.
        fault: What the endpoint answers.
        words: What has to be said.
    """

    name: str
    fault: Fault
    words: str


LASTING = (
    Lasting("401", Fault(status=401, message="Incorrect API key"), "rejects the key"),
    Lasting("403", Fault(status=403, message="Country not supported"), "denies access"),
    Lasting(
        "unknown model, 404",
        Fault(status=404, code="model_not_found", message="The model `x` does not exist"),
        "does not know this model",
    ),
    Lasting(
        "unknown model, 400",
        Fault(status=400, message="invalid model: x"),
        "does not know this model",
    ),
    Lasting("no such endpoint", Fault(status=404, body="<html>Not Found</html>"), "or address"),
    Lasting("402", Fault(status=402, message="Payment required"), "no credit left"),
    Lasting(
        "quota, 429",
        Fault(status=429, code="insufficient_quota", message="You exceeded your current quota"),
        "no credit left",
    ),
    Lasting(
        "quota, 400",
        Fault(status=400, message="Your credit balance is too low to access the API"),
        "no credit left",
    ),
)


async def lasting(over: Sky, provider: str, error: Lasting, good: int) -> Ride:
    """A session whose endpoint fails for good after some answers, and is mended later.

    Args:
        over: The server.
        provider: Which wire format.
        error: What it answers from then on.
        good: Requests that it answers before.
    """
    ride = Ride()
    path = over.folder / f"lasting-{provider}-{error.name}-{good}.db"
    await over.new(path, provider)
    begun, hook = len(over.server.ledger), over.server.fault
    over.server.fault = lambda number, _: error.fault if number - begun > good else None
    try:
        async with over.opened(path) as session:
            last = None
            async for event in session.run(over.steps):
                last = event
            if not isinstance(last, Stopped) or last.code != "error":
                ride.defects.append(f"did not stop: {last}")
            elif "\n" in last.message or error.words not in last.message:
                ride.defects.append(f"does not say {error.words!r}: {last.message!r}")
            else:
                ride.pauses.append(last.message)
    finally:
        over.server.fault = hook
    failed = [r for r in over.server.ledger[begun:] if r.status != 200]
    sent = Counter(books.mark_of(record) for record in failed)
    if len(failed) > CONCURRENCY or max(sent.values(), default=0) > 1:
        ride.defects.append(f"burnt {len(failed)} requests, one of them {max(sent.values())} times")
    ride.requests = len(failed)
    ride.defects += (await over.ride(path, begun)).defects
    return ride


@dataclass(slots=True)
class Tally:
    """What came of many rides."""

    injected: dict[str, Counter[str]] = field(default_factory=dict)
    rides: Counter[str] = field(default_factory=Counter)
    pauses: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    twice: Counter[str] = field(default_factory=Counter)
    lasting: Counter[str] = field(default_factory=Counter)
    burnt: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """All that went wrong at the endpoint."""
        return sum(each.total() for each in self.injected.values()) + self.burnt.total()

    def take(self, name: str, ride: Ride, injected: Counter[str], seed: int) -> None:
        """Count one ride."""
        self.injected.setdefault(name, Counter()).update(injected)
        self.rides[name] += 1
        self.pauses[name] += len(ride.pauses)
        self.requests[name] += ride.requests
        self.lost[name] += ride.lost
        self.twice[name] += ride.twice
        self.said += ride.pauses
        self.defects += [f"{name}, seed {seed}: {defect}" for defect in ride.defects]


async def storms(over: Sky, seeds: Sequence[int], tally: Tally) -> None:
    """Ride all formats through a storm of each seed."""
    for seed in seeds:
        for name, provider in FORMATS.items():
            over.storm.injected.clear()
            ride = await one(over, provider, seed)
            tally.take(name, ride, over.storm.injected, seed)
            for defect in ride.defects:
                print(f"DEFECT {name}, seed {seed}: {defect}", flush=True)


async def all_lasting(over: Sky, errors: Sequence[Lasting], tally: Tally) -> None:
    """Let each error that doesn't heal come at once and in mid-step, in each format."""
    for name, provider in FORMATS.items():
        for error in errors:
            for good in (0, 6 if over.small else 12):
                ride = await lasting(over, provider, error, good)
                tally.lasting[name] += 1
                tally.burnt[name] += ride.requests
                tally.said += ride.pauses[:1]
                where = f"{name}, {error.name} after {good}"
                tally.defects += [f"{where}: {defect}" for defect in ride.defects]
                for defect in ride.defects:
                    print(f"DEFECT {where}: {defect}", flush=True)


def report(tally: Tally) -> list[str]:
    """The tables of what came of it."""
    names = list(FORMATS)
    kinds = sorted({kind for each in tally.injected.values() for kind in each})
    rows: list[list[object]] = []
    for kind in kinds:
        counts = [tally.injected.get(name, Counter())[kind] for name in names]
        rows.append([kind, *counts, sum(counts)])
    rows.append(["errors that don't heal", *(tally.burnt[n] for n in names), tally.burnt.total()])
    totals = [sum(int(str(row[i])) for row in rows) for i in range(1, len(names) + 2)]
    rows.append(["all", *totals])
    lines = table(["fault", *names, "all"], rows)
    facts = (
        ("sessions", tally.rides),
        ("requests", tally.requests),
        ("pauses, gone on from", tally.pauses),
        ("answers made and lost on the way", tally.lost),
        ("answers that arrived and were bought again", tally.twice),
        ("sessions with an error that doesn't heal", tally.lasting),
    )
    lines += ["", *table(
        ["what came of it", *names, "all"],
        [[what, *(counts[n] for n in names), counts.total()] for what, counts in facts],
    )]  # fmt: skip
    lines += ["", f"{tally.faults:,} faults injected. Defects: {len(tally.defects)}."]
    return lines + [f"- {defect}" for defect in tally.defects]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--sessions", type=int, default=20, help="in each format (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="of the first session (default 1)")
    parser.add_argument("--said", action="store_true", help="also print what was said")


def main(args: argparse.Namespace) -> int:
    """Run it; 1 when there was a defect."""
    print(heading(f"storm, seed {args.seed}"), flush=True)
    started = time.monotonic()
    tally = Tally()
    logging.getLogger("opro_tui").addHandler(logging.NullHandler())
    with sky(args.seed) as over:

        async def everything() -> None:
            await all_lasting(over, LASTING, tally)
            await storms(over, range(args.seed, args.seed + args.sessions), tally)

        asyncio.run(everything())
    for line in report(tally):
        print(line)
    if args.said:
        for line, times in Counter(tally.said).most_common():
            print(f"{times:4} {line}")
    print(f"took {time.monotonic() - started:.0f} s, load {os.getloadavg()[0]:.1f}")
    return int(bool(tally.defects))
