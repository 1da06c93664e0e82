"""What a process is killed in the middle of, what each scene starts from and what it comes to."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from opro_tui.store.migrations import known
from tests.trust import books
from tests.trust.bench import STEPS
from tests.trust.moments import SIGNALS, Moment
from tests.trust.scene import (
    DELAYS,
    Scene,
    a_signal,
    at_a_request,
    halves_of_backups,
    in_a_commit,
    in_lines,
)
from tests.trust.upkeep_scenes import UPKEEP

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.trust.bench import Bench
    from tests.trust.processes import Child


def _migrated_half_way(path: Path) -> list[str]:
    has = len(books.read_books(path).migrations)
    found = [] if has in (1, len(known())) else [f"migrated half-way: {has} migrations"]
    return found + halves_of_backups(path)


class _Steps(Scene):
    """Steps of a session."""

    def argv(self) -> list[str] | None:
        left = STEPS - books.finished_steps(self.db)
        return ["run", "s", "--steps", str(left)] if left > 0 else None


class Sampling(_Steps):
    """`run`, while the optimizer is asked: 4 completions in a request."""

    name, template = "sampling", "many"

    def moment(self) -> Moment:
        return at_a_request(self.random, "optimizer", 2)


class SamplingSingly(_Steps):
    """`run`, while the optimizer is asked: one completion in a request."""

    name, template = "sampling", "single"

    def moment(self) -> Moment:
        return at_a_request(self.random, "optimizer", 6)


class Scoring(_Steps):
    """`run`, while the scorer is asked."""

    name, template = "scoring", "many"

    def moment(self) -> Moment:
        return at_a_request(self.random, "scorer", 30)


class Committing(_Steps):
    """`run`, in and beside its transactions, and between the lines around them."""

    name, template, kills = "committing", "many", 6

    def moment(self) -> Moment:
        if self.random.random() < 0.7:
            return in_a_commit(self.random, 30, 150)
        path = self.random.choice(
            ("opro_tui/store/threads.py", "opro_tui/engine/caller.py", "opro_tui/store/locks.py")
        )
        return in_lines(self.random, path, 0.3 if path.endswith("lock.py") else 6)


class Migrating(_Steps):
    """`run` on a database of the first schema, which is migrated first."""

    name, template = "migrating", "older"

    @property
    def variant(self) -> str:
        return "many"

    def moment(self) -> Moment:
        if self.random.random() < 0.8:
            return in_a_commit(self.random, 2, 60)
        name, share = self.random.choice((("connection", 0.6), ("backup", 0.5)))
        return in_lines(self.random, f"opro_tui/store/{name}.py", share)

    def faults(self) -> list[str]:
        return _migrated_half_way(self.db)


class Batching(_Steps):
    """`run`, while answers are bought in batches: sent, waited for, read."""

    name, template, buys, batched = "batching", "batch", False, True
    CALLS = ("upload", "create", "created", "look", "results", "list")

    def moment(self) -> Moment:
        draw = self.random.random()
        if draw < 0.6:
            call = self.random.choice(self.CALLS)
            n, after = self.random.randint(1, 3), self.random.choice(DELAYS)
            return Moment("desk", a_signal(self.random), n, after, call)
        if draw < 0.8:
            return in_a_commit(self.random, 15, 120)
        return in_lines(self.random, "opro_tui/engine/batching.py", 2)


class _Once(Scene):
    """A command that is given again until it was let through."""

    def __init__(self, bench: Bench, folder: Path, random: Random) -> None:
        super().__init__(bench, folder, random)
        self._ended = False

    def line(self) -> list[str]:
        """The command line."""
        raise NotImplementedError

    def argv(self) -> list[str] | None:
        return None if self._ended else self.line()

    def finishing(self) -> list[str] | None:
        line = self.argv()
        self._ended = True
        return line


class Exporting(_Once):
    """`export -o FILE`, over a file that is there or where there is none."""

    name, template, kills = "exporting", "done", 6
    OLD = "what was there before\n"
    KINDS = ("json", "jsonl", "csv", "md", "html")

    def __init__(self, bench: Bench, folder: Path, random: Random) -> None:
        super().__init__(bench, folder, random)
        self.kind = random.choice(self.KINDS)
        self.path = folder / "out" / f"s.{self.kind}"
        self.path.parent.mkdir()
        self.whole = bench.folder / f"whole.{self.kind}"
        if not self.whole.exists():
            bench.run(folder, "export", "s", "--format", self.kind, "-o", str(self.whole))

    @property
    def variant(self) -> str:
        return self.kind

    def line(self) -> list[str]:
        if self.random.random() < 0.5:
            self.path.write_text(self.OLD)
        else:
            self.path.unlink(missing_ok=True)
        self._old = self.path.read_bytes() if self.path.exists() else None
        return ["export", "s", "--format", self.kind, "-o", str(self.path)]

    def moment(self) -> Moment:
        random = self.random
        if random.random() < 0.2:
            return Moment("clock", a_signal(random), after=random.uniform(0.01, 0.15))
        files = (("files", 1.0), ("files", 1.0), ("writing", 2.0), ("records", 4.0))
        name, share = random.choice(files)
        return in_lines(random, f"opro_tui/engine/exchange/{name}.py", share)

    def faults(self) -> list[str]:
        found = self.path.read_bytes() if self.path.exists() else None
        if found not in (self._old, self.whole.read_bytes()):
            return [f"a part of a file under its final name: {len(found or b'')} bytes"]
        return []

    def litter(self) -> list[str]:
        """Temporary files that were left behind."""
        return [each.name for each in self.path.parent.iterdir() if each != self.path]

    def result(self) -> Any:
        return self.path.read_bytes()


class Importing(Scene):
    """`import` of a session into a new database."""

    name, template, buys = "importing", "file", False

    def argv(self) -> list[str] | None:
        if self.db.exists():
            with closing(sqlite3.connect(self.db)) as db, suppress(sqlite3.OperationalError):
                if db.execute("SELECT count(*) FROM sessions").fetchone()[0]:
                    return None
        return ["import", str(self.folder / "s.jsonl")]

    def moment(self) -> Moment:
        if self.random.random() < 0.7:
            return in_a_commit(self.random, 3, 250)
        return in_lines(self.random, "opro_tui/engine/exchange/importing.py", 4)


class _Measuring(_Once):
    """A measurement outside of a step."""

    template = "done"

    @property
    def variant(self) -> str:
        return self.name

    def moment(self) -> Moment:
        if self.random.random() < 0.7:
            return at_a_request(self.random, "scorer", 8)
        return in_a_commit(self.random, 12, 40)


class Confirming(_Measuring):
    """`confirm`, which asks the scorer about fresh examples."""

    name = "confirming"

    def line(self) -> list[str]:
        return ["confirm", "s", "--examples", "5"]


class Evaluating(_Measuring):
    """`evaluate`, which asks the scorer about the held-out examples."""

    name = "evaluating"

    def line(self) -> list[str]:
        return ["evaluate", "s", "--top", "2"]


class Ablating(_Once):
    """`ablate`, two arms beside a base."""

    name, template, kills = "ablating", "empty", 3

    def line(self) -> list[str]:
        vary = ["--vary", "order=ascending,descending", "--vary", "temperature=0,1"]
        settings = self.bench.settings("openai/optimizer")
        return ["ablate", "--name", "a", *settings, *vary, "--steps", "1", "--headless"]

    def moment(self) -> Moment:
        if self.random.random() < 0.7:
            model = self.random.choice(("optimizer", "scorer", "scorer", "scorer"))
            return at_a_request(self.random, model, 2 if model == "optimizer" else 60)
        return in_a_commit(self.random, 60, 300)

    def result(self) -> Any:
        with closing(sqlite3.connect(self.db)) as db:
            names = [row[0] for row in db.execute("SELECT name FROM sessions ORDER BY id")]
        return {name: books.outcome(self.db, name) for name in names}


class Screen(_Steps):
    """The workbench in a terminal, while a step runs that was begun with `s`."""

    name, template, terminal, kills = "on the screen", "many", True, 2
    gentle = frozenset((0, 129, 130, 143))

    def argv(self) -> list[str] | None:
        left = STEPS - books.finished_steps(self.db)
        return ["open", "s"] if left > 0 else None

    def finishing(self) -> list[str] | None:
        return super().argv()

    def moment(self) -> Moment:
        draw = self.random.random()
        if draw < 0.25:
            return Moment("clock", a_signal(self.random), after=self.random.uniform(0.0, 2.0))
        if draw < 0.4:
            # While the terminal is taken over, and while it is given back.
            path = self.random.choice(("textual/drivers/linux_driver.py", "opro_tui/tui/host.py"))
            number = self.random.choice((SIGNALS["SIGTERM"], SIGNALS["SIGHUP"], SIGNALS["SIGINT"]))
            return Moment("line", number, self.random.randint(1, 120), what=path)
        if draw < 0.85:
            model = self.random.choice(("optimizer", "scorer", "scorer"))
            return at_a_request(self.random, model, 1 if model == "optimizer" else 24)
        return in_a_commit(self.random, 20, 60)

    def drive(self, child: Child) -> None:
        """Begin a step as soon as the workbench takes keys, and leave if nothing strikes."""
        terminal = child.terminal
        assert terminal is not None
        begun = len(self.bench.server.ledger)
        deadline = time.monotonic() + 20
        pressed = 0.0
        while child.alive and child.struck is None and time.monotonic() < deadline:
            if len(self.bench.server.ledger) > begun:
                break
            ready = b"TRAJECTORY" in terminal.written or b"Trajectory" in terminal.written
            if ready and time.monotonic() - pressed > 0.7:
                terminal.type(b"s")
                pressed = time.monotonic()
            time.sleep(0.02)
        quiet = time.monotonic() + 4
        while child.alive and child.struck is None and time.monotonic() < quiet:
            time.sleep(0.02)
        child.leave()


class ScreenMigrating(Screen):
    """The same on a database of the first schema, which the screen migrates first."""

    name, template = "migrating on the screen", "older"

    @property
    def variant(self) -> str:
        return "many"

    def moment(self) -> Moment:
        if self.random.random() < 0.6:
            return in_a_commit(self.random, 3, 60)
        return super().moment()

    def faults(self) -> list[str]:
        return _migrated_half_way(self.db)


SCENES: dict[str, tuple[type[Scene], ...]] = {
    "sampling": (Sampling, SamplingSingly),
    "scoring": (Scoring,),
    "committing": (Committing,),
    "batching": (Batching,),
    "migrating": (Migrating,),
    "exporting": (Exporting,),
    "importing": (Importing,),
    "confirming": (Confirming,),
    "evaluating": (Evaluating,),
    "ablating": (Ablating,),
    "screen": (Screen, ScreenMigrating),
    **UPKEEP,
}
