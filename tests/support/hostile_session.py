"""A session in which everything that comes from outside is hostile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from opro_tui.config import Config
from opro_tui.core.edits import Edits
from opro_tui.engine import fork
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from tests.support.hostile import SHORT
from tests.support.loopback import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.loopback import LoopbackRequest

NAME = "[bold]x[/] ../=1+1 <b> [@click=app.quit]汉[/] [/INST]"
FORK = "-rf [red]fork $(id)"
TEXTS = tuple(text for text in SHORT.values() if text.strip())
CELLS = tuple(
    text for text in TEXTS if "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
)
"""Data files that hold NUL or halves of characters are refused."""
CANDIDATES = 8
STEPS = 3
"""Enough for every text to be proposed once and answered with once."""
HARMLESS = tuple(f"Think of thing number {n} for once." for n in range(len(TEXTS)))
"""As many texts that do no harm, to compare with."""


class Sayings:
    """Every hostile text in turn, as a proposal and as an answer; remembers what it said.

    Args:
        texts: Others to say.
    """

    def __init__(self, texts: Sequence[str] = TEXTS) -> None:
        self.said: list[str] = []
        self._texts = texts

    def __call__(self, request: LoopbackRequest) -> str:
        text = self._texts[request.number % len(self._texts)]
        whole = f"{text}<INS>{text} {request.number}</INS> The answer is {text}"
        # JSON makes one character of two halves that stand side by side.
        self.said.append(json.loads(json.dumps(whole)))
        return whole


async def make(
    folder: Path, provider: str = "ollama", *, steps: int = STEPS, name: str = NAME
) -> list[str]:
    """Store a session whose data, proposals, answers, notes and names are hostile.

    Args:
        folder: Gets `rows.jsonl` and `sessions.db`.
        provider: Of the optimizer and the scorer.
        steps: How many it runs; after the first a person edits, and forks it.
        name: What it is called.

    Returns:
        Everything that its models said.
    """
    sayings = Sayings()
    with LoopbackServer(sayings) as server:
        await make_at(server.url, folder, CELLS, provider, steps=steps, name=name)
    return sayings.said


async def make_at(
    url: str,
    folder: Path,
    cells: Sequence[str],
    provider: str = "ollama",
    *,
    steps: int = STEPS,
    name: str = NAME,
    fork_name: str = FORK,
) -> None:
    """Store such a session, of the models at an address.

    Args:
        url: Where its models are, now and whenever it is used.
        folder: Gets `rows.jsonl` and `sessions.db`.
        cells: The texts of its data, of a person's solutions and of the note.
        provider: Of the optimizer and the scorer.
        steps: How many it runs; after the first a person edits, and forks it.
        name: What it is called.
        fork_name: What its fork is called.
    """
    data = folder / "rows.jsonl"
    rows = [{"question": f"{n} {text}", "answer": text} for n, text in enumerate(cells)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    store = await Store.open(folder / "sessions.db")
    try:
        values = {
            "task": str(data),
            "input": "question",
            "target": "answer",
            "metric": "exact",
            "optimizer": f"{provider}/optimizer",
            "scorer": f"{provider}/scorer",
            "optimizer_url": url,
            "scorer_url": url,
            "candidates": CANDIDATES,
            "train": 4,
            "test": 3,
            "seed": 1,
            "max_length": 20_000,
        }
        await create(store, prepare(Draft(name=name, values=values), Config()))
        session = await Session.open(store, name, Config())
        async for _ in session.run(1):
            pass
        await session.edit(Edits(add=tuple(cells[:6]), note="".join(cells)[:2000]))
        async for _ in session.run(steps - 1):
            pass
        await fork.fork(store, session, 1, fork_name)
        await session.close()
    finally:
        await store.close()
