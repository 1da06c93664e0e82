"""What one solution does better and worse than another, example by example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.grades import unpack

if TYPE_CHECKING:
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State


@dataclass(frozen=True, slots=True)
class Exchange:
    """What changed from one solution to another, by example number."""

    fixed: tuple[int, ...]
    broken: tuple[int, ...]
    both: int


def exchange(state: State, old: Candidate, new: Candidate) -> Exchange:
    """The training examples on which the new solution does better and worse than the old one."""
    first = unpack(old.score.grades) if old.score else []
    second = unpack(new.score.grades) if new.score else []
    fixed, broken, both = [], [], 0
    for index, one, other in zip(state.facts.train, first, second, strict=False):
        if one is None or other is None:
            continue
        both += 1
        if other > one:
            fixed.append(index)
        elif other < one:
            broken.append(index)
    return Exchange(tuple(fixed), tuple(broken), both)
