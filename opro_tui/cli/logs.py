"""A log file that rotates, that only its owner reads, and that holds no secrets."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui.cli.output import visible
from opro_tui.config import log_path, make_private
from opro_tui.paths import exists

if TYPE_CHECKING:
    from io import TextIOWrapper

_MAX_BYTES = 1_000_000
_BACKUPS = 3
_OWN = logging.getLogger("opro_tui")
_ROOT = logging.getLogger()


class _PrivateFile(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        make_private(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")  # noqa: PTH123

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """A log that can't be written is no reason to fail or to write on the screen."""


class _Masked(logging.Formatter):
    """Writes *** for the values of environment variables that hold keys, and for keys in use.

    Lines that belong to the one before are set in, so that no text can pass for a line of the log.
    """

    def format(self, record: logging.LogRecord) -> str:
        from opro_tui.models import keys

        return keys.masked(visible(super().format(record)).replace("\n", "\n  "))


def _worth_it(record: logging.LogRecord, least: int = logging.WARNING) -> bool:
    """Of libraries the warnings alone: below, where OPENAI_LOG is set, whole prompts are logged.

    What is logged while the interpreter ends finds no module's variables any more.
    """
    return record.name.partition(".")[0] == "opro_tui" or record.levelno >= least


def set_up(level: str) -> None:
    """Log what this program says from a level on; the file is made by the first line.

    Of the libraries the warnings are logged, which otherwise would be written over the screen.
    """
    _OWN.setLevel(level.upper())
    for handler in [each for each in _ROOT.handlers if isinstance(each, _PrivateFile)]:
        _ROOT.removeHandler(handler)
        handler.close()
    handler = _PrivateFile(log_path(), maxBytes=_MAX_BYTES, backupCount=_BACKUPS, delay=True)
    handler.addFilter(_worth_it)
    handler.setFormatter(_Masked("%(asctime)s %(levelname)s %(name)s %(message)s"))
    _ROOT.addHandler(handler)
    logging.captureWarnings(capture=True)


def debugging() -> bool:
    """Whether the user asked for tracebacks."""
    return _OWN.isEnabledFor(logging.DEBUG) and _is_set_up()


def _is_set_up() -> bool:
    return any(isinstance(each, _PrivateFile) for each in _ROOT.handlers)


def record(error: BaseException) -> Path | None:
    """Log an unexpected error with its traceback.

    Returns:
        The log file; None when nothing could be written.
    """
    if not _is_set_up():
        set_up("warning")
    _OWN.error("unexpected error", exc_info=error)
    path = log_path()
    return path if exists(path) else None
