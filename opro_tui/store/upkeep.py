"""Looking after a database that nobody else has open: vacuum, and what a damage left."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import StoreError
from opro_tui.store.backup import back_up, check_room, size_of
from opro_tui.store.calls import now
from opro_tui.store.connection import EXPLAINED, connect, explain, schema_of
from opro_tui.store.deletion import purge, purgeable
from opro_tui.store.health import only_indexes, orphans, structure, unused
from opro_tui.store.locks import writers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WAIT_SECONDS = 0.5
_BIG_WAL = 64_000_000
"""Bytes from which on a write-ahead log is worth writing back."""


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """What a vacuum did.

    Attributes:
        before: Bytes of the file and its log.
        after: Likewise.
        sessions: Deleted sessions that went for good.
    """

    before: int
    after: int
    sessions: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with a database.

    Attributes:
        schema: The last migration that was applied; empty where that can't be read.
        structure: What is wrong with the file, a line each.
        indexes_only: Whether that is all about indexes.
        orphans: Rows that refer to missing ones.
    """

    schema: str
    structure: tuple[str, ...] = ()
    indexes_only: bool = False
    orphans: int = 0


def examine(path: Path) -> Findings:
    """Look for damage without changing anything; reads the whole file.

    Raises:
        StoreError: It is no database at all, or another program keeps it locked.
    """
    try:
        with closing(connect(path, readonly=True)) as db:
            wrong = structure(db)
            schema = schema_of(db)
            lost = 0 if wrong else sum(each.count for each in orphans(db))
            return Findings(schema, tuple(wrong), only_indexes(wrong), lost)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CORRUPT:
            return Findings("", (str(error),))
        raise explain(error, path) from error


def vacuum(path: Path, *, all_deleted: bool = False) -> Vacuumed:
    """Remove what was deleted for good, and give its room back to the disk.

    The freed content is overwritten first, so that nothing of it is left in the file.

    Args:
        path: The database.
        all_deleted: Also remove the sessions that could still be brought back.

    Raises:
        StoreError: Another program has it open, or the disk has no room for it.
    """
    before = _bytes(path)
    with exclusive(path) as db:
        # SQLite makes a copy in its folder for temporary files, and writes it back over the log.
        check_room(path.parent, 2 * (size_of(db) - unused(db)), "to vacuum the database")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        gone = purge(db, now() if all_deleted else purgeable())
        db.execute("COMMIT")
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Vacuumed(before, _bytes(path), gone)


def check_point(path: Path) -> None:
    """Write the write-ahead log back into the database and empty it.

    Raises:
        StoreError: Another program has it open.
    """
    with exclusive(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def reindex(path: Path) -> None:
    """Make all indexes again.

    Raises:
        StoreError: Another program has it open, or it is damaged beyond its indexes.
    """
    with exclusive(path) as db:
        db.execute("REINDEX")


def drop_orphans(path: Path, schema: str) -> tuple[Path, int]:
    """Remove rows that refer to rows which aren't there, after a backup.

    Args:
        path: The database.
        schema: What its schema is called, for the backup.

    Returns:
        The backup, and how many rows were removed or cut loose.

    Raises:
        StoreError: Another program has it open, or there is no room for the backup.
    """
    with exclusive(path) as db:
        backup = back_up(db, path, schema)
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("BEGIN IMMEDIATE")
        count = cut_loose(db)
        db.execute("COMMIT")
    return backup, count


def drop_summaries(path: Path) -> None:
    """Remove what the list of sessions shows, which is worked out again from the events.

    Raises:
        StoreError: Another program has it open.
    """
    with exclusive(path) as db:
        db.execute("DELETE FROM summaries")


def cut_loose(db: sqlite3.Connection) -> int:
    """Remove rows that refer to missing ones, and what refers to those; returns how many."""
    count = 0
    while found := orphans(db):
        for orphan in found:
            count += db.execute(orphan.cure).rowcount
    return count


def big_log(path: Path) -> int:
    """The bytes of a write-ahead log that is worth writing back; 0 for others."""
    size = _size(path.with_name(path.name + "-wal"))
    return size if size >= _BIG_WAL else 0


@contextmanager
def exclusive(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection beside which there is no other, not even a reader's.

    Raises:
        StoreError: Another program has it open, or it can't be used.
    """
    uri = path.absolute().as_uri() + "?mode=rw"
    db: sqlite3.Connection | None = None
    try:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)
        # Set before anything is read, so that the log is used without sharing it.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA foreign_keys = ON")
        try:
            db.execute("BEGIN EXCLUSIVE")
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise _in_use(path) from error
        yield db
    except EXPLAINED as error:
        raise explain(error, path) from error
    finally:
        if db is not None:
            if db.in_transaction:
                db.execute("ROLLBACK")
            db.close()


def _in_use(path: Path) -> StoreError:
    who = " and ".join(writers(path))
    what = f"a session of it is run by {who}" if who else "another program has it open"
    return StoreError(what, where=str(path), todo="Close that, and try again; nothing was changed.")


def _bytes(path: Path) -> int:
    return _size(path) + _size(path.with_name(path.name + "-wal"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
