"""Saving into a new file what can still be read of a damaged database."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import StoreError
from opro_tui.store.backup import check_room
from opro_tui.store.connection import EXPLAINED, create_file, explain, migrate_upto
from opro_tui.store.health import integrity
from opro_tui.store.upkeep import cut_loose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OWN = "_sqlite_migrations"
_PART = ".part"
_SAVED = ".salvaged-"
_HOLE = 5_000_000
"""Keys that are tried one by one where neither side of a damage can be read on from."""
_BEYOND = 100_000
"""Likewise, where the last key isn't known."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was saved.

    Attributes:
        path: The new database.
        rows: Rows that were read, by table.
        damaged: The tables of which some could not be read.
        unusable: Rows that were read and left out, for what they refer to is lost.
        sound: Whether the new database is.
    """

    path: Path
    rows: dict[str, int]
    damaged: tuple[str, ...]
    unusable: int
    sound: bool


def salvage(path: Path, target: Path) -> Salvaged:
    """Copy all rows that can be read into a new database; the damaged one stays as it is.

    Args:
        path: The damaged database.
        target: Where to save it; must not exist.

    Raises:
        StoreError: Not even its schema can be read, or the new one can't be written.
    """
    check_room(path.parent, 2 * path.stat().st_size, "to save what can be read")
    try:
        source = sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    # Reading on where SQLite would give up over a text that is no UTF-8 any more.
    source.text_factory = lambda data: data.decode("utf-8", "replace")
    for old in target.parent.glob(f"*{_SAVED}*{_PART}*"):
        old.unlink(missing_ok=True)  # one that was killed left it
    part = target.with_name(target.name + _PART)
    try:
        with closing(source):
            return _salvage(source, path, part, target)
    except BaseException as error:
        for end in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + end).unlink(missing_ok=True)
        if isinstance(error, EXPLAINED):
            raise explain(error, target) from error
        raise


def _salvage(source: sqlite3.Connection, path: Path, part: Path, target: Path) -> Salvaged:
    applied = _applied(source, path)
    create_file(part)
    with closing(sqlite3.connect(part, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        migrate_upto(db, applied)
        db.execute("PRAGMA foreign_keys = OFF")
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            if name != _OWN and not name.startswith("sqlite_")
        ]
        rows, damaged = {}, []
        db.execute("BEGIN")
        for table in tables:
            reading = _Table(source, db, table)
            if not reading.copy():
                damaged.append(table)
            rows[table] = db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608
        # What the list shows is worked out again from the events.
        db.execute("DELETE FROM summaries")
        unusable = cut_loose(db)
        db.execute("COMMIT")
        migrate_upto(db, None)
        sound = integrity(db) == "ok"
        # From here on the disk has it; under its name it is whole.
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("VACUUM")
    part.replace(target)
    return Salvaged(target, rows, tuple(damaged), unusable, sound)


def _applied(source: sqlite3.Connection, path: Path) -> str | None:
    """The last migration of the damaged database; None when only a guess is left."""
    try:
        tables = {row[0] for row in source.execute("SELECT name FROM sqlite_schema")}
    except sqlite3.Error as error:
        raise StoreError(
            f"nothing of it can be read ({error})",
            where=str(path),
            todo="Restore a backup: `opro-tui doctor` names those that lie beside it.",
        ) from error
    if "sessions" not in tables:
        raise StoreError("no session can be found in it", where=str(path), todo="Restore a backup.")
    with suppress(sqlite3.Error):
        row = source.execute(f"SELECT name FROM {_OWN} ORDER BY id DESC").fetchone()  # noqa: S608
        if row is not None:
            return str(row[0])
    return None


class _Table:
    """One table on its way: from the front, from the back, and what lies between, key by key."""

    def __init__(self, source: sqlite3.Connection, db: sqlite3.Connection, table: str) -> None:
        self._source, self._db, self._table = source, db, table
        columns = db.execute(f'PRAGMA table_info("{table}")').fetchall()
        with suppress(sqlite3.Error):
            there = {row[1] for row in source.execute(f'PRAGMA table_info("{table}")')}
            columns = [column for column in columns if column[1] in there]
        self._names = ", ".join(f'"{column[1]}"' for column in columns)
        self._marks = ", ".join("?" * len(columns))
        keys = [column[1] for column in sorted(columns, key=lambda c: c[5]) if column[5]]
        sql = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
        self._keys = keys if "WITHOUT ROWID" in sql else ["rowid"]

    def copy(self) -> bool:
        """Copy what can be read; whether that was all."""
        first = self._run("ASC")
        if first is None:
            return True
        last = self._run("DESC")
        self._between(first, last)
        return False

    def _run(self, way: str) -> tuple[Any, ...] | None:
        """Copy in the order of the key until nothing more can be read.

        Returns:
            The key that was reached, empty before the first; None when the table was read whole.
        """
        at: tuple[Any, ...] = ()
        order = ", ".join(f'"{key}" {way}' for key in self._keys)
        try:
            for key, row in self._rows(f"ORDER BY {order}", ()):
                at = key
                self._keep(row)
        except sqlite3.Error:
            return at
        return None

    def _between(self, first: tuple[Any, ...], last: tuple[Any, ...] | None) -> None:
        """Try each first part of the key between two damages."""
        begin = first[0] if first else 0
        end = last[0] if last else begin
        if not isinstance(begin, int) or not isinstance(end, int):
            return
        end = min(end, begin + _HOLE) if last else begin + _BEYOND
        rest = ", ".join(f'"{key}"' for key in self._keys)
        ways = ("ASC", "DESC") if len(self._keys) > 1 else ("ASC",)
        for part in range(begin, end + 1):
            for way in ways:
                order = rest.replace(",", f" {way},") + f" {way}"
                with suppress(sqlite3.Error):
                    where = f'WHERE "{self._keys[0]}" = ? ORDER BY {order}'
                    for _, row in self._rows(where, (part,)):
                        self._keep(row)

    def _rows(
        self, clause: str, values: tuple[Any, ...]
    ) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        keys = ", ".join(f'"{key}"' if key != "rowid" else key for key in self._keys)
        rows = self._source.execute(
            f'SELECT {keys}, {self._names} FROM "{self._table}" NOT INDEXED {clause}',  # noqa: S608
            values,
        )
        for row in rows:
            yield row[: len(self._keys)], row[len(self._keys) :]

    def _keep(self, row: tuple[Any, ...]) -> None:
        self._db.execute(
            f'INSERT OR IGNORE INTO "{self._table}" ({self._names}) VALUES ({self._marks})',  # noqa: S608
            row,
        )
