"""Foreign text with everything that steers or hides written as escapes, for terminals and files."""

from __future__ import annotations

import re
import unicodedata

STEERING = (
    "\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
"""Beyond the control characters of ASCII, as a character class: those of C1, what changes the
direction of writing, and what has no width, the joiners that scripts and emoji need apart."""
HIDING = "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
"""Halves of characters, controls of shorthand and music, and letters that nobody sees."""
_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f{STEERING}{HIDING}]")
_MARKS = 8
_PILE = re.compile(rf"[^\w\s\x00-\x7f]{{{_MARKS + 1},}}")
"""Where marks may be piled up: they are no letters."""


def visible(text: str) -> str:
    """A text whose steering and hidden characters are written as escapes; line ends and tabs stay.

    Of marks piled up on one character, and of selectors that hide data, the first eight stay.
    """
    if text.isascii():
        return text if text.isprintable() else _UNSAFE.sub(_escaped, text)
    return _PILE.sub(_unpiled, _UNSAFE.sub(_escaped, text))


def one_line(text: str) -> str:
    """The same on one line: runs of blanks and line breaks become one blank."""
    return visible(" ".join(text.split()))


def _escaped(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def _unpiled(match: re.Match[str]) -> str:
    kept: list[str] = []
    row = 0
    for char in match.group():
        row = row + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        kept.append(char if row <= _MARKS else char.encode("unicode_escape").decode("ascii"))
    return "".join(kept)
