"""Very large sessions in seconds: a step that the program ran itself, copied many times."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from opro_tui.core.statistics import score_of
from opro_tui.store.database import Store
from tests.support.loopback import LoopbackServer, answering
from tests.support.sessions import make, opened, own_data, run, write_examples

if TYPE_CHECKING:
    from pathlib import Path

MODELS = {"optimizer": "openai/gpt-4o", "scorer": "openai/gpt-4o-mini"}
REAL = 4
"""Steps that are run; the last of them shows as many solutions as a meta-prompt holds."""
REAL_CALLS = (
    f"call BETWEEN (SELECT min(id) FROM calls WHERE step = {REAL})"
    f" AND (SELECT max(id) FROM calls WHERE step = {REAL})"
)
COPIED = (
    ("steps", f"number = {REAL}"),
    ("candidates", f"step = {REAL}"),
    ("scores", f"step = {REAL}"),
    ("calls", f"step = {REAL}"),
    ("answers", REAL_CALLS),
    ("choices", REAL_CALLS),
    ("evaluations", f"step = {REAL}"),
)
SHIFTED = {
    "step": "step",
    "number": "step",
    "candidate": "candidate",
    "call": "call",
    **dict.fromkeys(("seq", "started_seq", "prompt_seq", "sampled_seq", "finished_seq"), "seq"),
}


async def big_session(folder: Path, steps: int, candidates: int = 8, train: int = 250) -> Path:
    """A database with the session `s` of so many steps, each call and answer in it.

    The first steps are run on the loopback server; the others are the last of these with other
    ids, words and scores. Returns the database's path.
    """
    path = folder / "sessions.db"
    write_examples(folder / "sums.jsonl", train + 10)
    targets = {f"What is {i} + {i * 7}?": str(i * 8) for i in range(train + 10)}
    with LoopbackServer(answering(targets)) as server:
        values = own_data(folder, server.url, train=train, test=10, concurrency=32)
        values |= MODELS | {"candidates": candidates}
        store = await Store.open(path)
        await make(store, values, initial=("Let's think step by step.",))
        await store.close()
        async with opened(path) as session:
            await run(session, REAL)
            assert len(session.state.of_step(REAL)) == candidates
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        _copy(db, steps, train)
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    async with opened(path) as session:
        await session._summarize()
    return path


def _copy(db: sqlite3.Connection, steps: int, train: int) -> None:
    indexes = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    dropped = db.execute(indexes).fetchall()
    by = {
        "step": 1,
        "seq": _one(db, f"SELECT finished_seq - started_seq + 1 FROM steps WHERE number = {REAL}"),
        "call": _one(db, f"SELECT max(id) - min(id) + 1 FROM calls WHERE step = {REAL}"),
        "candidate": _one(db, f"SELECT count(*) FROM candidates WHERE step = {REAL}"),
    }
    for name, _ in dropped:
        db.execute(f'DROP INDEX "{name}"')
    for table, where in COPIED:
        _copy_rows(db, table, where, by, steps - REAL)
    for _, statement in dropped:
        db.execute(statement)
    db.execute("UPDATE sessions SET last_seq = last_seq + ?", (by["seq"] * (steps - REAL),))
    source = random.Random(1)
    for row, step in db.execute("SELECT rowid, step FROM scores WHERE step > 0").fetchall():
        right = 0.5 + 0.3 * step / steps
        score = score_of(
            [float(source.random() < right) for _ in range(train)],
            binary=True,
            bounded=True,
            seed=0,
        )
        assert score is not None
        db.execute(
            "UPDATE scores SET value = ?, stderr = ?, low = ?, high = ?, grades = ?"
            " WHERE rowid = ?",
            (score.value, score.stderr, score.low, score.high, score.grades, row),
        )


def _one(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0])


def _copy_rows(
    db: sqlite3.Connection, table: str, where: str, by: dict[str, int], copies: int
) -> None:
    """Insert a table's rows so many times, with what numbers them moved on each time."""
    shifted = dict(SHIFTED)
    if table in ("candidates", "calls"):
        shifted["id"] = table[:-1]
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    values = []
    for column in columns:
        value = f'source."{column}"'
        if column in shifted:
            value += f" + copy * {by[shifted[column]]}"
        elif column == "key":
            value = "randomblob(16)"
        elif (table, column) == ("candidates", "text"):
            value += " || ' Way ' || copy || '.' || id"
        elif (table, column) == ("steps", "usage"):
            value = f"""replace({value}, '[{REAL},"', '[' || (copy + {REAL}) || ',"')"""
        values.append(value)
    names = ", ".join(f'"{column}"' for column in columns)
    db.execute(
        "WITH RECURSIVE numbers(copy) AS (VALUES (1) UNION ALL SELECT copy + 1 FROM numbers"
        f" WHERE copy < {copies})"
        f" INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM numbers"
        f" CROSS JOIN (SELECT * FROM {table} WHERE {where}) AS source"
    )
