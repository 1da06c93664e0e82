"""What endpoints were found to take, and whether the database is sound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.store.texts import decode, dump, encode, load

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from opro_tui.core.protocols import Traits

_INDEX = re.compile(
    r"missing from index|wrong # of entries in index|non-unique entry in index|^\*\*\* in index"
)


def traits(db: sqlite3.Connection, endpoint: str, model: str) -> Traits:
    """What has been learned of an endpoint's model."""
    rows = db.execute(
        "SELECT trait, value FROM traits WHERE endpoint = ? AND model = ?",
        (encode(endpoint), encode(model)),
    )
    return {decode(trait): load(value) for trait, value in rows}


def set_trait(
    db: sqlite3.Connection, endpoint: str, model: str, trait: str, value: bool | int
) -> None:
    """Keep what was learned of an endpoint's model."""
    db.execute(
        "INSERT INTO traits VALUES (?, ?, ?, ?)"
        " ON CONFLICT (endpoint, model, trait) DO UPDATE SET value = excluded.value",
        (encode(endpoint), encode(model), encode(trait), dump(value)),
    )


@dataclass(frozen=True, slots=True)
class Orphans:
    """Rows of a table that refer to rows which aren't there.

    Attributes:
        table: Their table.
        refers_to: The table that lacks what they refer to.
        count: How many.
        cure: The statement that removes them, or cuts them loose where they are of use alone.
    """

    table: str
    refers_to: str
    count: int
    cure: str


def unused(db: sqlite3.Connection) -> int:
    """The bytes that a vacuum would give back."""
    free = db.execute("PRAGMA freelist_count").fetchone()[0]
    return int(free) * int(db.execute("PRAGMA page_size").fetchone()[0])


def structure(db: sqlite3.Connection) -> list[str]:
    """What is wrong with the file and its indexes, a line each."""
    return [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]


def only_indexes(wrong: list[str]) -> bool:
    """Whether all that is wrong is that indexes don't fit their tables, which REINDEX mends."""
    return bool(wrong) and all(_INDEX.search(line) for line in wrong)


def orphans(db: sqlite3.Connection) -> list[Orphans]:
    """All rows that refer to missing ones, by table and what they refer to."""
    found = []
    for table, column, parent, key, optional in _references(db):
        there = f'SELECT 1 FROM "{parent}" AS p WHERE p."{key}" = "{table}"."{column}"'  # noqa: S608
        missing = f'"{column}" IS NOT NULL AND NOT EXISTS ({there})'
        count = db.execute(f'SELECT count(*) FROM "{table}" WHERE {missing}').fetchone()[0]  # noqa: S608
        if count:
            loose = f'UPDATE "{table}" SET "{column}" = NULL WHERE {missing}'  # noqa: S608
            drop = f'DELETE FROM "{table}" WHERE {missing}'  # noqa: S608
            found.append(Orphans(table, parent, count, loose if optional else drop))
    return found


def _references(db: sqlite3.Connection) -> Iterator[tuple[str, str, str, str, bool]]:
    """Table, column, the table and column it refers to, and whether it may be NULL."""
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in names:
        free = {row[1] for row in db.execute(f'PRAGMA table_info("{table}")') if not row[3]}
        keys = {row[1] for row in db.execute(f'PRAGMA table_info("{table}")') if row[5]}
        for row in db.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
            yield table, row[3], row[2], row[4], row[3] in free - keys
    if {"evaluations", "calls"} <= set(names):
        # A reference that costs too much to be checked at each of millions of inserts.
        yield "evaluations", "call", "calls", "id", True


def integrity(db: sqlite3.Connection) -> str:
    """`ok`, or what is wrong, a line each."""
    if wrong := structure(db):
        return "\n".join(wrong)
    lines = [
        f"{each.count:,} row{'s'[: each.count != 1]} of {each.table} refer"
        f"{'s' * (each.count == 1)} to missing rows of {each.refers_to}"
        for each in orphans(db)
    ]
    return "\n".join(lines) or "ok"
