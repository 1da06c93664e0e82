"""A terminal driver that outlives its terminal, so that what is in flight can still be kept.

When a window is closed, writing fails at once, perhaps before the signal that tells of it. The
thread in which Textual writes would end with that, and what is drawn next would wait for it.
"""

from __future__ import annotations

import os
import signal
from codecs import getincrementaldecoder
from collections import deque
from contextlib import suppress
from itertools import chain
from selectors import EVENT_READ, SelectSelector
from typing import TYPE_CHECKING

from textual._parser import ParseError
from textual.drivers.linux_driver import LinuxDriver

from opro_tui.tui.terminal_input import ExactParser

if TYPE_CHECKING:
    from typing import IO

    from textual.app import App

_SECONDS = 0.1
"""How long is waited for keys before it is looked whether the end has come."""
_BYTES = 4096


class _Forgiving:
    """A file that drops what it can't write.

    Args:
        file: The terminal.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        try:
            return self._file.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Hand it on, or drop it."""
        try:
            self._file.flush()
        except OSError:
            return

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()


class OutlivingDriver(LinuxDriver):
    """Textual's driver over a file that drops what a closed terminal doesn't take.

    Bytes that are no UTF-8 are read as U+FFFD; Textual's own would end.
    """

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = _Forgiving(self._file)  # type: ignore[assignment]

    def run_input_thread(self) -> None:
        """Read keys until the end; where the terminal is gone, tell as the system does."""
        parser = ExactParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        try:
            with SelectSelector() as terminal:
                terminal.register(self.fileno, EVENT_READ)
                while not self.exit_event.is_set():
                    ready = terminal.select(_SECONDS)
                    came = os.read(self.fileno, _BYTES) if ready else b""
                    if ready and not came:
                        self.exit_event.wait(_SECONDS)
                    text = decode(came)
                    for event in chain(parser.feed(text) if text else (), parser.tick()):
                        self.process_message(event)
        except OSError:
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            with suppress(EOFError, ParseError):
                deque(parser.feed(""), maxlen=0)
