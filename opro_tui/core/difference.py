"""How texts differ: word by word, and which other instructions look like one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from heapq import nlargest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opro_tui.core.solution import Candidate

LONGEST = 20_000
"""Characters of a text that are compared; what is behind them counts as equal or replaced whole."""
MOST_WORK = 250_000
"""Pairs of equal pieces that are looked at; more would take seconds."""
_PIECES = re.compile(r"\s+|\w+|[^\w\s]")
_WORDS = re.compile(r"\w+")


class Change(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text and what became of it."""

    change: Change
    text: str


def words(old: str, new: str) -> tuple[Piece, ...]:
    """The word-level difference between two texts.

    The pieces that aren't ADDED make up the old text, those that aren't REMOVED the new one.
    """
    first, second = _PIECES.findall(old[:LONGEST]), _PIECES.findall(new[:LONGEST])
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in _opcodes(first, second):
        if tag == "equal":
            _add(pieces, Change.SAME, "".join(first[i1:i2]))
        else:
            _add(pieces, Change.REMOVED, "".join(first[i1:i2]))
            _add(pieces, Change.ADDED, "".join(second[j1:j2]))
    if old[LONGEST:] == new[LONGEST:]:
        _add(pieces, Change.SAME, old[LONGEST:])
    else:
        _add(pieces, Change.REMOVED, old[LONGEST:])
        _add(pieces, Change.ADDED, new[LONGEST:])
    return tuple(pieces)


def lines(old: str, new: str) -> tuple[Piece, ...]:
    """The line-level difference between two texts; each piece is whole lines."""
    first, second = old.splitlines(keepends=True), new.splitlines(keepends=True)
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in _opcodes(first, second):
        if tag == "equal":
            _add(pieces, Change.SAME, "".join(first[i1:i2]))
        else:
            _add(pieces, Change.REMOVED, "".join(first[i1:i2]))
            _add(pieces, Change.ADDED, "".join(second[j1:j2]))
    return tuple(pieces)


def _opcodes(
    first: Sequence[str], second: Sequence[str]
) -> Iterator[tuple[str, int, int, int, int]]:
    """How the second sequence is made from the first, as `SequenceMatcher` has it, in bounded time.

    Where much repeats, what repeats most begins no match; if that doesn't help, all that lies
    between the common beginning and end counts as replaced.
    """
    low, most = 0, min(len(first), len(second))
    while low < most and first[low] == second[low]:
        low += 1
    end = 0
    while end < most - low and first[-1 - end] == second[-1 - end]:
        end += 1
    a, b = first[low : len(first) - end], second[low : len(second) - end]
    if low:
        yield "equal", 0, low, 0, low
    junk = _work(a, b) > MOST_WORK
    # SequenceMatcher itself leaves out only what makes up over 1 % of at least 200 pieces.
    if junk and (len(b) < 200 or _work(a, b, len(b) // 100 + 1) > MOST_WORK):
        yield "replace", low, low + len(a), low, low + len(b)
    else:
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, a, b, autojunk=junk).get_opcodes():
            yield tag, low + i1, low + i2, low + j1, low + j2
    if end:
        yield "equal", len(first) - end, len(first), len(second) - end, len(second)


def _work(first: Sequence[str], second: Sequence[str], popular: int | None = None) -> int:
    """How many pairs of equal pieces there are, those that are too popular left out."""
    there = Counter(second)
    times = ((count, there[piece]) for piece, count in Counter(first).items())
    return sum(a * b for a, b in times if popular is None or b <= popular)


def _add(pieces: list[Piece], change: Change, text: str) -> None:
    if text:
        pieces.append(Piece(change, text))


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Another instruction and how much it shares with one: 0 nothing, 1 all of its words."""

    candidate: Candidate
    likeness: float


def look_alikes(
    candidate: Candidate, others: Iterable[Candidate], count: int = 5
) -> tuple[LookAlike, ...]:
    """The scored instructions nearest to one, nearest first (a paraphrase may score far apart).

    Likeness is that of the words, counted, whatever their order (Dice's coefficient).
    """
    own = _counted(candidate.text)
    found = [
        LookAlike(other, _dice(own, _counted(other.text)))
        for other in others
        if other.id != candidate.id and other.score is not None
    ]
    best = nlargest(count, found, key=lambda item: (item.likeness, -item.candidate.id))
    return tuple(item for item in best if item.likeness > 0)


def _counted(text: str) -> Counter[str]:
    return Counter(word.lower() for word in _WORDS.findall(text[:LONGEST]))


def _dice(first: Counter[str], second: Counter[str]) -> float:
    size = first.total() + second.total()
    return 2 * (first & second).total() / size if size else 1.0
