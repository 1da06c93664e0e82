"""The command line: parse, call the engine, print."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    ^C while it is still being imported ends it at once and without a traceback.

    Args:
        argv: The arguments; None takes the process's own.
    """
    pressed = signal.getsignal(signal.SIGINT)
    if pressed is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from opro_tui.cli import entry

    signal.signal(signal.SIGINT, pressed)
    entry.main(argv)


def invoke(argv: Sequence[str]) -> int:
    """Run the command line; returns the exit code of `cli.md`."""
    from opro_tui.cli import entry

    return entry.invoke(argv)


__all__ = ["invoke", "main"]
