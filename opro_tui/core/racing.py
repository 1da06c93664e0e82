"""Racing: whether a candidate can still become the best, from a part of the examples.

The question is about the examples at hand and not about those behind them: would the candidate's
full score be higher than the leader's? The leader's answers are known, so the examples fall into
those it got wrong, where a candidate can only win, and those it got right, where it can only lose.
Taken in a random order, what a candidate does in each of the two is a draw without replacement from
its own fixed results, and the evidence against its being better is a likelihood ratio: the average
over all results by which it isn't better, divided by the largest over all by which it is. That is
an e-process (universal inference of Wasserman, Ramdas and Balakrishnan, 2020): by Ville's
inequality the chance that it ever reaches 1/α for a candidate that is better is at most α, however
often one looks. Near the end, where too few examples are left to catch up, it becomes infinite.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA = 0.05
"""The most that the chance may be of stopping a candidate whose full score would be higher."""
BLOCK = 10
"""Examples between two looks at a candidate."""


def behind(
    leader: Sequence[float], challenger: Sequence[float], *, binary: bool, alpha: float = ALPHA
) -> bool:
    """Whether a candidate's scoring can end, for its full score would hardly be above the leader's.

    Args:
        leader: The leader's scores of all examples, 0–1, in an order that was drawn at random.
        challenger: The candidate's scores of the first of them, 0–1.
        binary: Whether each is 0 or 1. Others are stopped only where they can't catch up any more.
        alpha: The chance of stopping one that would be better, at most.
    """
    if not challenger:
        return False
    rest = len(leader) - len(challenger)
    if math.fsum(challenger) + rest <= math.fsum(leader):
        return True
    if not binary:
        return False
    seen = leader[: len(challenger)]
    tried = sum(not right for right in seen)
    return (
        evidence(
            wrong=sum(not right for right in leader),
            right=sum(bool(right) for right in leader),
            tried_wrong=tried,
            tried_right=len(seen) - tried,
            wins=sum(own > other for own, other in zip(challenger, seen, strict=True)),
            losses=sum(own < other for own, other in zip(challenger, seen, strict=True)),
        )
        >= 1 / alpha
    )


def evidence(
    *, wrong: int, right: int, tried_wrong: int, tried_right: int, wins: int, losses: int
) -> float:
    """The e-value against a candidate's getting more examples right than the leader.

    Args:
        wrong: Examples that the leader got wrong.
        right: Examples that it got right.
        tried_wrong: How many of the first the candidate has answered.
        tried_right: How many of the second.
        wins: Of the first, those that it got right.
        losses: Of the second, those that it got wrong.

    Returns:
        At least 0; infinite where it can't get more right any more.
    """
    won = _likelihood(wrong, tried_wrong, wins)
    lost = _likelihood(right, tried_right, losses)
    better = _largest_where_better(won, lost)
    if better == -math.inf:
        return math.inf
    found = _average_where_not(won, lost) - better
    return math.exp(found) if found < 700 else math.inf


def _likelihood(size: int, tried: int, marked: int) -> list[float]:
    """Log likelihoods of what was seen, by how many of all `size` are marked."""
    rest = size - tried
    return [
        _choose(rest, count - marked) - _choose(size, count)
        if marked <= count <= marked + rest
        else -math.inf
        for count in range(size + 1)
    ]


def _largest_where_better(won: list[float], lost: list[float]) -> float:
    """The largest joint one with more wins than losses."""
    largest, top = -math.inf, -math.inf
    for wins in range(1, len(won)):
        if wins <= len(lost):
            top = max(top, lost[wins - 1])
        largest = max(largest, won[wins] + top)
    return largest


def _average_where_not(won: list[float], lost: list[float]) -> float:
    """The log of the mean joint likelihood over all pairs without more wins than losses."""
    if len(won) > len(lost):
        won = won[: len(lost)]
    peak = max(lost)
    tail, tails = 0.0, [0.0] * len(lost)
    for losses in range(len(lost) - 1, -1, -1):
        tail += math.exp(lost[losses] - peak)
        tails[losses] = tail
    terms = [
        first + math.log(tails[wins]) + peak
        for wins, first in enumerate(won)
        if first > -math.inf and tails[wins] > 0
    ]
    if not terms:
        return -math.inf
    pairs = sum(len(lost) - wins for wins in range(len(won)))
    top = max(terms)
    return top + math.log(math.fsum(math.exp(term - top) for term in terms)) - math.log(pairs)


@lru_cache(maxsize=1 << 16)
def _choose(size: int, count: int) -> float:
    """The log of a binomial coefficient."""
    return math.lgamma(size + 1) - math.lgamma(count + 1) - math.lgamma(size - count + 1)
