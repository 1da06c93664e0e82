"""Programs run in a terminal of their own, from exec until something stands on the screen."""

from __future__ import annotations

import compileall
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import opro_tui

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIZE = (40, 120)
PATIENCE = 30.0
_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[\]P_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")


@dataclass(frozen=True, slots=True)
class Case:
    """A program, and what is on its screen when it has done what is measured.

    Attributes:
        argv: Its arguments, the interpreter's path first.
        shown: Texts that all have to be written.
        settings: Environment variables besides those that are there.
    """

    argv: Sequence[str]
    shown: Sequence[str]
    settings: Mapping[str, str]


def compiled() -> None:
    """Compile what is imported, as an installer does: else every run would."""
    compileall.compile_dir(Path(opro_tui.__file__).parent, quiet=1)
    compileall.compile_dir(Path(__file__).parent, quiet=1)


def once(case: Case) -> tuple[float, float]:
    """Run a program until all is shown, then end it; milliseconds of CPU and on the wall.

    The CPU time is that of all threads of the process, read at the moment (Linux has such clocks).
    """
    before = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(case.argv[0], list(case.argv), {**os.environ, **case.settings})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    clock = (~pid << 3) | 2
    written = b""
    try:
        while True:
            cpu, wall = time.clock_gettime(clock), time.monotonic() - before
            text = _ESCAPES.sub(b"", written).decode("utf-8", "replace")
            missing = [words for words in case.shown if words not in text]
            if not missing:
                return 1000 * cpu, 1000 * wall
            if wall > PATIENCE or not select.select([terminal], [], [], PATIENCE)[0]:
                raise TimeoutError(f"{case.argv} never showed {missing}, but {text[-2000:]}")
            written += os.read(terminal, 1 << 16)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def medians(cases: Mapping[str, Case], runs: int) -> dict[str, tuple[float, float]]:
    """The median CPU and wall times of programs that are run in turn, so that they share a load."""
    compiled()
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for _ in range(runs):
        for name, case in cases.items():
            took[name].append(once(case))
    return {
        name: (
            statistics.median(cpu for cpu, _ in found),
            statistics.median(wall for _, wall in found),
        )
        for name, found in took.items()
    }
