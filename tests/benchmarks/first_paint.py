"""From starting Python to the first paint, against a bare Textual app with as many widgets."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import Row

if TYPE_CHECKING:
    from textual.app import App

SIZE = (120, 40)
RUNS = 5
LIMIT = 1.3


async def first_paint(app: App[None], full: Any = None) -> dict[str, float]:
    """CPU seconds of this process at the first paint, and at the first one that is full."""
    found: dict[str, float] = {}
    display = type(app)._display

    def watched(screen: Any, renderable: Any) -> None:
        display(app, screen, renderable)
        if renderable is not None:
            if hasattr(renderable, "render_segments"):
                renderable.render_segments(app.console)
            found.setdefault("first", time.process_time())
            if full is not None and full():
                found.setdefault("full", time.process_time())

    app._display = watched  # type: ignore[method-assign]
    wanted = {"first"} if full is None else {"first", "full"}
    async with app.run_test(size=SIZE) as pilot:
        while not wanted <= found.keys():
            await pilot.pause(0.02)
    return found


def bare() -> dict[str, float]:
    """The reference: nothing but Textual and its own widgets in the same arrangement."""
    from textual.app import App
    from textual.binding import Binding
    from textual.containers import Container, VerticalScroll
    from textual.widgets import Footer, Static

    class Bare(App[None]):
        CSS = """
        #panes { layout: grid; grid-size: 2 2; height: 1fr; }
        #panes VerticalScroll { border: round gray; }
        .line { height: 1; }
        """
        BINDINGS = [Binding(key, "bell", f"Do {key}") for key in "abcdefghijklmnopqrstuvwxyz"]  # noqa: RUF012

        def compose(self) -> Any:
            yield Static("header", classes="line")
            with Container(id="panes"):
                for number in range(4):
                    with VerticalScroll():
                        yield Static(f"pane {number}")
            yield Static("status", classes="line")
            yield Footer(compact=True)

    return asyncio.run(first_paint(Bare()))


def ours(path: str) -> dict[str, float]:
    """The workbench over a small session."""
    from opro_tui.config import Config
    from opro_tui.tui.app import OproApp

    app = OproApp(Path(path), "demo", Config())
    return asyncio.run(first_paint(app, lambda: app.steering.prompt is not None))


def measured(call: str) -> dict[str, float]:
    """What a fresh process measured, in milliseconds; of some runs the least."""
    code = f"import json; from tests.benchmarks import first_paint as it; print(json.dumps({call}))"
    runs = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: 1000 * min(run[name] for run in runs) for name in runs[0]}


def rows() -> list[Row]:
    """Measure."""
    from tests.benchmarks.key_to_paint import make_session

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.db"
        asyncio.run(make_session(path, 50))
        reference = measured("it.bare()")["first"]
        found = measured(f"it.ours({str(path)!r})")
    return [
        Row("first paint, CPU, against a bare Textual app", found["first"], reference, limit=LIMIT),
        Row("session drawn with prompt and forecast, CPU", found["full"], reference),
    ]
