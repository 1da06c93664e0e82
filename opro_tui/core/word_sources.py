"""Words of a text with their places, and the longest run of them that another text has."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST = 6_000
"""Characters of a text whose words are looked at."""
PLACES = 8
"""Places of one word in a text that a run is looked for at."""
REACH = 24
"""Words that a run is followed to either side."""
_WORDS = re.compile(r"\w+")
_STOP = (
    "a about after all also an and any are as at be been before but by can do does down each else"
    " for from had has have he her his how if in into is it its it's let like may me more most my"
    " no nor not of off on once one only or other our out over own s same she should so some such"
    " t than that the their them then there these they this those through to too under until up us"
    " very was we were what when where which while who why will with would you your"
)
STOP_WORDS = frozenset(_STOP.split())
"""Words that say nothing of where a text comes from."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: characters [start, end), and what it is compared by."""

    start: int
    end: int
    key: str


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text's first `LONGEST` characters, in order, compared without case."""
    found = _WORDS.finditer(text[:LONGEST])
    return tuple(Word(match.start(), match.end(), match.group().casefold()) for match in found)


def is_content(key: str) -> bool:
    """Whether a word says something: neither a stop word nor a single letter."""
    return key not in STOP_WORDS and (len(key) > 1 or key.isdigit())


def content(keys: Sequence[str]) -> int:
    """How many of some words say something."""
    return sum(map(is_content, keys))


class Source:
    """A text whose words others may have taken.

    Attributes:
        words: Its words.
        keys: What they are compared by.
        counted: The words and the pairs of neighbours, each with which occurrence of it it is.
    """

    def __init__(self, text: str) -> None:
        self.words = words_of(text)
        self.keys = tuple(word.key for word in self.words)
        seen: Counter[object] = Counter()
        counted: set[tuple[object, int]] = set()
        for item in (*self.keys, *zip(self.keys, self.keys[1:], strict=False)):
            seen[item] += 1
            counted.add((item, seen[item]))
        self.counted = frozenset(counted)
        self._places: dict[str, list[int]] = {}
        for place, key in enumerate(self.keys):
            at = self._places.setdefault(key, [])
            if len(at) < PLACES:
                at.append(place)

    @property
    def places(self) -> Mapping[str, Sequence[int]]:
        """Word to its first places."""
        return self._places

    def run(self, keys: Sequence[str], at: int) -> tuple[int, int, int]:
        """The longest run of words around one of another text that this one has as well.

        Args:
            keys: The other text's words.
            at: The word in question.

        Returns:
            The run as [first, last) of the other text, and the place here that `at` stands for;
            an empty run where the word isn't here.
        """
        best = (at, at, -1)
        for place in self._places.get(keys[at], ()):
            first = last = 0
            while (
                first < min(at, place, REACH)
                and keys[at - first - 1] == self.keys[place - first - 1]
            ):
                first += 1
            room = min(len(keys) - at, len(self.keys) - place, REACH)
            while last < room and keys[at + last] == self.keys[place + last]:
                last += 1
            if first + last > best[1] - best[0]:
                best = (at - first, at + last, place)
        return best


def overlap(first: Source, second: Source) -> float:
    """How much two texts share, 0–1: their words and pairs of neighbours (Dice's coefficient)."""
    size = len(first.counted) + len(second.counted)
    return 2 * len(first.counted & second.counted) / size if size else 0.0
