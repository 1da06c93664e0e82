"""A stored story to look back on: two arms that parted after step 1, with hostile texts."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.core.edits import Edits
from opro_tui.engine import fork
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from opro_tui.tui.replay_app import ReplayApp
from tests.tui.driving import make_session, until
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot
    from textual.screen import Screen

TEXTS = tuple(text for text in HOSTILE if text and len(text) < 1000)


async def tell(path: Path) -> None:
    """Store the story: `demo` of two steps, and `cooler`, forked after its first."""
    await make_session(path, "sums", candidates=2, train=20, test=20)
    store = await Store.open(path)
    try:
        session = await Session.open(store, "demo", Config())
        async for _ in session.run(1):
            pass
        await fork.fork(store, session, 1, "cooler")
        await session.edit(Edits(add=TEXTS, note=HOSTILE[2]))
        async for _ in session.run(1):
            pass
        await session.close()
        other = await Session.open(store, "cooler", Config())
        await other.edit(Edits(settings={"temperature": "0.3"}, note=HOSTILE[1]))
        async for _ in other.run(1):
            pass
        await other.close()
    finally:
        await store.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("told")
    asyncio.run(tell(folder / "sessions.db"))
    return folder


@pytest.fixture
def database(told: Path, tmp_path: Path) -> Path:
    """The story in a file of its own."""
    shutil.copytree(told, tmp_path / "own")
    return tmp_path / "own" / "sessions.db"


@asynccontextmanager
async def browsing(
    path: Path, size: tuple[int, int], *, replay: str = ""
) -> AsyncIterator[tuple[OproApp, Pilot[None]]]:
    """The list of sessions, read; or a replay in its stead."""
    app = ReplayApp(path, replay, Config()) if replay else OproApp(path, None, Config())
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(
            pilot, lambda: bool(replay) or (app.sessions is not None and app.sessions.loaded)
        )
        yield app, pilot


async def shown(
    app: OproApp, pilot: Pilot[None], kind: type[Screen[None]], good: Callable[[], bool]
) -> None:
    """Wait until a screen of a kind is there and something about it is so."""
    await until(pilot, lambda: isinstance(app.screen, kind))
    await until(pilot, good)
