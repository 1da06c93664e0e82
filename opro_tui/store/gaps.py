"""Sessions that lack some of their events, as after damage: each event has its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.store.texts import decode
from opro_tui.store.timeline import spans

if TYPE_CHECKING:
    import sqlite3

EVENTS = (
    ("steps", "started_seq"),
    ("steps", "prompt_seq"),
    ("steps", "sampled_seq"),
    ("steps", "finished_seq"),
    ("critiques", "seq"),
    ("candidates", "seq"),
    ("candidates", "rejected_seq"),
    ("scores", "seq"),
    ("evaluations", "seq"),
    ("calls", "seq"),
    ("measurements", "seq"),
    ("edits", "seq"),
    ("notices", "seq"),
    ("continuations", "seq"),
)
"""Where the places of events stand; all of a session's are there, from 1 on."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a session lacks.

    Attributes:
        name: The session's.
        lost: How many of its events, and of its ancestors' that it shares, are not there.
        of: How many there were.
    """

    name: str
    lost: int
    of: int

    @property
    def words(self) -> str:
        """It, as the end of a sentence about the session."""
        return f"{self.lost:,} of its {self.of:,} events are lost"


def gaps(db: sqlite3.Connection) -> list[Gap]:
    """The sessions that lack events; counts all rows, which takes its time."""
    found = []
    rows = db.execute("SELECT id, name, last_seq FROM sessions WHERE deleted IS NULL ORDER BY id")
    for id_, name, last in rows.fetchall():
        there = sum(_count(db, table, column, id_) for table, column in EVENTS)
        if there < last:
            found.append(Gap(decode(name), last - there, last))
    return found


def _count(db: sqlite3.Connection, table: str, column: str, session: int) -> int:
    return sum(
        db.execute(
            f"SELECT count(*) FROM {table}"  # noqa: S608
            f" WHERE session = ? AND {column} > ? AND {column} <= ?",
            (part.session, part.after, part.upto),
        ).fetchone()[0]
        for part in spans(db, session, 0, None)
    )
