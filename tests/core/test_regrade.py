from __future__ import annotations

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core import regrade
from opro_tui.core.events import CandidateSampled, CandidateScored
from opro_tui.core.meta_prompt import Template
from opro_tui.core.protocols import Grade
from opro_tui.core.reducer import fold
from opro_tui.core.settings import Settings
from opro_tui.core.solution import Origin, Score
from opro_tui.core.state import Facts, State
from opro_tui.core.statistics import mcnemar, score_of

TRAIN = (2, 3, 5, 7)
TEMPLATE = Template("{trajectory}", "{solution} {score}", "{solution}", "{input} {target}")


def state_of(rows, binary=True, dropped=frozenset()):
    """A session whose solutions have these grades on the training examples."""
    facts = Facts(minimize=False, bounded=True, binary=binary, train=TRAIN)
    events = []
    for id_, values in enumerate(rows, start=1):
        events.append(CandidateSampled(step=0, id=id_, text="x" * id_, origin=Origin.START))
        score = score_of(values, binary=binary, bounded=True, seed=0)
        if score is not None:
            events.append(CandidateScored(step=0, candidate=id_, score=score))
    return fold(State(facts, Settings(), TEMPLATE, dropped=dropped), events)


def graded(old, values, parsed="x", binary=True):
    grades = {i: Grade(v, parsed) for i, v in zip(TRAIN, values, strict=True) if v is not None}
    return regrade.score_again(old, TRAIN, grades, binary=binary, seed=0)


def test_ranks_best_and_changed_verdicts_are_exact():
    state = state_of([(1.0, 1.0, 1.0, 0.0), (1.0, 0.0, 0.0, 0.0), (1.0, 1.0, 0.0, 0.0)])
    new = {
        1: graded(state.candidates[1].score, (0.0, 1.0, 0.0, 0.0)),
        2: graded(state.candidates[2].score, (1.0, 1.0, 1.0, 1.0)),
        3: graded(state.candidates[3].score, (1.0, 1.0, 0.0, 0.0)),
    }
    found = regrade.compare(state, new, binary=True)
    assert [(r.candidate.id, r.old_rank, r.new_rank) for r in found.rows] == [
        (2, 3, 1),
        (3, 2, 2),
        (1, 1, 3),
    ]
    assert [(row.up, row.down) for row in found.rows] == [(3, 0), (0, 0), (0, 2)]
    assert (found.old_best, found.new_best) == (1, 2)
    assert found.state.best_id == 2
    assert found.rows[0].test.p == mcnemar(3, 0) == 0.25
    assert found.rows[1].test.p == 1.0
    assert (found.lead.wins, found.lead.losses, found.lead.gain) == (3, 0, 0.75)
    assert (found.answers, found.up, found.down, found.moved, found.kept) == (12, 3, 2, 2, 0)
    assert found.verdicts
    assert regrade.changed(found.rows[0], TRAIN) == ((3, 5, 7), ())
    assert regrade.changed(found.rows[2], TRAIN) == ((), (2, 5))
    assert state.best_id == 1


def test_imported_scores_stay_and_are_marked():
    state = state_of([(1.0, 0.0, 0.0, 0.0)])
    events = [
        CandidateSampled(step=0, id=2, text="imported", origin=Origin.IMPORT),
        CandidateScored(step=0, candidate=2, score=Score(0.5, 0, 0)),
    ]
    state = fold(state, events)
    found = regrade.compare(state, {1: graded(state.candidates[1].score, (1.0,) * 4)}, binary=True)
    assert [(row.candidate.id, row.graded) for row in found.rows] == [(1, True), (2, False)]
    assert found.rows[1].new is found.rows[1].old
    assert found.kept == 1
    assert found.lead is None
    assert regrade.changed(found.rows[1], TRAIN) == ((), ())


