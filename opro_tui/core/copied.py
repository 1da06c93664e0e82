"""What a solution has word for word from training examples: copying, and leaked answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.word_sources import Source, content, is_content

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from opro_tui.core.protocols import Example
    from opro_tui.core.word_sources import Word

COPIED = 4
"""Telling words in an unbroken run from which a solution counts as copying an example; stop words
(`the`, `of`, `let's` …) in the run come along and don't count."""
LABELS = 20
"""At most so many different targets, each used twice or more on average, are labels: a solution
that names them describes the task and leaks nothing."""
SHORTEST = 3
"""Characters of a target from which finding it in a solution means something; two where the
optimizer was shown the example."""
MOST = 20
"""Copies that are reported."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Words that a solution shares with a training example.

    Attributes:
        example: The example's number.
        part: `question` or `target`.
        start: The first character of the run in the solution.
        end: One past the last.
        words: How many words it is long.
        telling: How many of them are no stop words.
        shown: Whether the optimizer saw the example when it wrote the solution.
    """

    example: int
    part: str
    start: int
    end: int
    words: int
    telling: int
    shown: bool


def copies(text: str, train: Sequence[Example], shown: Collection[int | None]) -> tuple[Copy, ...]:
    """What a text has word for word from training examples, the longest run first.

    Args:
        text: The solution.
        train: The training examples.
        shown: The numbers of the exemplars that the optimizer saw.
    """
    source = Source(text)
    own = {key for key in source.keys if is_content(key)}
    labels = _are_labels(train)
    found: list[Copy] = []
    for example in train:
        seen = example.index in shown
        found += _question(source, own, example, seen)
        if not labels:
            found += _target(source, example, seen)
    found.sort(key=lambda copy: (-copy.telling, -copy.words, not copy.shown, copy.example))
    return tuple(found[:MOST])


def _are_labels(train: Sequence[Example]) -> bool:
    targets = {example.target.strip().casefold() for example in train}
    return len(targets) <= LABELS and 2 * len(targets) <= len(train)


def _question(source: Source, own: set[str], example: Example, shown: bool) -> Iterator[Copy]:
    asked = Source(example.input)
    if len(own.intersection(asked.keys)) < COPIED:
        return
    best = (0, 0, 0)
    for place, key in enumerate(source.keys):
        if key in asked.places:
            first, last, _ = asked.run(source.keys, place)
            best = max(best, (content(source.keys[first:last]), first, last))
    telling, first, last = best
    if telling >= COPIED:
        yield _copy(source.words[first:last], example, "question", telling, shown=shown)


def _target(source: Source, example: Example, shown: bool) -> Iterator[Copy]:
    target = Source(example.target)
    size = len(target.keys)
    letters = sum(map(len, target.keys))
    if letters < (SHORTEST - 1 if shown else SHORTEST) or not content(target.keys):
        return
    for place in range(len(source.keys) - size + 1):
        if source.keys[place : place + size] == target.keys:
            words = source.words[place : place + size]
            yield _copy(words, example, "target", content(target.keys), shown=shown)
            return


def _copy(words: Sequence[Word], example: Example, part: str, telling: int, *, shown: bool) -> Copy:
    return Copy(
        example=example.index,
        part=part,
        start=words[0].start,
        end=words[-1].end,
        words=len(words),
        telling=telling,
        shown=shown,
    )
