"""Take the pictures in screenshots/: the real app, on simulated models with a fixed seed.

Run it as `python scripts/take_pictures.py [FOLDER]`; it writes an SVG and a PNG of each screen.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["TEXTUAL_ANIMATIONS"] = "none"
sys.path.insert(0, str(Path(__file__).parents[1]))

from opro_tui.config import Config
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp

if TYPE_CHECKING:
    from textual.pilot import Pilot

FONT = "DejaVu Sans Mono"
SEED = 1
BEFORE = ("s", "s", "s", "p", "G", "d", "g", "s")
"""Keys that lead to the state in the pictures: three steps, a pin, a drop, one more step."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its name, its size in cells, its theme, and the keys to press for it."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    theme: str = "opro-dark"


PICTURES = (
    Picture("workbench-120x40", (120, 40)),
    Picture("workbench-80x24", (80, 24)),
    Picture("workbench-light-120x40", (120, 40), theme="opro-light"),
    Picture("edit-120x40", (120, 40), ("e",)),
    Picture("help-120x40", (120, 40), ("question_mark",)),
    Picture("details-80x24", (80, 24), ("enter",)),
)


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
    while not app.steering.opened or app.steering.running or app.steering.prompt_stale:
        await pilot.pause(0.02)
    workers = [worker for worker in app.workers if worker.group in ("open", "run", "prompt")]
    await app.workers.wait_for_complete(workers)
    app.workbench.draw()
    await pilot.pause()


async def prepare_session(path: Path) -> None:
    """Bring the session where the pictures are taken."""
    await make_session(path)
    app = OproApp(path, "demo", Config())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot)
        app.workbench.trajectory.rows.focus()
        for key in BEFORE:
            await pilot.press(key)
            await settle(app, pilot)


async def take(picture: Picture, path: Path) -> str:
    """Take one picture; returns the SVG."""
    app = OproApp(path, "demo", Config(ui={"theme": picture.theme}))
    async with app.run_test(size=picture.size) as pilot:
        await settle(app, pilot)
        for key in picture.keys:
            await pilot.press(key)
            await settle(app, pilot)
        for area in app.screen.query("TextArea"):
            area.cursor_blink = False
        await pilot.pause()
        return app.export_screenshot(title="OPRO TUI", simplify=True)


def write(svg: str, target: Path) -> None:
    """Write the SVG, and a PNG in a font that is there."""
    import resvg_py

    target.with_suffix(".svg").write_text(svg, encoding="utf-8")
    drawn = svg.replace("Fira Code", FONT)
    png = resvg_py.svg_to_bytes(svg_string=drawn, monospace_family=FONT)
    target.with_suffix(".png").write_bytes(bytes(png))


async def main(folder: Path) -> None:
    """Take every picture."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "sessions.db"
        await prepare_session(path)
        for picture in PICTURES:
            write(await take(picture, path), folder / picture.name)
            print(picture.name)


if __name__ == "__main__":
    default = Path(__file__).parents[1] / "screenshots"
    wanted = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    wanted.mkdir(exist_ok=True)
    asyncio.run(main(wanted))
