"""Make the recorded example sessions, on simulated models: `python scripts/make_sessions.py`.

Their content is a function of the seeds below; times and versions are those of the run.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opro_tui.config import Config
from opro_tui.core.edits import Edits
from opro_tui.engine import heldout
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.engine.fork import fork
from opro_tui.engine.session import Session
from opro_tui.store.database import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[1]
FILE = ROOT / "sessions" / "examples.db"
MODELS = {"optimizer": "simulated", "scorer": "simulated", "concurrency": 1}
STEADIER = (
    "Below are instructions with their accuracy, worst first. Write one that is shorter than the"
    " best and at least as accurate.\n\n{trajectory}\n{exemplars}"
)


@asynccontextmanager
async def opened(store: Store, name: str) -> AsyncIterator[Session]:
    """A session to work on."""
    session = await Session.open(store, name, Config())
    try:
        yield session
    finally:
        await session.close()


async def new(store: Store, name: str, **values: Any) -> None:  # noqa: ANN401
    """A new session on simulated models."""
    await create(store, prepare(Draft(name=name, values=MODELS | values), Config()))


async def run(session: Session, steps: int) -> None:
    """Run steps."""
    async for _ in session.run(steps):
        pass


async def look(session: Session) -> None:
    """Look at the test split once."""
    best = session.state.best()
    assert best is not None
    await heldout.measure(session, [best], heldout.indexes(session, "test"), "evaluate")


async def sums(store: Store) -> None:
    """Word problems, steered by hand, and an arm that went another way from step 2."""
    await new(store, "sums", task="sums", seed=7, train=15, test=20, candidates=4, shown=8)
    async with opened(store, "sums") as session:
        await run(session, 2)
        worst, best = session.state.ranked()[-1], session.state.ranked()[0]
        await session.edit(Edits(pin=(best.id,), note="a phrasing worth keeping in sight"))
        await session.edit(Edits(drop=(worst.id,), note="it teaches the optimizer bad habits"))
        await run(session, 1)
        await session.edit(
            Edits(
                add=("Name each quantity, write the equation, then solve it step by step.",),
                settings={"temperature": 0.7},
                note="my own idea, and a calmer optimizer",
            )
        )
        await run(session, 2)
        await look(session)
        await fork(store, session, 2, "sums-short")
    async with opened(store, "sums-short") as session:
        await session.edit(
            Edits(template={"instructions": STEADIER}, note="ask for shorter instructions")
        )
        await run(session, 2)
        await look(session)


async def line(store: Store) -> None:
    """Linear regression: the optimizer looks for w and b, scores are computed."""
    await new(store, "line", task="linear-regression:w=36,b=-1", seed=3, candidates=6)
    async with opened(store, "line") as session:
        await run(session, 8)


async def tour(store: Store) -> None:
    """Travelling salesman: the optimizer looks for a short tour, scores are computed."""
    await new(store, "tour", task="tsp:n=15", seed=5, candidates=6)
    async with opened(store, "tour") as session:
        await run(session, 4)
        await session.edit(Edits(settings={"temperature": 1.3}, note="it had settled too early"))
        await run(session, 4)


async def record(path: Path) -> None:
    """Record every session into a new database."""
    store = await Store.open(path)
    try:
        await sums(store)
        await line(store)
        await tour(store)
    finally:
        await store.close()


def pack(made: Path, path: Path) -> None:
    """One small file without a journal beside it, that can be read where nothing can be written."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(made, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA page_size = 1024")
        db.execute("VACUUM INTO ?", (str(path),))
    path.chmod(0o644)


def make(path: Path) -> None:
    """Make the file."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.db"
        asyncio.run(record(made))
        pack(made, path)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    make(target)
    print(f"{target}: {target.stat().st_size / 1024:,.0f} KB")
