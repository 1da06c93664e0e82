"""What one repetition of an experiment came to, and the means over several."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.protocols import Task
    from opro_tui.core.state import State
    from opro_tui.core.usage import Usage

_COUNTS = ("seed", "steps", "found_at", "unique", "sampled", "duplicates", "rejected", "best")


@dataclass(frozen=True, slots=True)
class Repetition:
    """What one session of a row came to, up to the step in which it found the best there is.

    Attributes:
        session: Its name, to replay it.
        seed: What its problem was drawn by.
        steps: Steps that count.
        found_at: The step that found the best solution there is; None when none did.
        unique: Different solutions that were scored, the starting ones included.
        sampled: Proposals of the optimizer.
        duplicates: Those that had been proposed before.
        rejected: Those that vetting refused for any other reason.
        best: The best score.
        gap: How far that is above the optimum, in %; None where no optimum is known.
        proven: Whether that optimum is proven; None where none is known.
        usage: All that the session used.
        reused: Whether an earlier run had finished it.
        failed: Why it could not be finished; empty when it was.
    """

    session: str
    seed: int
    steps: int
    found_at: int | None
    unique: int
    sampled: int
    duplicates: int
    rejected: int
    best: float | None
    gap: float | None
    proven: bool | None
    usage: Usage
    reused: bool = False
    failed: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.session,
            **{name: getattr(self, name) for name in _COUNTS},
            "gap": self.gap,
            "proven": self.proven,
            "reused": self.reused,
            "failed": self.failed or None,
            "usage": self.usage.to_json(),
        }


def spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """Mean, standard deviation (n − 1) and standard error of some values."""
    n = len(values)
    sd = statistics.stdev(values) if n > 1 else None
    return {
        "mean": statistics.fmean(values) if n else None,
        "sd": sd,
        "stderr": None if sd is None else sd / math.sqrt(n),
        "n": n,
    }


def measure(state: State, task: Task, limit: int, *, name: str, seed: int) -> Repetition:
    """What a session came to within so many steps.

    Args:
        state: The session's.
        task: Its task, which knows what the best there is is worth.
        limit: Later steps don't count.
        name: The session's name.
        seed: What its problem was drawn by.
    """
    ended = [step for step in state.steps if step.finished_seq and step.number <= limit]
    bests = {step.number: value_of(state, step.best) for step in ended}
    found_at = next((n for n, v in bests.items() if v is not None and task.solved(v)), None)
    last = max(bests, default=0) if found_at is None else found_at
    counted = [c for c in state.candidates.values() if c.step <= last]
    sampled = [c for c in counted if c.draw is not None]
    best = bests.get(last)
    optimum = task.describe().get("optimum")
    gap = None
    if optimum is not None and best is not None:
        gap = 100 * max(0.0, best / optimum["length"] - 1)
    return Repetition(
        session=name,
        seed=seed,
        steps=last,
        found_at=found_at,
        unique=len({c.text for c in counted if c.score is not None}),
        sampled=len(sampled),
        duplicates=sum(c.duplicate_of is not None for c in sampled),
        rejected=sum(c.rejected is not None and c.duplicate_of is None for c in sampled),
        best=best,
        gap=gap,
        proven=None if optimum is None else bool(optimum["proven"]),
        usage=state.usage(),
    )


def value_of(state: State, candidate: int | None) -> float | None:
    """A candidate's score; None where there is none."""
    score = None if candidate is None else state.candidates[candidate].score
    return None if score is None else score.value
