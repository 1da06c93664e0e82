"""A scene: one thing that is done and killed, and the moments at which that happens."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from opro_tui.store.backup import backups
from tests.trust import books
from tests.trust.moments import CLOSED, SIGNALS, Moment, lines_of

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.trust.bench import Bench
    from tests.trust.processes import Child

DELAYS = (0.0, 0.0005, 0.002, 0.004, 0.008, 0.03)
"""Seconds from a request's arrival; an answer leaves after 0.003."""


def a_signal(random: Random, *, terminal: bool = True) -> int:
    """One of the ways to be killed; SIGKILL as often as two others."""
    ways = [number for number in SIGNALS.values() if terminal or number != CLOSED]
    return random.choice([*ways, SIGNALS["SIGKILL"]])


def in_a_commit(random: Random, most: int, statements: int) -> Moment:
    """A moment in or beside one of the first commits."""
    how = random.choice(("before commit", "after commit", "in commit", "in commit", "statement"))
    n = random.randint(1, statements if how == "statement" else most)
    after = random.choice((0.0, 0.00005, 0.0002, 0.0005)) if how == "in commit" else 0.0
    return Moment(how, a_signal(random, terminal=False), n, after)


def in_lines(random: Random, path: str, share: float = 1.0) -> Moment:
    """A moment between two lines of a file of the program."""
    most = max(1, round(lines_of(path) * share))
    return Moment("line", a_signal(random, terminal=False), random.randint(1, most), what=path)


def at_a_request(random: Random, model: str, most: int) -> Moment:
    """A moment at or shortly after a request's arrival."""
    return Moment(
        "request", a_signal(random), random.randint(1, most), random.choice(DELAYS), model
    )


def halves_of_backups(path: Path) -> list[str]:
    """Backups under their name that are no whole database."""
    found = []
    for backup in backups(path):
        with closing(sqlite3.connect(backup)) as db:
            try:
                said = db.execute("PRAGMA integrity_check").fetchone()
            except sqlite3.Error as error:
                said = (str(error),)
        if said != ("ok",):
            found.append(f"a part of a backup under its name: {backup.name}")
    return found


class Scene:
    """One thing that is done and killed; subclasses say which.

    Attributes:
        name: For the table.
        template: What it starts from.
        terminal: Whether it always runs in a terminal.
        gentle: Exit codes after a signal that can be caught.
        kills: The most kills before it is let finish.
        buys: Whether all answers in the database were given by the server meanwhile.
        batched: Whether answers are bought in batches, which outlive who sent them.
        keeps: Whether every stored answer stays.
        readable: Whether the database is one that can be looked at.
    """

    name: ClassVar[str]
    template: ClassVar[str]
    terminal: ClassVar[bool] = False
    gentle: ClassVar[frozenset[int]] = frozenset((0, 130))
    kills: ClassVar[int] = 4
    buys: ClassVar[bool] = True
    batched: ClassVar[bool] = False
    keeps: ClassVar[bool] = True
    readable: ClassVar[bool] = True

    def __init__(self, bench: Bench, folder: Path, random: Random) -> None:
        self.bench = bench
        self.folder = folder
        self.random = random
        bench.copy(self.template, folder)
        self.db = folder / "s.db"

    @property
    def variant(self) -> str:
        """What the undisturbed result depends on, beside the scene."""
        return self.template

    def argv(self) -> list[str] | None:
        """The next command line; None when all is done."""
        raise NotImplementedError

    def finishing(self) -> list[str] | None:
        """The same without a kill to come."""
        return self.argv()

    def moment(self) -> Moment:
        """When it is killed."""
        raise NotImplementedError

    def drive(self, child: Child) -> None:
        """Do what a person does meanwhile."""

    def faults(self) -> list[str]:
        """What is wrong after a kill, beside what all scenes look at."""
        return []

    def sound(self, said: str) -> str:
        """What is wrong with the database, of what SQLite's checks say."""
        return said

    def result(self) -> Any:
        """What it came to."""
        return books.outcome(self.db)
