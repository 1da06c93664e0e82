"""The trajectory: how solutions rank, and which of them the optimizer sees in what order."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from opro_tui.core.grades import unpack
from opro_tui.core.hashing import uniform
from opro_tui.core.statistics import distinguishable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from opro_tui.core.settings import Settings
    from opro_tui.core.solution import Candidate


RankKey = tuple[int, float, int, int]


def rank_key(candidate: Candidate, *, minimize: bool) -> RankKey:
    """What ranks a candidate: lower is better.

    Full scores stand before partial ones, and those before candidates without one; ties go to fewer
    code points, then to the lower id.
    """
    score = candidate.score
    if score is None:
        return (2, 0.0, len(candidate.text), candidate.id)
    value = score.value if minimize else -score.value
    return (int(not score.full), value, len(candidate.text), candidate.id)


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

    marked = [candidate for candidate in ranked if candidate.id in pinned] if pinned else []
    room = settings.shown - len(marked)
    others = (each for each in ranked if each.id not in pinned and eligible(each))
    chosen = {candidate.id for candidate in (*marked, *islice(others, max(0, room)))}
    best_first = list(islice((each for each in ranked if each.id in chosen), len(chosen)))
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
