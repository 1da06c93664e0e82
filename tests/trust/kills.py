"""Kill the program at seeded moments, let it finish, and hold it against an undisturbed run."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.support.batches import BatchDesk
from tests.support.loopback import LoopbackServer, answering
from tests.trust import books
from tests.trust.bench import CONCURRENCY, Bench
from tests.trust.books import as_json
from tests.trust.moments import CLOSED, SIGNALS, WITHIN, Moment, name_of
from tests.trust.processes import Child, Hung, Nursery, Terminal, real_process
from tests.trust.scenes import SCENES, Exporting
from tests.trust.table import heading, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from tests.support.replies import Fault
    from tests.support.wire import LoopbackRequest
    from tests.trust.scene import Scene

LATENCY = 0.003
GENTLE_SECONDS = 20.0
"""How long an ordered end may take on a loaded machine."""


class Trigger:
    """The server's hook that strikes a process when its n-th request to a model has come."""

    def __init__(self) -> None:
        self.child: Child | None = None
        self.moment: Moment | None = None
        self.left = 0

    def set(self, child: Child, moment: Moment) -> None:
        """Wait for the n-th request from now."""
        self.left = moment.n
        self.child, self.moment = child, moment

    def __call__(self, _number: int, request: LoopbackRequest) -> Fault | None:
        self._saw("request", request.model)
        return None

    def desk(self, call: str) -> None:
        """The batch endpoints' hook."""
        self._saw("desk", call)

    def _saw(self, how: str, what: str) -> None:
        moment, child = self.moment, self.child
        if moment is None or child is None or (moment.how, moment.what) != (how, what):
            return
        self.left -= 1
        if self.left == 0:
            if moment.after:
                threading.Timer(moment.after, child.strike, (moment.signal,)).start()
            else:
                child.strike(moment.signal)


@dataclass(slots=True)
class Tally:
    """What came of many kills."""

    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    sessions: Counter[str] = field(default_factory=Counter)
    real: int = 0
    litter: int = 0
    slowest: dict[str, float] = field(default_factory=dict)
    early: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """All moments at which a process was struck."""
        return self.struck.total()


