"""What `compare` claims, simulated on fixed solutions, and how much the best of K is flattered."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from types import MappingProxyType, SimpleNamespace

import pytest

from opro_tui.core.events import Measured
from opro_tui.core.grades import pack
from opro_tui.core.protocols import Example, Split
from opro_tui.core.settings import Settings
from opro_tui.core.solution import Candidate, Origin
from opro_tui.core.state import Facts, State
from opro_tui.core.statistics import FLATTERY, expected_best, score_of
from opro_tui.engine.compare import compare
from opro_tui.tui.help_view import MARKS
from tests.store.samples import TEMPLATE

N, RUNS = 100, 1000
EXAMPLES = tuple(Example(i, f"q{i}", "t", Split.TEST) for i in range(N))
TASK = SimpleNamespace(examples=EXAMPLES, name="t", describe=dict, judge=None)


def arm(number, grades):
    """A session whose best solution has these grades on the held-out examples."""
    score = score_of(grades, binary=True, bounded=True, seed=0)
    best = Candidate(1, "x", 0, Origin.START)
    looked = Measured(
        step=0, kind="evaluate", candidate=1, split="test", examples=tuple(range(N)), score=score
    )
    state = State(
        Facts(minimize=False, bounded=True, binary=True, train=(0,)),
        Settings(),
        TEMPLATE,
        candidates=MappingProxyType({1: replace(best, score=replace(score, grades=pack([1.0])))}),
        measured=(looked,),
        best_id=1,
    )
    record = SimpleNamespace(id=number, fork_seq=0, parent=None)
    return SimpleNamespace(name=f"s{number}", state=state, task=TASK, record=record)


def drawn(source, discordance, gain):
    """Grades of two fixed solutions: B wins (d + gain) / 2 of the examples and loses the rest."""
    pairs = []
    for _ in range(N):
        roll = source.random()
        win = (discordance + gain) / 2
        same = 1.0 if source.random() < 0.7 else 0.0
        pairs.append(
            (0.0, 1.0) if roll < win else (1.0, 0.0) if roll < discordance else (same,) * 2
        )
    return zip(*pairs, strict=True)


async def called_different(discordance, gain, seed):
    source, found = Random(seed), 0
    for _ in range(RUNS):
        first, second = drawn(source, discordance, gain)
        result = (await compare(None, arm(1, first), arm(2, second))).held_out
        assert result.real == (not result.low <= 0 <= result.high)
        found += result.real
    return found / RUNS


def power(discordance, gain):
    """The chance that the exact two-sided test at 5 % rejects, by adding up every outcome."""
    win, lose = (discordance + gain) / 2, (discordance - gain) / 2
    total = 0.0
    for w in range(N + 1):
        for lost in range(N + 1 - w):
            m = w + lost
            tail = sum(math.comb(m, k) for k in range(min(w, lost) + 1))
            if m and 2 * tail / 2**m < 0.05:
                ways = math.comb(N, w) * math.comb(N - w, lost)
                total += ways * win**w * lose**lost * (1 - win - lose) ** (N - m)
    return total


@pytest.mark.parametrize(("discordance", "size"), [(0.1, 0.023), (0.3, 0.029)])
async def test_equal_solutions_are_called_different_in_at_most_5_percent(discordance, size):
    assert power(discordance, 0) == pytest.approx(size, abs=0.003)
    assert await called_different(discordance, 0, seed=1) <= 0.05


@pytest.mark.parametrize(
    ("discordance", "known"), [(0.1, 0.94), (0.2, 0.53), (0.3, 0.39), (0.4, 0.30)]
)
async def test_unequal_ones_are_told_apart_as_often_as_the_exact_test_can(discordance, known):
    exact = power(discordance, 0.1)
    assert exact == pytest.approx(known, abs=0.02)
    error = math.sqrt(exact * (1 - exact) / RUNS)
    assert abs(await called_different(discordance, 0.1, seed=2) - exact) < 3 * error


CURSE = {40: 87.1, 80: 83.7, 200: 80.6, 261: 79.9}


@pytest.mark.parametrize(("n", "reads"), CURSE.items())
def test_the_best_of_20_equal_solutions_is_flattered(n, reads):
    assert 100 * expected_best(20, 0.75, n) == pytest.approx(reads, abs=0.05)
    source, runs = Random(3), 300
    best = [
        max(sum(source.random() < 0.75 for _ in range(n)) for _ in range(20)) for _ in range(runs)
    ]
    assert 100 * sum(best) / runs / n == pytest.approx(reads, abs=0.6)


def test_one_try_is_not_flattered():
    assert expected_best(1, 0.75, 80) == pytest.approx(0.75)


def test_the_help_says_the_same(cli_help):
    assert [f"{reads} on {n}" for n, reads in CURSE.items()] == [
        part.replace(" examples", "") for part in FLATTERY.split(", ")
    ]
    words = " ".join(cli_help.split())
    for n, reads in CURSE.items():
        assert f"{reads} on {n}" in words
    assert any(FLATTERY in sentence for *_, sentence in MARKS)


@pytest.fixture
def cli_help(capsys):
    from opro_tui.cli import invoke

    assert invoke(["confirm", "--help"]) == 0
    return capsys.readouterr().out
