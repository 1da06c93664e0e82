"""What is written: made harmless for terminals, to the byte for pipes, and valid as JSON."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import sys
from typing import Any, TextIO

from opro_tui.core.visible import HIDING, STEERING, one_line, visible

__all__ = [
    "attended",
    "document",
    "encoded",
    "error",
    "exact",
    "flush",
    "interactive",
    "is_terminal",
    "note",
    "one_line",
    "say",
    "to_stream",
    "visible",
]

_LONGEST_ERROR = 2000
_UNSAFE_JSON = re.compile(f"[{STEERING}{HIDING}]")


def _json_escaped(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]


def encoded(text: str) -> bytes:
    """UTF-8; undecodable bytes of arguments come back as they were, other halves as escapes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def say(text: str = "") -> None:
    """Print for a person, with a line break; the text is made harmless."""
    _write(encoded(visible(text) + "\n"))


def exact(text: str) -> None:
    """Print a text and one line break: byte for byte, but made harmless on a terminal."""
    _write(encoded((visible(text) if is_terminal(sys.stdout) else text) + "\n"))


def document(value: Any, *, indent: int | None = 2) -> None:  # noqa: ANN401 - any JSON data
    """Print one JSON document and a line break; unknown numbers (NaN, ∞) become null."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, indent=indent, allow_nan=False)
    _write((_UNSAFE_JSON.sub(_json_escaped, text) + "\n").encode("utf-8"))


def error(text: str) -> None:
    """Print one line on stderr, of which the middle is left out where it is very long."""
    line = one_line(text)
    if len(line) > _LONGEST_ERROR:
        line = f"{line[: _LONGEST_ERROR // 2]} … {line[-_LONGEST_ERROR // 2 :]}"
    note(f"opro-tui: {line}")


def note(text: str) -> None:
    """Print a line that is no result on stderr; the text is made harmless."""
    flush()
    to_stream(sys.stderr, visible(text).encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def to_stream(stream: TextIO, text: str) -> None:
    """Write a text as it is and hand it on; a terminal that was closed is no fault."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        _let_go_of_terminal(error)


def flush() -> None:
    """Hand on what was printed."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _let_go_of_terminal(error)


def _let_go_of_terminal(error: OSError) -> None:
    """Print no more where the terminal was closed, so that work can end in order.

    Raises:
        OSError: It is another fault.
    """
    gone = [stream for stream in (sys.stdout, sys.stderr) if _is_gone(stream)]
    if not gone:
        raise error
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in gone:
        os.dup2(null, stream.fileno())
    os.close(null)


def _is_gone(stream: TextIO) -> bool:
    """Whether a stream goes to a terminal that was closed."""
    try:
        os.ttyname(stream.fileno())
    except OSError as error:
        return error.errno == errno.EIO
    except ValueError:
        return False
    return False


def is_terminal(stream: Any) -> bool:  # noqa: ANN401 - any stream, a closed one included
    """Whether a stream is a terminal."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def attended() -> bool:
    """Whether a person sits at both ends, so that a question can be asked."""
    return is_terminal(sys.stdin) and is_terminal(sys.stdout)


def interactive() -> bool:
    """Whether a person sits at both ends of a terminal in which a screen can be drawn."""
    return attended() and os.environ.get("TERM", "") != "dumb"


def _finite(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _write(data: bytes) -> None:
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        sys.stdout.write(data.decode("utf-8", "replace"))
        return
    flush()
    try:
        binary.write(data)
        binary.flush()
    except OSError as error:
        _let_go_of_terminal(error)
