"""Driving the real app over a real database and simulated models."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from opro_tui.config import Config
from opro_tui.engine.create import Draft, Start, create, prepare
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from opro_tui.tui.screens.template_editor import PAUSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

SIZES = ((80, 24), (120, 40))
PATIENCE = 400


async def make_session(
    path: Path, task: str = "linear-regression", *, warm: tuple[Start, ...] = (), **values: Any
) -> None:
    """Store a new session named `demo`."""
    store = await Store.open(path)
    try:
        draft = Draft(name="demo", values={"task": task, "seed": 1} | values, warm=warm)
        await create(store, prepare(draft, Config()))
    finally:
        await store.close()


async def stepped_once(kept: Path, path: Path, **values: Any) -> None:
    """Store the session `demo` on sums after a step: made once, then copied.

    Args:
        kept: Where it is kept for the tests of this process.
        path: Where this test has its copy.
        values: The session's settings.
    """
    if not kept.exists():  # noqa: ASYNC240 - a test waits for nothing else
        making = kept.with_suffix(".making")
        await make_session(making, "sums", **values)
        async with opened(making) as (app, pilot):
            await pilot.press("s")
            await run_out(app, pilot)
        making.rename(kept)
    shutil.copy(kept, path)


@asynccontextmanager
async def opened(
    path: Path, size: tuple[int, int] = (120, 40), config: Config | None = None
) -> AsyncIterator[tuple[OproApp, Pilot[None]]]:
    """The app over the session `demo`, opened and drawn."""
    app = OproApp(path, "demo", config or Config())
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.steering.opened and app.steering.forecast is not None)
        yield app, pilot


async def until(pilot: Pilot[None], good: Callable[[], bool]) -> None:
    """Let the app go on until something is so."""
    for _ in range(PATIENCE):
        await pilot.pause()
        if good():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("it did not come about")


async def run_out(app: OproApp, pilot: Pilot[None]) -> None:
    """Let the run end and everything be drawn."""
    await until(pilot, lambda: not app.steering.running)
    await app.workers.wait_for_complete(
        [worker for worker in app.workers if worker.group in ("run", "prompt")]
    )
    await until(pilot, lambda: not app.steering.prompt_stale)
    app.workbench.draw()
    await pilot.pause()


async def settled(app: OproApp, pilot: Pilot[None]) -> None:
    """Let previews, counts and comparisons come about, those that wait for a pause too."""
    await pilot.pause(1.2 * PAUSE_SECONDS)
    groups = ("preview", "region", "difference", "wrong", "prompt", "outside")
    await app.workers.wait_for_complete([w for w in app.workers if w.group in groups])
    await pilot.pause()


def screen_text(app: OproApp) -> str:
    """What the terminal shows, as text."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.text[:width] for strip in lines[:height])
