"""Take the pictures in screenshots/: the real app, on simulated models with a fixed seed.

Run it as `python scripts/take_pictures.py [--only NAME] [FOLDER]`; it writes an SVG and a PNG of
each scene of scenes.py, and says which are new, changed, the same or gone. Clock and time zone are
fixed, and no timer goes off before the work that came first is done, so that the same screen gives
the same SVG on every machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeVar
from unittest import mock

os.environ["TEXTUAL_ANIMATIONS"] = "none"
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import grounds
from scenes import PICTURES, Scene

from opro_tui.config import Config
from opro_tui.core.events import Stopped
from opro_tui.engine import create, provenance
from opro_tui.tui import steering
from opro_tui.tui.app import OproApp
from opro_tui.tui.messages import RunEnded
from opro_tui.tui.screens import ask, pick_file
from tests.support.parsed import parsed_once
from tests.support.stillness import StillLoop, now, stillness

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator

    from textual.pilot import Pilot

T = TypeVar("T")
FONT = "DejaVu Sans Mono"
TITLE_FONT = "DejaVu Serif"
NOON = 1_767_268_800_000_000_000
"""The time on all pictures: 2026-01-01 12:00 UTC, in nanoseconds since 1970."""
PAUSE = 0.6
"""Seconds by the loop's clock in which every screen has looked again at what it waits for."""
ENDLESS = ("follow",)
"""Workers that don't end by themselves."""
PATIENCE = 20.0
"""Seconds by the real clock that a thread may take before timers go on."""
SURROUNDINGS = {
    "TZ": "UTC",
    "XDG_STATE_HOME": "/nowhere",
    "XDG_CONFIG_HOME": "/nowhere",
    "XDG_CACHE_HOME": "/nowhere",
    "OPRO_TUI_SIMULATED_LATENCY": "0",
}
"""Nothing of this machine may stand in a picture."""
VERSIONS = {"opro-tui": "1.0.0", "python": "3.12.0"}
"""What the sessions were made with, as the pictures have it."""
KEYS = tuple(f"{name}_API_KEY" for name in ("OPENAI", "ANTHROPIC", "OPENROUTER"))


class Here(type(Path())):  # type: ignore[misc]
    """A path that doesn't tell where on this machine the current folder lies."""

    @classmethod
    def cwd(cls) -> Path:
        """The current folder."""
        return Path()


def run(job: Coroutine[object, object, T]) -> T:
    """Run a job on a loop whose clock stands still while it works."""
    with asyncio.Runner(loop_factory=lambda: StillLoop(PATIENCE)) as runner:
        return runner.run(job)


@contextlib.contextmanager
def surroundings(folder: Path, latency: float = 0.0) -> Iterator[None]:
    """Let clock, time zone, files and settings be the same everywhere.

    Args:
        folder: The current folder meanwhile.
        latency: Seconds that simulated models take.
    """
    environment = {k: v for k, v in os.environ.items() if k not in KEYS and "OPRO_TUI" not in k}
    environment |= SURROUNDINGS | {"OPRO_TUI_SIMULATED_LATENCY": str(latency)}
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch("time.time_ns", return_value=NOON),
        mock.patch.object(steering, "time", SimpleNamespace(monotonic=now)),
        mock.patch.object(pick_file, "Path", Here),
        mock.patch.object(create, "versions", return_value=VERSIONS),
        mock.patch.object(provenance, "versions", return_value=VERSIONS),
        contextlib.chdir(folder),
        stillness(),
        parsed_once(),
    ):
        time.tzset()
        yield
    time.tzset()


async def settle(app: OproApp, pilot: Pilot[None], *, running: bool) -> None:
    """Wait until nothing is under way and everything is drawn.

    Args:
        app: The app.
        pilot: Its driver.
        running: Whether a run is not waited for.
    """
    await pilot.pause(PAUSE)
    going = (*ENDLESS, "run") if running else ENDLESS
    while any(not w.is_finished and w.group not in going for w in app.workers):
        await pilot.pause(PAUSE)
    await pilot.pause(PAUSE)


