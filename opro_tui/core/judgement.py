"""Judgements: what a judge model said of an answer, and the grade that several of them make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.protocols import Grade
from opro_tui.core.statistics import mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNREADABLE = "unreadable_grade"
"""The flag of an answer of whose judgements one or more held no grade that could be read."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One reply of the judge.

    Attributes:
        call: The judge's call.
        score: The grade in it, 0–1; None when none could be read.
        reason: Why, in the judge's words; may hold anything.
        from_store: Whether the reply had been bought before.
    """

    call: int
    score: float | None
    reason: str = ""
    from_store: bool = False


def verdict(judgements: Sequence[Judgement]) -> Grade:
    """The grade that judgements make: the mean of those that could be read, 0 where none could."""
    scores = [each.score for each in judgements if each.score is not None]
    flags = () if len(scores) == len(judgements) else (UNREADABLE,)
    if not scores:
        reason = judgements[0].reason if judgements else ""
        return Grade(0.0, None, flags, reason)
    reason = next((each.reason for each in judgements if each.score is not None), "")
    return Grade(mean(scores), " ".join(f"{score:g}" for score in scores), flags, reason)


def deviation(judgements: Sequence[Judgement]) -> float | None:
    """The standard deviation (n − 1) of one answer's grades; None below two readable ones."""
    scores = [each.score for each in judgements if each.score is not None]
    if len(scores) < 2:
        return None
    centre = mean(scores)
    squares = math.fsum((score - centre) ** 2 for score in scores)
    return math.sqrt(squares / (len(scores) - 1))


def typical_deviation(answers: Iterable[Sequence[Judgement]]) -> float | None:
    """How far repeated judgings of the same answer lie apart: the root mean square over answers."""
    known = [found for each in answers if (found := deviation(each)) is not None]
    return math.sqrt(mean([each * each for each in known])) if known else None
