"""Drafts: what a person wrote in a session and hasn't used yet. They are in no export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.store.calls import now
from opro_tui.store.records import StoredDraft
from opro_tui.store.texts import decode, encode

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


def kept(db: sqlite3.Connection, session: int) -> dict[str, StoredDraft]:
    """A session's drafts by name."""
    rows = db.execute("SELECT name, at, text FROM drafts WHERE session = ?", (session,))
    return {name: StoredDraft(decode(text), at) for name, at, text in rows}


def keep(db: sqlite3.Connection, session: int, changes: Mapping[str, str | None]) -> None:
    """Keep drafts, or forget those that are None."""
    for name, text in changes.items():
        if text is None:
            db.execute("DELETE FROM drafts WHERE session = ? AND name = ?", (session, name))
        else:
            db.execute(
                "INSERT INTO drafts VALUES (?, ?, ?, ?)"
                " ON CONFLICT (session, name) DO UPDATE SET at = excluded.at, text = excluded.text",
                (session, name, now(), encode(text)),
            )
