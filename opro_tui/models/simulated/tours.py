"""Writing tours: a local search from the traces and coordinates that the meta-prompt shows."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from opro_tui.models.simulated.habits import attended, between, ignores_trajectory, soft
from opro_tui.models.simulated.traces import as_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opro_tui.models.simulated.draws import Dice
    from opro_tui.models.simulated.extract import Shown
    from opro_tui.models.simulated.reader import Brief
    from opro_tui.models.simulated.traces import Place

Tour = tuple[int, ...]

_TRIES: Final = 4
_GLANCES: Final = 7
"""Variations that are looked at before one is written down."""
_MOVES: Final = {
    "stay": (0.5, 0.02, 0.0),
    "reverse": (0.3, 0.4, 0.2),
    "move": (0.15, 0.28, 0.15),
    "blend": (0.05, 0.22, 0.15),
    "shake": (0.0, 0.08, 0.5),
}


class Known(NamedTuple):
    """A shown tour; a lower value is better."""

    tour: Tour
    value: float


def propose(brief: Brief, dice: Dice, temperature: float) -> str:
    """Write one tour, in the form in which the shown ones are written."""
    known = _known(attended(brief.shown, dice), brief)
    taken = {as_trace(item.text) for item in brief.shown}
    tour = _tour(known, brief, dice, temperature)
    for _ in range(_TRIES):
        if tour not in taken or dice.chance(between(0.7, 0.08, 0.1, temperature)):
            break
        tour = _tour(known, brief, dice, temperature)
    return _written(tour, brief)


def spoil(text: str, brief: Brief, dice: Dice) -> str:
    """A tour that vetting rejects: already shown, a node too few or twice, turned, or words."""
    kind = dice.choice(("duplicate", "missing", "twice", "turned", "words"))
    tour = list(as_trace(text))
    if kind == "duplicate" and brief.shown:
        return dice.choice(brief.shown).text
    if len(tour) < 3 or kind == "words":
        return "the same trace, but without the crossing"
    at = 1 + int(dice.uniform(0, len(tour) - 1))
    if kind == "missing":
        del tour[at]
    elif kind == "twice":
        tour[at] = tour[at - 1] if at > 1 else tour[-1]
    else:
        tour = [*tour[1:], tour[0]]
    return _written(tour, brief)


def _known(seen: Sequence[Shown], brief: Brief) -> list[Known]:
    """The tours that were taken in, best first."""
    found: list[Known] = []
    for position, item in enumerate(seen):
        tour = as_trace(item.text)
        if not tour or (item.score is None and brief.scored):
            continue
        value = -float(position) if item.score is None else item.score
        found.append(Known(tour, value if brief.minimize or not brief.scored else -value))
    return sorted(found, key=lambda known: known.value)


def _tour(known: Sequence[Known], brief: Brief, dice: Dice, temperature: float) -> Tour:
    if not known or ignores_trajectory(brief, dice, temperature):
        count = len(known[0].tour) if known else max(len(brief.places), 1)
        return _made_up(count, brief.places, dice, temperature)
    move = dice.weighted(list(_MOVES), [between(*odds, temperature) for odds in _MOVES.values()])
    best = known[0].value
    scale = 0.1 * abs(best) or 1.0
    ranks = soft(
        [(best - item.value) / scale for item in known], between(0.1, 0.5, 3.0, temperature)
    )
    base = dice.weighted(known, ranks).tour
    if move == "stay" or len(base) < 4:
        return known[0].tour
    if move == "blend" and len(known) > 1:
        return _blended(base, dice.choice(known).tour, brief.places, dice)
    if move == "shake":
        return _shaken(base, dice)
    vary = _reversed if move == "reverse" else _moved
    return _best_of(base, vary, brief.places, dice, temperature)


def _best_of(
    base: Tour,
    vary: Callable[[Tour, Dice], Tour],
    places: Mapping[int, Place],
    dice: Dice,
    temperature: float,
) -> Tour:
    """The best of a few variations, by lengths that are only estimated."""
    if not _mapped(base, places):
        return vary(base, dice)
    blur = between(0.002, 0.006, 0.1, temperature)
    candidates = [vary(base, dice) for _ in range(_GLANCES)]
    guessed = [_length(tour, places) * (1 + dice.normal(blur)) for tour in candidates]
    return candidates[guessed.index(min(guessed))]


def _reversed(tour: Tour, dice: Dice) -> Tour:
    """A stretch taken the other way round, which can undo a crossing."""
    first, last = _stretch(tour, dice, len(tour) - 1)
    return (*tour[:first], *tour[first:last][::-1], *tour[last:])


def _moved(tour: Tour, dice: Dice) -> Tour:
    """Up to three nodes in a row put somewhere else, either way round."""
    first, last = _stretch(tour, dice, 3)
    middle = tour[first:last][:: dice.choice((1, -1))]
    rest = (*tour[:first], *tour[last:])
    at = 1 + int(dice.uniform(0, len(rest)))
    return (*rest[:at], *middle, *rest[at:])


def _stretch(tour: Tour, dice: Dice, longest: int) -> tuple[int, int]:
    """Where a stretch behind the first node begins and ends."""
    first = 1 + int(dice.uniform(0, len(tour) - 1))
    return first, min(len(tour), first + 1 + int(dice.uniform(0, longest)))


def _shaken(tour: Tour, dice: Dice) -> Tour:
    """Two neighbouring stretches exchanged, which no single reversal undoes."""
    cuts = sorted(1 + int(dice.uniform(0, len(tour) - 1)) for _ in range(3))
    a, b, c = cuts
    return (*tour[:a], *tour[b:c], *tour[a:b], *tour[c:])


def _blended(one: Tour, other: Tour, places: Mapping[int, Place], dice: Dice) -> Tour:
    """On along edges of either tour, the nearer one where the map is known; else to any node."""
    near: dict[int, list[int]] = {node: [] for node in one}
    for tour in (one, other):
        for a, b in pairwise((*tour, tour[0])):
            near[a].append(b)
            near[b].append(a)
    tour_so_far, left = [0], set(one) - {0}
    while left:
        here = tour_so_far[-1]
        open_ones = [node for node in near[here] if node in left] or sorted(left)
        ranked = sorted(open_ones, key=lambda node: _apart(here, node, places))
        following = ranked[0] if dice.chance(0.8) else dice.choice(open_ones)
        tour_so_far.append(following)
        left.remove(following)
    return tuple(tour_so_far)


def _made_up(count: int, places: Mapping[int, Place], dice: Dice, temperature: float) -> Tour:
    """A tour from nothing: roughly from neighbour to neighbour, or at random when hot."""
    astray = between(0.1, 0.35, 1.0, temperature)
    tour, left = [0], list(range(1, count))
    while left:
        here = tour[-1]
        random = dice.chance(astray) or not places
        following = (
            dice.choice(left) if random else min(left, key=lambda n: _apart(here, n, places))
        )
        tour.append(following)
        left.remove(following)
    return tuple(tour)


def _mapped(tour: Tour, places: Mapping[int, Place]) -> bool:
    return all(node in places for node in tour)


def _apart(a: int, b: int, places: Mapping[int, Place]) -> float:
    """How far two nodes are apart; 0 where the map is not known."""
    return math.dist(places[a], places[b]) if a in places and b in places else 0.0


def _length(tour: Tour, places: Mapping[int, Place]) -> float:
    return math.fsum(_apart(a, b, places) for a, b in pairwise((*tour, tour[0])))


def _written(tour: Sequence[int], brief: Brief) -> str:
    """A tour with what stands between the nodes of the last shown one."""
    arrow = next(
        (sign for sign in ("->", "→", "=>") if brief.shown and sign in brief.shown[-1].text), ""
    )
    return (f" {arrow} " if arrow else ",").join(map(str, tour))
