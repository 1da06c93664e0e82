"""Opening a session of 5,000 solutions with 200 examples each, and moving about in its replay."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from opro_tui.config import Config
from opro_tui.tui.app import OproApp
from opro_tui.tui.archive import Archive
from opro_tui.tui.screens.replay import ReplayScreen
from tests.benchmarks import Row, percentile
from tests.benchmarks.key_to_paint import SIZE, SOLUTIONS, Took, make_session, one_key, ready

EXAMPLES = 200
LIMIT_MS = 50.0
STEPS = ["s"] * 10 + ["S"] * 5
EVENTS = ["full_stop"] * 10 + ["comma"] * 5
ENDS = ["home", "end"] * 3 + ["home"]


async def replayed(app: OproApp, path: Path) -> tuple[float, dict[str, list[Took]]]:
    """Milliseconds until a replay is drawn, and what its keys took."""
    screen = ReplayScreen(Archive(path, Config()), "demo")
    began = time.perf_counter()
    app.push_screen(screen)
    while screen.replay is None:  # noqa: ASYNC110 - nothing announces it
        await asyncio.sleep(0.01)
    opened = 1000 * (time.perf_counter() - began)
    await asyncio.sleep(0.5)
    await one_key(app, "end", lambda: screen.replay.place)
    found = {}
    for name, pressed in (("start and end", ENDS), ("step", STEPS), ("event", EVENTS)):
        found[name] = []
        for key in pressed:
            found[name].append(await one_key(app, key, lambda: screen.replay.place))
            await asyncio.sleep(0.05)
    return opened, found


async def measure(path: Path) -> list[Row]:
    """The figures for a stored session."""
    app = OproApp(path, "demo", Config())
    app.freezes = True
    began = time.perf_counter()
    async with app.run_test(size=SIZE) as pilot:
        first = time.perf_counter()
        while app.steering.forecast is None:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.005)
        full = time.perf_counter()
        await ready(app, pilot)
        opened, keys = await replayed(app, path)
    what = f"{SOLUTIONS:,} solutions × {EXAMPLES}"
    return [
        Row(f"first paint, clock, {what}", 1000 * (first - began)),
        Row(f"drawn with prompt and forecast, clock, {what}", 1000 * (full - began)),
        Row(f"replay drawn, clock, {what}", opened),
        *(
            Row(
                f"replay key, {name}, {words}",
                percentile([getattr(t, field) for t in took], 0.95),
                limit=LIMIT_MS if field == "cpu" else None,
            )
            for name, took in keys.items()
            for field, words in (("wall", "p95 by the clock"), ("cpu", "p95 CPU"))
        ),
    ]


def rows() -> list[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.db"
        asyncio.run(make_session(path, SOLUTIONS, EXAMPLES))
        return asyncio.run(measure(path))
