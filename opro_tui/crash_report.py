"""A file about a fault of the program that may be attached to an issue.

It says where in the program the fault came up, and nothing that a model or a person wrote: no
words of the error, no values, no names of sessions, no folders of the machine. Whoever starts the
program with `--log-level debug` asks for the words.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
import traceback
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from opro_tui import __version__
from opro_tui.config import log_path, make_private
from opro_tui.engine.exchange.text import visible
from opro_tui.models import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT = 5
_PACKAGES = ("textual", "openai", "anthropic", "aiohttp", "sqlite-utils", "tiktoken")
_WITHOUT_WORDS = (
    "It holds no prompts, answers, names, keys or folders: only where in the program it happened."
)
_WITH_WORDS = (
    "READ IT BEFORE YOU SHARE IT: at --log-level debug it also holds the errors' own words, which"
    " may quote prompts, answers, names and folders."
)


def write(error: BaseException) -> Path | None:
    """Write the report of a fault next to the log; the last few are kept.

    Returns:
        The file; None when it could not be written.
    """
    folder = log_path().parent
    moment = datetime.now(UTC)
    path = folder / f"crash-{moment:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    words = logging.getLogger("opro_tui").isEnabledFor(logging.DEBUG)
    try:
        make_private(folder)
        for old in sorted(folder.glob("crash-*.txt"))[: -_KEPT + 1]:
            old.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            file.write("\n".join(_lines(error, moment, words=words)) + "\n")
    except OSError:
        return None
    return path


def _lines(error: BaseException, moment: datetime, *, words: bool) -> Iterator[str]:
    yield f"OPRO TUI {__version__}, {moment:%Y-%m-%d %H:%M:%S} UTC"
    yield _WITH_WORDS if words else _WITHOUT_WORDS
    yield ""
    yield (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()},"
        f" terminal {os.environ.get('TERM', 'unnamed')}"
    )
    yield ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    for each in _chain(error):
        yield ""
        yield f"{type(each).__module__}.{type(each).__qualname__}"
        if words:
            yield keys.masked(f"  {visible(str(each))}").replace("\n", "\n  ")
        for frame in traceback.extract_tb(each.__traceback__):
            yield f"  {_place(frame.filename)}, line {frame.lineno}, in {frame.name}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, the last one first."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _place(filename: str) -> str:
    """A file of this program or of a library, without the folders that it lies in."""
    parts = PurePath(filename).parts
    for root in ("site-packages", f"python{sys.version_info.major}.{sys.version_info.minor}"):
        if root in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(root) :])
    if "opro_tui" in parts:
        return "/".join(parts[parts.index("opro_tui") :])
    return "a file of yours"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
