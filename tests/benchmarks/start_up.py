"""From the shell to the answer of `--version` and `--help`, against importing click alone."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.benchmarks import Row

RUNS = 5
CLICK = ("-c", "import click")


def cpu(*arguments: str) -> float:
    """The least CPU time that Python took over some runs, in milliseconds."""
    times = []
    for _ in range(RUNS):
        before = os.times()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        used = after.children_user - before.children_user
        times.append(1000 * (used + after.children_system - before.children_system))
    return min(times)


def rows() -> list[Row]:
    """Measure."""
    click = cpu(*CLICK)
    return [
        Row(f"{flag}, CPU, against `import click`", cpu("-m", "opro_tui", flag), click, limit=2.0)
        for flag in ("--version", "--help")
    ]
