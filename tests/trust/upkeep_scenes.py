"""Killed while a database is looked after: deleting, bringing back, vacuum, backup, repair."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from tests.trust import books
from tests.trust.moments import Moment
from tests.trust.scene import Scene, a_signal, halves_of_backups, in_a_commit, in_lines

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.trust.bench import Bench
    from tests.trust.processes import Child

_TABLES = ("candidates", "evaluations", "scores", "edits", "steps")


def rows(path: Path, session: int = 1) -> dict[str, int]:
    """How many rows a session has in some tables."""
    with closing(sqlite3.connect(path)) as db:
        return {
            table: db.execute(
                f"SELECT count(*) FROM {table} WHERE session = ?", (session,)
            ).fetchone()[0]
            for table in _TABLES
        }


class _Kept(Scene):
    """What is done to the session `s`, or beside it, leaves all its rows."""

    buys = False

    def __init__(self, bench: Bench, folder: Path, random: Random) -> None:
        super().__init__(bench, folder, random)
        self._rows = rows(self.db)

    @property
    def variant(self) -> str:
        return self.name

    def faults(self) -> list[str]:
        found = rows(self.db)
        return [] if found == self._rows else [f"rows were lost: {self._rows} → {found}"]

    def sessions(self) -> dict[str, bool]:
        """Name to whether it is deleted."""
        with closing(sqlite3.connect(self.db)) as db:
            return {
                name: at is not None
                for name, at in db.execute("SELECT name, deleted FROM sessions")
            }


class Deleting(_Kept):
    """`delete`, then `undelete`."""

    name, template, kills = "deleting", "done", 6

    def __init__(self, bench: Bench, folder: Path, random: Random) -> None:
        super().__init__(bench, folder, random)
        self._was_deleted = False

    def argv(self) -> list[str] | None:
        deleted = self.sessions()["s"]
        self._was_deleted |= deleted
        if deleted:
            return ["undelete", "s"]
        return None if self._was_deleted else ["delete", "s", "--yes"]

    def moment(self) -> Moment:
        if self.random.random() < 0.6:
            return in_a_commit(self.random, 1, 3)
        path = self.random.choice(("opro_tui/store/deletion.py", "opro_tui/store/locks.py"))
        return in_lines(self.random, path, 0.15)


class Purging(_Kept):
    """`delete --now` of a fork, whose answers go and its parent's stay."""

    name, template, kills, keeps = "deleting for good", "forked", 4, False

    def argv(self) -> list[str] | None:
        return ["delete", "f", "--now", "--yes"] if "f" in self.sessions() else None

    def moment(self) -> Moment:
        return in_a_commit(self.random, 2, 20)

    def faults(self) -> list[str]:
        left = rows(self.db, 2)
        if "f" not in self.sessions() and any(left.values()):
            return [*super().faults(), f"a part of a deleted session is left: {left}"]
        return super().faults()


class _Told(_Kept):
    """A command that is given again until it was let through."""

    line: ClassVar[tuple[str, ...]]

    def __init__(self, bench: Bench, folder: Path, random: Random) -> None:
        super().__init__(bench, folder, random)
        self._ended = False

    def argv(self) -> list[str] | None:
        return None if self._ended else list(self.line)

    def finishing(self) -> list[str] | None:
        line = self.argv()
        self._ended = True
        return line


class Vacuuming(_Told):
    """`vacuum` of a database in which a session was deleted for good."""

    name, template, kills, line = "vacuuming", "roomy", 4, ("vacuum",)

    def moment(self) -> Moment:
        if self.random.random() < 0.8:
            return in_a_commit(self.random, 3, 3)
        return Moment("clock", a_signal(self.random), after=self.random.uniform(0.0, 0.1))

    def result(self) -> Any:
        with closing(sqlite3.connect(self.db)) as db:
            free = db.execute("PRAGMA freelist_count").fetchone()[0]
        return books.outcome(self.db), free


class Repairing(_Told):
    """`doctor --repair` of rows that refer to missing ones, with a backup before."""

    name, template, kills = "repairing", "loose", 4
    line = ("doctor", "--repair", "--yes")

    def moment(self) -> Moment:
        if self.random.random() < 0.5:
            return in_a_commit(self.random, 3, 4)
        path = self.random.choice(("opro_tui/store/backup.py", "opro_tui/store/upkeep.py"))
        return in_lines(self.random, path, 0.4)

    def faults(self) -> list[str]:
        return super().faults() + halves_of_backups(self.db)

    def sound(self, said: str) -> str:
        """The rows that are to be mended may be there still."""
        return "" if "drafts" in said else said

    def result(self) -> Any:
        with closing(sqlite3.connect(self.db)) as db:
            return books.outcome(self.db), db.execute("SELECT count(*) FROM drafts").fetchone()


class Salvaging(_Told):
    """`doctor --repair` of a damaged database, which saves what can be read into a new one."""

    name, template, kills, readable = "salvaging", "damaged", 4, False
    line = ("doctor", "--repair", "--yes")

    def __init__(self, bench: Bench, folder: Path, random: Random) -> None:
        super().__init__(bench, folder, random)
        self._content = self.db.read_bytes()

    def moment(self) -> Moment:
        if self.random.random() < 0.6:
            return in_a_commit(self.random, 4, 120)
        return in_lines(self.random, "opro_tui/store/salvage.py", 3)

    def _saved(self) -> list[Path]:
        return sorted(self.folder.glob("s.salvaged-*.db"))

    def faults(self) -> list[str]:
        found = [] if self.db.read_bytes() == self._content else ["the damaged file was changed"]
        for path in self._saved():
            with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as db:
                wanted = self._rows["evaluations"]
                if db.execute("SELECT count(*) FROM evaluations").fetchone()[0] == wanted:
                    continue
            found.append(f"a part of what can be saved under a final name: {path.name}")
        return found

    def result(self) -> Any:
        return rows(self._saved()[-1]), self.db.read_bytes() == self._content


class Browsing(Deleting):
    """The list of sessions in a terminal, in which one is deleted and brought back."""

    name, terminal, kills = "in the list", True, 2
    gentle = frozenset((0, 129, 130, 143))

    def argv(self) -> list[str] | None:
        return []

    def finishing(self) -> list[str] | None:
        return ["undelete", "s"] if self.sessions()["s"] else None

    def moment(self) -> Moment:
        draw = self.random.random()
        if draw < 0.4:
            return Moment("clock", a_signal(self.random), after=self.random.uniform(0.0, 2.0))
        return in_a_commit(self.random, 2, 6)

    def drive(self, child: Child) -> None:
        """Delete it, bring it back, and leave if nothing strikes."""
        terminal = child.terminal
        assert terminal is not None
        for keys, shown in (
            (b"x", b"by last used"),
            (b"y", b"Delete"),
            (b"u", b"Deleted"),
            (b"\r", b"Bring"),
        ):
            end = time.monotonic() + 5
            while child.alive and shown not in terminal.written and time.monotonic() < end:
                time.sleep(0.02)
            terminal.type(keys)
        end = time.monotonic() + 1
        while child.alive and child.struck is None and time.monotonic() < end:
            time.sleep(0.02)
        child.leave()


UPKEEP: dict[str, tuple[type[Scene], ...]] = {
    "deleting": (Deleting, Purging, Browsing),
    "vacuuming": (Vacuuming,),
    "repairing": (Repairing, Salvaging),
}
