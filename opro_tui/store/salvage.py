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
from opro_tui.store.pages import Pages, Shape
from opro_tui.store.upkeep import cut_loose

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

_OWN = "_sqlite_migrations"
_PART = ".part"
_SAVED = ".salvaged-"


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was saved.

    Attributes:
        path: The new database.
        rows: Rows that were read, by table.
        damaged: The tables of which some could not be read as usual, to how many rows there were;
            None where nothing tells.
        unusable: Rows that were read and left out, for what they refer to is lost.
        sound: Whether the new database is.
    """

    path: Path
    rows: dict[str, int]
    damaged: dict[str, int | None]
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
        db.execute("BEGIN")
        damaged = [each for name in tables if not (each := _Table(source, db, name)).copy()]
        before = {each.shape.name: each.before() for each in damaged}
        if damaged:
            _by_pages(source, path, damaged)
        if "imports" in before:
            # Of which sessions came from a file is not known any more: all ask before code runs.
            db.execute(
                "INSERT OR IGNORE INTO imports (session, at, allow_python)"
                " SELECT id, created, 0 FROM sessions"
            )
        rows = {
            name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for name in tables
        }
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
    return Salvaged(target, rows, before, unusable, sound)


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
    """One table on its way: read as SQLite does, and where that fails page by page."""

    def __init__(self, source: sqlite3.Connection, db: sqlite3.Connection, table: str) -> None:
        self._source, self._db, self._table = source, db, table
        self.shape = Shape.of(db, table)

    def copy(self) -> bool:
        """Copy all rows; whether that was possible."""
        there = set(self.shape.columns)
        with suppress(sqlite3.Error):
            there = {row[1] for row in self._source.execute(f'PRAGMA table_info("{self._table}")')}
        columns = [name for name in self.shape.columns if name in there]
        names = ", ".join(f'"{name}"' for name in columns)
        select = f'SELECT {names} FROM "{self._table}" NOT INDEXED'  # noqa: S608
        rows: Iterator[tuple[Any, ...]] | None = None
        while True:
            try:
                rows = rows or self._source.execute(select)
                row = next(rows, None)
            except sqlite3.Error:
                return False
            if row is None:
                return True
            self.keep(row, columns)

    def keep(self, row: tuple[Any, ...], columns: Sequence[str] = ()) -> None:
        """Store a row, unless it is there."""
        names = ", ".join(f'"{name}"' for name in columns or self.shape.columns)
        marks = ", ".join("?" * len(row))
        with suppress(sqlite3.IntegrityError, OverflowError):
            self._db.execute(
                f'INSERT OR IGNORE INTO "{self._table}" ({names}) VALUES ({marks})',  # noqa: S608
                row,
            )

    def before(self) -> int | None:
        """How many rows there were, as a whole index tells; None where none does."""
        for index in self._source.execute(f'PRAGMA index_list("{self._table}")').fetchall():
            if index[4]:
                continue  # an index of some of the rows
            with suppress(sqlite3.Error):
                found = self._source.execute(
                    f'SELECT count(*) FROM "{self._table}" INDEXED BY "{index[1]}"'  # noqa: S608
                ).fetchone()
                return int(found[0])
        return None


def _by_pages(source: sqlite3.Connection, path: Path, tables: Sequence[_Table]) -> None:
    """Store what the pages of some tables hold, those that no tree leads to among them.

    A page that is in no tree, as after the damage of one above it, and of whose records each fits
    one of these tables and no other, is taken for that table's.
    """
    try:
        pages = Pages(path)
    except (OSError, ValueError):
        return
    with closing(pages):
        taken = pages.free() | set(pages.tree(1, rowid=True))  # the first is the schema
        by_name = {table.shape.name: table for table in tables}
        for name, own in _trees(source, pages, by_name):
            if (table := by_name.get(name)) is not None:
                for number in own:
                    if number not in taken:
                        _keep(table, pages, number)
            taken.update(own)
        for number in range(2, pages.count + 1):
            if number not in taken:
                fitting = [t for t in tables if _is_of(pages, number, t.shape)]
                if len(fitting) == 1:
                    _keep(fitting[0], pages, number)


def _trees(
    source: sqlite3.Connection, pages: Pages, broken: Collection[str]
) -> Iterator[tuple[str, list[int]]]:
    """Each tree's pages, those of sound tables first: a broken one may point anywhere."""
    roots = source.execute(
        "SELECT name, type = 'index', rootpage, sql FROM sqlite_schema WHERE rootpage > 0"
    ).fetchall()
    roots.sort(key=lambda row: (row[1], row[0] in broken))
    for name, index, root, sql in roots:
        rowid = not index and "WITHOUT ROWID" not in sql
        yield name, list(pages.tree(root, rowid=rowid))


def _keep(table: _Table, pages: Pages, number: int) -> None:
    """Store those rows of a page that can be the table's."""
    for at, values in pages.records(number, rowid=table.shape.rowid):
        row = table.shape.row(at, values)
        if row is not None:
            table.keep(row)


def _is_of(pages: Pages, number: int, shape: Shape) -> bool:
    """Whether all that a page holds can be a table's."""
    found = pages.records(number, rowid=shape.rowid)
    return bool(found) and all(shape.row(*record) is not None for record in found)