class Harness:
    """Kills one scene after the other; use `harness` to get one.

    Args:
        bench: What scenes stand on.
        trigger: The server's hook.
        seed: Fixes every moment.
        real: One in so many processes is started as a user does; 0 for none.
    """

    def __init__(self, bench: Bench, trigger: Trigger, seed: int, real: int = 12) -> None:
        self.bench = bench
        self.trigger = trigger
        self.seed = seed
        self.real = real
        self.tally = Tally()
        self._expected: dict[tuple[str, str], Any] = {}
        self._number = 0

    def chain(self, kind: type[Scene], number: int, kills: int | None = None) -> int:
        """Kill one session some times, then let it finish; returns how often it was struck."""
        random = Random(f"{self.seed} {kind.__name__} {number}")
        scene = kind(self.bench, self._folder(), random)
        expected = self._undisturbed(kind, scene)
        begun = len(self.bench.server.ledger)
        desk = self.bench.server.desk
        sold = len(desk.bought)
        place = f"{kind.name} {number}"
        struck = 0
        for _ in range(kills or random.randint(1, kind.kills)):
            argv = scene.argv()
            if argv is None:
                break
            struck += self._kill(scene, argv, place)
        self.trigger.child = None
        try:
            while (argv := scene.finishing()) is not None:
                self.bench.run(scene.folder, *argv)
        except AssertionError as error:
            self._defect(place, f"could not finish: {error}")
            return struck
        found = scene.result()
        if found != expected:
            self._defect(place, f"ended otherwise:\n  {_short(found)}\n  {_short(expected)}")
        self._balance(scene, begun, struck, place)
        prompts = Counter(each.prompt for each in desk.bought[sold:])
        if twice := [prompt for prompt, times in prompts.items() if times > 1]:
            self._defect(place, f"{len(twice)} answers were bought twice in batches")
        self.tally.sessions[kind.name] += 1
        return struck

    def _folder(self) -> Path:
        self._number += 1
        return self.bench.folder / f"session-{self._number}"

    def _undisturbed(self, kind: type[Scene], scene: Scene) -> Any:
        key = (kind.result.__qualname__, scene.variant)
        if key not in self._expected:
            for attempt in range(40):
                calm = kind(self.bench, self._folder(), Random(attempt))
                if calm.variant == scene.variant:
                    break
            while (argv := calm.finishing()) is not None:
                self.bench.run(calm.folder, *argv)
            self._expected[key] = calm.result()
        return self._expected[key]

    def _kill(self, scene: Scene, argv: list[str], place: str) -> int:
        moment = scene.moment()
        within = moment.how in WITHIN
        real = not within and self.real and scene.random.randrange(self.real) == 0
        terminal = Terminal() if scene.terminal or moment.signal == CLOSED else None
        env, log = self.bench.env(scene.folder), scene.folder / "log"
        before = books.read_books(scene.db) if scene.db.exists() and scene.readable else None
        asked = len(self.bench.server.ledger)
        if real:
            child = real_process(argv, env, log, terminal)
        else:
            own = moment if within else None
            child = self.bench.nursery.start(argv, env, log, moment=own, terminal=terminal)
        if moment.how in ("request", "desk"):
            self.trigger.set(child, moment)
        elif moment.how == "clock":
            delay = moment.after * (4 if real else 1)
            threading.Timer(delay, child.strike, (moment.signal,)).start()
        where = f"{place}, {moment}{' (real)' if real else ''}"
        try:
            scene.drive(child)
            code = child.wait()
        except Hung as error:
            self._defect(where, str(error))
            return 1
        finally:
            self.trigger.child = None
        if child.struck is None or child.let_go:
            self.tally.missed += 1
            if code not in (scene.gentle if child.let_go else (0,)):
                self._defect(where, f"ended with {code} though nothing struck it: {_tail(log)}")
            if terminal is not None:
                terminal.close()
            return 0
        self.tally.struck[scene.name, name_of(moment.signal)] += 1
        self.tally.real += bool(real)
        self._check_end(scene, child, moment, code, where, log)
        self._check_books(scene, before, moment, code, asked, where)
        if terminal is not None:
            terminal.close()
        return 1

    def _check_end(
        self, scene: Scene, child: Child, moment: Moment, code: int, where: str, log: Path
    ) -> None:
        assert child.struck is not None
        name = name_of(moment.signal)
        took = child.ended - child.struck
        self.tally.slowest[name] = max(self.tally.slowest.get(name, 0.0), took)
        said = log.read_text(errors="replace") if log.exists() else ""
        log.unlink(missing_ok=True)
        if moment.signal == SIGNALS["SIGKILL"]:
            if code not in (-moment.signal, 0):
                self._defect(where, f"SIGKILL ended it with {code}: {said[-1000:]}")
        else:
            self._check_gentle(scene, moment, code, where, said)
            if took > GENTLE_SECONDS:
                self._defect(where, f"took {took:.1f} s to end")
            terminal = child.terminal
            if terminal is not None:
                if b"Traceback" in terminal.written:
                    self._defect(where, f"a traceback: {bytes(terminal.written[-1500:])!r}")
                if not terminal.closed and (faults := terminal.faults()):
                    self._defect(where, f"the terminal was left with {', '.join(faults)}")
        if left := child.left():
            self._defect(where, f"left processes behind: {left}")

    def _check_gentle(self, scene: Scene, moment: Moment, code: int, where: str, said: str) -> None:
        number = moment.signal or SIGNALS["SIGHUP"]
        if "Traceback" in said:
            self._defect(where, f"a traceback: {said[-1500:]}")
        if code == -number:
            # It had not begun to listen, or had stopped: nothing may hang on it.
            self.tally.early[scene.name] += 1
        elif code not in scene.gentle:
            self._defect(where, f"ended with {code}: {said[-800:]}")

    def _check_books(
        self,
        scene: Scene,
        before: books.Books | None,
        moment: Moment,
        code: int,
        asked: int,
        where: str,
    ) -> None:
        for fault in scene.faults():
            self._defect(where, fault)
        if isinstance(scene, Exporting):
            self._check_litter(scene, moment, f"{where} (code {code})")
        if not scene.db.exists() or not scene.readable:
            return
        now = books.read_books(scene.db)
        if said := scene.sound(now.sound):
            self._defect(where, f"the database is not sound: {said}")
        if now.doubled:
            self._defect(where, f"{now.doubled} answers were bought twice")
        if before is not None and scene.keeps:
            lost = {call for call, text in before.answers.items() if now.answers.get(call) != text}
            if lost:
                self._defect(where, f"lost committed answers: {sorted(lost)[:5]}")
        if scene.batched:
            return
        left = now.open + now.unknown - (before.open + before.unknown if before else 0)
        if left > CONCURRENCY:
            self._defect(where, f"{left} calls without an outcome")
        if moment.signal != SIGNALS["SIGKILL"] and left:
            self._defect(where, f"{left} calls in flight were not kept (code {code})")

    def _check_litter(self, scene: Exporting, moment: Moment, where: str) -> None:
        litter = scene.litter()
        if litter and moment.signal != SIGNALS["SIGKILL"]:
            self._defect(where, f"left {litter} beside the file")
        self.tally.litter += len(litter)
        for name in litter:
            (scene.path.parent / name).unlink()

    def _balance(self, scene: Scene, begun: int, struck: int, place: str) -> None:
        """Hold the server's ledger against the database's calls."""
        if not scene.buys or not scene.db.exists():
            return
        ledger = self.bench.server.ledger[begun:]
        now = books.read_books(scene.db)
        asked = books.asked(ledger)
        calls = +(now.rows - self._of_template(scene))
        for mark, times in asked.items():
            if times > calls[mark]:
                self._defect(place, f"asked {times} times, stored {calls[mark]} times: {mark}")
        extra = asked.total() - +(now.answered - self._of_template(scene)).total()
        if extra < 0 or extra > now.unknown:
            self._defect(place, f"{extra} requests repeated, {now.unknown} of unknown outcome")
        if now.unknown > CONCURRENCY * struck:
            self._defect(place, f"{now.unknown} unknown outcomes after {struck} kills")
        self.tally.unknown[scene.name] += now.unknown
        self.tally.repeated[scene.name] += max(0, extra)

    def _of_template(self, scene: Scene) -> Counter[str]:
        """Calls that were in the database before the first kill."""
        path = self.bench.folder / f"template-{scene.template}" / "s.db"
        return books.read_books(path).answered if path.exists() else Counter()

    def _defect(self, where: str, what: str) -> None:
        self.tally.defects.append(f"{where}: {what}")


