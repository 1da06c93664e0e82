"""What all that tells of long work shares: a line redrawn in place, and what a signal does."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Protocol, TextIO

from opro_tui.cli import output
from opro_tui.cli.figures import cut, plural, terminal_width

if TYPE_CHECKING:
    from collections.abc import Callable

REDRAW = 0.2
"""Seconds between two drawings of a line on a terminal."""


class Work(Protocol):
    """Work that can be asked to end."""

    @property
    def stopping(self) -> bool:
        """Whether it was asked to."""

    @property
    def in_flight(self) -> int:
        """Calls that are under way."""

    def stop(self) -> None:
        """Ask it to end; calls in flight are kept."""


class RedrawnLine:
    """A terminal's last line, drawn again and again in place."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = 0

    def draw(self, line: str) -> None:
        """Draw it; what doesn't fit is cut."""
        line = cut(line, (terminal_width() or 80) - 1)
        self._stream.write("\r" + line.ljust(self._drawn))
        self._stream.flush()
        self._drawn = len(line)

    def clear(self) -> None:
        """Take it off the terminal, to print something else."""
        if self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
            self._stream.flush()
            self._drawn = 0


class Watching:
    """Tells of work over several sessions on stderr.

    Args:
        plain: No redrawn line, even on a terminal.

    Attributes:
        broken_off: Whether a second signal ended it without waiting for calls in flight.
    """

    LINE_EVERY = 10.0
    """Seconds between two lines where none is redrawn."""

    def __init__(self, *, plain: bool = False) -> None:
        self._live = output.is_terminal(sys.stderr) and not plain
        self._line = RedrawnLine(sys.stderr)
        self.broken_off = False

    @property
    def every(self) -> float:
        """Seconds between two lines."""
        return REDRAW if self._live else self.LINE_EVERY

    def show(self, line: str) -> None:
        """Redraw a line, or write one more."""
        if self._live:
            self._line.draw(line)
        else:
            output.note(line)

    def clear(self) -> None:
        """Take the redrawn line off the terminal."""
        self._line.clear()

    def interruption(self, work: Work) -> Callable[[], None]:
        """What a signal does: first it asks to stop, then it breaks off."""
        task = asyncio.current_task()

        def interrupt() -> None:
            self.clear()
            if work.stopping:
                if task is not None and not self.broken_off:
                    self.broken_off = True
                    task.cancel()
                return
            work.stop()
            calls = plural(work.in_flight, "call")
            output.note(f"stopping: {calls} in flight will be kept; again to break off")

        return interrupt
