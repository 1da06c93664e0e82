"""Take the pictures in screenshots/: the real app, on simulated models with a fixed seed.

Run it as `python scripts/take_pictures.py [--only NAME] [FOLDER]`; it writes an SVG and a PNG of
each scene of scenes.py. Clock and time zone are fixed, so that the same screen gives the same SVG.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

os.environ["TEXTUAL_ANIMATIONS"] = "none"
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from scenes import SCENES, Scene

from opro_tui.config import Config
from opro_tui.core.events import Stopped
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from opro_tui.tui.messages import RunEnded
from opro_tui.tui.screens.template_editor import PAUSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from textual.pilot import Pilot

FONT = "DejaVu Sans Mono"
SEED = 1
NOON = 1_767_268_800_000_000_000
"""The time on all pictures: 2026-01-01 12:00 UTC, in nanoseconds since 1970."""
BEFORE: tuple[str, ...] = (
    *("s", "s", "p", "G", "d", "g"),
    *("t", "type:0.8", "enter", "s"),
)
"""Keys that lead to the session in the pictures."""
GROUPS = (
    "open",
    "costs",
    "replay",
    "offer",
    "compare",
    "measure",
    "run",
    "prompt",
    "scoring",
    "region",
    "clipboard",
    "preview",
    "difference",
    "wrong",
    "price",
    "used",
    "ties",
    "detail",
    "look-alikes",
    "try",
)


def fixed_time() -> mock._patch[int]:
    """Let the clock stand still in UTC for everything that is stored or shown."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    return mock.patch("time.time_ns", return_value=NOON)


async def make_session(path: Path) -> None:
    """A demo session, not yet run."""
    store = await Store.open(path)
    try:
        values = {"task": "sums", "seed": SEED}
        await create(store, prepare(Draft(name="demo", values=values), Config()))
    finally:
        await store.close()


async def settle(app: OproApp, pilot: Pilot[None]) -> None:
    """Wait until nothing runs and everything is drawn."""
    await pilot.pause()
    on_bench = app.workbench.is_attached
    steering = app.steering
    while on_bench and (not steering.opened or steering.running or steering.prompt_stale):
        await pilot.pause(0.01)
    workers = [worker for worker in app.workers if worker.group in GROUPS or not on_bench]
    await app.workers.wait_for_complete(workers)
    if on_bench:
        app.workbench.draw()
    await pilot.pause()


async def press(app: OproApp, pilot: Pilot[None], keys: Iterable[str]) -> None:
    """Do what a scene asks for, as described in `Scene.keys`."""
    for key in keys:
        if key.startswith("fail:"):
            _, code, words = key.split(":", 2)
            app.post_message(RunEnded(Stopped(step=5, code=code, message=words)))
        elif key.startswith("type:"):
            await pilot.press(*("space" if c == " " else c for c in key[5:]))
        else:
            await pilot.press(key)
        await settle(app, pilot)


async def prepare_session(path: Path) -> None:
    """Bring the session where the pictures are taken."""
    await make_session(path)
    app = OproApp(path, "demo", Config())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot)
        app.workbench.trajectory.rows.focus()
        await press(app, pilot, BEFORE)


async def take(scene: Scene, size: tuple[int, int], path: Path) -> str:
    """Take one picture; returns the SVG."""
    config = Config(ui={"theme": scene.theme, "chart": scene.chart})
    app = OproApp(path, None if scene.browser else "demo", config)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot)
        await press(app, pilot, scene.keys)
        checking = getattr(app.screen, "checking", None)
        while checking is not None and (checking.stale or checking.busy):
            await pilot.pause(0.05)
        if app.screen.query("#template-preview"):
            # The preview waits until nothing is typed any more.
            await pilot.pause(2 * PAUSE_SECONDS)
            await settle(app, pilot)
        for area in app.screen.query("TextArea, Input"):
            area.cursor_blink = False
        await pilot.pause()
        return app.export_screenshot(title="OPRO TUI", simplify=True)


async def pictures(scenes: Sequence[Scene]) -> AsyncIterator[tuple[str, str]]:
    """Each scene's name with its size, and its SVG; every scene gets the session as it was."""
    with tempfile.TemporaryDirectory() as temporary, fixed_time():
        # Otherwise the log's path on this machine would stand in the picture of an error.
        os.environ["XDG_STATE_HOME"] = str(Path(temporary) / "state")
        origin = Path(temporary) / "origin"
        origin.mkdir()
        await prepare_session(origin / "sessions.db")
        for scene in scenes:
            for size in scene.sizes:
                copy = Path(temporary) / "copy"
                shutil.copytree(origin, copy)
                yield (
                    f"{scene.name}-{size[0]}x{size[1]}",
                    await take(scene, size, copy / "sessions.db"),
                )
                shutil.rmtree(copy)


def write(svg: str, target: Path) -> None:
    """Write the SVG, and a PNG in a font that is there."""
    import resvg_py

    target.with_suffix(".svg").write_text(svg, encoding="utf-8")
    drawn = svg.replace("Fira Code", FONT)
    png = resvg_py.svg_to_bytes(svg_string=drawn, monospace_family=FONT)
    target.with_suffix(".png").write_bytes(bytes(png))


async def taken(scenes: Sequence[Scene]) -> dict[str, str]:
    """Name to SVG of each picture of some scenes."""
    return {name: svg async for name, svg in pictures(scenes)}


def main(folder: Path, only: str) -> None:
    """Take the pictures whose name begins with `only`; taking all removes those of no scene."""
    folder.mkdir(exist_ok=True)
    scenes = [scene for scene in SCENES if scene.name.startswith(only)]
    found = asyncio.run(taken(scenes))
    for name, svg in found.items():
        write(svg, folder / name)
        print(name)
    for file in (*folder.glob("*.svg"), *folder.glob("*.png")):
        if not only and file.stem not in found:
            file.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only scenes whose name begins so")
    default = Path(__file__).parents[1] / "screenshots"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    given = parser.parse_args()
    main(given.folder, given.only)
