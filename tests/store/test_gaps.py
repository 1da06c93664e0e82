"""Events that are lost are missed: each has its place, and all places are taken."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from opro_tui.store.database import Store
from opro_tui.store.gaps import EVENTS, Gap
from tests.store.test_upkeep import rich

EXAMPLES = Path(__file__).parents[2] / "sessions" / "examples.db"

NO_EVENTS = {
    ("sessions", "last_seq"),
    ("sessions", "fork_seq"),
    ("summaries", "seq"),
    ("judgements", "seq"),
}


async def found(path: Path) -> list[Gap]:
    store = await Store.open(path, readonly=True)
    try:
        return await store.gaps()
    finally:
        await store.close()


async def test_every_place_of_an_event_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    with closing(sqlite3.connect(path)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
        places = {
            (table, row[1])
            for table in tables
            for row in db.execute(f'PRAGMA table_info("{table}")')
            if row[1].endswith("seq")
        }
    assert places - NO_EVENTS == set(EVENTS)
    assert await found(path) == []


@pytest.mark.parametrize("table", ["evaluations", "calls", "scores", "candidates"])
async def test_what_is_lost_is_counted_in_all_that_share_it(tmp_path: Path, table: str) -> None:
    path = tmp_path / "s.db"
    shutil.copyfile(EXAMPLES, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        parent, fork, shared = db.execute(
            "SELECT parent.name, fork.name, fork.fork_seq FROM sessions AS fork"
            " JOIN sessions AS parent ON parent.id = fork.parent"
        ).fetchone()
        query = f"SELECT seq FROM {table} WHERE session = (SELECT id FROM sessions WHERE name = ?)"
        places = sorted(row[0] for row in db.execute(query, (parent,)) if row[0])
        early, late = places[0], places[-1]
        assert early <= shared < late
        db.execute(
            f"DELETE FROM {table} WHERE session = (SELECT id FROM sessions WHERE name = ?)"
            " AND seq IN (?, ?)",
            (parent, early, late),
        )
        last = dict(db.execute("SELECT name, last_seq FROM sessions"))
    assert await found(path) == [Gap(parent, 2, last[parent]), Gap(fork, 1, last[fork])]
