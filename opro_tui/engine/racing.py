"""Racing: the scoring of candidates that have fallen behind the best ends early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core import racing
from opro_tui.core.events import CandidateScored
from opro_tui.core.grades import unpack
from opro_tui.core.hashing import uniform

if TYPE_CHECKING:
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State


class Race:
    """A step's race against the best solution before it.

    All candidates meet the same examples in the same order, which is drawn anew for each step. A
    look is taken whenever one has answered a whole number of blocks, the first ones in that order:
    what came back out of turn waits. So what is decided depends on the answers alone and not on
    how fast they come, and a step that was interrupted is decided the same.

    Args:
        state: The session's state when the scoring begins.
        step: The step's number.
    """

    def __init__(self, state: State, step: int) -> None:
        self.step = step
        self.leader = leader(state, step)
        self.order = order(state, step)
        grades = dict(zip(state.facts.train, _grades(self.leader), strict=False))
        self._lead = [grades[index] for index in self.order] if self.leader else []
        self._looked: dict[int, int] = {}

    def look(self, state: State, id_: int) -> CandidateScored | None:
        """The end of a candidate's scoring where it has fallen behind; None where it goes on.

        Args:
            state: The session's state now.
            id_: The candidate.
        """
        candidate, part = state.candidates[id_], state.partial.get(id_)
        if self.leader is None or part is None or not candidate.waiting or candidate.due:
            return None
        while (size := self._next(id_)) < len(self.order):
            first = self.order[:size]
            if any(index not in part.grades for index in first):
                return None
            self._looked[id_] = size
            grades = [part.grades[index] for index in first]
            if racing.behind(self._lead, grades, binary=state.facts.binary):
                score = state.partial_score(id_, first)
                if score is not None:
                    return CandidateScored(
                        step=self.step, candidate=id_, score=score, behind=self.leader.id
                    )
        return None

    def _next(self, id_: int) -> int:
        return self._looked.get(id_, 0) + racing.BLOCK


def leader(state: State, step: int) -> Candidate | None:
    """The best of the steps before; None where none is scored on every example, from 0 to 1."""
    if state.facts.minimize or not state.facts.bounded:
        return None
    best = next((c for c in state.ranked() if c.step < step and c.id not in state.dropped), None)
    if best is None or best.due or best.score is None or not best.score.full:
        return None
    return best if len(_grades(best)) == len(state.facts.train) else None


def order(state: State, step: int) -> tuple[int, ...]:
    """The training examples in the order in which a step's candidates meet them."""
    seed = state.settings.seed
    return tuple(sorted(state.facts.train, key=lambda index: uniform(seed, "race", step, index)))


def _grades(candidate: Candidate | None) -> list[float]:
    """What a solution's score is made of; nothing where an example is missing."""
    if candidate is None or candidate.score is None:
        return []
    grades = unpack(candidate.score.grades)
    return [] if None in grades else [grade for grade in grades if grade is not None]
