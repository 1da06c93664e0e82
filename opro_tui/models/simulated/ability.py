"""How well an instruction works: an item-response model whose landscape differs by seed.

An instruction has an ability, an example a difficulty and a discrimination; the answer is right
with probability sigmoid(discrimination × (ability − difficulty)).
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations
from typing import Final

from opro_tui.core.hashing import uniform
from opro_tui.models.simulated.bank import STRATEGIES, strategies_in
from opro_tui.models.simulated.draws import normal, normal_cdf
from opro_tui.models.simulated.wording import clauses, normalized, words

_USUAL: Final = {
    "stepwise": 0.3,
    "decompose": 0.3,
    "verify": 0.2,
    "units": 0.0,
    "restate": 0.1,
    "knowns": 0.2,
    "equation": 0.1,
    "table": -0.1,
    "estimate": -0.25,
    "careful": 0.2,
    "format": 0.1,
    "role": -0.1,
    "encourage": 0.0,
    "brief": -0.4,
    "backward": 0.0,
    "options": -0.1,
    "analogy": -0.15,
    "logic": 0.2,
    "traps": 0.05,
}
_BY_TOPIC: Final = {
    "number": {"equation": 0.25, "units": 0.15, "options": -0.25},
    "choice": {"options": 0.45, "equation": -0.35, "units": -0.2},
    "truth": {"logic": 0.25, "equation": -0.35, "units": -0.2},
    "text": {"format": 0.15, "equation": -0.35, "units": -0.2},
}
_EMPTY: Final = -0.5
_BARE: Final = 0.2
_MOST_GAIN: Final = 2.7
_GAIN_SCALE: Final = 2.7
_MANY_CLAUSES: Final = 4
_LONG: Final = 260
_SHARED: Final = 0.65


@lru_cache(maxsize=8192)
def ability(seed: int, instruction: str, position: str, topic: str) -> float:
    """The latent ability that an instruction gives, about −1.5 (bad) to 2.3 (very good)."""
    text = normalized(instruction)
    if not text:
        return _EMPTY + 0.1 * normal("empty", seed)
    parts = clauses(instruction)
    total = _strategies_effect(seed, parts, position, topic)
    total += sum(0.16 * normal("clause", seed, normalized(part)) for part in parts[:8])
    total = _MOST_GAIN * (1 - math.exp(-total / _GAIN_SCALE)) if total > 0 else total
    return _BARE + total + _wording_effect(seed, text) - _burden(instruction, len(parts))


def probability(seed: int, theta: float, question: str) -> float:
    """How likely a right answer to a question is, for an instruction of this ability."""
    difficulty, discrimination, _ = _item(seed, question)
    return 1 / (1 + math.exp(-discrimination * (theta - difficulty)))


def is_right(
    seed: int, instruction: str, theta: float, question: str, noise: tuple[object, ...] = ()
) -> bool:
    """Whether this answer comes out right.

    The luck is mostly the example's own, so that instructions differ on few examples, as they do
    for real models; a part belongs to the pair of both and, with `noise`, to the single draw.
    """
    drawn = 0.2 if noise else 0.0
    luck = math.sqrt(_SHARED) * _item(seed, question)[2]
    luck += math.sqrt(1 - _SHARED - drawn) * normal("luck", seed, question, normalized(instruction))
    if noise:
        luck += math.sqrt(drawn) * normal("luck", seed, question, instruction, *noise)
    return normal_cdf(luck) < probability(seed, theta, question)


def unread_share(instruction: str, theta: float) -> float:
    """The share of answers in which no answer can be found."""
    told = strategies_in(instruction)
    share = 0.012 if "format" in told else 0.025 if "brief" in told else 0.045
    return share + 0.05 * min(max(-theta, 0.0), 1.0)


@lru_cache(maxsize=16384)
def _item(seed: int, question: str) -> tuple[float, float, float]:
    """An example's difficulty, discrimination and luck."""
    return (
        1.1 * normal("difficulty", seed, question),
        1.4 * math.exp(0.3 * normal("discrimination", seed, question)),
        normal("luck", seed, question),
    )


def _weight(seed: int, strategy: str, position: str, topic: str) -> float:
    weight = _USUAL[strategy] + _BY_TOPIC.get(topic, {}).get(strategy, 0.0)
    weight += 0.3 * normal("strategy", seed, strategy)
    weight += 0.15 * normal("strategy", seed, strategy, position)
    return min(max(weight, -0.9), 1.2)


def _strategies_effect(seed: int, parts: tuple[str, ...], position: str, topic: str) -> float:
    counts = dict.fromkeys(STRATEGIES, 0)
    for part in parts:
        for name in strategies_in(part):
            counts[name] += 1
    present = [name for name, count in counts.items() if count]
    total = 0.0
    for name in present:
        weight = _weight(seed, name, position, topic)
        repeats = min(counts[name] - 1, 2)
        total += weight * (1 + (0.15 if weight > 0 else 0.5) * repeats)
    for pair in combinations(present, 2):
        if uniform("meets", seed, *pair) < 0.15:
            total += 0.3 * normal("together", seed, *pair)
    return total


def _wording_effect(seed: int, text: str) -> float:
    """What the exact words change: some points as a rule, up to twenty rarely."""
    rare = uniform("rare", seed, text) < 0.06
    return (0.45 if rare else 0.12) * normal("wording", seed, text)


def _burden(instruction: str, parts: int) -> float:
    """What length and muddle cost."""
    burden = 0.2 * max(parts - _MANY_CLAUSES, 0)
    burden += 0.2 * max(len(instruction) - _LONG, 0) / 100
    said = words(instruction)
    if len(said) > 8 and len(set(said)) < 0.5 * len(said):
        burden += 0.4
    if not said:
        burden += 0.3
    return min(burden, 1.5)
