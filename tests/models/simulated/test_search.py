"""What the person changes matters: temperature, scores, order, template."""

from __future__ import annotations

from functools import cache
from statistics import fmean

import pytest

from opro_tui.core.hashing import uniform
from tests.models.simulated.reference import MANGLED, Outcome, run, true_accuracy

SEEDS = range(1, 11)


def _shuffle(top: list[tuple[str, float]], step: int) -> None:
    top.sort(key=lambda item: uniform("order", step, item[0]))


ARMS = {
    "usual": {},
    "cold": {"temperature": 0.0},
    "hot": {"temperature": 2.0},
    "hidden": {"hidden": True},
    "shuffled": {"arrange": _shuffle},
    "descending": {"arrange": lambda top, step: top.reverse()},
    "mangled": {"template": MANGLED},
}


@cache
def outcomes(arm: str) -> tuple[Outcome, ...]:
    return tuple(run(seed, **ARMS[arm]) for seed in SEEDS)


def mean(arm: str, what: str) -> float:
    return fmean(getattr(outcome, what) for outcome in outcomes(arm))


def test_the_best_improves_clearly_from_the_bare_start() -> None:
    gains = [outcome.gain for outcome in outcomes("usual")]
    assert sum(gain > 0.08 for gain in gains) >= 9
    assert fmean(gains) >= 0.12


def test_the_landscape_lies_where_it_should() -> None:
    starts = [outcome.start for outcome in outcomes("usual")]
    assert 0.43 < fmean(starts) < 0.6
    assert all(0.3 < start < 0.7 for start in starts)
    assert all(0.25 < true_accuracy(seed, "") < 0.47 for seed in SEEDS)
    assert all(outcome.best < 0.95 for outcome in outcomes("usual"))


def test_temperature_zero_sticks_and_repeats() -> None:
    assert mean("cold", "gain") < mean("usual", "gain") - 0.1
    assert mean("cold", "duplicates") > 3 * mean("usual", "duplicates")


def test_temperature_two_leaves_the_trajectory_behind() -> None:
    assert mean("hot", "best") < mean("usual", "best") - 0.02
    assert mean("hot", "candidates") < mean("usual", "candidates") - 0.05
    assert mean("hot", "rejected") > mean("usual", "rejected")


@pytest.mark.parametrize("arm", ["hidden", "shuffled", "descending", "mangled"])
def test_less_to_go_by_makes_worse_candidates(arm: str) -> None:
    assert mean(arm, "candidates") < mean("usual", "candidates") - 0.02


def test_a_mangled_template_hardly_gets_anywhere() -> None:
    assert mean("mangled", "gain") < 0.5 * mean("usual", "gain")


def test_the_same_seed_repeats_and_another_does_not() -> None:
    again = run(1)
    assert again == outcomes("usual")[0]
    assert again.texts != outcomes("usual")[1].texts
