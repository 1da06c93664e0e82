"""The pages of a damaged database, read without SQLite: rows that no tree leads to any more.

After <https://sqlite.org/fileformat2.html>. Nothing is taken on trust: a page that can't be read as
what it says it is gives no rows.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

_INDEX, _TABLE, _INDEX_LEAF, _TABLE_LEAF = 2, 5, 10, 13
_INTERIOR = (_INDEX, _TABLE)
_INTEGERS = (0, 1, 2, 3, 4, 6, 8)
"""Bytes of an integer by its serial type."""
_BROKEN = (IndexError, ValueError, struct.error, OverflowError)
_LONGEST = 100_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How a table's rows lie in the file.

    Attributes:
        name: The table.
        columns: Column names in the order of a record.
        kinds: Their declared types.
        required: Whether each must have a value.
        key: The place of the column that is the row's number; None for none.
        rowid: Whether rows have a number, so that they lie in a table's tree and not an index's.
    """

    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    required: tuple[bool, ...]
    key: int | None
    rowid: bool

    @classmethod
    def of(cls, db: sqlite3.Connection, table: str) -> Shape:
        """A table's shape, from a sound database of the same schema."""
        sql = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
        rowid = "WITHOUT ROWID" not in sql
        found = db.execute(f'PRAGMA table_info("{table}")').fetchall()
        keys = [row for row in sorted(found, key=lambda row: row[5]) if row[5]]
        if not rowid:
            found = [*keys, *(row for row in found if not row[5])]
        alias = rowid and len(keys) == 1 and keys[0][2].upper() == "INTEGER"
        return cls(
            name=table,
            columns=tuple(row[1] for row in found),
            kinds=tuple(row[2].upper() for row in found),
            required=tuple(bool(row[3]) or (bool(row[5]) and not rowid) for row in found),
            key=found.index(keys[0]) if alias else None,
            rowid=rowid,
        )

    def row(self, number: int, values: list[Any]) -> tuple[Any, ...] | None:
        """A record as a row of this table; None where it can't be one."""
        missing = len(self.columns) - len(values)
        if missing < 0 or (missing and any(self.required[len(values) :])):
            return None
        values = [*values, *[None] * missing]
        if self.key is not None:
            if values[self.key] is not None:
                return None
            values[self.key] = number
        for value, kind, required in zip(values, self.kinds, self.required, strict=True):
            if not _fits(value, kind, required=required):
                return None
        return tuple(values)


def _fits(value: Any, kind: str, *, required: bool) -> bool:  # noqa: ANN401 - a stored value
    if value is None:
        return not required
    if kind == "INTEGER":
        return isinstance(value, int)
    if kind == "REAL":
        return isinstance(value, int | float)
    return isinstance(value, str | bytes) if kind == "TEXT" else True


