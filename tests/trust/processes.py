"""Starting processes that are to be killed, watching them, and looking at what they left."""

from __future__ import annotations

import json
import os
import pty
import queue
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from fcntl import ioctl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.trust.zygote import Order

if TYPE_CHECKING:
    from tests.trust.moments import Moment

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
"""Seconds after which a process counts as hanging."""
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])|\x1b\[([<>])\d*u")
_OFF = {1049: "alternate screen", 1000: "mouse", 1003: "mouse", 1006: "mouse", 1015: "mouse",
        2004: "bracketed paste", 1004: "focus reports"}  # fmt: skip
_ON = {25: "cursor", 7: "line wrap"}


class Hung(AssertionError):
    """A process did not end."""


class Terminal:
    """A pseudo-terminal of 120×40, read as fast as it is written."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.name = os.ttyname(self.theirs)
        self.before = termios.tcgetattr(self.theirs)
        self.written = bytearray()
        self.closed = False
        self._lock = threading.Lock()
        self._woken, self._wake = os.pipe()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Read until it is closed; a read that waits would keep the device open."""
        while True:
            ready, _, _ = select.select([self.ours, self._woken], [], [])
            if self._woken in ready:
                return
            try:
                data = os.read(self.ours, 1 << 16)
            except OSError:
                return
            self.written += data

    def type(self, keys: bytes) -> None:
        """Press keys."""
        with suppress(OSError):
            os.write(self.ours, keys)

    def close(self) -> None:
        """Close it, as a window is closed; its program gets SIGHUP."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            os.write(self._wake, b"!")
            self._reader.join()
            for end in (self.theirs, self.ours, self._wake, self._woken):
                os.close(end)

    def faults(self) -> list[str]:
        """What is not as it was: modes, echo, line mode."""
        time.sleep(0.05)
        modes: dict[int, bool] = {}
        pushed = 0
        for match in _MODE.finditer(bytes(self.written)):
            if match[3]:
                pushed = max(0, pushed + (1 if match[3] == b">" else -1))
                continue
            for number in match[1].split(b";"):
                modes[int(number)] = match[2] == b"h"
        found = [f"{name} left on" for mode, name in _OFF.items() if modes.get(mode)]
        found += [f"{name} left off" for mode, name in _ON.items() if modes.get(mode) is False]
        if pushed:
            found.append("keyboard protocol left on")
        if termios.tcgetattr(self.theirs)[:4] != self.before[:4]:
            found.append("echo or line mode not restored")
        return list(dict.fromkeys(found))


class Child:
    """A process that was started."""

    def __init__(self, pid: int, terminal: Terminal | None) -> None:
        self.pid = pid
        self.terminal = terminal
        self.code: int | None = None
        self._ended = threading.Event()
        self.started = time.monotonic()
        self.struck: float | None = None
        self.told: Path | None = None
        self.let_go = False
        self.ended = 0.0

    def end(self, code: int) -> None:
        """It was reaped."""
        self.code = code
        self.ended = time.monotonic()
        if self.told is not None and self.told.exists():
            self.struck = self.told.stat().st_mtime - time.time() + self.ended
            self.told.unlink()
        self._ended.set()

    @property
    def alive(self) -> bool:
        """Whether it wasn't reaped yet."""
        return not self._ended.is_set()

    def leave(self) -> None:
        """End it in order, for nothing has struck it; nothing will any more."""
        told = self.told is not None and self.told.exists()
        if self.alive and self.struck is None and not told:
            self.let_go = True
            os.kill(self.pid, signal.SIGTERM)

    def strike(self, number: int) -> None:
        """Send it a signal, or close its terminal, unless it has ended."""
        if not self.alive or self.let_go:
            return
        self.struck = time.monotonic()
        if number:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
        elif self.terminal is not None:
            self.terminal.close()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit code; negative for a signal.

        Raises:
            Hung: It doesn't end; it is killed then.
        """
        if not self._ended.wait(seconds):
            stack = _stack(self.pid)
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._ended.wait(10)
            raise Hung(f"process {self.pid} did not end within {seconds:g} s{stack}")
        assert self.code is not None
        return self.code

    def left(self) -> list[str]:
        """Processes of its session that outlived it by a second.

        It was reaped itself. What had ended under it waits for whoever adopts orphans here.
        """
        deadline = time.monotonic() + 1.0
        while (found := self._of_session()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def _of_session(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError, ValueError, IndexError):
                    after = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(after[3]) == self.pid and after[0] != "Z":
                        found.append(f"{entry.name} ({after[0]})")
        return found


def _stack(pid: int) -> str:
    spy = ROOT / ".venv/bin/py-spy"
    if not spy.exists():
        return ""
    done = subprocess.run(
        [spy, "dump", "--pid", str(pid)], capture_output=True, text=True, check=False
    )
    return "\n" + done.stdout


class Nursery:
    """Starts processes as forks of one that has the program imported; a context manager."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
        self._early: dict[int, int] = {}
        self._started: queue.Queue[int] = queue.Queue()
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.trust.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        assert self._ready.wait(PATIENCE), "the program can't be imported"
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it; its children have ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def start(
        self,
        argv: list[str],
        env: dict[str, str],
        log: Path,
        *,
        moment: Moment | None = None,
        terminal: Terminal | None = None,
    ) -> Child:
        """Start a command line of the program."""
        order = Order(
            argv,
            env,
            str(log),
            terminal.name if terminal else "",
            list(_fields(moment)) if moment else None,
        )
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps(asdict(order)) + "\n").encode())
        self._process.stdin.flush()
        pid = self._started.get(timeout=PATIENCE)
        child = Child(pid, terminal)
        child.told = Path(f"{log}.struck")
        with self._lock:
            self._children[pid] = child
            if pid in self._early:
                child.end(self._early.pop(pid))
        return child

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            if "ready" in said:
                self._ready.set()
            elif "started" in said:
                self._started.put(said["started"])
            else:
                with self._lock:
                    child = self._children.pop(said["pid"], None)
                    if child is None:
                        self._early[said["pid"]] = said["code"]
                if child is not None:
                    child.end(said["code"])


def _fields(moment: Moment) -> tuple[Any, ...]:
    return (moment.how, int(moment.signal), moment.n, moment.after, moment.what)


def real_process(
    argv: list[str], env: dict[str, str], log: Path, terminal: Terminal | None = None
) -> Child:
    """Start the program as a user does, with an interpreter of its own."""

    def settle() -> None:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        if terminal is not None:
            ioctl(0, termios.TIOCSCTTY, 0)

    with log.open("ab") as stream:
        ends = (terminal.theirs,) * 3 if terminal else (subprocess.DEVNULL, stream, stream)
        process = subprocess.Popen(
            [sys.executable, "-m", "opro_tui", *argv],
            stdin=ends[0],
            stdout=ends[1],
            stderr=ends[2],
            env=env,
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=settle,
        )
    child = Child(process.pid, terminal)
    threading.Thread(target=lambda: child.end(process.wait()), daemon=True).start()
    return child
