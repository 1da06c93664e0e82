"""Deleting and bringing back, vacuum, backups before a migration, and what a damage leaves."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlite_utils import Database, Migrations

from opro_tui.core.errors import BadInput, StoreError
from opro_tui.core.retention import KEPT_DAYS
from opro_tui.store import backup, connection, deletion, health, locks, migrations, upkeep
from opro_tui.store.connection import prepare
from opro_tui.store.database import Store
from opro_tui.store.migrations import known
from opro_tui.store.salvage import salvage
from tests.store.samples import evaluated, new_session, sampled, scored
from tests.store.test_migrations import load_dump, schema
from tests.store.test_sessions import counts, fill

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400_000


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


# Deleting and bringing back


async def test_a_deleted_session_comes_back_whole(store: Store) -> None:
    session = (await new_session(store)).id
    await fill(store, session)
    await store.keep_drafts(session, {"note": "half a thought"})
    before, events = await counts(store), await store.events(session, fine=True)
    until = await store.delete("s")
    (gone,) = await store.deleted()
    assert (gone.record.name, gone.until) == ("s", until)
    assert gone.until - gone.at == KEPT_DAYS * DAY
    assert await store.sessions() == []
    with pytest.raises(StoreError):
        await store.append(session, [sampled(0, 2)])
    assert (await store.undelete("s")).id == session
    assert await store.deleted() == []
    assert await counts(store) == before
    assert await store.events(session, fine=True) == events
    assert (await store.drafts(session))["note"].text == "half a thought"


async def test_the_last_deleted_of_a_name_comes_back_and_names_stay_unique(store: Store) -> None:
    first = (await new_session(store)).id
    await store.delete("s")
    second = (await new_session(store)).id
    await store.delete("s")
    await new_session(store)
    with pytest.raises(BadInput, match=r"there is a session 's' now.*--as s-2"):
        await store.undelete("s")
    assert (await store.undelete("s", "s-2")).id in (first, second)
    with pytest.raises(BadInput, match="Did you mean 's'"):
        await store.undelete("ss")
    await store.undelete("s", "s-3")
    with pytest.raises(BadInput, match="list --deleted"):
        await store.undelete("s")
    assert {record.id for record in await store.sessions()} >= {first, second}


async def test_after_its_time_it_goes_with_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = (await new_session(store, "old")).id
    await fill(store, old)
    await store.delete("old")
    real = deletion.now()
    monkeypatch.setattr(deletion, "now", lambda: real + KEPT_DAYS * DAY + 60_000)
    assert await store.deleted() == []
    with pytest.raises(BadInput, match="no deleted session"):
        await store.undelete("old")
    assert (await counts(store))["sessions"] == 1
    await new_session(store, "young")
    await store.delete("young")
    assert (await counts(store))["sessions"] == 1
    with pytest.raises(StoreError):
        await store.session_by_id(old)


# Vacuum


async def big(path: Path, *names: str) -> None:
    store = await Store.open(path)
    for name in names:
        session = (await new_session(store, name)).id
        rows = [evaluated(0, 1, i, parsed=f"{name}-secret-{i:06}") for i in range(3000)]
        await store.append(session, rows)
    await store.close()


async def test_vacuum_frees_what_was_deleted_and_leaves_no_byte_of_it(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await big(path, "kept", "dropped")
    store = await Store.open(path)
    await store.delete_now("dropped")
    await store.close()
    size = path.stat().st_size
    done = upkeep.vacuum(path)
    assert done.before == size
    assert done.after == path.stat().st_size < 0.7 * size
    assert b"dropped-secret" not in path.read_bytes()
    assert b"kept-secret" in path.read_bytes()
    store = await Store.open(path)
    assert [record.name for record in await store.sessions()] == ["kept"]
    await store.delete("kept")
    await store.close()
    assert upkeep.vacuum(path).sessions == 0  # it can still be brought back
    assert upkeep.vacuum(path, all_deleted=True).sessions == 1
    assert b"kept-secret" not in path.read_bytes()
    assert names_in(tmp_path) == ["s.db"]


@pytest.mark.parametrize("readonly", [False, True])
async def test_vacuum_waits_for_whoever_has_it_open(tmp_path: Path, readonly: bool) -> None:
    path = tmp_path / "s.db"
    await big(path, "s")
    store = await Store.open(path, readonly=readonly)
    await store.sessions()
    with pytest.raises(StoreError, match=r"another program has it open.*nothing was changed"):
        upkeep.vacuum(path)
    await store.close()
    upkeep.vacuum(path)


Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil's


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 1000, 1000))


async def test_vacuum_needs_room(tmp_path: Path, full_disk: None) -> None:
    await big(tmp_path / "s.db", "s")
    path = tmp_path / "s.db"
    needed = f"{path.stat().st_size * 2.2 / 1e6:.1f} MB"
    with pytest.raises(StoreError, match=rf"needs {needed}, but the disk has 0\.0 MB free"):
        upkeep.vacuum(path)


# Backups


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """A program that knows two migrations fewer than it will."""
    newer = Migrations("opro_tui")
    for migration in migrations.SCHEMA.pending(Database(memory=True)):
        newer(name=migration.name)(migration.fn)
    monkeypatch.setattr(migrations, "SCHEMA", newer)
    monkeypatch.setattr(connection, "NAMES", ("none of them",))
    return newer


async def test_a_backup_is_made_before_a_migration(tmp_path: Path, older: Migrations) -> None:
    path = tmp_path / "s.db"
    await big(path, "s")
    last = known()[-1]
    older(name="m900_more")(lambda db: db.conn.execute("ALTER TABLE sessions ADD COLUMN more"))
    umask = os.umask(0)
    try:
        store = await Store.open(path)
    finally:
        os.umask(umask)
    kept = store.backup
    await store.close()
    assert kept is not None
    assert backup.backups(path) == [kept]
    assert kept.name.startswith(f"s.db.{last}.2")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert prepare(path, readonly=False).backup is None  # once
    with closing(sqlite3.connect(kept)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM evaluations").fetchone() == (3000,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    # It can be looked at, and is no database that is migrated for that.
    before = kept.read_bytes()
    reader = await Store.open(kept, readonly=True, copying=True)
    assert [record.name for record in await reader.sessions()] == ["s"]
    await reader.close()
    assert kept.read_bytes() == before


async def test_only_the_last_backups_are_kept(tmp_path: Path, older: Migrations) -> None:
    path = tmp_path / "s [1].db"
    await big(path, "s")
    stranger = tmp_path / "s 1.db.m001.20200101-000000.backup"
    stranger.touch()
    broken = tmp_path / "s [1].db.m001_initial.20200101-000000.backup.part"
    broken.touch()
    for number in range(5):
        old = tmp_path / f"s [1].db.m00{number}_x.2020010{number}-000000.backup"
        old.touch()
    older(name="m900_more")(lambda db: db.conn.execute("ALTER TABLE sessions ADD COLUMN more"))
    await (await Store.open(path)).close()
    assert len(backup.backups(path)) == backup.KEPT
    assert backup.backups(path)[1:] == [
        tmp_path / "s [1].db.m004_x.20200104-000000.backup",
        tmp_path / "s [1].db.m003_x.20200103-000000.backup",
    ]
    assert stranger.exists()
    assert not broken.exists()


async def test_a_migration_that_fails_leaves_the_file_and_a_backup(
    tmp_path: Path, older: Migrations
) -> None:
    path = tmp_path / "s.db"
    await big(path, "s")
    before = schema(path)
    older(name="m900_broken")(lambda db: db.execute("ALTER TABLE missing ADD COLUMN more"))
    with pytest.raises(StoreError, match="no such table"):
        await Store.open(path)
    assert schema(path) == before
    assert len(backup.backups(path)) == 1


async def test_no_room_for_the_backup_no_migration(tmp_path: Path, full_disk: None) -> None:
    path = tmp_path / "old.db"
    load_dump("schema_1.sql", path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"a backup is made first, and needs .* MB free") as caught:
        await Store.open(path)
    assert "nothing was changed" in str(caught.value)
    assert names_in(tmp_path) == ["old.db"]
    assert path.read_bytes() == before


async def test_a_disk_that_fills_up_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.db"
    load_dump("schema_1.sql", path)

    def full(db: sqlite3.Connection, part: Path) -> None:
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    before = schema(path)
    monkeypatch.setattr(backup, "_copy", full)
    with pytest.raises(StoreError, match=r"backup can't be written .No space left on device"):
        await Store.open(path)
    assert schema(path) == before
    assert names_in(tmp_path) == ["old.db"]


async def test_no_migration_while_an_older_program_runs_a_session(
    tmp_path: Path, older: Migrations, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    await big(path, "s")
    older(name="m900_more")(lambda db: db.conn.execute("ALTER TABLE sessions ADD COLUMN more"))
    held = locks.WriterLock(path, 1, "s")
    held.acquire()
    before = schema(path)
    with pytest.raises(StoreError, match=r"a session of it is run by process \d+ \("):
        await Store.open(path)
    assert schema(path) == before
    held.release()
    await (await Store.open(path)).close()
    assert schema(path) != before


# Damage


async def rich(path: Path) -> None:
    """Enough rows in several tables that a page of any of them can be lost."""
    store = await Store.open(path)
    for name in ("a", "b"):
        session = (await new_session(store, name)).id
        await fill(store, session)
        for number in range(5, 200, 40):
            await store.append(
                session,
                [
                    event
                    for n in range(number, number + 40)
                    for event in (
                        sampled(0, n, text=f"{name}{n} " + "word " * 60),
                        scored(0, n, 0.5),
                    )
                ],
            )
        await store.append(session, [evaluated(0, 1, i) for i in range(2000)])
    await store.close()


LOOSE = ("calls", "evaluations")
"""Tables whose rows stay when what they refer to is lost, without the reference."""


def rows_of(path: Path) -> dict[str, set[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
        return {
            name: set(db.execute(f'SELECT * FROM "{name}"')) for name in names if name[0] != "_"
        }


async def test_what_can_be_read_is_saved_and_the_damaged_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    whole, data = rows_of(path), path.read_bytes()
    pages = len(data) // 4096
    saved_all, small = 0, []
    for page in range(3, pages, max(pages // 7, 1)):
        hurt = tmp_path / f"hurt-{page}.db"
        content = bytearray(data)
        content[page * 4096 : page * 4096 + 4096] = bytes([0xA5]) * 4096
        hurt.write_bytes(content)
        target = tmp_path / f"saved-{page}.db"
        done = salvage(hurt, target)
        assert hurt.read_bytes() == bytes(content)
        assert done.sound
        saved = rows_of(target)
        lost = {name: len(whole[name] - saved[name]) for name in whole if name != "summaries"}
        made_up = {name: saved[name] - whole[name] for name in whole if name not in LOOSE}
        assert not any(made_up.values()), (page, made_up)
        assert bool(done.damaged) >= any(lost.values())  # whatever is lost is told
        saved_all += not any(lost.values())
        small.append(sum(lost.values()) < 700)
        store = await Store.open(target)
        assert await store.integrity() == "ok"
        assert {record.name for record in await store.sessions()} <= {"a", "b"}
        await store.close()
    assert saved_all  # a page of an index
    # But for a table's root or what all refers to, no more goes than a page.
    assert sum(small) >= len(small) / 2, small


async def test_nothing_to_save(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(StoreError, match=r"nothing of it can be read|no session can be found"):
        salvage(path, tmp_path / "saved.db")
    assert not (tmp_path / "saved.db").exists()


async def test_indexes_are_made_again(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        root = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'scores_by_candidate'"
        ).fetchone()[0]
        db.execute("PRAGMA writable_schema = ON")
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("DELETE FROM sqlite_schema WHERE name = 'scores_by_candidate'")
        db.execute("PRAGMA writable_schema = RESET")
        db.execute("DELETE FROM scores WHERE candidate = 7")
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "INSERT INTO sqlite_schema VALUES ('index', 'scores_by_candidate', 'scores', ?,"
            " 'CREATE INDEX scores_by_candidate ON scores(session, candidate)')",
            (root,),
        )
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        wrong = health.structure(db)
        assert health.only_indexes(wrong), wrong
    upkeep.reindex(path)
    with closing(sqlite3.connect(path)) as db:
        assert health.integrity(db) == "ok"


async def test_orphans_go_after_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    await rich(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM sessions WHERE name = 'b'")
        (calls,) = db.execute("SELECT count(*) FROM calls").fetchone()
        db.execute("DELETE FROM calls WHERE session = 1")
        assert "rows of scores refer to missing rows of sessions" in health.integrity(db)
    kept, count = upkeep.drop_orphans(path, known()[-1])
    assert count > 2000
    assert kept.exists()
    store = await Store.open(path)
    assert await store.integrity() == "ok"
    assert [record.name for record in await store.sessions()] == ["a"]
    await store.close()
    assert calls == 4
