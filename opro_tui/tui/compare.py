"""Two solutions beside each other: what the second won and lost, and whether it is more than noise.

A paired bootstrap takes tens of milliseconds, so that lists ask `tied`, which never computes one:
it says None until `work` has, outside of the event loop.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from opro_tui.core.grades import unpack
from opro_tui.core.statistics import bootstrap, discordant, distinguishable, mcnemar
from opro_tui.tui import format as fmt

if TYPE_CHECKING:
    from opro_tui.core.solution import Score
    from opro_tui.core.state import Facts, State

Pair = tuple[bytes, bytes, int]

_known: dict[Pair, bool] = {}
_wanted: dict[Pair, None] = {}
MOST_KNOWN = 65_536


@lru_cache(maxsize=16_384)
def _right_wrong_apart(first: bytes, second: bytes) -> bool:
    one, other = unpack(first), unpack(second)
    if len(one) != len(other) or len(one) < 2:
        return False
    return distinguishable(one, other, binary=True)


def tied(state: State, score: Score, reference: Score) -> bool | None:
    """Whether two scores can't be told apart; those without uncertainty only when equal.

    Returns:
        None while it isn't known yet; `work` finds it out.
    """
    if score.value == reference.value:
        return True
    if not state.facts.bounded:
        return False
    if state.facts.binary:
        return not _right_wrong_apart(score.grades, reference.grades)
    if not score.grades or len(score.grades) != len(reference.grades):
        return True
    pair = (score.grades, reference.grades, state.settings.seed)
    if pair not in _known:
        _wanted[pair] = None
        return None
    return _known[pair]


def pending() -> bool:
    """Whether `work` has anything to find out."""
    return bool(_wanted)


def work(seconds: float) -> None:
    """Find out what `tied` was asked, for about so long; meant for a thread."""
    until = time.monotonic() + seconds
    if len(_known) > MOST_KNOWN:
        _known.clear()
    for pair in list(_wanted):
        one, other = unpack(pair[0]), unpack(pair[1])
        apart = len(one) == len(other) and distinguishable(one, other, binary=False, seed=pair[2])
        _known[pair] = not apart
        _wanted.pop(pair, None)
        if time.monotonic() > until:
            return


@dataclass(frozen=True, slots=True)
class Paired:
    """One solution against another, on the examples that both have.

    Attributes:
        won: Examples on which it does better.
        lost: Examples on which it does worse.
        both: Examples that both have.
        gap: The mean difference of the scores, on those.
        apart: Whether they differ beyond noise at 5 %.
        p: The exact McNemar p-value, for right/wrong scores.
        low: Lower end of the gap's 95 % interval, for other scores.
        high: Upper end of it.
    """

    won: int
    lost: int
    both: int
    gap: float
    apart: bool
    p: float | None = None
    low: float | None = None
    high: float | None = None


def paired(state: State, new: Score, old: Score) -> Paired:
    """How a solution does against another; right/wrong by McNemar, others by bootstrap."""
    facts = state.facts
    first, second = unpack(new.grades), unpack(old.grades)
    if not facts.bounded or len(first) != len(second):
        gap = new.value - old.value
        return Paired(0, 0, 0, gap, apart=not facts.bounded and gap != 0)
    gaps = [a - b for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not gaps:
        return Paired(0, 0, 0, new.value - old.value, apart=False)
    won, lost = discordant(first, second)
    gap = sum(gaps) / len(gaps)
    if facts.binary:
        p = mcnemar(won, lost)
        return Paired(won, lost, len(gaps), gap, apart=p < 0.05, p=p)
    if len(gaps) < 2:
        return Paired(won, lost, len(gaps), gap, apart=False)
    low, high = bootstrap(gaps, state.settings.seed)
    return Paired(won, lost, len(gaps), gap, apart=low > 0 or high < 0, low=low, high=high)


def in_words(found: Paired, facts: Facts) -> str:
    """A comparison as a sentence that says no more than the test allows."""
    if not facts.bounded:
        if not found.gap:
            return "equal"
        better = (found.gap < 0) == facts.minimize
        word = "better" if better else "worse"
        return f"{word} by {fmt.number(abs(found.gap))}; both values are exact"
    if not found.both:
        return "no example was scored for both, so that they can't be compared"
    counts = f"{found.won} won, {found.lost} lost of {fmt.plural(found.both, 'shared example')}"
    change = f"{fmt.change(found.gap, facts)} points"
    if found.p is not None:
        evidence = f"p {_p_value(found.p)}"
    elif found.low is not None and found.high is not None:
        ends = f"{fmt.change(found.low, facts)} to {fmt.change(found.high, facts)}"
        evidence = f"95 % interval {ends}"
    else:
        evidence = "one example is not enough to tell"
    if not found.apart:
        return f"not distinguishable: {counts}, {change} ({evidence})"
    better = (found.gap < 0) == facts.minimize
    return f"{'better' if better else 'worse'} beyond noise: {counts}, {change} ({evidence})"


def _p_value(p: float) -> str:
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.2g}"
