"""The same answers under another grader: the scores, ranks and best they would have made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from opro_tui.core.grades import unpack
from opro_tui.core.statistics import difference, score_of
from opro_tui.core.trajectory import rank_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.protocols import Grade
    from opro_tui.core.solution import Candidate, Score
    from opro_tui.core.state import State
    from opro_tui.core.statistics import Difference


@dataclass(frozen=True, slots=True)
class Row:
    """One solution under both graders.

    Attributes:
        candidate: The solution, with its old score.
        old: Its score as it is.
        new: Its score under the other grader; the old one where it could not be graded again.
        old_rank: Its place among the scored solutions, from 1.
        new_rank: Its place under the other grader.
        graded: Whether its answers were graded again.
        up: Answers that score more now.
        down: Answers that score less now.
        test: The paired difference, new minus old, on the same answers; None where not graded.
    """

    candidate: Candidate
    old: Score
    new: Score
    old_rank: int
    new_rank: int
    graded: bool
    up: int = 0
    down: int = 0
    test: Difference | None = None


@dataclass(frozen=True, slots=True)
class Regrading:
    """A session under another grader; nothing of it is stored.

    Attributes:
        state: The session as it would stand.
        rows: Every scored solution, the new best first.
        old_best: The best solution's id as it is.
        new_best: The id of the one that would be it.
        lead: What the new best is ahead of the old one under the other grader, paired; None where
            it is the same one, or where they share no answers.
        verdicts: Whether every grade, old and new, is right or wrong.
    """

    state: State
    rows: tuple[Row, ...]
    old_best: int | None
    new_best: int | None
    lead: Difference | None
    verdicts: bool

    @property
    def answers(self) -> int:
        """How many answers were graded again."""
        return sum(row.old.n for row in self.rows if row.graded)

    @property
    def up(self) -> int:
        """How many answers score more now."""
        return sum(row.up for row in self.rows)

    @property
    def down(self) -> int:
        """How many answers score less now."""
        return sum(row.down for row in self.rows)

    @property
    def moved(self) -> int:
        """How many solutions have another rank now."""
        return sum(row.old_rank != row.new_rank for row in self.rows)

    @property
    def kept(self) -> int:
        """How many solutions were not graded again, for they have no stored answers."""
        return sum(not row.graded for row in self.rows)


def score_again(
    old: Score, train: Sequence[int], grades: Mapping[int, Grade], *, binary: bool, seed: int
) -> Score:
    """The score that other grades make of a solution's answers.

    Args:
        old: The score as it is; what it lacks stays missing.
        train: The numbers of the training examples.
        grades: Example number to its new grade; without one an example keeps its old score.
        binary: Whether the grader only says right or wrong.
        seed: The session's seed, for the bootstrap.
    """
    values: list[float | None] = []
    unparsed = flagged = 0
    for index, before in zip(train, unpack(old.grades), strict=True):
        grade = grades.get(index)
        values.append(before if before is None or grade is None else grade.score)
        if before is not None and grade is not None:
            unparsed += grade.parsed is None
            flagged += bool(grade.flags)
    found = score_of(
        values, binary=binary, bounded=True, seed=seed, unparsed=unparsed, flagged=flagged
    )
    return old if found is None else found


def with_scores(state: State, scores: Mapping[int, Score], *, binary: bool) -> State:
    """A session with other scores of a metric, ranked by them.

    Args:
        state: The session.
        scores: Candidate id to its new score; the others keep theirs.
        binary: Whether every grade is right or wrong.
    """
    facts = replace(state.facts, minimize=False, bounded=True, binary=binary)
    candidates = dict(state.candidates)
    for id_, score in scores.items():
        candidates[id_] = replace(candidates[id_], score=score)
    ranking = sorted(
        state.ranking, key=lambda id_: rank_key(candidates[id_], minimize=facts.minimize)
    )
    first = next((id_ for id_ in ranking if id_ not in state.dropped), None)
    best = None if first is None else candidates[first].score
    return replace(
        state,
        facts=facts,
        candidates=MappingProxyType(candidates),
        ranking=tuple(ranking),
        best_id=first if best is not None and best.full else None,
    )


def as_of(row: Row, then: Score, other: State) -> Score:
    """A solution's new score as it would have been at an earlier time.

    Args:
        row: The solution under both graders.
        then: Its score at that time; of fewer answers maybe.
        other: The session under the other grader.

    Returns:
        The score of then where it rests on other answers than those that were graded again.
    """
    known, old, new = (unpack(score.grades) for score in (then, row.old, row.new))
    if known == old:
        return row.new
    triples = list(zip(known, old, new, strict=False))
    if len(known) != len(old) or any(was not in (None, now) for was, now, _ in triples):
        return then
    there = [None if was is None else value for was, _, value in triples]
    seed = other.settings.seed
    found = score_of(there, binary=other.facts.binary, bounded=True, seed=seed)
    return then if found is None else found


def compare(state: State, scores: Mapping[int, Score], *, binary: bool) -> Regrading:
    """What other scores change in a session.

    Args:
        state: The session as it is.
        scores: Candidate id to its new score, for the solutions that were graded again.
        binary: Whether the other grader only says right or wrong.
    """
    other = with_scores(state, scores, binary=binary)
    places = {id_: place for place, id_ in enumerate(state.ranking, start=1)}
    rows = []
    for place, candidate in enumerate(other.ranked(), start=1):
        old, new = state.candidates[candidate.id].score, candidate.score
        assert old is not None  # noqa: S101 - what ranks is scored
        assert new is not None  # noqa: S101 - what ranks is scored
        row = Row(
            candidate=state.candidates[candidate.id],
            old=old,
            new=new,
            old_rank=places[candidate.id],
            new_rank=place,
            graded=candidate.id in scores,
        )
        rows.append(_tested(row, state) if row.graded else row)
    verdicts = all(_right_or_wrong(row.old, row.new) for row in rows if row.graded)
    lead = _lead(other, state.best_id)
    return Regrading(other, tuple(rows), state.best_id, other.best_id, lead, verdicts)


def _right_or_wrong(*scores: Score) -> bool:
    return all(value in (None, 0.0, 1.0) for score in scores for value in unpack(score.grades))


def _tested(row: Row, state: State) -> Row:
    found = difference(
        unpack(row.old.grades),
        unpack(row.new.grades),
        binary=_right_or_wrong(row.old, row.new),
        seed=state.settings.seed,
    )
    if found is None:
        return row
    return replace(row, up=found.wins, down=found.losses, test=found)


def _lead(other: State, old_best: int | None) -> Difference | None:
    best = other.best()
    if best is None or old_best in (None, best.id):
        return None
    before = other.candidates[old_best].score
    if before is None or best.score is None:
        return None
    first, second = unpack(before.grades), unpack(best.score.grades)
    if len(first) != len(second):
        return None
    binary = _right_or_wrong(before, best.score)
    return difference(first, second, binary=binary, seed=other.settings.seed)


def changed(row: Row, train: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The examples on which a solution's answer scores more now, and those on which less."""
    up: list[int] = []
    down: list[int] = []
    pairs = zip(train, unpack(row.old.grades), unpack(row.new.grades), strict=False)
    for index, before, after in pairs if row.graded else ():
        if before is not None and after is not None and before != after:
            (up if after > before else down).append(index)
    return tuple(up), tuple(down)
