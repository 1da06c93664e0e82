"""The trajectory's filter and orders, as pure functions of a state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from opro_tui.tui.later import Later

if TYPE_CHECKING:
    from collections.abc import Collection

    from opro_tui.core import solution
    from opro_tui.core.solution import Candidate, Origin
    from opro_tui.core.state import State
    from opro_tui.tui import compare
else:
    solution = Later("opro_tui.core.solution")
    compare = Later("opro_tui.tui.compare")

_TERMS = re.compile(r'"([^"]*)"?|(\S+)')
_STEPS = re.compile(r"step:(\d{1,9})(?:-(\d{1,9}))?$")
_NUMBER = re.compile(r"#(\d{1,9})$")
MARKS = ("pinned", "dropped", "tied", "partial", "shown", "unread", "flagged")


class Order(StrEnum):
    """How the trajectory is sorted."""

    RANK = "rank"
    ID = "id"
    STEP = "step"
    SCORE = "score"
    LENGTH = "length"

    def next(self) -> Order:
        """The one after this, round and round."""
        every = list(Order)
        return every[(every.index(self) + 1) % len(every)]


ORDER_WORDS = {
    Order.RANK: "by rank",
    Order.ID: "by number, newest first",
    Order.STEP: "by step, newest first",
    Order.SCORE: "by score, worst first",
    Order.LENGTH: "by length, shortest first",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a solution has to be to be listed; all of it.

    Attributes:
        words: Texts that it holds, in any case.
        origins: It is by one of these; empty: by anyone.
        steps: It is from one of these first to last steps; empty: from any.
        marks: Names of MARKS that all hold.
        ids: It is one of these; empty: any.
    """

    words: tuple[str, ...] = ()
    origins: frozenset[Origin] = frozenset()
    steps: tuple[tuple[int, int], ...] = ()
    marks: frozenset[str] = frozenset()
    ids: frozenset[int] = frozenset()


def parse(text: str) -> Filter:
    """Read a filter as it is typed; what is no known term is a text to look for."""
    words: list[str] = []
    origins: set[Origin] = set()
    steps: list[tuple[int, int]] = []
    marks: set[str] = set()
    ids: set[int] = set()
    for quoted, plain in _TERMS.findall(text):
        term = plain.lower()
        span = _STEPS.match(term)
        number = _NUMBER.match(term)
        if span:
            steps.append((int(span[1]), int(span[2] or span[1])))
        elif number:
            ids.add(int(number[1]))
        elif term in MARKS:
            marks.add(term)
        elif term.startswith("origin:"):
            wanted = term.removeprefix("origin:")
            origins |= _origins(wanted)
        elif term != "step:" and (quoted or plain):
            words.append((quoted or plain).lower())
    return Filter(tuple(words), frozenset(origins), tuple(steps), frozenset(marks), frozenset(ids))


def _origins(wanted: str) -> set[Origin]:
    """The origins that a word begins to name."""
    origin = solution.Origin
    words = {str(each): each for each in origin} | {"you": origin.PERSON}
    return {each for word, each in words.items() if word.startswith(wanted)}


def listed(state: State, wanted: Filter, order: Order, shown: Collection[int]) -> list[int]:
    """The ids of the scored solutions that a filter lets through, in order.

    Args:
        state: The session now.
        wanted: The filter.
        order: How to sort them.
        shown: Those that the optimizer will see.
    """
    if wanted == Filter() and order is Order.RANK:
        return list(state.ranking)
    ranked = state.ranked()
    for word in wanted.words:  # what thousands don't hold needs no further look
        ranked = [candidate for candidate in ranked if word in candidate.text.lower()]
    if wanted != Filter(wanted.words):
        ranked = [candidate for candidate in ranked if matches(state, candidate, wanted, shown)]
    return [candidate.id for candidate in ordered(ranked, order, minimize=state.facts.minimize)]


def kept(frozen: Collection[int], keys: list[int]) -> list[int]:
    """The listed solutions in an order that was frozen; later ones follow at the end."""
    there = set(keys)
    before = dict.fromkeys(key for key in frozen if key in there)
    return [*before, *(key for key in keys if key not in before)]


def matches(state: State, candidate: Candidate, wanted: Filter, shown: Collection[int]) -> bool:
    """Whether a solution is what a filter asks for."""
    if wanted.ids and candidate.id not in wanted.ids:
        return False
    if wanted.origins and candidate.origin not in wanted.origins:
        return False
    if wanted.steps and not any(low <= candidate.step <= high for low, high in wanted.steps):
        return False
    if wanted.words:
        text = candidate.text.lower()
        if not all(word in text for word in wanted.words):
            return False
    return all(_marked(state, candidate, mark, shown) for mark in wanted.marks)


def _marked(state: State, candidate: Candidate, mark: str, shown: Collection[int]) -> bool:
    score = candidate.score
    match mark:
        case "pinned":
            return candidate.id in state.pinned
        case "dropped":
            return candidate.id in state.dropped
        case "shown":
            return candidate.id in shown
        case "partial":
            return score is not None and not score.full
        case "unread":
            return score is not None and score.unparsed > 0
        case "flagged":
            return score is not None and score.flagged > 0
    best = state.best()
    if score is None or not score.full or best is None or best.score is None:
        return False
    return bool(compare.tied(state, score, best.score))


def ordered(ranked: list[Candidate], order: Order, *, minimize: bool) -> list[Candidate]:
    """Ranked solutions in another order; equal ones stay in that of their rank."""
    match order:
        case Order.RANK:
            return ranked
        case Order.ID:
            return sorted(ranked, key=lambda candidate: -candidate.id)
        case Order.STEP:
            return sorted(ranked, key=lambda candidate: -candidate.step)
        case Order.LENGTH:
            return sorted(ranked, key=lambda candidate: len(candidate.text))
    sign = -1 if minimize else 1
    return sorted(ranked, key=lambda c: sign * c.score.value if c.score else 0.0)
