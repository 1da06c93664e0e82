"""A step in the real program, in a terminal of 120 × 40, read from what it stored."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (40, 120)
PATIENCE = 120.0
_LAST = (
    "SELECT number, started_at, finished_at, (SELECT sum(n) FROM scores WHERE step = number)"
    " FROM steps ORDER BY number DESC LIMIT 1"
)


def on_screen(path: Path) -> dict[str, float]:
    """Press `s` twice; what the second step took, for the first opens the connections."""
    terminal, its_end = os.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        [sys.executable, "-m", "opro_tui", "--db", str(path), "open", "s"],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
        env=environment,
    )
    os.close(its_end)
    drawn = threading.Thread(target=_drain, args=(terminal,), daemon=True)
    drawn.start()
    try:
        time.sleep(4)
        step, *_ = _last(path)
        for _ in range(2):
            before = _cpu(process.pid)
            os.write(terminal, b"s")
            step += 1
            started, finished, calls = _until_finished(path, step)
            cpu = _cpu(process.pid) - before
            time.sleep(1)
        return {"wall": (finished - started) / 1000, "cpu": cpu, "calls": calls + 1}
    finally:
        process.terminate()
        process.wait()
        drawn.join(timeout=5)
        os.close(terminal)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 1 << 16):
            pass
    except OSError:  # the program has ended
        return


def _last(path: Path) -> tuple[int, int, int | None, int | None]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        found: tuple[int, int, int | None, int | None] = db.execute(_LAST).fetchone()
    return found


def _until_finished(path: Path, step: int) -> tuple[int, int, int]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        number, started, finished, calls = _last(path)
        if number == step and finished is not None:
            return started, finished, calls or 0
        time.sleep(0.2)
    raise TimeoutError(f"step {step} did not end")


def _cpu(process: int) -> float:
    """CPU seconds that a process has used, in all its threads."""
    with open(f"/proc/{process}/stat", encoding="utf-8") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
