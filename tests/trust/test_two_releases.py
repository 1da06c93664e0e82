"""Two releases of the program at once on one database: real processes, the newer one migrates."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from opro_tui.cli import invoke
from opro_tui.core.errors import StoreError
from opro_tui.store.backup import backups
from opro_tui.store.database import Store
from opro_tui.store.migrations import known
from tests.support.loopback import LoopbackServer
from tests.support.newer import NEXT
from tests.support.sessions import own_data
from tests.trust.test_two_at_once import PATIENCE, Held, _keys, playing, sessions

__all__ = ["_keys"]
ROOT = Path(__file__).parents[2]


def newer(path: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run the next release."""
    return subprocess.run(
        [sys.executable, "-m", "tests.support.newer", "--db", str(path), *argv],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def applied(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]


@pytest.mark.parametrize("end", ["in order", "SIGKILL"])
def test_a_newer_one_waits_for_who_runs_a_session(tmp_path, capsys, end) -> None:
    held = Held()
    path = tmp_path / "s.db"
    with LoopbackServer(held) as server:
        asyncio.run(sessions(path, own_data(tmp_path, server.url), "s", "t"))
        with playing(path, "s") as (owner,):
            assert held.asked.wait(PATIENCE)
            tried = (["run", "t"], ["show", "s"], ["delete", "t"])
            for argv in tried if end == "in order" else tried[:1]:
                refused = newer(path, *argv)
                assert refused.returncode == 1, refused.stderr
                assert refused.stderr.count("\n") == 1
                assert "has to be migrated, but a session of it is run by" in refused.stderr
                assert f"process {owner.pid} (" in refused.stderr
            assert applied(path) == known()
            assert not backups(path)
            if end == "SIGKILL":
                os.kill(owner.pid, signal.SIGKILL)
            held.open.set()
            owner.join(PATIENCE)
            assert owner.exitcode == (0 if end == "in order" else -signal.SIGKILL)
    shown = newer(path, "show", "s")
    assert shown.returncode == 0, shown.stderr
    assert "brought up to date" in shown.stderr
    assert applied(path) == [*known(), NEXT]
    (backup,) = backups(path)
    assert applied(backup) == known()
    # The older one is told, and changes nothing.
    before = path.read_bytes()
    for argv in (["list"], ["run", "t"], ["show", "s"], ["doctor"]):
        assert invoke(["--db", str(path), *argv]) == 1
        said = capsys.readouterr()
        assert f"written by a newer opro-tui: its schema is {NEXT}" in said.out + said.err
    assert path.read_bytes() == before


async def test_an_older_one_that_only_has_it_open_is_told_when_it_writes(tmp_path) -> None:
    path = tmp_path / "s.db"
    await sessions(path, own_data(tmp_path), "s")
    store = await Store.open(path)
    await store.rename("s", "t")
    assert newer(path, "list").returncode == 0
    assert [record.name for record in await store.sessions()] == ["t"]
    with pytest.raises(StoreError, match=f"a newer opro-tui has brought it up to schema {NEXT}"):
        await store.rename("t", "u")
    await store.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sessions").fetchall() == [("t",)]
