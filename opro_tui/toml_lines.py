"""Where in a TOML file a key stands, which its parser doesn't say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def line_of(lines: Mapping[tuple[str, ...], int], at: tuple[str, ...]) -> int | None:
    """The line of a dotted key, or of the deepest table around it that can be found."""
    depths = range(len(at), 0, -1)
    return next((lines[at[:depth]] for depth in depths if at[:depth] in lines), None)


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of each dotted key and table of a file, as far as a look at its lines tells."""
    table: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^]]+)\]", line):
            table = _dotted(header[1])
            keys = table
        elif key := re.match(r"\s*([^=#\[]+?)\s*=", line):
            keys = (*table, *_dotted(key[1]))
        else:
            continue
        for depth in range(1, len(keys) + 1):
            found.setdefault(keys[:depth], number)
    return found


def _dotted(text: str) -> tuple[str, ...]:
    parts = re.findall(r'"([^"]*)"|\'([^\']*)\'|([^.\s"\']+)', text)
    return tuple(next((part for part in each if part), "") for each in parts)
