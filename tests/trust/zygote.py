"""A process with the whole program imported, of which each process to be killed is a fork.

The kill is as real and the start a hundred times cheaper. It reads orders from stdin, one JSON
object a line, and writes what became of its children, the same way.
"""

from __future__ import annotations

import fcntl
import importlib
import io
import json
import os
import selectors
import signal
import sys
import termios
from dataclasses import dataclass
from typing import Any

from tests.trust.moments import Moment, arm


@dataclass(frozen=True, slots=True)
class Order:
    """What a child shall do.

    Attributes:
        argv: The command line, without the program's name.
        env: Its whole environment.
        log: The file that takes stdout and stderr, unless there is a terminal.
        terminal: The device that it gets as its controlling terminal; empty for none.
        moment: The fields of a `Moment` that it sees to itself; None leaves that to others.
    """

    argv: list[str]
    env: dict[str, str]
    log: str
    terminal: str = ""
    moment: list[Any] | None = None


LATE = (
    "anthropic.resources.messages",
    "openai.resources.chat.completions",
    "openai.resources.responses",
    "opro_tui.cli.ablating",
    "opro_tui.cli.commands.ablate",
    "opro_tui.cli.commands.deleting",
    "opro_tui.cli.commands.doctor",
    "opro_tui.cli.commands.export",
    "opro_tui.cli.commands.import_",
    "opro_tui.cli.commands.measure",
    "opro_tui.cli.commands.open",
    "opro_tui.cli.commands.run",
    "opro_tui.cli.repairing",
    "opro_tui.cli.running",
    "opro_tui.engine.ablation.runner",
    "opro_tui.engine.exchange.formats",
    "opro_tui.engine.exchange.importing",
    "opro_tui.engine.repair",
    "opro_tui.models.anthropic",
    "opro_tui.models.openai_chat",
    "opro_tui.models.openai_responses",
    "opro_tui.models.prices",
    "opro_tui.models.simulated.model",
    "opro_tui.tui.app",
    "opro_tui.tui.driver",
)
"""What commands import when they use it."""


def preload() -> None:
    """Import it ahead of all forks."""
    for name in LATE:
        importlib.import_module(name)


def take_streams(order: Order) -> None:
    """Make a terminal or a file this process's standard streams, in a session of its own."""
    os.setsid()
    if order.terminal:
        device = os.open(order.terminal, os.O_RDWR)
        fcntl.ioctl(device, termios.TIOCSCTTY, 0)
        targets = (device, device, device)
    else:
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        targets = (null, log, log)
    for number, target in enumerate(targets):
        os.dup2(target, number)
    os.closerange(3, 1024)
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False, encoding="utf-8")  # type: ignore[misc]
    for number, name in ((1, "stdout"), (2, "stderr")):
        raw = os.fdopen(number, "wb", closefd=False)
        stream = io.TextIOWrapper(
            raw, "utf-8", "backslashreplace", line_buffering=number == 2 or bool(order.terminal)
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def become(order: Order) -> int:
    """Be the program for one command; returns its exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.set_wakeup_fd(-1)
    take_streams(order)
    os.environ.clear()
    os.environ.update(order.env)
    if order.moment is not None:
        arm(Moment(*order.moment), order.log + ".struck")
    from opro_tui.cli.entry import main

    try:
        main(order.argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _leave(code: int) -> None:
    """End as an interpreter does: threads that are no daemons first, then what was printed."""
    import threading

    threading._shutdown()  # type: ignore[attr-defined]
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 120
    os._exit(code)


def _reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _say({"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _say(what: dict[str, Any]) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


def serve() -> None:
    """Fork a child for every order, until stdin ends."""
    preload()
    wake, woken = os.pipe()
    for end in (wake, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    _say({"ready": True})
    waiting = b""
    while True:
        for key, _ in selector.select():
            if key.fd == wake:
                os.read(wake, 4096)
                _reap()
                continue
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                order = Order(**json.loads(line))
                pid = os.fork()
                if pid == 0:
                    code = 1
                    try:
                        code = become(order)
                    except BaseException:  # noqa: BLE001 - whatever it is, it ends here
                        sys.excepthook(*sys.exc_info())
                    _leave(code)
                _say({"started": pid})


if __name__ == "__main__":
    serve()
