"""Each key's way to its paint on a trajectory of 5,000 rows: move, scroll, sort, filter."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui.config import Config
from opro_tui.tui.app import OproApp
from tests.benchmarks import Row, percentile
from tests.benchmarks.key_to_paint import SIZE, SOLUTIONS, make_session, one_key, ready

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tests.benchmarks.key_to_paint import Took

LIMIT_MS = 50.0
TIMES = 12


async def press(app: OproApp, keys: list[str]) -> list[Took]:
    """Press keys one after the other; each is waited for."""
    trajectory = app.workbench.trajectory
    took = []
    for key in keys:
        took.append(
            await one_key(
                app,
                key,
                lambda: (trajectory.rows.cursor, trajectory.order, trajectory.field.value),
            )
        )
        await asyncio.sleep(0.05)
    return took


async def measure() -> dict[str, list[Took]]:
    """What each kind of key took."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.db"
        await make_session(path, SOLUTIONS)
        app = OproApp(path, "demo", Config())
        app.freezes = True
        async with app.run_test(size=SIZE) as pilot:
            await ready(app, pilot)
            await press(app, ["j", "k"] * 3)
            found["cursor down (j)"] = await press(app, ["j"] * TIMES)
            found["page down, scrolling"] = await press(app, ["pagedown"] * TIMES)
            found["last and first row (G, g)"] = await press(app, ["G", "g"] * (TIMES // 2))
            found["sort (o)"] = await press(app, ["o"] * 10)
            found["a letter of a filter"] = await _typed(app, pilot, "unit")
            found["the filter 'tied'"] = await _typed(app, pilot, "tied")
    return found


async def _typed(app: OproApp, pilot: Pilot[None], words: str) -> list[Took]:
    app.workbench.action_filter()
    await pilot.pause(0.2)
    took = await press(app, list(words))
    await pilot.press("escape")
    await pilot.pause(0.2)
    return took


def rows() -> list[Row]:
    """Measure."""
    return [
        Row(
            f"{name}, {words}, worst of {len(times)}"
            if share > 0.9
            else f"{name}, {words}, median",
            percentile([getattr(took, field) for took in times], share),
            limit=LIMIT_MS if field == "cpu" else None,
        )
        for name, times in asyncio.run(measure()).items()
        for share, field, words in ((0.5, "wall", "clock"), (1.0, "cpu", "CPU"))
    ]