def _short(value: Any) -> str:
    """A result in a line, for a defect."""
    return value[:200].decode("utf-8", "replace") if isinstance(value, bytes) else as_json(value)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1000:] if log.exists() else ""


@contextmanager
def harness(seed: int, real: int = 12, folder: Path | None = None) -> Iterator[Harness]:
    """A harness with its server and its processes.

    Args:
        seed: Fixes every moment.
        real: One in so many processes is started as a user does; 0 for none.
        folder: Where databases are kept; None for one that is removed at the end.
    """
    trigger = Trigger()
    targets = {f"What is {i} + {i * 7}?": str(i * 8) for i in range(20)}
    reply = books.marked(answering(targets))
    with tempfile.TemporaryDirectory(prefix="opro-kills-") as temporary:
        root = Path(folder or temporary)
        root.mkdir(parents=True, exist_ok=True)
        (root / "config.toml").write_text("[batch]\nfirst_look = 0.02\nlongest_wait = 0.05\n")
        with (
            LoopbackServer(
                reply, fault=trigger, latency=LATENCY, desk=BatchDesk(seen=trigger.desk)
            ) as server,
            Nursery() as nursery,
        ):
            yield Harness(Bench(nursery, server, root), trigger, seed, real)


def report(tally: Tally) -> list[str]:
    """The tables of what came of it."""
    names = list(SIGNALS)
    scenes = list(dict.fromkeys(scene for scene, _ in tally.struck))
    rows = []
    for scene in scenes:
        counts = [tally.struck[scene, name] for name in names]
        sums = (tally.sessions[scene], tally.unknown[scene], tally.repeated[scene])
        rows.append([scene, *counts, sum(counts), *sums])
    totals = [sum(row[i] for row in rows) for i in range(1, len(names) + 5)]
    rows.append(["all", *totals])
    head = ["killed while", *names, "kills", "finished", "unknown outcomes", "requests repeated"]
    slowest = ", ".join(f"{name} {took:.1f} s" for name, took in sorted(tally.slowest.items()))
    lines = table(head, rows)
    moments = f"{tally.missed} moments came too late"
    own = f"{tally.real} of them of a process started as a user does"
    early = f"{tally.early.total()} ended by the signal itself, with nothing under way"
    lines += [
        "",
        f"{tally.kills} kills, {own}; {moments}; {early}. From signal to end at most: {slowest}.",
        f"Hidden temporary files left by SIGKILL: {tally.litter}. Defects: {len(tally.defects)}.",
    ]
    return lines + [f"- {defect}" for defect in tally.defects]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--moments", type=int, default=300, help="how many kills (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="fixes every moment (default 1)")
    parser.add_argument("--while", dest="scenes", nargs="*", choices=list(SCENES), metavar="SCENE",
                        help=f"only these: {', '.join(SCENES)}")  # fmt: skip
    parser.add_argument("--keep", type=Path, help="a folder to keep the databases in")
    parser.add_argument("--real", type=int, default=12, help="one process in so many is started"
                        " as a user does, with an interpreter of its own (default 12)")  # fmt: skip


def main(args: argparse.Namespace) -> int:
    """Run it; 1 when there was a defect."""
    print(heading(f"kills, seed {args.seed}"), flush=True)
    wanted: Sequence[str] = args.scenes or list(SCENES)
    started = time.monotonic()
    with harness(args.seed, args.real, args.keep) as at_work:
        number = 0
        while at_work.tally.kills < args.moments:
            for name in wanted:
                for kind in SCENES[name]:
                    seen = len(at_work.tally.defects)
                    at_work.chain(kind, number)
                    for defect in at_work.tally.defects[seen:]:
                        print(f"DEFECT {defect}", flush=True)
            number += 1
        tally = at_work.tally
    for line in report(tally):
        print(line)
    print(f"took {time.monotonic() - started:.0f} s, load {os.getloadavg()[0]:.1f}")
    return int(bool(tally.defects))
