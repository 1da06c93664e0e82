"""Two at once on one database: real processes, one writer for each session, readers of any kind."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.cli import invoke
from opro_tui.config import Config
from opro_tui.core.errors import StoreError
from opro_tui.core.events import Stopped
from opro_tui.engine import database_checks
from opro_tui.store import connection, threads
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from tests.support import runner
from tests.support.loopback import LoopbackServer, default_reply
from tests.support.sessions import make, opened, own_data, run
from tests.tui.driving import screen_text, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from opro_tui.engine.session import Session
    from tests.support.wire import LoopbackRequest

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.support.runner", "openai", "anthropic"])
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-loopback")


class Held:
    """A server's answers, which wait while `closed`."""

    def __init__(self) -> None:
        self.answer = default_reply()
        self.open = threading.Event()
        self.asked = threading.Event()

    def __call__(self, request: LoopbackRequest) -> Any:
        self.asked.set()
        self.open.wait(PATIENCE)
        return self.answer(request)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


async def sessions(path: Path, values: dict[str, Any], *names: str) -> None:
    store = await Store.open(path)
    for name in names:
        await make(store, values, name=name)
    await store.close()


@contextmanager
def playing(path: Path, *names: str, steps: int = 1) -> Iterator[list[Any]]:
    """Processes that run sessions; those still there at the end are killed."""
    processes = [PROCESSES.Process(target=runner.play, args=(path, n, steps)) for n in names]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
            process.join(PATIENCE)


