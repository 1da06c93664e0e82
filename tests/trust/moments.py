"""When a process is killed: by the server, by the clock, or from within itself at a seeded point.

What is installed into the process (`arm`) lives here and never in the product: it counts commits,
statements or lines, and sends the process a signal when the count is reached.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSED = 0
"""Stands for a signal where instead the terminal is closed."""
SIGNALS = {
    "SIGKILL": signal.SIGKILL,
    "SIGTERM": signal.SIGTERM,
    "SIGINT": signal.SIGINT,
    "SIGHUP": signal.SIGHUP,
    "terminal closed": CLOSED,
}
WITHIN = frozenset({"before commit", "after commit", "in commit", "statement", "line"})
"""Ways that the process sees to itself; the harness does the others."""
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP", "VACUUM", "REINDEX")
_COMMITS = ("COMMIT", "VACUUM", "REINDEX")


@dataclass(frozen=True, slots=True)
class Moment:
    """A seeded point in a process's life.

    Attributes:
        how: `request` (the n-th to a model has come), `desk` (the n-th call on the batch endpoints
            has), `clock` (seconds since the start), or one of WITHIN.
        signal: What it gets; CLOSED closes its terminal.
        n: Which request, commit, statement or line; 1 is the first.
        after: Seconds later.
        what: The model of a request, the kind of a call on the desk, or the end of the path of the
            file whose lines are counted.
    """

    how: str
    signal: int
    n: int = 1
    after: float = 0.0
    what: str = ""


def name_of(number: int) -> str:
    """A signal in words."""
    return next(name for name, each in SIGNALS.items() if each == number)


def arm(moment: Moment, told: str) -> None:
    """Have this process kill itself at a moment of one of the ways in WITHIN.

    Args:
        moment: When.
        told: A file that is made when it comes to that.
    """

    def strike() -> None:
        os.close(os.open(told, os.O_CREAT | os.O_WRONLY, 0o600))
        os.kill(os.getpid(), moment.signal)

    if moment.how == "line":
        _count_lines(moment, strike)
    else:
        _count_statements(moment, strike)


def _count_statements(moment: Moment, strike: Callable[[], None]) -> None:
    lock = threading.Lock()
    left = moment.n
    commits = moment.how != "statement"

    def due(sql: str) -> bool:
        nonlocal left
        word = sql.lstrip()[:8].upper()
        if not word.startswith(_COMMITS if commits else _WRITES):
            return False
        with lock:
            left -= 1
            return left == 0

    def later() -> None:
        time.sleep(moment.after)
        strike()

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if not due(sql):
                return super().execute(sql, *args)
            if moment.how == "in commit":
                # SQLite lets other threads run while it writes: this one strikes meanwhile.
                threading.Thread(target=later, daemon=True).start()
                return super().execute(sql, *args)
            if moment.how == "before commit":
                strike()
            found = super().execute(sql, *args)
            if moment.how != "before commit":
                strike()
            return found

    connect = sqlite3.connect

    def connecting(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        return connect(*args, **{"factory": Connection} | kwargs)

    sqlite3.connect = connecting  # type: ignore[assignment]


def _count_lines(moment: Moment, strike: Callable[[], None]) -> None:
    left = moment.n

    def line(_frame: Any, event: str, _arg: Any) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                strike()
        return line

    def call(frame: Any, _event: str, _arg: Any) -> Any:
        return line if frame.f_code.co_filename.endswith(moment.what) else None

    threading.settrace(call)
    sys.settrace(call)


def lines_of(path: str) -> int:
    """About how many lines a run through a file of the program executes."""
    return len((Path(__file__).parents[2] / path).read_text(encoding="utf-8").splitlines())
