"""Opening: permissions, read-only, and what cannot be opened says why in one line."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opro_tui.core.errors import StoreError
from opro_tui.store.database import Store
from tests.store.samples import evaluated, new_session, sampled, scored

if TYPE_CHECKING:
    from collections.abc import Iterator


async def open_and_list(path: Path, *, readonly: bool) -> None:
    store = await Store.open(path, readonly=readonly)
    try:
        await store.sessions()
    finally:
        await store.close()


async def refusal(path: Path, *, readonly: bool = False) -> str:
    with pytest.raises(StoreError) as caught:
        await open_and_list(path, readonly=readonly)
    text = str(caught.value)
    assert "\n" not in text
    return text


async def test_only_the_owner_reads_the_files(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = await Store.open(tmp_path / "new" / "sessions.db")
        await new_session(store)
        files = list((tmp_path / "new").iterdir())
    finally:
        os.umask(old)
    assert {file.name for file in files} == {
        "sessions.db",
        "sessions.db-wal",
        "sessions.db-shm",
    }
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    await store.close()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["sessions.db"]


async def test_read_only_reads_and_never_writes(tmp_path: Path) -> None:
    path = tmp_path / "a b?#%.db"
    store = await Store.open(path)
    session = (await new_session(store)).id
    await store.append(session, [sampled(0, 1)])
    viewer = await Store.open(path, readonly=True)
    assert viewer.readonly
    assert len(await viewer.events(session)) == 1
    await store.append(session, [sampled(0, 2)])
    assert len(await viewer.events(session)) == 2  # it follows
    with pytest.raises(StoreError, match="reading only"):
        await viewer.append(session, [sampled(0, 3)])
    await viewer.close()
    await store.close()
    before = path.read_bytes()
    viewer = await Store.open(path, readonly=True)
    assert [record.name for record in await viewer.sessions()] == ["s"]
    await viewer.close()
    assert path.read_bytes() == before


async def test_another_program_reads_while_we_write(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "s.db")
    session = (await new_session(store)).id
    other = sqlite3.connect(store.path)
    other.execute("PRAGMA query_only = ON")
    for number in range(1, 30):
        await store.append(session, [sampled(0, number), scored(0, number, number / 100)])
        assert other.execute("SELECT max(score) FROM trajectory").fetchone()[0] == number / 100
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM candidates").fetchone()  # holds its snapshot
    await store.append(session, [sampled(0, 99)])
    assert other.execute("SELECT count(*) FROM candidates").fetchone()[0] == 29
    other.close()
    await store.close()


async def test_what_is_no_database_of_ours(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database\n" * 100)
    assert "is not a database" in await refusal(text)
    assert "is not a database" in await refusal(text, readonly=True)
    assert text.read_text() == "not a database\n" * 100
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    assert "another program" in await refusal(foreign)
    assert "is a folder" in await refusal(tmp_path)
    assert "no such database" in await refusal(tmp_path / "missing.db", readonly=True)
    assert not (tmp_path / "missing.db").exists()
    assert "cannot be opened" in await refusal(text / "below" / "a.db")
    assert "cannot be opened" in await refusal(tmp_path / ("x" * 300))
    assert "cannot be used" in await refusal(tmp_path / "a\0b")


async def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    store = await Store.open(path, readonly=True)
    assert await store.sessions() == []
    await store.close()
    assert path.read_bytes() == b""
    store = await Store.open(path)
    assert await store.sessions() == []
    await store.close()


async def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = await Store.open(path)
    session = (await new_session(store)).id
    await store.append(session, [evaluated(0, 1, i) for i in range(2000)])
    await store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    assert "damaged" in await refusal(path)
    path.write_bytes(data[:5000])
    assert "damaged" in await refusal(path, readonly=True)


@contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder for a user whom permissions bind (root is bound by none)."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    folder.chmod(0o777)
    if root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


async def test_permissions_are_said(tmp_path: Path) -> None:
    with unprivileged() as folder:
        path = folder / "s.db"
        store = await Store.open(path)
        await new_session(store)
        await store.close()
        path.chmod(0o400)
        assert "is read-only" in await refusal(path)
        path.chmod(0)
        assert "opened" in await refusal(path, readonly=True)
        path.chmod(0o600)


async def test_a_shipped_database_in_a_read_only_folder_can_be_read() -> None:
    with unprivileged() as folder:
        inner = folder / "sessions"
        store = await Store.open(inner / "s.db")
        await new_session(store, "shipped")
        await store.close()
        (inner / "s.db").chmod(0o400)
        inner.chmod(0o500)
        store = await Store.open(inner / "s.db", readonly=True)
        assert [record.name for record in await store.sessions()] == ["shipped"]
        await store.close()
        inner.chmod(0o700)


async def test_many_open_a_new_database_at_once(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(Store.open(tmp_path / "s.db") for _ in range(6)))
    await asyncio.gather(*(new_session(store, f"s{i}") for i, store in enumerate(stores)))
    assert len(await stores[0].sessions()) == 6
    for store in stores:
        await store.close()


async def test_the_writing_connection_closes_last_and_writes_the_log_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two connections that close at once would each leave it to the other, now and then."""
    closed: list[str] = []

    class Told(sqlite3.Connection):
        def close(self) -> None:
            closed.append(threading.current_thread().name)
            super().close()

    path = tmp_path / "s.db"
    store = await Store.open(path)
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, **k, factory=Told))
    slow = store._reader._close
    monkeypatch.setattr(store._reader, "_close", lambda: (time.sleep(0.05), slow()))
    await store.set_trait("x", "y", "n", 1)
    assert await store.traits("x", "y") == {"n": 1}
    await store.close()
    assert [name.partition("_")[0] for name in closed] == ["opro-store-reader", "opro-store-writer"]
    assert not path.with_name("s.db-wal").exists()