def wait_until(good: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not good():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


async def outcome(path: Path, name: str) -> list[tuple[Any, ...]]:
    async with opened(path, name, readonly=True) as session:
        return [
            (c.id, c.step, c.text, c.score and (c.score.value, c.score.n))
            for c in session.state.candidates.values()
        ]


async def test_two_sessions_in_parallel_end_as_they_do_alone(server, tmp_path) -> None:
    values = own_data(tmp_path, server.url)
    alone, both = tmp_path / "alone.db", tmp_path / "both.db"
    for path in (alone, both):
        await sessions(path, values, "s", "t")
    for name in ("s", "t"):
        async with opened(alone, name) as session:
            await run(session, 1)
    with playing(both, "s", "t") as processes:
        for process in processes:
            process.join(PATIENCE)
            assert process.exitcode == 0
    for name in ("s", "t"):
        assert await outcome(both, name) == await outcome(alone, name)
    store = await Store.open(both)
    assert await store.integrity() == "ok"
    await store.close()
    # What both ask is bought once, whoever asks it first.
    with closing(sqlite3.connect(alone)) as a, closing(sqlite3.connect(both)) as b:
        count = "SELECT count(*) FROM answers"
        assert a.execute(count).fetchone() == b.execute(count).fetchone()


def test_the_same_session_twice(tmp_path, capsys) -> None:
    """The second is told who has it; a killed owner's lock is taken over without a word."""
    held = Held()
    path = tmp_path / "s.db"
    with LoopbackServer(held) as server:
        asyncio.run(sessions(path, own_data(tmp_path, server.url), "s"))
        with playing(path, "s") as (owner,):
            assert held.asked.wait(PATIENCE)
            for argv in (["run", "s"], ["edit", "s", "--temperature", "0.5"], ["delete", "s"]):
                assert invoke(["--db", str(path), *argv]) == 1
                said = capsys.readouterr()
                assert said.out == ""
                assert said.err.count("\n") == 1
                assert f"session s: is being run by process {owner.pid} (" in said.err
                assert "`opro-tui open s --read-only`" in said.err
                assert f") on {socket.gethostname()} since 20" in said.err
            assert invoke(["--db", str(path), "show", "s"]) == 0
            assert invoke(["--db", str(path), "rename", "s", "t"]) == 0
            assert invoke(["--db", str(path), "vacuum"]) == 1
            said = capsys.readouterr().err
            assert f"a session of it is run by process {owner.pid} (" in said
            os.kill(owner.pid, signal.SIGKILL)
            owner.join(PATIENCE)
        held.open.set()
        assert invoke(["--db", str(path), "run", "t"]) == 0
        said = capsys.readouterr().err
        assert "is being run" not in said
        assert str(owner.pid) not in said
    assert [file.name for file in path.with_name("s.db.locks").iterdir()] == ["1.lock"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_the_screen_watches_live_what_another_process_does(tmp_path, size) -> None:
    held = Held()
    path = tmp_path / "s.db"
    with LoopbackServer(held) as server:
        await sessions(path, own_data(tmp_path, server.url), "s")
        with playing(path, "s") as (owner,):
            assert held.asked.wait(PATIENCE)
            app = OproApp(path, "s", Config())
            async with app.run_test(size=size, notifications=True) as pilot:
                await until(pilot, lambda: app.steering.opened)
                await until(pilot, lambda: f"run by process {owner.pid}" in screen_text(app))
                text = screen_text(app)
                assert "read-only" in text
                assert "s Step" not in text
                await pilot.press("s", "p")
                held.open.set()
                await until(pilot, lambda: app.steering.state.finished_steps == 1)
                await until(pilot, lambda: "has ended" in screen_text(app))
                assert "CANDIDATES · step 1" in screen_text(app)
                assert "open it again to go on" in app.workbench.status.text
            owner.join(PATIENCE)
            assert owner.exitcode == 0


async def test_open_read_only_takes_nothing(tmp_path) -> None:
    path = tmp_path / "s.db"
    await sessions(path, own_data(tmp_path), "s")
    app = OproApp(path, "s", Config(), watch=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.steering.opened)
        await until(pilot, lambda: "read-only: opened to watch" in screen_text(app))
        assert "Opened to watch" in screen_text(app)
        async with opened(path) as session:
            await run(session, 1)
        await until(pilot, lambda: app.steering.state.finished_steps == 1)
        assert app.steering.store.readonly


async def test_long_readers_only_let_the_log_grow(server, tmp_path) -> None:
    """As `sqlite3` and Datasette read: one snapshot held for a long time, and many short ones."""
    path = tmp_path / "s.db"
    await sessions(path, own_data(tmp_path, server.url), "s")
    log = path.with_name("s.db-wal")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        async with opened(path) as session:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM evaluations").fetchone()
            await run(session, 1)
            assert log.stat().st_size > 50_000
            assert reader.execute("SELECT count(*) FROM candidates").fetchone() == (1,)
            with closing(sqlite3.connect(path)) as other:
                assert other.execute("SELECT count(*) FROM trajectory").fetchone()[0] > 0
            await run(session, 1)
            reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM candidates").fetchone()[0] > 5
    # The last to leave writes the log back.
    async with opened(path, readonly=True) as session:
        assert session.state.finished_steps == 2
    assert not log.exists()


async def test_another_programs_long_lock_costs_no_answer(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(connection, "_BUSY_SECONDS", 0.2)
    held = Held()
    path = tmp_path / "s.db"
    with LoopbackServer(held) as server:
        await sessions(path, own_data(tmp_path, server.url), "s")
        async with opened(path) as session:
            locked, release = threading.Event(), threading.Event()

            def lock() -> None:
                # While calls are in flight: their answers come back to a locked database.
                held.asked.wait(PATIENCE)
                with closing(sqlite3.connect(path, isolation_level=None)) as other:
                    other.execute("BEGIN IMMEDIATE")
                    locked.set()
                    held.open.set()
                    release.wait(1.0)
                    other.execute("ROLLBACK")

            thread = threading.Thread(target=lock)
            thread.start()
            told = ""
            while not session.state.finished_steps:
                told += await attempt(session)
            assert locked.is_set()
            thread.join()
            assert not told or "another program kept it locked" in told
            # What costs nothing yet is refused with a sentence, and nothing is sent.
            asked = len(server.records(status=None))
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                told = await attempt(session)
                other.execute("ROLLBACK")
            assert "another program kept it locked" in told
            assert "Close that program" in told
            assert len(server.records(status=None)) == asked
            await run(session, 1)
            assert session.state.finished_steps == 2
            assert sum(usage.unknown for usage in _usages(session.state)) == 0
        with closing(sqlite3.connect(path)) as db:
            stored = db.execute("SELECT count(*) FROM answers").fetchone()[0]
        assert stored == len(server.records()), "an answer was bought twice"


async def attempt(session: Session) -> str:
    """Try to run a step; returns what kept it from being done."""
    try:
        last = (await run(session, 1))[-1]
    except StoreError as error:
        return str(error)
    return last.message if isinstance(last, Stopped) else ""


def _usages(state: Any) -> list[Any]:
    return [state.usage(role) for role in ("optimizer", "scorer", "judge")]


async def test_a_closed_store_waits_no_longer_than_it_says(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(connection, "_BUSY_SECONDS", 0.05)
    monkeypatch.setattr(threads, "HELD_SECONDS", 0.2)
    path = tmp_path / "s.db"
    store = await Store.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = store._writer.run(lambda db: None, paid=True)
        refused = store._writer.run(lambda db: None)
        with pytest.raises(StoreError, match="another program"):
            await refused
        assert not waiting.done()
        await store.close()
        with pytest.raises(StoreError, match="another program"):
            await waiting


@pytest.mark.parametrize(
    ("mounts", "kind"),
    [
        (["/dev/sda1 / ext4 rw 0 0"], ""),
        (["/dev/sda1 / ext4 rw 0 0", "server:/home /home nfs4 rw 0 0"], "nfs4"),
        (["server:/ / nfs rw 0 0", "tmpfs /home/me tmpfs rw 0 0"], ""),
        (["me@host:/x /home/me/my\\040files fuse.sshfs rw 0 0", "broken"], "fuse.sshfs"),
    ],
)
def test_a_network_file_system_is_noticed(tmp_path, mounts, kind) -> None:
    from pathlib import Path

    assert database_checks.network_kind(Path("/home/me/my files/s.db"), mounts) == kind
