from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.grades import pack, unpack
from opro_tui.core.statistics import (
    bootstrap,
    clopper_pearson,
    difference,
    discordant,
    distinguishable,
    mcnemar,
    score_of,
    standard_error,
    wilson,
)


def test_standard_error_is_that_of_the_sample():
    assert standard_error([1.0, 0.0, 1.0, 0.0]) == pytest.approx(0.288675, abs=1e-6)
    assert standard_error([1.0]) is None


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (81, 100, 0.7222, 0.8749),
    ],
)
def test_wilson(right, n, low, high):
    assert wilson(right, n) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_always_has_width(case):
    right, n = case
    low, high = wilson(right, n)
    assert 0 <= low <= right / n <= high <= 1
    assert high > low


def test_bootstrap_is_seeded_and_holds_the_mean():
    source = Random(1)
    values = [source.random() for _ in range(60)]
    low, high = bootstrap(values, seed=3)
    assert (low, high) == bootstrap(values, seed=3)
    assert (low, high) != bootstrap(values, seed=4)
    assert low < math.fsum(values) / 60 < high
    error = standard_error(values)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.15)


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [(0, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (10, 2, 0.03857), (3, 3, 1.0)],
)
def test_mcnemar(wins, losses, p):
    assert mcnemar(wins, losses) == pytest.approx(p, abs=1e-4)
    assert mcnemar(losses, wins) == mcnemar(wins, losses)


def test_only_examples_both_have_count():
    assert discordant([1, 0, None, 1], [0, 1, 1, 1]) == (1, 1)
    assert not distinguishable([], [], binary=True)
    assert distinguishable([1.0] * 8, [0.0] * 8, binary=True)
    assert not distinguishable([1.0] * 5, [0.0] * 5, binary=True)


def test_equal_solutions_are_rarely_called_different():
    source = Random(5)
    false_alarms = 0
    for _ in range(400):
        first = [float(source.random() < 0.7) for _ in range(100)]
        second = [float(source.random() < 0.7) for _ in range(100)]
        false_alarms += distinguishable(first, second, binary=True)
    assert false_alarms <= 20


def test_paired_bootstrap_for_other_metrics():
    source = Random(2)
    base = [source.random() / 2 for _ in range(50)]
    better = [value + 0.2 + source.random() / 10 for value in base]
    assert distinguishable(better, base, binary=False)
    shuffled = [value + source.uniform(-0.2, 0.2) for value in base]
    assert not distinguishable(base, shuffled, binary=False)


def test_a_partial_score_says_n_of_n():
    score = score_of([1.0, None, 0.0, None], binary=True, bounded=True, seed=0, unparsed=1)
    assert score is not None
    assert (score.value, score.n, score.of, score.unparsed) == (0.5, 2, 4, 1)
    assert not score.full
    assert (score.low, score.high) == wilson(1, 2)
    assert score_of([None], binary=True, bounded=True, seed=0) is None


def test_a_computed_score_is_exact():
    score = score_of([812.5], binary=False, bounded=False, seed=0)
    assert score is not None
    assert (score.stderr, score.low, score.high, score.half_width) == (0.0, 812.5, 812.5, 0.0)


@given(
    st.lists(st.none() | st.floats(allow_nan=False)) | st.lists(st.sampled_from([0.0, 1.0, None]))
)
def test_packed_grades_come_back(values):
    assert unpack(pack(values)) == values


def test_right_and_wrong_take_one_byte_each():
    assert len(pack([1.0, 0.0, None] * 100)) == 301


@given(st.permutations([0.1, 0.2, 0.3, 0.7, 1.0, 0.0]))
def test_the_mean_depends_on_no_order(values):
    score = score_of(list(values), binary=False, bounded=True, seed=0)
    reference = score_of(sorted(values), binary=False, bounded=True, seed=0)
    assert score is not None
    assert reference is not None
    assert score.value == reference.value


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
        (3, 10, 0.0667, 0.6525),
        (50, 100, 0.3983, 0.6017),
    ],
)
def test_clopper_pearson(right, n, low, high):
    assert clopper_pearson(right, n) == pytest.approx((low, high), abs=1e-4)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_interval_of_a_difference_agrees_with_its_test(pairs):
    first, second = ([float(pair[i]) for pair in pairs] for i in (0, 1))
    found = difference(first, second, binary=True, seed=0)
    assert found.low <= found.gain <= found.high
    assert found.real == (found.low > 0 or found.high < 0)
    turned = difference(second, first, binary=True, seed=0)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=1e-6)


def test_without_a_discordant_example_the_interval_still_has_width():
    found = difference([1.0] * 20, [1.0] * 20, binary=True, seed=0)
    assert found.low < 0 < found.high
    assert not found.real
    assert difference([None], [1.0], binary=True, seed=0) is None


def test_power_and_false_alarms_are_those_of_the_exact_test():
    source = Random(11)

    def share_called_different(gain, runs=300, n=100, discordance=0.3):
        found = 0
        for _ in range(runs):
            pairs = []
            for _ in range(n):
                roll = source.random()
                win = (discordance + gain) / 2
                pairs.append(
                    (0.0, 1.0) if roll < win else (1.0, 0.0) if roll < discordance else (1.0, 1.0)
                )
            result = difference(*zip(*pairs, strict=True), binary=True, seed=0)
            found += result.real
        return found / runs

    assert share_called_different(0.0) <= 0.05
    assert share_called_different(0.1) == pytest.approx(0.39, abs=0.1)
