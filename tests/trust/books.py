"""What a database holds, read as the kill left it, and held against what the server saw."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opro_tui.core.hashing import digest
from opro_tui.store.usages import UNKNOWN
from tests.support.sessions import opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.replies import Reply
    from tests.support.wire import LoopbackRequest, Record

_MARK = "ref "
_LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")


def mark_of(asked: LoopbackRequest | Record) -> str:
    """A few letters that stand for what was asked, the same each time it is."""
    return digest(asked.path, asked.model, repr(asked.messages)).hex()[:16].translate(_LETTERS)


def marked(reply: Reply) -> Reply:
    """Answers that carry the mark of their request, so that stored ones can be told apart."""

    def answer(request: LoopbackRequest) -> list[str]:
        found = reply(request)
        texts = [found] if isinstance(found, str) else found
        assert isinstance(texts, list)
        return [f"{_MARK}{mark_of(request)}\n{text}" for text in texts]

    return answer


@dataclass(frozen=True, slots=True)
class Books:
    """A database's calls.

    Attributes:
        sound: What SQLite's checks say; empty when nothing is wrong.
        migrations: The names of those that were applied.
        answered: Mark to how many answers are stored.
        rows: Mark to how many calls were begun, whatever became of them.
        open: Calls that were begun and have no outcome.
        unknown: Calls of unknown outcome.
        answers: Call id to the text that it brought.
        doubled: Request keys that were bought more than once.
        unheard: How often a call may have been billed though no answer came.
    """

    sound: str
    migrations: tuple[str, ...]
    answered: Counter[str]
    rows: Counter[str]
    open: int
    unknown: int
    answers: dict[int, str]
    doubled: int
    unheard: int = 0


def read_books(path: Path) -> Books:
    """Read a database from a copy, so that the program finds what the kill left."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        # A new database has a rollback journal until its schema is there.
        for end in ("", "-wal", "-journal"):
            if path.with_name(path.name + end).exists():
                shutil.copy(path.with_name(path.name + end), copy.with_name(copy.name + end))
        with closing(sqlite3.connect(copy)) as db:
            return _read(db)


def _read(db: sqlite3.Connection) -> Books:
    try:
        said = [row[0] for row in db.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        return Books(str(error), (), Counter(), Counter(), 0, 0, {}, 0)
    broken = db.execute("PRAGMA foreign_key_check").fetchall()
    sound = "" if said == ["ok"] and not broken else f"{said[:3]} {broken[:3]}"
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema")}
    applied: tuple[str, ...] = ()
    if "_sqlite_migrations" in tables:
        applied = tuple(row[0] for row in db.execute("SELECT name FROM _sqlite_migrations"))
    if "calls" not in tables:
        return Books(sound, applied, Counter(), Counter(), 0, 0, {}, 0)
    answers, marks = {}, {}
    for call, key, text in db.execute(
        'SELECT calls.id, calls."key", text FROM calls JOIN answers ON answers.call = calls.id'
    ):
        answers[call] = text if isinstance(text, str) else text.decode("utf-8", "replace")
        marks[key] = answers[call].partition("\n")[0].removeprefix(_MARK)
    calls = db.execute('SELECT "key", outcome FROM calls').fetchall()
    bought = Counter(key for key, outcome in calls if outcome == 0)
    return Books(
        sound=sound,
        migrations=applied,
        answered=Counter(marks[key] for key, outcome in calls if outcome == 0),
        rows=Counter(marks.get(key, "?") for key, _ in calls),
        open=sum(outcome is None for _, outcome in calls),
        unknown=sum(outcome == 2 for _, outcome in calls),
        answers=answers,
        doubled=sum(count - 1 for count in bought.values()),
        unheard=db.execute(f"SELECT sum({UNKNOWN}) FROM calls").fetchone()[0] or 0,
    )


def asked(ledger: Sequence[Record]) -> Counter[str]:
    """Mark to how often the server was asked it."""
    return Counter(mark_of(record) for record in ledger)


def outcome(path: Path, name: str = "s") -> dict[str, Any]:
    """All that a session came to, but for what a kill is known to change: unknown outcomes.

    The server takes a prompt that it sees a second time from its cache, so that isn't compared.
    """
    return asyncio.run(_outcome(path, name))


async def _outcome(path: Path, name: str) -> dict[str, Any]:
    async with opened(path, name, readonly=True) as session:
        state = session.state
        usage = {
            role: (used.calls, used.failed, used.input_tokens, used.output_tokens)
            for role in ("optimizer", "scorer")
            if (used := state.usage(role))
        }
        return {
            "candidates": [
                (c.id, c.text, c.step, str(c.origin), c.rejected, c.score)
                for c in state.candidates.values()
            ],
            "ranked": [c.id for c in state.ranked()],
            "prompts": [(s.number, s.prompt.text) for s in state.steps if s.prompt],
            "finished": [s.number for s in state.steps if s.finished_seq],
            "measured": list(
                dict.fromkeys(
                    (m.kind, m.candidate, m.split, m.examples, m.score) for m in state.measured
                )
            ),
            "usage": usage,
        }


def finished_steps(path: Path, name: str = "s") -> int:
    """How many steps of a session are finished."""

    async def count() -> int:
        async with opened(path, name, readonly=True) as session:
            return session.state.finished_steps

    return asyncio.run(count())


def as_json(value: Any) -> str:
    """A value in one line, for a defect's text."""
    return json.dumps(value, default=str)[:600]
