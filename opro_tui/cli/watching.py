"""What all that tells of long work shares: a line redrawn in place, and what a signal does."""

from __future__ import annotations

import sys
from typing import Protocol, TextIO

from opro_tui.cli import output
from opro_tui.cli.figures import cells, cut, terminal_width
from opro_tui.cli.signals import Interruption, in_flight

REDRAW = 0.2
"""Seconds between two drawings of a line on a terminal."""


class Work(Protocol):
    """Work that can be asked to end."""

    @property
    def in_flight(self) -> int:
        """Calls that are under way."""

    def stop(self) -> None:
        """Ask it to end; calls in flight are kept."""


_ECHO = 2
"""Cells behind a line for the ^C that a terminal echoes there: it must not break the line."""


class RedrawnLine:
    """A terminal's last line, drawn again and again in place."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = 0

    def draw(self, line: str) -> None:
        """Draw it; what doesn't fit is cut."""
        line = cut(line, (terminal_width() or 80) - 1 - _ECHO)
        width = cells(line)
        # What was there is written over, and the cursor comes back to the end of the line.
        rest = self._drawn - width
        over = "\r" + line + " " * rest if rest > 0 else ""
        output.to_stream(self._stream, f"{over}\r{line}")
        self._drawn = width

    def clear(self) -> None:
        """Take it off the terminal, to print something else."""
        if self._drawn:
            output.to_stream(self._stream, "\r" + " " * (self._drawn + _ECHO) + "\r")
            self._drawn = 0


class Watching:
    """Tells of work over several sessions on stderr.

    Args:
        plain: No redrawn line, even on a terminal.
    """

    LINE_EVERY = 10.0
    """Seconds between two lines where none is redrawn."""

    def __init__(self, *, plain: bool = False) -> None:
        self._live = output.is_terminal(sys.stderr) and not plain
        self._line = RedrawnLine(sys.stderr)
        self._interruption: Interruption | None = None

    @property
    def broken_off(self) -> bool:
        """Whether it was ended without waiting for calls in flight."""
        return self._interruption is not None and self._interruption.broken_off

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

    def interruption(self, work: Work) -> Interruption:
        """What signals do: ask the work to stop, then break it off."""
        self._interruption = Interruption(
            work.stop, lambda: in_flight(work.in_flight), clear=self.clear
        )
        return self._interruption
