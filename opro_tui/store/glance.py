"""A look at a database that imports nothing of the store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def has_session(path: Path, name: str) -> bool:
    """Whether a session of that name is there for sure.

    A program that is about to show it need not open the database before its first paint. Where
    the answer is no, opening it says why: no such session, no such file, an older schema.
    """
    wanted = "SELECT 1 FROM sessions WHERE name = ? AND deleted IS NULL"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(wanted, (name,)).fetchone() is not None
    except (sqlite3.Error, UnicodeError):
        return False


def stamp(path: Path) -> tuple[object, ...]:
    """What changes whenever somebody stores something in a database, or takes a session of it.

    It opens nothing, so that it is in nobody's way.
    """
    files = (path, path.with_name(path.name + "-wal"))
    return (*map(_of, files), _owners(path.with_name(path.name + ".locks")))


def _of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _owners(folder: Path) -> frozenset[str]:
    try:
        return frozenset(file.name for file in folder.iterdir() if file.suffix == ".owner")
    except OSError:
        return frozenset()
