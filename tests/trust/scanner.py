"""Everything that was written to a terminal, taken apart strictly: which kinds of it there are."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

_CSI = re.compile(r"\x1b\[([<=>?]?)([0-9;:]*)([ -/]*)([@-~])")
_STRING = re.compile(r"\x1b([\]P_^X])([^\x07\x1b\x9c]*)(?:\x07|\x1b\\)")
_NAMES = {"]": "OSC", "P": "DCS", "_": "APC", "^": "PM", "X": "SOS"}
_OTHER = re.compile(r"\x1b[ -/]*[0-~]")
_PLAIN = re.compile(r"[ -~]+")
_ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")
_MEANT = "\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"
"""Joiners, which scripts and emoji need, and signs around numbers, which are seen."""
MARKS = 9
"""More combining marks in a row than any writing needs."""


@dataclass
class Scanned:
    """What a program wrote.

    Attributes:
        kinds: The kinds of escape sequences and control characters. Modes and queries are told
            apart by their numbers, colours and movements are not.
        strings: Sequences that hold text, such as titles: their kind and that text.
        wrong: What no program should write, with what stands before and behind it.
        text: What is left: the characters to be seen.
    """

    kinds: set[str] = field(default_factory=set)
    strings: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    text: str = ""


def scan(data: bytes) -> Scanned:
    """Take apart what was written, to its end."""
    found = Scanned()
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        found.wrong.append(f"no UTF-8: {data[max(0, error.start - 20) : error.end + 20]!r}")
        whole = data.decode("utf-8", "replace")
    shown: list[str] = []
    marks = place = 0
    while place < len(whole):
        if run := _PLAIN.match(whole, place):
            shown.append(run.group())
            place, marks = run.end(), 0
            continue
        char = whole[place]
        if char == "\x1b":
            place = _sequence(whole, place, found)
        elif char in "\r\n\t\b":
            found.kinds.add(repr(char))
            shown.append("\n" if char == "\n" else " ")
            place += 1
        else:
            category = unicodedata.category(char)
            marks = marks + 1 if category in ("Mn", "Me") else 0
            if category in _ACTING and char not in _MEANT:
                found.wrong.append(f"U+{ord(char):04X} in {_around(whole, place)}")
            if marks == MARKS:
                found.wrong.append(f"{marks} marks in a row in {_around(whole, place)}")
            shown.append(char)
            place += 1
    found.text = "".join(shown)
    return found


def _sequence(whole: str, place: int, found: Scanned) -> int:
    """Take one escape sequence; returns where it ends."""
    if match := _CSI.match(whole, place):
        private, numbers, middle, last = match.groups()
        told = bool(private) or last in "hlnctqpu" or middle
        found.kinds.add(f"CSI {private}{numbers if told else '…'}{middle}{last}")
        return match.end()
    if match := _STRING.match(whole, place):
        name = _NAMES[match[1]]
        number = match[2].partition(";")[0]
        kind = f"{name} {number}" if name == "OSC" else f"{name} {match[2]}"
        found.kinds.add(kind)
        found.strings.append((kind, match[2]))
        return match.end()
    if (match := _OTHER.match(whole, place)) and match.group()[1] not in "[]P_^X":
        found.kinds.add(f"ESC {match.group()[1:]}")
        return match.end()
    found.wrong.append(f"half a sequence: {_around(whole, place)}")
    return place + 1


def _around(whole: str, place: int) -> str:
    return repr(whole[max(0, place - 30) : place + 30])
