"""The trajectory: how solutions rank, and which of them the optimizer sees in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.grades import unpack
from opro_tui.core.hashing import uniform
from opro_tui.core.statistics import distinguishable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from opro_tui.core.settings import Settings
    from opro_tui.core.solution import Candidate, Score


RankKey = tuple[bool, float, int, int]


def rank_key(candidate: Candidate, score: Score, *, minimize: bool) -> RankKey:
    """What ranks a candidate: lower is better.

    Full scores stand before partial ones; ties go to fewer code points, then to the lower id.
    """
    value = score.value if minimize else -score.value
    return (not score.full, value, len(candidate.text), candidate.id)


def rank(candidates: Iterable[Candidate], *, minimize: bool) -> list[Candidate]:
    """Scored candidates, best first."""
    keyed = [
        (rank_key(candidate, candidate.score, minimize=minimize), candidate)
        for candidate in candidates
        if candidate.score is not None
    ]
    keyed.sort(key=lambda pair: pair[0])
    return [candidate for _, candidate in keyed]


def best_of(ranked: Sequence[Candidate], dropped: Collection[int]) -> Candidate | None:
    """The best fully scored solution that isn't dropped."""
    for candidate in ranked:
        if candidate.score is not None and candidate.score.full and candidate.id not in dropped:
            return candidate
    return None


def shown(
    ranked: Sequence[Candidate],
    settings: Settings,
    *,
    pinned: Collection[int],
    dropped: Collection[int],
    bounded: bool,
    step: int,
) -> tuple[Candidate, ...]:
    """The solutions the optimizer sees in a step, in the order it sees them.

    All pinned ones, and the best others up to `settings.shown`. Dropped and partial ones, and those
    under the threshold, stay out unless they are pinned.
    """

    def eligible(candidate: Candidate) -> bool:
        score = candidate.score
        if score is None or not score.full or candidate.id in dropped or candidate.vetoed:
            return False
        return not bounded or settings.threshold is None or score.value >= settings.threshold

    chosen = {candidate.id for candidate in ranked if candidate.id in pinned}
    room = settings.shown - len(chosen)
    for candidate in ranked:
        if room <= 0:
            break
        if candidate.id not in chosen and eligible(candidate):
            chosen.add(candidate.id)
            room -= 1
    best_first = [candidate for candidate in ranked if candidate.id in chosen]
    return tuple(_ordered(best_first, settings, step))


def _ordered(best_first: list[Candidate], settings: Settings, step: int) -> list[Candidate]:
    if settings.order == "descending":
        return best_first
    if settings.order == "random":
        return sorted(best_first, key=lambda c: uniform(settings.seed, "order", step, c.id))
    return best_first[::-1]


def tie_group(
    ranked: Sequence[Candidate], best: Candidate | None, *, binary: bool, seed: int
) -> frozenset[int]:
    """The fully scored solutions that can't be told from the best, itself included."""
    if best is None or best.score is None:
        return frozenset()
    grades = unpack(best.score.grades)
    tied = {best.id}
    for candidate in ranked:
        score = candidate.score
        if score is None or not score.full or candidate.id == best.id:
            continue
        if score.value == best.score.value:
            tied.add(candidate.id)
            continue
        others = unpack(score.grades)
        if len(others) != len(grades) or len(grades) < 2:
            continue
        if not distinguishable(grades, others, binary=binary, seed=seed):
            tied.add(candidate.id)
    return frozenset(tied)
