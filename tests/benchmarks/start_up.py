"""From the shell to the answer of `--version` and `--help`, against importing click alone."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from tests.benchmarks import Row
from tests.benchmarks.in_terminal import compiled

RUNS = 15
CLICK = ("-c", "import click")


def cpu(*arguments: str) -> float:
    """The CPU time that Python took, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def rows() -> list[Row]:
    """Measure; all of them in turn, so that they share a load."""
    compiled()
    commands = {flag: ("-m", "opro_tui", flag) for flag in ("--version", "--help")}
    took: dict[str, list[float]] = {name: [] for name in ("click", *commands)}
    for _ in range(RUNS):
        took["click"].append(cpu(*CLICK))
        for flag, arguments in commands.items():
            took[flag].append(cpu(*arguments))
    click = statistics.median(took["click"])
    return [
        Row(f"{flag}, CPU, against `import click`", statistics.median(took[flag]), click, limit=2.0)
        for flag in commands
    ]
