from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.exemplars import choose, wrong_rates
from opro_tui.core.grades import pack
from opro_tui.core.settings import Settings
from opro_tui.core.solution import Candidate, Origin, Score
from opro_tui.core.statistics import score_of
from opro_tui.core.trajectory import rank_key, shown, tie_group


def candidate(id_, value, text="abc", n=10, of=10, grades=b""):
    score = Score(value, n, of, grades=grades)
    return Candidate(id_, text, 1, Origin.OPTIMIZER, score=score)


def graded(id_, grades):
    score = score_of([float(g) for g in grades], binary=True, bounded=True, seed=0)
    return Candidate(id_, f"t{id_}", 1, Origin.OPTIMIZER, score=score)


def rank(candidates, *, minimize):
    return sorted(candidates, key=lambda each: rank_key(each, minimize=minimize))


def ids(candidates):
    return [candidate.id for candidate in candidates]


def show(candidates, *, pinned=(), dropped=(), bounded=True, minimize=False, step=1, **settings):
    ranked = rank(candidates, minimize=minimize)
    found = shown(
        ranked, Settings(**settings), pinned=pinned, dropped=dropped, bounded=bounded, step=step
    )
    return ids(found)


def test_ties_rank_by_fewer_code_points_then_lower_id():
    pool = [
        candidate(1, 0.5, "longer text"),
        candidate(2, 0.5, "short"),
        candidate(3, 0.5, "tiny!"),
        candidate(4, 0.9, "e\u0301"),
    ]
    assert ids(rank(pool, minimize=False)) == [4, 2, 3, 1]
    assert ids(rank(pool, minimize=True)) == [2, 3, 1, 4]


def test_partial_scores_rank_below_full_ones():
    pool = [candidate(1, 0.9, n=5), candidate(2, 0.3)]
    ranked = rank(pool, minimize=False)
    assert ids(ranked) == [2, 1]
    assert show(pool) == [2]
    assert show(pool, pinned={1}) == [1, 2]


def test_the_best_stand_last_unless_told_otherwise():
    pool = [candidate(i, i / 10) for i in range(1, 6)]
    assert show(pool, shown=3) == [3, 4, 5]
    assert show(pool, shown=3, order="descending") == [5, 4, 3]
    assert show(pool, minimize=True, shown=2, bounded=False) == [2, 1]


def test_a_random_order_is_seeded_and_changes_with_the_step():
    pool = [candidate(i, i / 10) for i in range(1, 10)]
    first = show(pool, order="random", step=1)
    assert first == show(pool, order="random", step=1)
    assert sorted(first) == list(range(1, 10))
    assert first != show(pool, order="random", step=2)
    assert first != show(pool, order="random", step=1, seed=5)


def test_pins_show_past_k_and_under_the_threshold_and_take_room_of_others():
    pool = [candidate(i, i / 10) for i in range(1, 10)]
    assert show(pool, shown=3, pinned={1}) == [1, 8, 9]
    assert show(pool, shown=2, pinned={1, 2, 3}) == [1, 2, 3]
    assert show(pool, shown=20, threshold=0.75) == [8, 9]
    assert show(pool, shown=20, threshold=0.75, pinned={2}) == [2, 8, 9]
    assert show(pool, shown=3, dropped={9, 8}) == [5, 6, 7]
    assert show(pool, shown=0) == []


@given(
    st.lists(st.integers(0, 10), min_size=1, max_size=30),
    st.sets(st.integers(1, 30)),
    st.sets(st.integers(1, 30)),
    st.integers(0, 12),
)
def test_what_is_shown_is_the_pins_and_the_best_others(scores, pinned, dropped, room):
    pool = [candidate(i, score / 10) for i, score in enumerate(scores, 1)]
    pinned, dropped = pinned - dropped, dropped
    found = show(pool, shown=room, pinned=pinned, dropped=dropped)
    present = pinned & set(range(1, len(scores) + 1))
    assert present <= set(found)
    assert not dropped & set(found)
    assert len(found) <= max(room, len(present))
    others = [id_ for id_ in found if id_ not in present]
    hidden = [c for c in pool if c.id not in found and c.id not in dropped]
    if others and hidden:
        worst = min(c.score.value for c in pool if c.id in others)
        assert worst >= max(c.score.value for c in hidden)


def test_the_tie_group_is_what_cannot_be_told_from_the_best():
    best = graded(1, [1] * 30)
    near = graded(2, [1] * 26 + [0] * 4)
    far = graded(3, [1] * 20 + [0] * 10)
    ranked = rank([best, near, far], minimize=False)
    assert tie_group(ranked, best, binary=True, seed=0) == {1, 2}


def test_an_imported_score_ties_only_with_its_equals():
    imported = candidate(1, 0.8, n=0, of=0)
    same, other = candidate(2, 0.8, n=0, of=0), candidate(3, 0.7, n=0, of=0)
    ranked = rank([imported, same, other], minimize=False)
    assert tie_group(ranked, imported, binary=True, seed=0) == {1, 2}


def draw(step=1, count=3, **options):
    arguments = {"choice": "random", "seed": 0} | options
    return choose(tuple(range(100, 140)), count, step=step, **arguments)


def test_exemplars_are_drawn_afresh_each_step_with_a_seed():
    assert draw() == draw()
    assert draw(step=2) != draw()
    assert draw(seed=1) != draw()
    assert draw(redraw=1) != draw()
    assert len(set(draw(count=10))) == 10


def test_constant_exemplars_stay():
    assert draw(choice="constant", step=1) == draw(choice="constant", step=9)


def test_a_pin_does_not_reshuffle_the_rest():
    drawn = draw()
    other = next(i for i in range(100, 140) if i not in drawn)
    assert draw(pinned={other}) == (other, *drawn[:2])
    assert draw(dropped={drawn[0]})[:2] == drawn[1:]
    pins = set(range(100, 105))
    assert set(draw(pinned=pins)) == pins


def test_the_hardest_exemplars_go_by_rate_not_count():
    wrong = {100: 0.5, 101: 0.9, 102: 0.1}
    assert draw(choice="hardest", wrong=wrong, count=2) == (101, 100)


def test_wrong_rates_leave_missing_answers_out():
    train = (7, 8, 9)
    pool = [
        candidate(1, 0.5, grades=pack([1.0, 0.0, None])),
        candidate(2, 0.5, grades=pack([0.0, 0.0, None])),
        candidate(3, 0.5),
    ]
    assert wrong_rates(pool, train) == {7: 0.5, 8: 1.0}