class Pages:
    """A database file's pages, those of its write-ahead log before its own.

    Args:
        path: The file.

    Raises:
        ValueError: Its first page says nothing of use.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        head = self._file.read(100)
        if len(head) < 100:
            raise ValueError("it has no header")
        size = int.from_bytes(head[16:18], "big")
        self._size = 65536 if size == 1 else size
        self._usable = self._size - head[20]
        if self._size < 512 or self._size & (self._size - 1) or self._usable < 480:
            raise ValueError("its page size is none")
        self._log: dict[int, int] = {}
        self._wal = None
        with suppress(OSError, *_BROKEN):
            self._wal = path.with_name(path.name + "-wal").open("rb")
            self._read_log()
        self.count = max(path.stat().st_size // self._size, *self._log, 0)

    def close(self) -> None:
        """Let go of the files."""
        self._file.close()
        if self._wal is not None:
            self._wal.close()

    def _read_log(self) -> None:
        """Note where the log has the last committed copy of each page."""
        assert self._wal is not None  # noqa: S101 - just opened
        head = self._wal.read(32)
        if int.from_bytes(head[8:12], "big") != self._size:
            return
        pending: dict[int, int] = {}
        at = 32
        while len(frame := self._wal.read(24)) == 24 and frame[8:16] == head[16:24]:
            pending[int.from_bytes(frame[:4], "big")] = at + 24
            if int.from_bytes(frame[4:8], "big"):
                self._log |= pending
                pending = {}
            at += 24 + self._size
            self._wal.seek(at)

    def page(self, number: int) -> bytes:
        """A page, the first being 1.

        Raises:
            ValueError: There is none of that number.
        """
        if not 0 < number <= self.count:
            raise ValueError("there is no such page")
        file, at = self._file, (number - 1) * self._size
        if number in self._log and self._wal is not None:
            file, at = self._wal, self._log[number]
        file.seek(at)
        data = file.read(self._size)
        if len(data) < self._size:
            raise ValueError("the file ends before it")
        return data

    def free(self) -> set[int]:
        """The pages that are in no use."""
        found: set[int] = set()
        with suppress(*_BROKEN):
            trunk = int.from_bytes(self.page(1)[32:36], "big")
            while trunk and trunk not in found:
                found.add(trunk)
                data = self.page(trunk)
                count = min(int.from_bytes(data[4:8], "big"), self._usable // 4 - 2)
                found.update(struct.unpack_from(f">{count}I", data, 8))
                trunk = int.from_bytes(data[:4], "big")
        return found

    def tree(self, root: int, *, rowid: bool) -> Iterator[int]:
        """The pages of a tree, as far as they can be read as such.

        Args:
            root: The first page.
            rowid: Whether it is a table's, or an index's or that of a table without row numbers.
        """
        inner, leaf = (_TABLE, _TABLE_LEAF) if rowid else (_INDEX, _INDEX_LEAF)
        waiting, seen = [root], set()
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            with suppress(*_BROKEN):
                data = self.page(number)
                start = 100 if number == 1 else 0
                if data[start] == inner:
                    waiting += self._children(data, start)
                elif data[start] != leaf:
                    continue
                yield number

    def _children(self, data: bytes, start: int) -> list[int]:
        cells = self._cells(data, start)
        found = [int.from_bytes(data[at : at + 4], "big") for at in cells]
        return [*found, int.from_bytes(data[start + 8 : start + 12], "big")]

    def _cells(self, data: bytes, start: int) -> tuple[int, ...]:
        count = int.from_bytes(data[start + 3 : start + 5], "big")
        begin = start + (12 if data[start] in _INTERIOR else 8)
        if begin + 2 * count > self._size:
            raise ValueError("more cells than a page holds")
        return struct.unpack_from(f">{count}H", data, begin)

    def records(self, number: int, *, rowid: bool) -> list[tuple[int, list[Any]]]:
        """The records of a page, each with its row's number (0 for none), that can be read.

        Args:
            number: The page.
            rowid: Whether of a table's tree, or of an index's, as tables without row numbers have.
        """
        found: list[tuple[int, list[Any]]] = []
        with suppress(*_BROKEN):
            data = self.page(number)
            start = 100 if number == 1 else 0
            kind = data[start]
            if kind not in ((_TABLE_LEAF,) if rowid else (_INDEX_LEAF, _INDEX)):
                return []
            for at in self._cells(data, start):
                with suppress(*_BROKEN):
                    found.append(self._record(data, at + 4 * (kind == _INDEX), rowid=rowid))
        return found

    def _record(self, data: bytes, at: int, *, rowid: bool) -> tuple[int, list[Any]]:
        size, at = _varint(data, at)
        number = 0
        if rowid:
            number, at = _varint(data, at)
            number -= (number >> 63) << 64
        return number, _values(self._payload(data, at, size, rowid=rowid))

    def _payload(self, data: bytes, at: int, size: int, *, rowid: bool) -> bytes:
        if size > _LONGEST:
            raise ValueError("longer than anything that is stored")
        usable = self._usable
        most = usable - 35 if rowid else (usable - 12) * 64 // 255 - 23
        if size <= most:
            return _part(data, at, size)
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
        parts, left = [_part(data, at, local)], size - local
        following = int.from_bytes(_part(data, at + local, 4), "big")
        seen: set[int] = set()
        while left > 0:
            if following in seen:
                raise ValueError("it goes round in a circle")
            seen.add(following)
            page = self.page(following)
            following = int.from_bytes(page[:4], "big")
            parts.append(_part(page, 4, min(left, usable - 4)))
            left -= len(parts[-1])
        return b"".join(parts)


def _part(data: bytes, at: int, size: int) -> bytes:
    part = data[at : at + size]
    if len(part) < size:
        raise ValueError("it goes beyond its page")
    return part


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        byte = data[at + place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    return value << 8 | data[at + 8], at + 9


def _values(payload: bytes) -> list[Any]:
    """The values of a record."""
    end, at = _varint(payload, 0)
    body, values = end, []
    while at < end:
        kind, at = _varint(payload, at)
        size = _INTEGERS[kind] if kind < 7 else 8 if kind == 7 else max(0, (kind - 12) // 2)
        values.append(_value(kind, _part(payload, body, size)))
        body += size
    if body != len(payload):
        raise ValueError("it is longer than it says")
    return values


def _value(kind: int, data: bytes) -> Any:  # noqa: ANN401 - whatever is stored
    if kind == 0:
        return None
    if kind < 7:
        return int.from_bytes(data, "big", signed=True)
    if kind == 7:
        return struct.unpack(">d", data)[0]
    if kind in (8, 9):
        return kind - 8
    if kind < 12:
        raise ValueError("there is no such kind of value")
    return data.decode("utf-8", "replace") if kind % 2 else data
