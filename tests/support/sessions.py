"""Small sessions on small data, for tests of the engine and of what stands on it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from opro_tui.config_file import load_config
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.engine.session import Session
from opro_tui.store.database import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from opro_tui.core.events import Event


def write_examples(path: Path, count: int = 20) -> Path:
    """A data file of sums, `question` and `answer`."""
    rows = [{"question": f"What is {i} + {i * 7}?", "answer": i * 8} for i in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def own_data(folder: Path, url: str | None = None, **values: Any) -> dict[str, Any]:
    """Settings for a session on `write_examples`; with a URL on the loopback's models."""
    data = folder / "sums.jsonl"
    if not data.exists():
        write_examples(data)
    settings = {
        "task": str(data),
        "input": "question",
        "target": "answer",
        "metric": "numeric",
        "train": 6,
        "candidates": 4,
        "concurrency": 4,
    }
    if url is not None:
        settings |= {
            "optimizer": "openai/m",
            "optimizer_url": url,
            "scorer": "anthropic/m",
            "scorer_url": url,
        }
    return settings | values


async def make(store: Store, values: dict[str, Any], name: str = "s", **draft: Any) -> None:
    """Create a session."""
    await create(store, prepare(Draft(name=name, values=values, **draft), load_config(None)))


@asynccontextmanager
async def opened(path: Path, name: str = "s", *, readonly: bool = False) -> AsyncIterator[Session]:
    """Open a session, and close it and its database."""
    store = await Store.open(path)
    try:
        session = await Session.open(store, name, load_config(None), readonly=readonly)
        try:
            yield session
        finally:
            await session.close()
    finally:
        await store.close()


async def run(session: Session, steps: int = 1) -> list[Event]:
    """Run steps and collect their events."""
    return [event async for event in session.run(steps)]


async def make_and_run(path: Path, values: dict[str, Any], steps: int, **draft: Any) -> None:
    """A new session, run for some steps."""
    store = await Store.open(path)
    try:
        await make(store, values, **draft)
    finally:
        await store.close()
    async with opened(path) as session:
        await run(session, steps)
