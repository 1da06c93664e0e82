"""Text and JSON data in and out of SQLite, exactly, whatever models and users wrote."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from opro_tui.core.hashing import digest
from opro_tui.core.meta_prompt import Template
from opro_tui.core.settings import Settings

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

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


@cache
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


def insert(db: sqlite3.Connection, table: str, **values: Any) -> int:  # noqa: ANN401
    """Insert a row by column name; returns its id, for tables that have one."""
    cursor = db.execute(_insert_sql(table, tuple(values)), tuple(values.values()))
    return cursor.lastrowid or 0


def chunks(items: list[Any], size: int = 500) -> Iterator[tuple[str, list[Any]]]:
    """Pieces that fit into one statement, each with its marks for `IN (…)`."""
    for start in range(0, len(items), size):
        piece = items[start : start + size]
        yield ",".join("?" * len(piece)), piece


def intern_text(db: sqlite3.Connection, text: SqlText) -> int:
    """The id of a text that repeats; it is stored when it is new."""
    key = digest(decode(text))
    row = db.execute("SELECT id FROM texts WHERE hash = ?", (key,)).fetchone()
    return insert(db, "texts", hash=key, text=text) if row is None else int(row[0])


class SharedTexts:
    """What texts that repeat stand for, each read and built once."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._settings: dict[int, Settings] = {}
        self._templates: dict[int, Template] = {}

    def data(self, id_: int) -> Any:  # noqa: ANN401 - any JSON data
        """The JSON data of an id."""
        return load(self._db.execute("SELECT text FROM texts WHERE id = ?", (id_,)).fetchone()[0])

    def settings(self, id_: int) -> Settings:
        """The settings of an id."""
        if id_ not in self._settings:
            self._settings[id_] = Settings.from_json(self.data(id_))
        return self._settings[id_]

    def template(self, id_: int) -> Template:
        """The template of an id."""
        if id_ not in self._templates:
            self._templates[id_] = Template(**self.data(id_))
        return self._templates[id_]
