"""A session of 1,000 steps × 8 candidates × 250 examples: opened, moved about in, and gone on in.

Each figure is of a process of its own, from the moment in which it was started; the peak of its
memory is what the kernel says (VmHWM).
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import Row, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STEPS = 1000
SMALL = 10
PER_STEP = 8 * 250
SIZE = (120, 40)
OPEN_MS = 1000.0
PEAK_MB = 200.0
KEY_MS = 50.0
BYTES = 230.0
STEP_RATIO = 1.25
TEXTS = (("show", "s"), ("costs", "s"), ("replay", "s"), ("compare", "s", "s"), ("list",))
REPLAY_KEYS = (
    ("first and last step (Home, End)", ["home", "end"] * 4),
    ("next step (s)", ["s"] * 10),
    ("step before (S)", ["S"] * 10),
    ("next best (b)", ["b"] * 6),
)
TRAJECTORY_KEYS = (
    ("row down (j)", ["j"] * 10),
    ("page down", ["pagedown"] * 10),
    ("first and last row (G, g)", ["G", "g"] * 4),
)


def peak() -> float:
    """The most memory that this process had resident, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


class Stages:
    """What a process has reached, and at what price."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.found: dict[str, dict[str, float]] = {}

    def reached(self, name: str) -> None:
        """Note a stage."""
        self.found[name] = {
            "clock": 1000 * (time.time() - self.began),
            "cpu": 1000 * time.process_time(),
            "peak": peak(),
        }


async def until(done: Callable[[], bool]) -> None:
    """Wait for what nothing announces."""
    while not done():  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def painted(app: Any, good: Callable[[], bool]) -> None:
    """Wait for a paint of the screen in which something is so."""
    done = asyncio.Event()
    display = type(app)._display

    def watched(screen: Any, renderable: Any) -> None:
        display(app, screen, renderable)
        if renderable is not None and hasattr(renderable, "render_segments"):
            renderable.render_segments(app.console)
            if good():
                done.set()

    app._display = watched
    await done.wait()
    del app._display


async def screens(path: Path, began: float) -> dict[str, Any]:
    """Open the session, move about in it, and open its replay, its costs and a comparison."""
    from opro_tui.config import Config
    from opro_tui.tui.app import OproApp

    stages = Stages(began)
    keys: dict[str, list[float]] = {}
    app = OproApp(path, "s", Config())
    app.freezes = True
    async with app.run_test(size=SIZE) as pilot:
        stages.reached("first paint")
        await painted(app, lambda: app.workbench.prompt_pane.text.prompt is not None)
        stages.reached("open")
        await until(lambda: app.steering.forecast is not None)
        await pilot.pause()
        stages.reached("priced")

        from opro_tui.tui.archive import Archive
        from opro_tui.tui.screens.compare import CompareScreen
        from opro_tui.tui.screens.costs import CostsScreen
        from opro_tui.tui.screens.replay import ReplayScreen

        trajectory = app.workbench.trajectory
        trajectory.rows.focus()
        await pilot.pause(0.5)
        for name, pressed in TRAJECTORY_KEYS:
            keys[f"trajectory, {name}"] = await press(app, pressed, lambda: trajectory.rows.cursor)
        archive = Archive(path, Config(), app.steering)
        replay = ReplayScreen(archive, "s")
        stages.reached("before the replay")
        app.push_screen(replay)
        await until(lambda: replay.replay is not None)
        await pilot.pause()
        stages.reached("replay")
        await pilot.pause(0.5)
        await pilot.press("end")
        for name, pressed in REPLAY_KEYS:
            if name.startswith("next"):
                await pilot.press("home")
            keys[f"replay, {name}"] = await press(app, pressed, lambda: replay.replay.place)
        app.pop_screen()
        for name, screen, there in (
            ("costs", CostsScreen(archive, "s"), "costs"),
            ("compare", CompareScreen(archive, "s", "s"), "compared"),
        ):
            stages.reached(f"before {name}")
            app.push_screen(screen)
            await until(lambda: getattr(screen, there) is not None)  # noqa: B023 - waited for here
            await pilot.pause()
            stages.reached(name)
            app.pop_screen()
    return {"stages": stages.found, "keys": keys}


async def press(app: Any, pressed: list[str], seen: Callable[[], object]) -> list[float]:
    """Milliseconds from each key to its paint."""
    from tests.benchmarks.key_to_paint import one_key

    took = []
    for key in pressed:
        took.append((await one_key(app, key, seen)).wall)
        await asyncio.sleep(0.05)
    return took


async def sessions(path: Path, began: float) -> dict[str, Any]:
    """Open the list of sessions."""
    from opro_tui.config import Config
    from opro_tui.tui.app import OproApp

    stages = Stages(began)
    app = OproApp(path, None, Config())
    async with app.run_test(size=SIZE) as pilot:
        assert app.sessions is not None
        await until(lambda: bool(app.sessions.rows.keys))
        await pilot.pause()
        stages.reached("sessions")
    return {"stages": stages.found}


def text(path: Path, began: float, *arguments: str) -> dict[str, Any]:
    """Run a command."""
    from opro_tui.cli.entry import main

    stages = Stages(began)
    sys.argv = ["opro-tui", "--db", str(path), *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
    stages.reached("done")
    return {"stages": stages.found}


async def one_step(path: Path) -> float:
    """CPU milliseconds of this process for a call of a step, its storing included."""
    from opro_tui.core.events import CallFinished
    from tests.support.sessions import opened, run

    async with opened(path) as session:
        await run(session, 1)  # what is loaded once
        before = time.process_time()
        events = await run(session, 1)
        calls = sum(isinstance(event, CallFinished) for event in events)
        return 1000 * (time.process_time() - before) / calls


def child(call: str) -> Any:
    """What a function of this module found in a process of its own."""
    code = (
        "import sys, asyncio, json; began = float(sys.argv[1]); from pathlib import Path;"
        f" from tests.benchmarks import large as it; found = {call};"
        " print('\\n' + json.dumps(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(time.time())], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def figures(path: Path) -> Iterator[Row]:
    """The rows of a database."""
    found = child(f"asyncio.run(it.screens(Path({str(path)!r}), began))")
    stages = found["stages"]
    opening = stages["open"]
    yield Row("open, from exec to all panes filled, clock", opening["clock"], limit=OPEN_MS)
    yield Row("open, CPU", opening["cpu"])
    yield Row("with the next step's price in the header, clock", stages["priced"]["clock"])
    yield Row("open, memory", stages["priced"]["peak"], unit="MB", limit=PEAK_MB)
    for name, before in (
        ("replay", "before the replay"),
        ("costs", "before costs"),
        ("compare", "before compare"),
    ):
        yield Row(f"{name} over it, clock", stages[name]["clock"] - stages[before]["clock"])
        yield Row(f"{name} over it, memory", stages[name]["peak"], unit="MB", limit=PEAK_MB)
    for name, took in found["keys"].items():
        yield Row(f"{name}, p95", percentile(took, 0.95), limit=KEY_MS)
    listed = child(f"asyncio.run(it.sessions(Path({str(path)!r}), began))")["stages"]["sessions"]
    yield Row("list of sessions, from exec, clock", listed["clock"])
    yield Row("list of sessions, memory", listed["peak"], unit="MB", limit=PEAK_MB)
    for arguments in TEXTS:
        done = child(f"it.text(Path({str(path)!r}), began, *{arguments!r})")["stages"]["done"]
        yield Row(f"`{arguments[0]}` as text, clock", done["clock"])
        yield Row(f"`{arguments[0]}` as text, memory", done["peak"], unit="MB", limit=PEAK_MB)


def stepped(path: Path) -> float:
    """CPU milliseconds for a call of a step, its endpoint being a process of its own."""
    import sqlite3

    with closing(sqlite3.connect(path)) as db:
        settings = db.execute("SELECT text FROM texts JOIN sessions ON settings = texts.id")
        port = re.search(r"127\.0\.0\.1:(\d+)", settings.fetchone()[0])
    assert port is not None
    endpoint = subprocess.Popen(
        [sys.executable, "-m", "tests.support.loopback", "--port", port[1]],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert endpoint.stdout is not None
        endpoint.stdout.readline()
        return float(child(f"asyncio.run(it.one_step(Path({str(path)!r})))"))
    finally:
        endpoint.terminate()
        endpoint.wait()


def rows() -> Iterator[Row]:
    """Measure."""
    from tests.benchmarks.bulk import big_session

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        path = asyncio.run(big_session(Path(folder), STEPS))
        small = asyncio.run(big_session(Path(other), SMALL))
        size = path.stat().st_size / (STEPS * PER_STEP)
        yield Row("bytes for each evaluation", size, unit="B", limit=BYTES)
        yield from figures(path)
        ours, reference = stepped(path), stepped(small)
        name = f"a call of a step in it, CPU, against a session of {SMALL} steps"
        yield Row(name, ours, reference, limit=STEP_RATIO)
