"""What every kill stands on: a server, a nursery, and databases to start from."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlite_utils import Database

from opro_tui.store.migrations import SCHEMA, known
from tests.support.sessions import write_examples

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.loopback import LoopbackServer
    from tests.trust.processes import Nursery

CONCURRENCY = 4
STEPS = 2


@dataclass(slots=True)
class Bench:
    """What all scenes stand on.

    Attributes:
        nursery: Starts processes.
        server: Answers them.
        folder: Everything is under it.
    """

    nursery: Nursery
    server: LoopbackServer
    folder: Path
    _made: dict[str, Path] = field(default_factory=dict)

    def env(self, folder: Path) -> dict[str, str]:
        """An environment in which nothing is read or written outside of a folder."""
        kinds = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CONFIG", "DATA", "CACHE")}
        return kinds | {
            "XDG_STATE_HOME": str(folder / "STATE"),
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "TEXTUAL_ANIMATIONS": "none",
            "OPRO_TUI_DB": str(folder / "s.db"),
            "OPRO_TUI_CONFIG": str(self.folder / "config.toml"),
        }

    def run(self, folder: Path, *argv: str) -> None:
        """Run a command without disturbing it."""
        log = folder / "log"
        code = self.nursery.start(list(argv), self.env(folder), log).wait()
        assert code == 0, f"{argv} ended with {code}: {log.read_text()[-2000:]}"

    def copy(self, template: str, folder: Path) -> None:
        """Fill a new folder with what a template holds; it is made when it is first asked for."""
        if template not in self._made:
            made = self.folder / f"template-{template}"
            made.mkdir()
            getattr(self, f"_make_{template}")(made)
            (made / "log").unlink(missing_ok=True)
            self._made[template] = made
        shutil.copytree(self._made[template], folder)

    @property
    def data(self) -> Path:
        """The examples."""
        path = self.folder / "sums.jsonl"
        return path if path.exists() else write_examples(path)

    def settings(self, optimizer: str) -> list[str]:
        """The settings of a small session on the server's models."""
        url = self.server.url
        return (
            f"--task {self.data} --input question --target answer --metric numeric"
            f" --optimizer {optimizer} --optimizer-url {url} --scorer anthropic/scorer"
            f" --scorer-url {url} --train 6 --test 4 --candidates 4 --concurrency {CONCURRENCY}"
        ).split()

    def _make_many(self, folder: Path) -> None:
        self.run(folder, "new", "s", *self.settings("openai/optimizer"), "--headless")

    def _make_single(self, folder: Path) -> None:
        self.run(folder, "new", "s", *self.settings("openai-responses/optimizer"), "--headless")

    def _make_batch(self, folder: Path) -> None:
        settings = (*self.settings("openai/optimizer"), "--scoring", "batch")
        self.run(folder, "new", "s", *settings, "--headless")

    def _make_done(self, folder: Path) -> None:
        self._make_many(folder)
        self.run(folder, "run", "s", "--steps", str(STEPS))

    def _make_file(self, folder: Path) -> None:
        self._make_done(folder)
        self.run(folder, "export", "s", "--format", "jsonl", "-o", str(folder / "s.jsonl"))
        for each in folder.glob("s.db*"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()

    def _make_older(self, folder: Path) -> None:
        self._make_many(folder)
        self.run(folder, "run", "s")
        make_older(folder / "s.db", known()[1])

    def _make_forked(self, folder: Path) -> None:
        self._make_done(folder)
        self.run(folder, "fork", "s", "--at", "1", "--as", "f")
        self.run(folder, "run", "f")

    def _make_roomy(self, folder: Path) -> None:
        self._make_forked(folder)
        self.run(folder, "delete", "f", "--now", "--yes")

    def _make_loose(self, folder: Path) -> None:
        """Rows that refer to rows which aren't there."""
        self._make_done(folder)
        with closing(sqlite3.connect(folder / "s.db", isolation_level=None)) as db:
            db.execute("INSERT INTO drafts (session, name, text, at) VALUES (99, 'x', 'x', 0)")

    def _make_damaged(self, folder: Path) -> None:
        """A page of the evaluations is lost."""
        self._make_done(folder)
        path = folder / "s.db"
        with closing(sqlite3.connect(path)) as db:
            root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'edits'").fetchone()
        content = bytearray(path.read_bytes())
        content[(root[0] - 1) * 4096 : root[0] * 4096] = bytes([0xA5]) * 4096
        path.write_bytes(content)

    def _make_empty(self, folder: Path) -> None:
        pass


def make_older(path: Path, stop_before: str) -> None:
    """Give a database an older schema, with all it holds that the older one has a place for."""
    older = path.with_name("older.db")
    with closing(sqlite3.connect(older)) as db, closing(sqlite3.connect(path)) as now:
        SCHEMA.apply(Database(db, execute_plugins=False), stop_before=stop_before)
        db.commit()
        db.execute("PRAGMA foreign_keys = OFF")
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            if not name.startswith(("sqlite_", "_sqlite"))
        ]
        for table in tables:
            theirs = [row[1] for row in now.execute(f"PRAGMA table_info('{table}')")]
            columns = [row[1] for row in db.execute(f"PRAGMA table_info('{table}')")]
            shared = ", ".join(f'"{name}"' for name in columns if name in theirs)
            rows = now.execute(f"SELECT {shared} FROM '{table}'").fetchall()
            marks = ", ".join("?" * (shared.count(",") + 1))
            db.executemany(f"INSERT OR REPLACE INTO '{table}' ({shared}) VALUES ({marks})", rows)
        db.commit()
        db.execute("PRAGMA journal_mode = WAL")
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    older.rename(path)
