"""What is said when a fault ends the program: what, where the details are, and what is kept."""

from __future__ import annotations

import logging
import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING

from opro_tui import crash_report

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


def record(error: BaseException) -> Path | None:
    """Write the whole traceback to the log; it holds no values but the error's own words.

    Returns:
        A report without those, to be attached to an issue; None when none could be written.
    """
    # Without a log file, logging would write it to the terminal.
    if log.hasHandlers():
        log.error("the screen failed", exc_info=error)
    return crash_report.write(error)


def report(error: BaseException, log_file: Path | None, attachable: Path | None = None) -> str:
    """A few lines for the terminal, without a word of what a model or the person wrote.

    Args:
        error: The fault. Its own words are left to the log: they may hold a prompt.
        log_file: Where the details are; None where nothing was written.
        attachable: Where the report is that may be attached to an issue; None: there is none.
    """
    kept = (
        f"The details are in {log_file}."
        if log_file is not None
        else "Start it with `opro-tui --log-level debug` to keep the details of another one."
    )
    if attachable is not None:
        kept += f"\nTo report it, attach {attachable}; its first lines say what it holds."
    return (
        f"OPRO TUI had to end: {type(error).__name__} {_place(error)}.\n"
        f"This is a fault of the program. Whatever came back before is stored. {kept}"
    )


def _place(error: BaseException) -> str:
    """Where it happened: the innermost line of this program, or else of a library."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "without a place"
    own = [frame for frame in frames if "opro_tui" in PurePath(frame.filename).parts]
    frame = (own or list(frames))[-1]
    return f"in {PurePath(frame.filename).name}, line {frame.lineno} ({frame.name})"
