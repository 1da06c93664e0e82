from __future__ import annotations

import random
from dataclasses import replace

import pytest

from opro_tui.core.statistics import score_of
from opro_tui.tui import compare
from opro_tui.tui.compare import in_words, paired, tied
from tests.tui.states import FACTS, LOSS, empty

GRADED = replace(FACTS, binary=False)


@pytest.fixture(autouse=True)
def _nothing_pending():
    compare.work(30)


def right(*places: int, of: int = 40):
    values = [float(place in places) for place in range(of)]
    score = score_of(values, binary=True, bounded=True, seed=0)
    assert score is not None
    return score


def graded(values: list[float | None]):
    score = score_of(values, binary=False, bounded=True, seed=0)
    assert score is not None
    return score


def test_few_discordant_examples_are_not_distinguishable() -> None:
    found = paired(empty(), right(*range(5)), right(*range(3)))
    assert (found.won, found.lost, found.both) == (2, 0, 40)
    assert not found.apart
    assert in_words(found, FACTS) == (
        "not distinguishable: 2 won, 0 lost of 40 shared examples, +5.0 points (p = 0.5)"
    )


def test_many_are() -> None:
    found = paired(empty(), right(*range(20)), right(0))
    assert found.apart
    assert in_words(found, FACTS).startswith("better beyond noise: 19 won, 0 lost")
    back = paired(empty(), right(0), right(*range(20)))
    assert in_words(back, FACTS).startswith("worse beyond noise: 0 won, 19 lost")


def test_only_examples_that_both_have_count() -> None:
    partial = score_of(
        [1.0, 0.0, *[None] * 38], binary=True, bounded=True, seed=0, unparsed=0, flagged=0
    )
    assert partial is not None
    found = paired(empty(), partial, right(0, 1))
    assert (found.won, found.lost, found.both, found.gap) == (0, 1, 2, -0.5)


def test_nothing_shared_can_not_be_compared() -> None:
    brought = replace(right(1), grades=b"")
    found = paired(empty(), right(1), brought)
    assert not found.both
    assert "can't be compared" in in_words(found, FACTS)


@pytest.mark.parametrize(
    ("new", "old", "words"),
    [(1.0, 3.0, "better by 2"), (4.0, 3.0, "worse by 1"), (3.0, 3.0, "equal")],
)
def test_computed_scores_are_exact(new, old, words) -> None:
    state = empty(LOSS)
    found = paired(state, replace(right(1), value=new), replace(right(1), value=old))
    assert in_words(found, LOSS).startswith(words)


def test_graded_scores_are_told_apart_later_and_outside_of_the_list() -> None:
    state = empty(GRADED)
    source = random.Random(5)
    low = graded([source.random() / 2 for _ in range(40)])
    high = graded([0.5 + source.random() / 2 for _ in range(40)])
    same = graded([value + source.choice((-0.01, 0.012)) for value in (0.3, 0.6) * 20])
    near = graded(list((0.3, 0.6) * 20))
    assert tied(state, high, low) is None
    assert tied(state, same, near) is None
    assert compare.pending()
    compare.work(10)
    assert not compare.pending()
    assert tied(state, high, low) is False
    assert tied(state, same, near) is True
    assert "95 % interval" in in_words(paired(state, high, low), GRADED)
    assert in_words(paired(state, high, low), GRADED).startswith("better beyond noise")


def test_right_wrong_scores_are_told_apart_at_once() -> None:
    assert tied(empty(), right(0), right(1)) is True
    assert tied(empty(), right(*range(20)), right(0)) is False
    assert not compare.pending()


def test_work_stops_in_time() -> None:
    state = empty(GRADED)
    first = graded([place / 50 for place in range(40)])
    for shift in range(1, 30):
        tied(state, graded([(place + shift / 60) / 51 for place in range(40)]), first)
    compare.work(0)
    assert compare.pending()
    compare.work(30)
    assert not compare.pending()
