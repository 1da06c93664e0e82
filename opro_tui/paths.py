"""Paths as people type them, of which the system may not even want to hear."""

from __future__ import annotations

from pathlib import Path


def at_home(path: str | Path) -> Path:
    """A path with `~` written out; where nobody has that home it stays as it is."""
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def exists(path: Path) -> bool:
    """Whether something is there; what can't even be looked for (too long, NUL) is not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether a regular file is there; likewise."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def would_wait(path: Path) -> bool:
    """Whether it is a named pipe, which may have nobody who writes: opening it would wait for one.

    What a shell hands over as `/dev/fd/63` has a writer already.
    """
    try:
        return path.is_fifo() and not str(path).startswith(("/dev/fd/", "/proc/"))
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there; likewise."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
