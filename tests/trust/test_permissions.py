"""Whatever the umask, what the program writes is for its owner alone: 0600, folders 0700."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui import crash_report
from opro_tui.cli import invoke
from opro_tui.models.tokens import _FILES, _write_file, cache_dir
from opro_tui.store.backup import backups
from opro_tui.store.database import Store
from opro_tui.tui import copying, external
from tests.store.test_migrations import load_dump
from tests.trust.planted import planted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=[0o000, 0o022], ids=["umask 000", "umask 022"])
def folder(request: Any, tmp_path: Path, monkeypatch: Any) -> Iterator[Path]:
    """A folder for all that is written, under an umask."""
    found = tmp_path / "written"
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(found / kind.lower()))
    before = os.umask(request.param)
    yield found
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """What others than the owner may use."""
    return {
        str(each.relative_to(folder.parent)): oct(stat.S_IMODE(each.stat().st_mode))
        for each in (folder, *folder.rglob("*"))
        if stat.S_IMODE(each.lstat().st_mode) & 0o077
    }


def test_what_commands_write(tmp_path: Path, folder: Path, monkeypatch: Any, capfd: Any) -> None:
    with planted(tmp_path, monkeypatch) as user:
        start = ["--db", str(user.db), "--log-level", "debug"]

        def run(*words: object, code: int = 0) -> None:
            assert invoke([*start, *map(str, words)]) == code, capfd.readouterr().err
            assert modes(folder) == {}, words

        run("new", "s", *user.arguments("--train", 4, "--candidates", 2, "--headless"))
        run("run", "s")
        for kind in ("json", "jsonl", "csv", "md", "html", "promptfoo", "dspy"):
            run("export", "s", "--format", kind, "-o", folder / f"s.{kind}")
        run("export", "s", "--format", "json", "-o", folder / "s.json")  # over what is there
        run("ablate", *user.arguments("--train", 2, "--vary", "candidates=1,2", "--steps", 1))
        run("delete", "s")
        run("vacuum")
        with closing(sqlite3.connect(user.db, isolation_level=None)) as db:
            db.execute("UPDATE candidates SET session = 99 WHERE session = 1")
        run("doctor", "--repair", "--yes")
        assert list(folder.glob("*.backup"))
    assert crash_report.write(ValueError("x")) is not None
    assert modes(folder) == {}
    names = {file.name for file in folder.rglob("*") if file.is_file()}
    assert {"s.db", "s.html", "opro-tui.log"} <= names


def test_a_database_that_is_saved_from_a_damaged_one(folder: Path, capfd: Any) -> None:
    path = folder / "s.db"
    assert invoke(["--db", str(path), "new", "s", "--task", "sums", "--headless"]) == 0
    with closing(sqlite3.connect(path)) as db:
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'notices'").fetchone()[0]
    data = bytearray(path.read_bytes())
    data[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    assert invoke(["--db", str(path), "doctor", "--repair", "--yes"]) == 0, capfd.readouterr()
    assert list(folder.glob("*.salvaged-*.db"))
    assert modes(folder) == {}


async def test_a_database_that_is_migrated(folder: Path) -> None:
    folder.mkdir(0o700)  # noqa: ASYNC240
    load_dump("schema_1.sql", folder / "s.db")
    (folder / "s.db").chmod(0o600)
    await (await Store.open(folder / "s.db")).close()
    assert len(backups(folder / "s.db")) == 1
    assert modes(folder) == {}


async def test_a_database_that_is_open_with_its_log(folder: Path) -> None:
    """A draft is a row of it; SQLite's own two files are as private as it is."""
    store = await Store.open(folder / "s.db")
    await store.keep_drafts(1, {})
    assert {file.name for file in folder.iterdir()} >= {"s.db", "s.db-wal", "s.db-shm"}  # noqa: ASYNC240
    assert modes(folder) == {}
    await store.close()


def test_a_crash_report_makes_its_folders(folder: Path) -> None:
    assert crash_report.write(ValueError("x")) is not None
    assert modes(folder) == {}


def test_copies_and_tokenizers(folder: Path) -> None:
    _write_file(cache_dir(), next(iter(_FILES)), b"x")
    assert copying.write(str(folder / "copy.txt"), "a prompt").startswith("Written")
    assert "Nothing was written" in copying.write(str(folder / "copy.txt"), "another")
    assert (folder / "copy.txt").read_text() == "a prompt"
    assert modes(folder) == {}


async def test_a_text_in_ones_own_editor(folder: Path, monkeypatch: Any) -> None:
    """The folder is closed, whatever the editor writes beside the file."""
    folder.mkdir(0o700)  # noqa: ASYNC240
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    editor = folder / "editor.py"
    editor.write_text(
        "import os, sys\n"
        "mode = os.stat(os.path.dirname(sys.argv[1])).st_mode & 0o777\n"
        "open(sys.argv[1], 'w').write(f'{mode:o}')\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {editor}")

    class Aside:
        batch_update = suspend = contextlib.nullcontext

    outcome = await external.write_outside(Aside(), "text", "note")  # type: ignore[arg-type]
    assert outcome.text == "700"
    assert [file.name for file in folder.iterdir()] == ["editor.py"]  # noqa: ASYNC240
