"""Databases of every released schema open; newer ones are refused with a sentence."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from opro_tui import __version__
from opro_tui.core.errors import StoreError
from opro_tui.core.events import Evaluation
from opro_tui.store import migrations
from opro_tui.store.database import Store
from opro_tui.store.migrations import known
from opro_tui.store.schema import NAMES

HERE = Path(__file__).parent


def load_dump(name: str, path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.executescript((HERE / name).read_text(encoding="utf-8"))
    db.close()


def schema(path: Path) -> list[tuple[str, str, str]]:
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
    db.close()
    return rows


async def test_a_database_of_the_first_schema_opens_and_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    load_dump("schema_1.sql", path)
    store = await Store.open(path)
    assert await store.integrity() == "ok"
    child = await store.session("child")
    parent = await store.session("first")
    assert child.parent == parent.id
    events = await store.events(child.id, fine=True)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    types = {event.type for event in events}
    assert {"step_started", "prompt_built", "edit", "warning", "step_finished"} <= types
    evaluation = next(event for event in events if isinstance(event, Evaluation))
    assert evaluation.parsed == "4\0\ud800"
    seen = await store.evaluations(child.id, evaluation.candidate)
    assert [completion.text for completion in seen[0].completions] == ["It is 4.", "Four."]
    assert len(await store.examples(child.id)) == 2
    assert await store.traits("http://x", "openai/m") == {"n": 8}
    assert parent.summary == {"best": 0.5}
    assert len(await store.unfinished_calls(parent.id)) == 1
    await store.close()
    await (await Store.open(tmp_path / "new.db")).close()
    assert schema(path) == schema(tmp_path / "new.db")


async def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await (await Store.open(path)).close()
    before = path.read_bytes()
    await (await Store.open(path)).close()
    assert path.read_bytes() == before


@pytest.mark.parametrize("readonly", [False, True])
async def test_a_newer_schema_is_refused(tmp_path: Path, readonly: bool) -> None:
    path = tmp_path / "s.db"
    await (await Store.open(path)).close()
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('opro_tui', 'm999_future', '2030')"
        )
    db.close()
    with pytest.raises(StoreError) as caught:
        await Store.open(path, readonly=readonly)
    text = str(caught.value)
    for part in (str(path), "newer", "m999_future", known()[-1], __version__, "Update opro-tui"):
        assert part in text
    assert "\n" not in text


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """A program that knows one migration more."""
    newer = Migrations("opro_tui")
    newer(name=known()[0])(lambda db: migrations.run("m001_initial", db))

    @newer(name="m002_more")
    def _more(db: Database) -> None:
        migrations.run("m003_imports", db)
        db.conn.execute("ALTER TABLE sessions ADD COLUMN more")

    monkeypatch.setattr(migrations, "SCHEMA", newer)
    return newer


async def test_an_older_schema_is_migrated_with_what_it_holds(
    tmp_path: Path, next_version: Migrations
) -> None:
    path = tmp_path / "s.db"
    load_dump("schema_1.sql", path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="older than m002_more"):
        await Store.open(path, readonly=True)
    assert path.read_bytes() == before
    store = await Store.open(path)
    assert len(await store.sessions()) == 2
    await store.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(more) FROM sessions").fetchone() == (0,)
    db.close()
    assert [migration.name for migration in next_version.applied(Database(path))][1:] == [
        "m002_more"
    ]


async def test_a_migration_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, next_version: Migrations
) -> None:
    path = tmp_path / "s.db"
    load_dump("schema_1.sql", path)
    before = schema(path)
    next_version(name="m003_broken")(lambda db: db.execute("ALTER TABLE missing ADD COLUMN more"))
    with pytest.raises(StoreError, match="no such table"):
        await Store.open(path)
    assert schema(path) == before


def test_the_names_that_open_a_database_without_the_library_are_all_there_are() -> None:
    assert list(NAMES) == known()
