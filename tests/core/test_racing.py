from __future__ import annotations

import math
import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.racing import ALPHA, BLOCK, behind, evidence


def brute(leader, challenger) -> float:
    """The e-value by counting over every pair of totals."""
    wrong = [i for i, right in enumerate(leader) if not right]
    right = [i for i, right in enumerate(leader) if right]
    tried = range(len(challenger))
    wins = sum(int(challenger[i]) for i in tried if i in wrong)
    losses = sum(1 - int(challenger[i]) for i in tried if i in right)

    def chance(size: int, seen: int, marked: int, of: int) -> float:
        if not marked <= of <= size - seen + marked:
            return 0.0
        return math.comb(size - seen, of - marked) / math.comb(size, of)

    seen = sum(i in wrong for i in tried)
    table = {
        (won, lost): chance(len(wrong), seen, wins, won)
        * chance(len(right), len(challenger) - seen, losses, lost)
        for won, lost in product(range(len(wrong) + 1), range(len(right) + 1))
    }
    better = max((p for (won, lost), p in table.items() if won > lost), default=0.0)
    rest = [p for (won, lost), p in table.items() if won <= lost]
    return math.inf if not better else sum(rest) / len(rest) / better


bits = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=12)


@given(bits, st.data())
def test_the_evidence_is_the_likelihood_ratio_that_it_is_said_to_be(leader, data) -> None:
    size = data.draw(st.integers(1, len(leader)))
    challenger = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=size, max_size=size))
    seen = leader[:size]
    tried = seen.count(0.0)
    found = evidence(
        wrong=leader.count(0.0),
        right=leader.count(1.0),
        tried_wrong=tried,
        tried_right=size - tried,
        wins=sum(own > other for own, other in zip(challenger, seen, strict=True)),
        losses=sum(own < other for own, other in zip(challenger, seen, strict=True)),
    )
    assert found == pytest.approx(brute(leader, challenger), rel=1e-9)


@given(bits, st.data())
def test_who_can_not_catch_up_is_stopped_and_who_is_ahead_is_not(leader, data) -> None:
    size = data.draw(st.integers(1, len(leader)))
    grades = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
    challenger = data.draw(st.lists(grades, min_size=size, max_size=size))
    possible = sum(challenger) + len(leader) - size
    assert behind(leader, challenger, binary=False) == (possible <= sum(leader))


def test_nobody_is_stopped_before_an_answer() -> None:
    assert not behind([1.0] * 5, [], binary=True)


def stopped(leader, challenger, binary=True) -> bool:
    looks = range(BLOCK, len(leader), BLOCK)
    return any(behind(leader, challenger[:look], binary=binary) for look in looks)


@pytest.mark.parametrize("gain", [1, 3])
def test_one_that_is_better_is_hardly_ever_stopped(gain) -> None:
    """The worst case: barely better, with many wins and losses."""
    rng = random.Random(gain)
    wrongly, runs, size = 0, 300, 60
    for _ in range(runs):
        leader = [1.0] * 36 + [0.0] * 24
        challenger = [0.0] * (12 - gain) + [1.0] * (24 + gain) + [1.0] * 12 + [0.0] * 12
        order = rng.sample(range(size), size)
        assert sum(challenger) == sum(leader) + gain
        wrongly += stopped([leader[i] for i in order], [challenger[i] for i in order])
    assert wrongly / runs <= ALPHA


def test_one_that_is_far_behind_is_stopped_early() -> None:
    rng = random.Random(5)
    saved = []
    for _ in range(50):
        leader = [float(rng.random() < 0.8) for _ in range(100)]
        challenger = [float(rng.random() < 0.4) for _ in range(100)]
        looks = range(BLOCK, 101, BLOCK)
        end = next((k for k in looks if behind(leader, challenger[:k], binary=True)), 100)
        saved.append(1 - end / 100)
    assert sum(saved) / len(saved) > 0.6
