"""Text that a file may hold without steering whoever reads it."""

from __future__ import annotations

from opro_tui.core import visible as seen

_NO_CHARACTERS = str.maketrans({"\ufffe": "\\ufffe", "\uffff": "\\uffff"})
"""XML knows neither."""


def visible(text: str) -> str:
    """A text with invisible and steering characters written as escapes; valid as UTF-8 and XML."""
    return seen.visible(text).translate(_NO_CHARACTERS)


def one_line(text: str) -> str:
    """The same on one line: runs of blanks and line breaks become one blank."""
    return visible(" ".join(text.split()))
