"""What a damage leaves is found, page by page where SQLite finds nothing any more."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opro_tui.engine import repair
from opro_tui.store import salvage as salvaging
from opro_tui.store.backup import back_up
from opro_tui.store.connection import connect
from opro_tui.store.database import Store
from opro_tui.store.pages import Pages, Shape
from opro_tui.store.salvage import salvage
from tests.store.test_upkeep import names_in, rich, rows_of

if TYPE_CHECKING:
    from pathlib import Path

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.binary(max_size=40),
    st.integers(1, 60_000).map(lambda size: "x" * size),
)
PAGE = 4096


def found_in(path: Path, table: str) -> set[tuple[Any, ...]]:
    """A table's rows as its pages have them, in the order of its columns."""
    with closing(sqlite3.connect(path)) as db:
        shape = Shape.of(db, table)
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        order = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
    with closing(Pages(path)) as pages:
        rows = [
            shape.row(number, values)
            for page in pages.tree(root[0], rowid=shape.rowid)
            for number, values in pages.records(page, rowid=shape.rowid)
        ]
    assert None not in rows
    places = [shape.columns.index(name) for name in order]
    return {tuple(row[place] for place in places) for row in rows if row is not None}


@pytest.mark.parametrize("logged", [False, True])
async def test_pages_hold_what_sqlite_says(tmp_path: Path, logged: bool) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    with closing(sqlite3.connect(path)) as reader:
        if logged:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sessions").fetchone()
            store = await Store.open(path)
            await store.rename("a", "renamed")
            await store.close()
            assert path.with_name("s.db-wal").stat().st_size
            reader.execute("ROLLBACK")
        for table, rows in rows_of(path).items():
            assert found_in(path, table) == rows, table


@given(rows=st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=30), rowid=st.booleans())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_any_values_come_back(tmp_path_factory: Any, rows: list[Any], rowid: bool) -> None:
    path = tmp_path_factory.mktemp("pages") / "x.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        end = "" if rowid else " WITHOUT ROWID"
        db.execute(f"CREATE TABLE t (a BLOB, b BLOB, k INTEGER PRIMARY KEY, c BLOB){end}")
        db.executemany("INSERT INTO t (a, b, c) VALUES (?, ?, ?)" if rowid else
                       "INSERT INTO t (a, b, c, k) VALUES (?, ?, ?, (SELECT count(*) FROM t))",
                       rows)  # fmt: skip
        wanted = set(db.execute("SELECT * FROM t"))
    assert found_in(path, "t") == wanted


def roots(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as db:
        return dict(db.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"))


def hurt(path: Path, page: int, new: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[(page - 1) * PAGE : page * PAGE] = bytes([0xA5]) * PAGE
    new.write_bytes(content)
    return new


async def test_a_tables_lost_root_costs_no_row_that_lies_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    whole = rows_of(path)
    # The root of a table without row numbers holds some of its rows itself.
    for table, most in (("evaluations", 60), ("candidates", 0), ("scores", 0), ("texts", None)):
        saved = tmp_path / f"{table}.saved.db"
        done = salvage(hurt(path, roots(path)[table], tmp_path / f"{table}.db"), saved)
        assert done.sound
        assert set(done.damaged) == {table}
        after = rows_of(saved)
        if most is not None:
            lost = whole[table] - after[table]
            assert len(lost) <= most, (table, len(lost))
            others = set(whole) - {table, "summaries"}
            assert all(after[name] == whole[name] for name in others)
        if table in ("evaluations", "scores"):
            assert done.damaged[table] == len(whole[table])


async def test_what_was_deleted_stays_deleted(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    store = await Store.open(path)
    await store.delete_now("b")
    await store.close()
    whole = rows_of(path)
    saved = tmp_path / "saved.db"
    salvage(hurt(path, roots(path)["evaluations"], tmp_path / "hurt.db"), saved)
    after = rows_of(saved)
    assert after["evaluations"] <= whole["evaluations"]
    assert {row[0] for row in after["sessions"]} == {1}


async def test_where_nobody_knows_what_was_imported_all_code_asks(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    saved = tmp_path / "saved.db"
    salvage(hurt(path, roots(path)["imports"], tmp_path / "hurt.db"), saved)
    store = await Store.open(saved)
    for record in await store.sessions():
        assert record.imported is not None
        assert not record.imported.allow_python
    await store.close()


async def test_it_says_what_is_lost_and_where_it_may_be(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    await rich(whole)
    path = hurt(whole, roots(whole)["evaluations"], tmp_path / "s.db")
    with closing(connect(whole, readonly=True)) as db:
        kept = back_up(db, path, "m011_batches")
    content = path.read_bytes()
    (job,) = [job for job in await repair.plan(path) if "save what can be read" in job.what]
    said = "\n".join(await job.do())
    assert re.search(r"evaluations is damaged: 3,9\d\d of 4,\d\d\d rows were saved", said), said
    assert "what is lost may be in the backup of 20" in said
    assert kept.name in said
    assert path.read_bytes() == content
    assert not [name for name in names_in(tmp_path) if ".part" in name]


def test_what_was_lost_in_words() -> None:
    assert repair._lost("edits", 3, None).endswith(
        "3 rows were saved; how many there were nothing tells"
    )
    assert repair._lost("edits", 3, 3) == "edits is damaged, and all of its 3 rows were saved"
    assert repair._lost("edits", 2, 3) == "edits is damaged: 2 of 3 rows were saved"


async def test_a_full_disk_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.db"
    await rich(path)

    def full(*_: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(salvaging._Table, "keep", full)
    with pytest.raises(Exception, match="the disk is full"):
        salvage(hurt(path, 5, tmp_path / "hurt.db"), tmp_path / "saved.db")
    assert not [name for name in names_in(tmp_path) if name.startswith("saved")]


async def test_no_damage_makes_it_fail_or_go_on_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    data, random = path.read_bytes(), Random(1)
    with closing(sqlite3.connect(path)) as db:
        shapes = [Shape.of(db, table) for table in rows_of(path)]
    for number in range(20):
        content = bytearray(data[: random.choice((len(data), 100_000, 5000))])
        for _ in range(random.choice((1, 30, 3000))):
            content[random.randrange(100, len(content))] = random.randrange(256)
        hurt = tmp_path / f"{number}.db"
        hurt.write_bytes(content)
        with closing(Pages(hurt)) as pages:
            pages.free()
            for page in range(-1, pages.count + 2):
                for rowid in (True, False):
                    list(pages.tree(page, rowid=rowid))
                    found = pages.records(page, rowid=rowid)
                    for shape in shapes:
                        rows = [shape.row(*record) for record in found]
                        assert {len(row) for row in rows if row} <= {len(shape.columns)}
