"""Texts for the cells of a CSV file, of which no spreadsheet makes a formula."""

from __future__ import annotations

import re

STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a formula may begin with."""
_WITHIN = re.compile(r"([;\t\n][ \t]*)(?=[=@＝＠]|[+\-＋－]\S)")
"""Where one may begin within a text: spreadsheets whose cells are parted by semicolons, as in much
of Europe, part the text of a file with commas there and at its line ends. A list's `- ` stays."""


def disarmed(text: str) -> str:
    """A text with an apostrophe wherever a spreadsheet would see the beginning of a formula."""
    begun = f"'{text}" if text.lstrip(" \n").startswith(STARTS) else text
    return _WITHIN.sub(r"\1'", begun)
