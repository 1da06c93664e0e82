"""Copies of a database, made before it is changed as a whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from opro_tui.core.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

KEPT = 3
"""How many backups of a database are kept beside it."""
_MOST_SPARE = 16_000_000
"""Bytes that stay free on a disk at most, for what else is written meanwhile: a tenth, or less."""
_END = ".backup"
_PART = ".part"
_PAGES = 2000


def backups(database: Path) -> list[Path]:
    """The backups of a database that lie beside it, the newest first."""
    found = database.parent.glob(f"{_literal(database.name)}.*{_END}")
    return sorted(found, key=lambda file: file.name.rsplit(".", 2)[1:], reverse=True)


def back_up(db: sqlite3.Connection, database: Path, schema: str) -> Path:
    """Copy a database next to it, as `NAME.SCHEMA.TIME.backup`; only the last few are kept.

    The copy is a whole database that only its owner reads, and is there under its name only when
    all of it is on the disk.

    Args:
        db: The connection to copy from; what it sees is what is copied.
        database: The file that it is of.
        schema: What the copy's schema is called.

    Raises:
        StoreError: There is no room for it, or it can't be written.
    """
    for part in database.parent.glob(f"{_literal(database.name)}.*{_END}{_PART}"):
        with suppress(OSError):
            part.unlink()
    check_room(database.parent, size_of(db), "a backup is made first, and")
    at = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target = database.with_name(f"{database.name}.{schema}.{at}{_END}")
    part = target.with_name(target.name + _PART)
    try:
        _copy(db, part)
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        what = f"its backup can't be written ({_reason(error)}), so nothing was changed"
        todo = f"Free some space in {database.parent}, or check its permissions."
        raise StoreError(what, where=str(database), todo=todo) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    for old in backups(database)[KEPT:]:
        with suppress(OSError):
            old.unlink()
    return target


def _copy(db: sqlite3.Connection, part: Path) -> None:
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    os.close(descriptor)
    with closing(sqlite3.connect(part, isolation_level=None)) as target:
        target.execute("PRAGMA synchronous = OFF")
        db.backup(target, pages=_PAGES, sleep=0)
        # A file that no program works on: it is opened as it is, and never migrated in place.
        target.execute("PRAGMA journal_mode = DELETE")
    descriptor = os.open(part, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def size_of(db: sqlite3.Connection) -> int:
    """The bytes of a database, free pages included."""
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    return int(pages) * int(db.execute("PRAGMA page_size").fetchone()[0])


def check_room(folder: Path, needed: int, why: str) -> None:
    """Refuse what there is no room for.

    Args:
        folder: Where it is to be written.
        needed: Its bytes.
        why: What is made, as the beginning of a sentence that goes on with `needs`.

    Raises:
        StoreError: The disk has less free.
    """
    free = shutil.disk_usage(folder).free
    needed += min(needed // 10, _MOST_SPARE)
    if free < needed:
        what = f"{why} needs {megabytes(needed)}, but the disk has {megabytes(free)} free"
        raise StoreError(what, where=str(folder), todo="Free some space; nothing was changed.")


def megabytes(size: int) -> str:
    """Bytes in words."""
    return f"{size / 1e6:,.1f} MB"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _literal(name: str) -> str:
    """A name as a pattern that matches itself alone."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