async def press(app: OproApp, pilot: Pilot[None], keys: Iterable[str], *, running: bool) -> None:
    """Do what a scene asks for, as described in `Scene.keys`."""
    for key in keys:
        if key.startswith("fail:"):
            _, code, words = key.split(":", 2)
            app.post_message(RunEnded(Stopped(step=5, code=code, message=words)))
        elif key.startswith("dear:"):
            app.push_screen(ask.dear(key[5:]))
        elif key.startswith("type:"):
            await pilot.press(*("space" if c == " " else c for c in key[5:]))
        else:
            await pilot.press(key)
        await settle(app, pilot, running=running)


async def show(scene: Scene, size: tuple[int, int]) -> str:
    """Play a scene; returns the SVG."""
    config = Config(ui={"theme": scene.theme, "chart": scene.chart})
    app = OproApp(Path.cwd() / grounds.DATABASE, None if scene.browser else "demo", config)
    running = bool(scene.latency)
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(app, pilot, running=running)
        await press(app, pilot, scene.keys, running=running)
        for area in app.screen.query("TextArea, Input"):
            area.cursor_blink = False
        await pilot.pause()
        return app.export_screenshot(title="OPRO TUI", simplify=True)


def make_ground(name: str, folder: Path) -> Path:
    """Make the sessions that scenes start from, unless they are there; returns their folder.

    Args:
        name: A name in grounds.py.
        folder: Where the grounds are kept.
    """
    origin = folder / name
    if not origin.exists():
        with surroundings(folder):
            run(grounds.make(name, origin))
    return origin


def take(name: str, origin: Path, folder: Path) -> str:
    """Take one picture.

    Args:
        name: The picture's.
        origin: The ground that its scene starts from; it is copied.
        folder: A folder for the copy, which is removed.

    Returns:
        The SVG.
    """
    scene, size = PICTURES[name]
    copy = folder / "copy"
    shutil.copytree(origin, copy)
    try:
        with surroundings(copy, scene.latency):
            return run(show(scene, size))
    finally:
        shutil.rmtree(copy)


def pictures(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each picture's name and SVG."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in names:
            origin = make_ground(PICTURES[name][0].ground, folder)
            yield name, take(name, origin, folder)


def write(svg: str, target: Path) -> str:
    """Write the SVG, and a PNG in a font that is there; says what became of the old one."""
    import resvg_py

    vector, pixels = target.with_suffix(".svg"), target.with_suffix(".png")
    old = vector.read_text(encoding="utf-8") if vector.exists() else None
    if old == svg and pixels.exists():
        return "same"
    vector.write_text(svg, encoding="utf-8")
    drawn = svg.replace("Fira Code", FONT).replace("arial", TITLE_FONT)
    png = resvg_py.svg_to_bytes(svg_string=drawn, monospace_family=FONT)
    pixels.write_bytes(bytes(png))
    return "new" if old is None else "changed"


def main(folder: Path, only: str) -> None:
    """Take the pictures whose name begins with `only`; taking all removes those of no scene."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = {"new": 0, "changed": 0, "same": 0, "gone": 0}
    for name, svg in pictures(name for name in PICTURES if name.startswith(only)):
        said = write(svg, folder / name)
        counts[said] += 1
        if said != "same":
            print(f"{said:8}{name}", flush=True)
    for file in sorted((*folder.glob("*.svg"), *folder.glob("*.png"))):
        if not only and file.stem not in PICTURES:
            file.unlink()
            counts["gone"] += file.suffix == ".svg"
            print(f"{'gone':8}{file.name}")
    print(", ".join(f"{number} {word}" for word, number in counts.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only pictures whose name begins so")
    default = Path(__file__).parents[1] / "screenshots"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    given = parser.parse_args()
    main(given.folder, given.only)
