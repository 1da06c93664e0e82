"""Which training examples the meta-prompt shows as exemplars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from opro_tui.core.grades import unpack
from opro_tui.core.hashing import uniform

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from opro_tui.core.solution import Candidate


def choose(
    train: Sequence[int],
    count: int,
    *,
    choice: str,
    seed: int,
    step: int,
    pinned: Collection[int] = (),
    dropped: Collection[int] = (),
    wrong: Mapping[int, float] | None = None,
    redraw: int = 0,
) -> tuple[int, ...]:
    """The exemplars of a step: all pinned ones, then the drawn ones up to `count`.

    Each example has a place in the draw that depends on (seed, step, example) alone, so that a pin
    or a drop doesn't reshuffle the rest.

    Args:
        train: The numbers of the training examples.
        count: How many are wanted; all pinned ones show even past it.
        choice: `random`, `constant`, `hardest` or `hardest-shown`.
        seed: The session's seed.
        step: The step that the meta-prompt is for.
        pinned: Examples that always show.
        dropped: Examples that never do.
        wrong: Example to the share of answers that were wrong, for the two `hardest` choices.
        redraw: How often the person asked for another draw in this step.
    """
    kept = tuple(index for index in train if index in pinned)
    rest = [index for index in train if index not in pinned and index not in dropped]
    when = ("constant",) if choice == "constant" else ("step", step)
    again = (redraw,) if redraw else ()

    def place(index: int) -> tuple[float, float]:
        share = (wrong or {}).get(index, 0.0) if choice.startswith("hardest") else 0.0
        return (-share, uniform(seed, "exemplar", *when, *again, index))

    drawn = sorted(rest, key=place)[: max(0, count - len(kept))]
    return (*kept, *drawn)


def wrong_rates(candidates: Iterable[Candidate], train: Sequence[int]) -> dict[int, float]:
    """The share of wrong answers on each training example, over the scored candidates given."""
    lost = [0.0] * len(train)
    seen = [0] * len(train)
    for candidate in candidates:
        grades = unpack(candidate.score.grades) if candidate.score else []
        if len(grades) != len(train):
            continue
        for place, grade in enumerate(grades):
            if grade is not None and math.isfinite(grade):
                lost[place] += 1 - grade
                seen[place] += 1
    return {index: lost[i] / seen[i] for i, index in enumerate(train) if seen[i]}
