"""Opening a database: its file, its schema, and what its errors mean."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui import __version__
from opro_tui.core.errors import OproError, StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtilsDatabase

_BUSY_SECONDS = 5.0
_SQLITE_ERRORS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_NOTADB: ("is not a database", "Give another file with --db."),
    sqlite3.SQLITE_CORRUPT: ("the database is damaged", "Restore a backup of the file."),
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space; what was stored is kept."),
    sqlite3.SQLITE_READONLY: ("is read-only", "Make it writable, or give another with --db."),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "Check the path and its permissions."),
    sqlite3.SQLITE_PERM: ("cannot be opened", "Check the path and its permissions."),
    sqlite3.SQLITE_IOERR: ("the disk failed to read or write", "Check the disk."),
    sqlite3.SQLITE_BUSY: (
        f"another program kept it locked for {_BUSY_SECONDS:g} seconds",
        "Close that program, or wait until it has finished.",
    ),
}


NAMES = (
    "m001_initial",
    "m002_measurements",
    "m003_imports",
    "m004_open_calls",
    "m005_continuations",
    "m006_drafts",
    "m007_judgements",
    "m008_critiques",
    "m009_racing",
    "m010_cache",
    "m011_batches",
)
"""Every migration, so that a database that has them all opens without importing them."""


class OlderSchema(StoreError):
    """It was opened for reading only, and has to be migrated first."""


def explain(error: Exception, path: Path) -> OproError:
    """An SQLite or file error as one line that says what to do."""
    if isinstance(error, OproError):
        return error
    where = str(path)
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _SQLITE_ERRORS:
            what, todo = _SQLITE_ERRORS[code & 0xFF]
            return StoreError(what, where=where, todo=todo)
        return StoreError(f"the database refused: {error}", where=where)
    if isinstance(error, OSError):
        what = f"cannot be opened ({error.strerror or error})"
        return StoreError(what, where=where, todo="Check the path and its permissions.")
    return StoreError(f"cannot be used ({error})", where=where)


EXPLAINED = (sqlite3.Error, OSError, OverflowError, OproError)
"""What `explain` turns into a sentence; anything else is a bug and stays what it is."""


def create_file(path: Path) -> None:
    """Make an empty file that only its owner reads (SQLite gives -wal and -shm the same mode)."""
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise StoreError(
                "is a folder", where=str(path), todo="Give a file with --db."
            ) from None


def connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """Open a connection for the calling thread.

    What writes syncs each commit to the disk (`synchronous` FULL). With a write-ahead log NORMAL
    would do for a killed program, but the last commits could go when the power fails, and with them
    answers that were paid for. At 400 results a second, 13 jobs in a transaction, a transaction
    takes 1.3 to 1.5 ms with FULL and 0.3 to 0.4 with NORMAL (2 cores, a virtio disk that others
    used as well); the step takes as long with either, for nobody waits but the answers themselves.
    `python -m tests.benchmarks storing` measures it.
    """
    uri = path.absolute().as_uri()
    if not readonly:
        db = _connection(uri + "?mode=rw")
        db.execute("PRAGMA synchronous = FULL")
        return db
    try:
        return _connection(uri + "?mode=ro")
    except sqlite3.OperationalError:
        wal = path.with_name(path.name + "-wal")
        if not path.is_file() or (wal.exists() and wal.stat().st_size):
            raise
        # In a folder that we can't write to, WAL has no place for its index; nobody else can be
        # writing there either.
        return _connection(uri + "?mode=ro&immutable=1")


def _connection(uri: str) -> sqlite3.Connection:
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def prepare(path: Path, *, readonly: bool, copying: bool = False) -> Path | None:
    """Create and migrate a database, or check that it can be read as it is.

    Returns:
        The migrated copy to read, where the file is older and `copying`; else None.

    Raises:
        StoreError: It is no database of ours, or a newer one.
    """
    if readonly:
        if not path.exists():
            raise StoreError("there is no such database", where=str(path))
        with closing(connect(path, readonly=True)) as db:
            try:
                _check(db, path, readonly=True)
            except OlderSchema:
                if not copying:
                    raise
                return _migrated_copy(db, path)
        return None
    create_file(path)
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        what, todo = _SQLITE_ERRORS[sqlite3.SQLITE_READONLY]
        raise StoreError(what, where=str(path), todo=todo)
    with closing(connect(path, readonly=False)) as db:
        if _check(db, path, readonly=False):
            _use_wal(db)
            _migrate(db)
        else:
            _use_wal(db)
    return None


def worked_on(path: Path) -> bool:
    """Whether a database is one that sessions are run in: writable, with a write-ahead log."""
    try:
        with path.open("rb") as file:
            return file.read(20)[18:] == b"\2\2" and os.access(path, os.W_OK)
    except OSError:
        return False


def _migrated_copy(db: sqlite3.Connection, path: Path) -> Path:
    """A copy of an older database under the present schema, in a new folder of its own."""
    copy = Path(tempfile.mkdtemp(prefix="opro-tui-")) / path.name
    try:
        create_file(copy)
        with closing(_connection(copy.absolute().as_uri() + "?mode=rw")) as target:
            db.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
            _migrate(target)
    except BaseException:
        drop_copy(copy)
        raise
    return copy


def drop_copy(copy: Path) -> None:
    """Let go of a migrated copy."""
    shutil.rmtree(copy.parent, ignore_errors=True)


def _wrap(db: sqlite3.Connection) -> SqliteUtilsDatabase:
    from sqlite_utils import Database

    return Database(db, execute_plugins=False, recursive_triggers=False)


def _check(db: sqlite3.Connection, path: Path, *, readonly: bool) -> bool:
    """Whether migrations are to be applied."""
    if _names_of(db) == set(NAMES):
        return False
    from opro_tui.store.migrations import SCHEMA, known

    names = known()
    applied = [migration.name for migration in SCHEMA.applied(_wrap(db))]
    newer = [name for name in applied if name not in names]
    if newer:
        raise StoreError(
            f"was written by a newer opro-tui: its schema is {newer[-1]}, and opro-tui"
            f" {__version__} knows up to {names[-1]}",
            where=str(path),
            todo="Update opro-tui.",
        )
    if not applied and db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise StoreError(
            "is a database of another program",
            where=str(path),
            todo="Give another file with --db.",
        )
    pending = len(applied) < len(names)
    if pending and readonly:
        has = applied[-1] if applied else "empty"
        raise OlderSchema(
            f"its schema is {has}, older than {names[-1]}, and it was opened read-only",
            where=str(path),
            todo="Open it once for writing, which migrates it.",
        )
    return pending


def _names_of(db: sqlite3.Connection) -> set[str]:
    """The migrations that were applied; read without the library, which takes long to import."""
    try:
        rows = db.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'opro_tui'")
        return {str(row[0]) for row in rows}
    except sqlite3.OperationalError:
        return set()


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite doesn't wait by itself when two processes do this at once."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _migrate(db: sqlite3.Connection) -> None:
    """Apply what is pending, in one transaction that no other process can come between."""
    from opro_tui.store.migrations import SCHEMA

    db.execute("BEGIN IMMEDIATE")
    try:
        SCHEMA.apply(_wrap(db))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
