"""The next release, with one migration more: `python -m tests.support.newer ARGUMENTS`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from opro_tui.store import connection, migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

NEXT = "m999_next"


def become() -> None:
    """Know one migration more from now on."""

    @migrations.SCHEMA(name=NEXT)
    def _next(db: Database) -> None:
        db.conn.execute("ALTER TABLE sessions ADD COLUMN next TEXT")

    connection.NAMES = (*connection.NAMES, NEXT)  # type: ignore[assignment]


if __name__ == "__main__":
    become()
    from opro_tui.cli import invoke

    sys.exit(invoke(sys.argv[1:]))
