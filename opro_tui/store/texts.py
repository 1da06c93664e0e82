"""Text and JSON data in and out of SQLite, exactly, whatever models and users wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opro_tui.core.hashing import digest

if TYPE_CHECKING:
    import sqlite3

SqlText = str | bytes
"""TEXT, or a BLOB in UTF-8 with surrogates passed where TEXT can't hold them."""


def encode(text: str) -> SqlText:
    """What to bind for a text: the text itself, or bytes when it holds lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def decode(value: SqlText) -> str:
    """The reverse of `encode`."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def encode_optional(text: str | None) -> SqlText | None:
    """`encode`, where None is NULL."""
    return None if text is None else encode(text)


def decode_optional(value: SqlText | None) -> str | None:
    """`decode`, where NULL is None."""
    return None if value is None else decode(value)


def dump(data: Any) -> SqlText:  # noqa: ANN401 - any JSON data
    """JSON data as a text to bind; characters stay themselves, so that surrogates don't pair up."""
    return encode(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def load(value: SqlText) -> Any:  # noqa: ANN401 - any JSON data
    """The reverse of `dump`."""
    return json.loads(decode(value))


def intern_text(db: sqlite3.Connection, text: SqlText) -> int:
    """The id of a text that repeats; it is stored when it is new."""
    key = digest(decode(text))
    row = db.execute("SELECT id FROM texts WHERE hash = ?", (key,)).fetchone()
    if row is None:
        return int(
            db.execute("INSERT INTO texts (hash, text) VALUES (?, ?)", (key, text)).lastrowid or 0
        )
    return int(row[0])


def read_text(db: sqlite3.Connection, id_: int) -> SqlText:
    """The text of an id."""
    value: SqlText = db.execute("SELECT text FROM texts WHERE id = ?", (id_,)).fetchone()[0]
    return value
