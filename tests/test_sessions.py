"""The recorded sessions: they replay as they were made, and looking at them changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from opro_tui.cli import invoke
from opro_tui.config import Config
from opro_tui.engine.exchange.writing import write_jsonl
from opro_tui.engine.provenance import provenance
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from opro_tui.store.migrations import known
from opro_tui.tui.replay_app import ReplayApp
from opro_tui.tui.screens.replay import ReplayScreen
from scripts.make_sessions import FILE, make
from tests.tui.driving import SIZES, screen_text, until

NAMES = ("sums", "sums-short", "line", "tour")
READING = (
    ("list",),
    *(("replay", name) for name in NAMES),
    ("show", "sums"),
    ("costs", "sums", "--json"),
    ("compare", "sums", "sums-short"),
    ("meta-prompt", "tour", "--step", "3"),
    ("export", "line", "--format", "html"),
)
PASSING = ("at", "created", "updated", "started", "versions", "milliseconds", "digest")


@pytest.fixture(autouse=True)
def _own_config(monkeypatch, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("")
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(config))


def lasting(value):
    """What is the same whenever and with whatever versions it was recorded."""
    if isinstance(value, dict):
        return {name: lasting(item) for name, item in value.items() if name not in PASSING}
    return [lasting(item) for item in value] if isinstance(value, list) else value


async def exported(path):
    store = await Store.open(path, readonly=True)
    try:
        found = {}
        for name in NAMES:
            text = "".join([piece async for piece in write_jsonl(store, name)])
            found[name] = [lasting(json.loads(line)) for line in text.splitlines()]
        return found
    finally:
        await store.close()


async def test_they_are_what_the_script_makes(tmp_path):
    import asyncio

    path = tmp_path / "made.db"
    await asyncio.to_thread(make, path)
    made, shipped = await exported(path), await exported(FILE)
    for name in NAMES:
        assert len(made[name]) == len(shipped[name]), name
        for ours, theirs in zip(made[name], shipped[name], strict=True):
            assert ours == theirs, f"run scripts/make_sessions.py: {name} differs"


def test_they_are_small_and_have_no_journal():
    assert FILE.stat().st_size < 600 * 1024
    with closing(sqlite3.connect(f"{FILE.as_uri()}?mode=ro", uri=True)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        applied = [row[0] for row in db.execute("SELECT name FROM _sqlite_migrations ORDER BY 1")]
    assert set(applied) <= set(known())
    secret = (b"/root", b"/home", b"/work", b"API_KEY")
    content = FILE.read_bytes()
    assert not [word for word in secret if word in content]


def listing(folder):
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode)
        for path in folder.iterdir()
    }


@pytest.fixture
def checkout(tmp_path):
    """The folder as it was checked out, where nothing may be written."""
    folder = tmp_path / "sessions"
    folder.mkdir()
    shutil.copy(FILE, folder)
    (folder / FILE.name).chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def test_reading_writes_nothing(checkout, capsys):
    before = listing(checkout)
    here = listing(FILE.parent)
    for words in READING:
        for path in (checkout / FILE.name, FILE):
            assert invoke(["--db", str(path), *words]) == 0, capsys.readouterr().err
    assert listing(checkout) == before
    assert listing(FILE.parent) == here


def test_the_story_has_every_step_and_edit(capsys):
    assert invoke(["--db", str(FILE), "replay", "sums"]) == 0
    story = capsys.readouterr().out
    assert story.startswith("simulated models: nothing here is evidence about LLMs")
    for step in range(6):
        assert f"step {step} done" in story
    for words in ("edit: pin", "edit: drop", "edit: add", "a calmer optimizer"):
        assert words in story
    assert invoke(["--db", str(FILE), "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in rows} == set(NAMES)
    assert all(row["simulated"] for row in rows)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["sums", "tour"])
async def test_the_screen_replays_them_and_leaves_no_trace(checkout, size, name):
    before = listing(checkout)
    app = ReplayApp(checkout / FILE.name, name, Config())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: getattr(app.screen, "opened", None) is not None)
        assert isinstance(app.screen, ReplayScreen)
        start = screen_text(app)
        await pilot.press("e")
        await until(pilot, lambda: screen_text(app) != start)
        await pilot.press("end")
        screen = app.screen
        await until(pilot, lambda: screen.replay.place == len(screen.replay.events))
        assert screen.state.finished_steps == (5 if name == "sums" else 8)
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running or app._exit)
    assert listing(checkout) == before


async def test_an_older_file_is_read_from_a_migrated_copy(tmp_path, capsys):
    path = tmp_path / "old.db"
    shutil.copy(FILE, path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE continuations")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm005_continuations'")
        db.commit()
    before = listing(tmp_path)
    store = await Store.open(path, readonly=True, copying=True)
    assert store.copy is not None
    assert store.copy != path
    assert len(await store.sessions()) == 4
    folder = store.copy.parent
    await store.close()
    assert not folder.exists()
    assert listing(tmp_path) == before


def test_the_command_says_that_it_reads_a_copy(tmp_path, capsys):
    path = tmp_path / "old.db"
    shutil.copy(FILE, path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE continuations")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm005_continuations'")
        db.commit()
    before = path.read_bytes()
    assert invoke(["--db", str(path), "replay", "line"]) == 0
    seen = capsys.readouterr()
    assert "step 8 done" in seen.out
    assert "a migrated copy is read, and the file is not changed" in seen.err
    assert path.read_bytes() == before


async def test_what_they_were_made_with_is_in_them():
    store = await Store.open(FILE, readonly=True)
    for name in NAMES:
        session = await Session.open(store, name, Config(), readonly=True)
        found = await provenance(session)
        assert "opro-tui" in found.versions
        assert {file.now for file in found.files} <= {"same"}
        await session.close()
    await store.close()


def test_they_are_not_in_the_wheel_and_the_readme_names_each():
    import tomllib

    root = FILE.parents[1]
    build = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"]["packages"] == ["opro_tui"]
    readme = (FILE.parent / "README.md").read_text()
    for name in NAMES:
        assert f"opro-tui --db sessions/examples.db replay {name}`" in readme
    assert stat.S_IMODE(FILE.stat().st_mode) & 0o444 == 0o444
    assert os.path.commonpath([FILE, root / "opro_tui"]) == str(Path(root))