def test_a_dropped_solution_never_is_the_best_and_a_partial_one_ranks_below():
    state = state_of([(1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0), (0.0, None, None, None)])
    new = {
        2: graded(state.candidates[2].score, (1.0,) * 4),
        3: graded(state.candidates[3].score, (1.0,) * 4),
    }
    found = regrade.compare(state, new, binary=True)
    assert [row.candidate.id for row in found.rows] == [2, 1, 3]
    assert found.rows[2].new.n == 1
    dropped = state_of([(1.0, 0.0, 0.0, 0.0), (0.0,) * 4], dropped=frozenset({2}))
    again = regrade.compare(dropped, {2: new[2]}, binary=True)
    assert again.rows[0].candidate.id == 2
    assert again.new_best == 1


def test_parts_of_an_answer_are_compared_by_the_bootstrap():
    state = state_of([(1.0, 0.0, 1.0, 0.0)])
    new = graded(state.candidates[1].score, (0.5, 0.5, 1.0, 0.0), binary=False)
    found = regrade.compare(state, {1: new}, binary=False)
    row = found.rows[0]
    assert not found.verdicts
    assert row.test.p is None
    assert (row.up, row.down, row.test.gain) == (1, 1, 0.0)


def test_flags_and_unread_answers_are_counted_again():
    old = score_of((1.0, 0.0, 0.0, None), binary=True, bounded=True, seed=0, unparsed=2, flagged=1)
    grades = {2: Grade(0.0), 3: Grade(1.0, "x"), 5: Grade(0.0, None, ("truncated",)), 7: Grade(1.0)}
    new = regrade.score_again(old, TRAIN, grades, binary=True, seed=0)
    assert (new.value, new.n, new.of) == (1 / 3, 3, 4)
    assert (new.unparsed, new.flagged) == (2, 1)


def test_a_score_as_of_an_earlier_time_knows_only_the_answers_of_then():
    state = state_of([(1.0, 0.0, 1.0, 1.0)])
    new = graded(state.candidates[1].score, (0.0, 1.0, 1.0, 1.0))
    found = regrade.compare(state, {1: new}, binary=True)
    row = found.rows[0]
    assert regrade.as_of(row, row.old, found.state) is row.new
    then = state_of([(1.0, 0.0, None, None)]).candidates[1].score
    early = regrade.as_of(row, then, found.state)
    assert (early.value, early.n, early.of) == (0.5, 2, 4)
    other = state_of([(0.0, 0.0, None, None)]).candidates[1].score
    assert regrade.as_of(row, other, found.state) is other


values = st.lists(st.sampled_from([None, 0.0, 1.0]), min_size=4, max_size=4)
shares = st.lists(st.one_of(st.none(), st.floats(0, 1, allow_nan=False)), min_size=4, max_size=4)


@given(st.lists(st.one_of(values, shares), max_size=8), st.booleans())
def test_the_same_grader_changes_nothing(rows, binary):
    state = state_of(rows, binary=binary)
    scores = {}
    for id_ in state.ranking:
        old = state.candidates[id_].score
        known = dict(zip(TRAIN, rows[id_ - 1], strict=True))
        grades = {i: Grade(v, "read") for i, v in known.items() if v is not None}
        scores[id_] = regrade.score_again(old, TRAIN, grades, binary=binary, seed=0)
        assert scores[id_] == old
    found = regrade.compare(state, scores, binary=binary)
    assert found.state == state
    assert (found.up, found.down, found.moved) == (0, 0, 0)
    assert found.lead is None
    assert all(row.test.gain == 0 for row in found.rows)


@given(st.lists(values, max_size=8), st.lists(values, min_size=8, max_size=8))
def test_every_rank_stands_once_and_counts_agree_with_the_listing(rows, others):
    state = state_of(rows)
    scores = {id_: graded(state.candidates[id_].score, others[id_ - 1]) for id_ in state.ranking}
    found = regrade.compare(state, scores, binary=True)
    size = len(state.ranking)
    assert sorted(row.old_rank for row in found.rows) == list(range(1, size + 1))
    assert [row.new_rank for row in found.rows] == list(range(1, size + 1))
    for row in found.rows:
        up, down = regrade.changed(row, TRAIN)
        assert (len(up), len(down)) == (row.up, row.down)
        assert row.new.n == row.old.n
    assert set(found.state.ranking) == set(state.ranking)
    assert isinstance(found.state.candidates, MappingProxyType)
