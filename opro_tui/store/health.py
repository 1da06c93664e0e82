"""What endpoints were found to take, and whether the database is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.store.texts import decode, dump, encode, load

if TYPE_CHECKING:
    import sqlite3

    from opro_tui.core.protocols import Traits


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


def integrity(db: sqlite3.Connection) -> str:
    """`ok`, or what is wrong, a line each."""
    wrong = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
    wrong += [
        f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}"
        for row in db.execute("PRAGMA foreign_key_check")
    ]
    wrong += [
        f"evaluation {seq} of session {session} refers to a missing call"
        for session, seq in db.execute(
            "SELECT session, seq FROM evaluations WHERE call IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = call)"
        )
    ]
    return "\n".join(wrong) or "ok"
