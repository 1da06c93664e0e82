"""A step against the same calls on the bare SDK: at 50 ms, at no latency, and with 500 slots.

The server has a process of its own, and so has each measurement; ours and the bare SDK's (the
floor) take turns in the same run. Both have their connections open when the time starts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks import Row
from tests.benchmarks.step_parts import prepare
from tests.benchmarks.step_screen import on_screen

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 3
MODULE = "tests.benchmarks.step_parts"


@dataclass(frozen=True, slots=True)
class Load:
    """A step: its endpoint's latency in seconds, its calls, and how many may be in flight."""

    latency: float
    solutions: int
    train: int
    slots: int

    @property
    def numbers(self) -> list[str]:
        """What the processes are told."""
        return [str(number) for number in (self.solutions, self.train, self.slots)]


@contextmanager
def served(load: Load) -> Iterator[str]:
    """A server; its URL."""
    command = [sys.executable, "-m", MODULE, "serve", str(load.latency), str(load.solutions)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def measured(*arguments: str) -> dict[str, float]:
    """What one process measured."""
    command = [sys.executable, "-m", MODULE, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def compared(load: Load, *, screen: bool = False) -> dict[str, dict[str, float]]:
    """Seconds, and CPU seconds a call, of each kind; medians.

    Kinds are `floor`, `aiohttp` (the floor on the transport that we use), `ours` and `screen`.
    """
    runs: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, served(load) as url:
        path = prepare(Path(folder), url, load.solutions, load.train, load.slots)
        for _ in range(ROUNDS):
            for kind in ("floor", "aiohttp"):
                runs.setdefault(kind, []).append(measured(kind, url, *load.numbers))
            runs.setdefault("ours", []).append(measured("ours", str(path)))
            if screen:
                runs.setdefault("screen", []).append(on_screen(path))
    wanted = load.solutions * load.train + 1
    assert all(run["calls"] == wanted for kind in runs.values() for run in kind), runs
    return {
        kind: {
            "wall": median(run["wall"] for run in found),
            "cpu": median(run["cpu"] for run in found) / wanted,
        }
        for kind, found in runs.items()
    }


def both(name: str, found: dict[str, dict[str, float]], what: str, limit: float) -> Iterator[Row]:
    """Ours against the floor, and against the floor on aiohttp."""
    ours = 1000 * found["ours"][what]
    yield Row(name, ours, 1000 * found["floor"][what], limit=limit)
    yield Row(f"{name}, against aiohttp", ours, 1000 * found["aiohttp"][what])


def rows() -> Iterator[Row]:
    """Measure."""
    found = compared(Load(0.05, 8, 100, 32), screen=True)
    yield from both("8 × 100, 50 ms, 32 slots", found, "wall", 1.10)
    floor = 1000 * found["floor"]["wall"]
    yield Row("the same with the screen", 1000 * found["screen"]["wall"], floor, limit=1.15)
    found = compared(Load(0.0, 8, 100, 32))
    yield from both("8 × 100 without latency, CPU a call", found, "cpu", 1.25)
    found = compared(Load(1.0, 8, 250, 500))
    yield from both("8 × 250, 1 s, 500 slots", found, "wall", 1.1)
