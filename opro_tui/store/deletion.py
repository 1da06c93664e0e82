"""Deleting sessions: hidden at once, brought back on demand, and gone for good after a while."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.retention import KEPT_MILLISECONDS
from opro_tui.store import sessions
from opro_tui.store.calls import now
from opro_tui.store.records import DeletedSession
from opro_tui.store.texts import decode, encode

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from opro_tui.store.records import SessionRecord


def delete(db: sqlite3.Connection, names: Sequence[str]) -> int:
    """Hide sessions; returns until when they can be brought back, in milliseconds since 1970.

    Those whose time is over go for good.
    """
    at = now()
    _hide(db, names, at)
    purge(db, at - KEPT_MILLISECONDS)
    return at + KEPT_MILLISECONDS


def _hide(db: sqlite3.Connection, names: Sequence[str], at: int) -> None:
    records = [sessions.by_name(db, name) for name in names]
    for record in records:
        _check_nothing_under_way(db, record)
    db.executemany("UPDATE sessions SET deleted = ? WHERE id = ?", [(at, r.id) for r in records])


def _check_nothing_under_way(db: sqlite3.Connection, record: SessionRecord) -> None:
    """Refuse to lose what a provider will be paid for."""
    row = db.execute(
        "SELECT remote_id FROM batches WHERE session = ? AND ended IS NULL"
        " AND endpoint <> 'simulated'",
        (record.id,),
    ).fetchone()
    if row is not None:
        batch = f"batch {decode(row[0])}" if row[0] is not None else "batch"
        raise BadInput(
            f"its {batch} is under way at the provider, and its answers would be lost",
            where=record.name,
            todo=f"Run it to take them in, or let them go: `opro-tui batch {quote(record.name)}"
            " --cancel`, then `--give-up`.",
        )


def delete_now(db: sqlite3.Connection, names: Sequence[str]) -> None:
    """Delete sessions for good; one that forks read is hidden and goes with the last of them."""
    _hide(db, names, 0)
    purge(db, 0)


def deleted(db: sqlite3.Connection) -> list[DeletedSession]:
    """The sessions that can be brought back, the one deleted last first."""
    rows = db.execute(
        "SELECT id, deleted FROM sessions WHERE deleted > ? ORDER BY deleted DESC, id DESC",
        (purgeable(),),
    ).fetchall()
    return [DeletedSession(sessions.by_id(db, id_), at, at + KEPT_MILLISECONDS) for id_, at in rows]


def undelete(db: sqlite3.Connection, name: str, new: str) -> SessionRecord:
    """Bring back the session of a name that was deleted last, under a new name or its own."""
    since = purgeable()
    row = db.execute(
        "SELECT id FROM sessions WHERE name = ? AND deleted > ? ORDER BY deleted DESC, id DESC",
        (encode(name), since),
    ).fetchone()
    if row is None:
        names = db.execute("SELECT DISTINCT name FROM sessions WHERE deleted > ?", (since,))
        todo = nearest(name, [decode(each) for (each,) in names])
        raise BadInput(
            f"there is no deleted session {name!r}",
            todo=todo or "`opro-tui list --deleted` shows those that can be brought back.",
        )
    taken = new or name
    if taken in sessions.names(db):
        raise BadInput(
            f"there is a session {taken!r} now",
            todo=f"Bring it back under another name: --as {sessions.free_name(db, taken)}",
        )
    db.execute("UPDATE sessions SET deleted = NULL, name = ? WHERE id = ?", (encode(taken), row[0]))
    return sessions.by_id(db, row[0])


def purgeable() -> int:
    """The moment, in milliseconds since 1970: what was deleted by then can't be brought back."""
    return now() - KEPT_MILLISECONDS


def purge(db: sqlite3.Connection, before: int) -> int:
    """Remove deleted sessions for good, except those that a fork still reads.

    Args:
        db: The database.
        before: When they were deleted at the latest, in milliseconds since 1970.

    Returns:
        How many went.
    """
    # What is hidden for the sake of its forks keeps nothing that they don't need.
    db.execute(
        "DELETE FROM drafts WHERE session IN (SELECT id FROM sessions WHERE deleted <= ?)",
        (before,),
    )
    gone = 0
    while ids := db.execute(
        "SELECT id FROM sessions WHERE deleted <= ?"
        " AND id NOT IN (SELECT parent FROM sessions WHERE parent IS NOT NULL)",
        (before,),
    ).fetchall():
        for (id_,) in ids:
            _remove(db, id_)
        gone += len(ids)
    if gone:
        _clean(db)
    return gone


def _remove(db: sqlite3.Connection, session: int) -> None:
    """Remove a session's rows, except calls whose answers another session's evaluations show."""
    db.execute(
        "UPDATE calls SET session = NULL, seq = NULL WHERE id IN (SELECT evaluations.call"
        " FROM evaluations JOIN calls ON calls.id = evaluations.call"
        " WHERE calls.session = ? AND evaluations.session <> ? UNION SELECT judgements.call"
        " FROM judgements JOIN calls ON calls.id = judgements.call"
        " WHERE calls.session = ? AND judgements.session <> ?)",
        (session,) * 4,
    )
    graded = ("judgements", "evaluations", "scores", "measurements")
    for table in (*graded, "candidates", "critiques", "steps", "edits", "notices", "calls"):
        db.execute(f"DELETE FROM {table} WHERE session = ?", (session,))  # noqa: S608
    db.execute("DELETE FROM sessions WHERE id = ?", (session,))


def _clean(db: sqlite3.Connection) -> None:
    """Remove what nothing refers to any more."""
    db.execute(
        "DELETE FROM calls WHERE session IS NULL"
        " AND id NOT IN (SELECT call FROM evaluations WHERE call IS NOT NULL"
        " UNION SELECT call FROM judgements)"
    )
    db.execute("DELETE FROM routes WHERE id NOT IN (SELECT route FROM calls)")
    db.execute("DELETE FROM example_sets WHERE id NOT IN (SELECT examples FROM sessions)")
    db.execute(
        "DELETE FROM texts WHERE id NOT IN (SELECT settings FROM steps UNION SELECT template"
        " FROM steps UNION SELECT task_spec FROM sessions UNION SELECT settings FROM sessions"
        " UNION SELECT template FROM sessions UNION SELECT examples FROM measurements)"
    )
