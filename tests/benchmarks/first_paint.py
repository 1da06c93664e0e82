"""From exec to the first paint in a terminal, against minimal Textual apps of the same widgets."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import Row
from tests.benchmarks.in_terminal import Case, medians

RUNS = 15
LIMIT = 1.3
ALWAYS = ("Help", "Quit", "palette")
"""Keys that stand in the footer of every first screen."""


def cases(path: Path, folder: Path) -> dict[str, Case]:
    """What is run: our first screens and theirs, and ours with what is read behind them."""
    settings = {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}

    def ours(*arguments: str, shown: tuple[str, ...]) -> Case:
        command = (sys.executable, "-m", "opro_tui", "--db", str(path), *arguments)
        return Case(command, shown, settings)

    def bare(name: str, *shown: str) -> Case:
        command = (sys.executable, "-m", "tests.benchmarks.bare", name)
        return Case(command, (*shown, *ALWAYS), settings)

    panes = ("opening 'demo'", "META-PROMPT", "CANDIDATES", "TRAJECTORY", "SCORE BY STEP")
    return {
        "bare panes": bare("panes", "above", "TEXT", "FIRST", "SECOND", "CHART", "below"),
        "panes": ours("open", "demo", shown=(*panes, *ALWAYS)),
        "demo": ours("demo", shown=(*panes, *ALWAYS)),
        "bare list": bare("listed", "above", "nothing yet", "below"),
        "list": ours(shown=("Reading the sessions", *ALWAYS)),
        "drawn": ours("open", "demo", shown=("● shown", " tok")),
        "listed": ours(shown=("demo",)),
    }


def rows() -> list[Row]:
    """Measure."""
    from tests.benchmarks.key_to_paint import make_session

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.db"
        asyncio.run(make_session(path, 50))
        took = medians(cases(path, Path(folder)), RUNS)
    found = []
    for kind, place in (("CPU", 0), ("wall", 1)):
        for name, words, beside, limit in (
            ("panes", "a session's first paint", "bare panes", LIMIT),
            ("demo", "a new demo's first paint", "bare panes", LIMIT),
            ("list", "the list's first paint", "bare list", LIMIT),
            ("drawn", "the session drawn, with prompt and forecast", "bare panes", None),
            ("listed", "the sessions listed", "bare list", None),
        ):
            ours, reference = took[name][place], took[beside][place]
            found.append(Row(f"{words}, {kind}", ours, reference, limit=limit))
    return found
