"""Opening a database: its file, its schema, and what its errors mean."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from opro_tui import __version__
from opro_tui.config import make_private
from opro_tui.core.errors import OproError, StoreError
from opro_tui.store.schema import NAMES

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtilsDatabase

_BUSY_SECONDS = 5.0
_SQLITE_ERRORS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_NOTADB: ("is not a database", "Give another file with --db."),
    sqlite3.SQLITE_CORRUPT: (
        "the database is damaged",
        "`opro-tui --db {path} doctor --repair` saves what can be read; this file stays.",
    ),
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
            return StoreError(what, where=where, todo=todo.replace("{path}", quote(where)))
        return StoreError(f"the database refused: {error}", where=where)
    if isinstance(error, OSError):
        what = f"cannot be opened ({error.strerror or error})"
        return StoreError(what, where=where, todo="Check the path and its permissions.")
    return StoreError(f"cannot be used ({error})", where=where)


EXPLAINED = (sqlite3.Error, OSError, OverflowError, OproError)
"""What `explain` turns into a sentence; anything else is a bug and stays what it is."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made to open a database.

    Attributes:
        copy: The migrated copy that is read in its stead; None for the file itself.
        backup: The copy of the file as it was before it was migrated; None where it wasn't.
    """

    copy: Path | None = None
    backup: Path | None = None


def create_file(path: Path) -> None:
    """Make an empty file that only its owner reads (SQLite gives -wal and -shm the same mode)."""
    make_private(path.parent)
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


def prepare(path: Path, *, readonly: bool, copying: bool = False) -> Prepared:
    """Create and migrate a database, or check that it can be read as it is.

    One that is to be migrated is backed up first.

    Args:
        path: The file.
        readonly: Neither create nor migrate it.
        copying: Make a migrated copy to read where the file is older; of an empty file one is
            always made, in which there are no sessions.

    Raises:
        StoreError: It is no database of ours, a newer one, or there is no room for its backup.
    """
    if readonly:
        if not path.exists():
            raise StoreError("there is no such database", where=str(path))
        with closing(connect(path, readonly=True)) as db:
            empty = not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            try:
                _check(db, path, readonly=True)
            except OlderSchema:
                if not copying and not empty:
                    raise
                return Prepared(copy=_migrated_copy(db, path))
        return Prepared()
    create_file(path)
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        what, todo = _SQLITE_ERRORS[sqlite3.SQLITE_READONLY]
        raise StoreError(what, where=str(path), todo=todo)
    with closing(connect(path, readonly=False)) as db:
        backup = _migrate(db, path) if _check(db, path, readonly=False) else None
        _use_wal(db)
    return Prepared(backup=backup)


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


def schema_of(db: sqlite3.Connection) -> str:
    """The last migration that was applied; empty for none."""
    from opro_tui.store.migrations import SCHEMA

    applied = SCHEMA.applied(_wrap(db))
    return applied[-1].name if applied else ""


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


def check_still_ours(db: sqlite3.Connection, path: Path) -> None:
    """Refuse to write what a newer program has migrated since it was opened.

    Raises:
        StoreError: It was.
    """
    if _names_of(db) <= set(NAMES):
        return
    from opro_tui.store.migrations import known

    names = known()
    newer = sorted(_names_of(db) - set(names))
    if newer:
        raise StoreError(
            f"a newer opro-tui has brought it up to schema {newer[-1]} since it was opened, and"
            f" opro-tui {__version__} knows up to {names[-1]}",
            where=str(path),
            todo="Close this one and use the newer; what was stored is kept.",
        )


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


def _migrate(db: sqlite3.Connection, path: Path | None = None) -> Path | None:
    """Apply what is pending, in one transaction that no other process can come between.

    Args:
        db: The database.
        path: Its file, to be backed up first; None for one that needs none.

    Returns:
        The backup; None where none was needed.

    Raises:
        StoreError: A session of it is being run, or there is no room for its backup.
    """
    from opro_tui.store.migrations import SCHEMA

    db.execute("BEGIN IMMEDIATE")
    try:
        backup = _back_up(db, path) if path is not None else None
        SCHEMA.apply(_wrap(db))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return backup


def _back_up(db: sqlite3.Connection, path: Path) -> Path | None:
    """Copy a database that is about to be migrated, unless it is new or another process did it."""
    from opro_tui.store.backup import back_up
    from opro_tui.store.locks import writers
    from opro_tui.store.migrations import SCHEMA, known

    applied = [migration.name for migration in SCHEMA.applied(_wrap(db))]
    if not applied or len(applied) == len(known()):
        return None
    if running := writers(path):
        raise StoreError(
            f"its schema is older and has to be migrated, but a session of it is run by"
            f" {' and by '.join(running)}",
            where=str(path),
            todo="Wait until that has ended; nothing was changed.",
        )
    # A second connection reads what is stored; this one keeps all others from writing.
    with closing(_connection(path.absolute().as_uri() + "?mode=ro")) as stored:
        return back_up(stored, path, applied[-1])


def migrate_upto(db: sqlite3.Connection, last: str | None) -> None:
    """Apply what is pending up to a migration, in one transaction; None applies all."""
    from opro_tui.store.migrations import SCHEMA, known

    names = known()
    after = names[names.index(last) + 1 :] if last in names else []
    db.execute("BEGIN IMMEDIATE")
    try:
        SCHEMA.apply(_wrap(db), stop_before=after[0] if after else None)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
