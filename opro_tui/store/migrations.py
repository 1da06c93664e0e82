"""What applies the schema's migrations, in order; `sqlite_utils` keeps which were."""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlite_utils import Database, Migrations

from opro_tui.store import schema
from opro_tui.store.schema import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = Migrations("opro_tui")


def run(name: str, db: Database) -> None:
    """Run a migration's statements, within the transaction that is open."""
    # One by one: `executescript` would commit it.
    script = files(schema).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""


def _migration(name: str) -> Callable[[Database], None]:
    def migrate(db: Database) -> None:
        run(name, db)

    return migrate


for _name in NAMES:
    SCHEMA(name=_name)(_migration(_name))


def known() -> list[str]:
    """The names of all migrations, in order."""
    empty = Database(memory=True, execute_plugins=False)
    try:
        return [migration.name for migration in SCHEMA.pending(empty)]
    finally:
        empty.close()
