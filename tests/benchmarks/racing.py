"""Racing on simulated landscapes, against the plain e-process on discordant pairs: what each buys.

Answers follow an item-response model: an example has a difficulty, a solution an ability, and the
chance of a right answer is the logistic function of their difference. Nothing in it says anything
about LLMs. The reference is the process of the project's notes: a uniform mixture over the win
probabilities below ½ on the examples that leader and challenger answer differently, both at an
error rate of 5 % with looks after every ten examples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from opro_tui.core.racing import ALPHA, BLOCK, behind
from tests.benchmarks import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNS = 300
SIZES = (50, 100, 261)
CHALLENGERS = 8

LANDSCAPES: dict[str, Callable[[Random], list[float]]] = {
    "one clear winner": lambda rng: [1.5] + [rng.gauss(-2.2, 0.3) for _ in range(7)],
    "spread of abilities": lambda rng: [rng.gauss(-1.2, 1.4) for _ in range(8)],
    "all worse": lambda rng: [rng.gauss(-1.6, 0.2) for _ in range(8)],
    "near ties": lambda rng: [rng.gauss(0.0, 0.4) for _ in range(8)],
    "all equal": lambda rng: [0.0] * 8,
}
"""The challengers' abilities in logits; the leader's is 0."""


@cache
def plain_evidence(wins: int, losses: int) -> float:
    """The reference's e-value against the challenger's not being worse."""
    pairs = wins + losses + 1
    below_half = sum(math.comb(pairs, k) for k in range(wins + 1, pairs + 1)) / 2**pairs
    beta = math.lgamma(wins + 1) + math.lgamma(losses + 1) - math.lgamma(pairs + 1)
    return 2 * 2.0 ** (wins + losses) * math.exp(beta) * below_half


def plain(leader: Sequence[float], challenger: Sequence[float]) -> bool:
    """Whether the reference stops a challenger."""
    pairs = list(zip(challenger, leader, strict=False))
    wins = sum(own > other for own, other in pairs)
    return plain_evidence(wins, sum(own < other for own, other in pairs)) >= 1 / ALPHA


def ours(leader: Sequence[float], challenger: Sequence[float]) -> bool:
    """Whether racing stops it."""
    return behind(leader, challenger, binary=True)


@dataclass(slots=True)
class Tally:
    """What some races came to: shares of calls bought and of other picks, and true points lost."""

    bought: float = 0.0
    other: float = 0.0
    lost: float = 0.0


def simulate(abilities: Callable[[Random], list[float]], size: int, seed: int) -> dict[str, Tally]:
    """Race both ways on the same answers."""
    rng = Random(f"{seed}/{size}")
    found = {"ours": Tally(), "plain": Tally()}
    for _ in range(RUNS):
        levels = [0.0, *abilities(rng)]
        hard = [rng.gauss(-1.0, 1.5) for _ in range(size)]
        chances = [[1 / (1 + math.exp(d - level)) for d in hard] for level in levels]
        answers = [[float(rng.random() < p) for p in row] for row in chances]
        truth = [sum(row) / size for row in chances]
        for name, stops in (("ours", ours), ("plain", plain)):
            _tally(found[name], answers, truth, stops)
    return found


def _tally(
    tally: Tally,
    answers: list[list[float]],
    truth: list[float],
    stops: Callable[[Sequence[float], Sequence[float]], bool],
) -> None:
    leader, size = answers[0], len(answers[0])
    totals, calls = [sum(leader)], 0
    for challenger in answers[1:]:
        looks = range(BLOCK, size, BLOCK)
        end = next((k for k in looks if stops(leader, challenger[:k])), size)
        calls += end
        totals.append(sum(challenger) if end == size else -1.0)
    full = _pick([sum(row) for row in answers])
    raced = _pick(totals)
    tally.bought += 100 * calls / size / CHALLENGERS / RUNS
    tally.other += 100 * (full != raced) / RUNS
    tally.lost += 100 * (truth[full] - truth[raced]) / RUNS


def _pick(totals: Sequence[float]) -> int:
    """The first of the highest: the leader stays it unless one is better."""
    return max(range(len(totals)), key=lambda place: (totals[place], -place))


def rows() -> list[Row]:
    """Simulate."""
    found = []
    for name, abilities in LANDSCAPES.items():
        for size in SIZES:
            tallies = simulate(abilities, size, seed=1)
            mine, reference = tallies["ours"], tallies["plain"]
            where = f"{name}, N = {size}"
            found += [
                Row(f"{where}: calls bought", mine.bought, reference.bought, "%", limit=1.0),
                Row(f"{where}: other pick than in full", mine.other, unit="%", limit=2.0),
                Row(f"{where}: true points lost", mine.lost, unit="points", limit=0.1),
            ]
    return found
