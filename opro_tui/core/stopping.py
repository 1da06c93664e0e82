"""Reasons to stop: small objects that look at a state and say whether the run should end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from opro_tui.core.grades import unpack
from opro_tui.core.statistics import distinguishable
from opro_tui.core.usage import Usage, total

if TYPE_CHECKING:
    from opro_tui.core.protocols import Task
    from opro_tui.core.settings import Settings
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State


@dataclass(frozen=True, slots=True)
class Stop:
    """Why to stop: a stable code and a sentence."""

    code: str
    message: str


class Condition(Protocol):
    """Something that may end a run between steps."""

    def check(self, state: State) -> Stop | None:
        """The reason to stop now; None to go on."""


@dataclass(frozen=True, slots=True)
class MaxSteps:
    """Stop after a number of steps; step 0 isn't counted."""

    steps: int

    def check(self, state: State) -> Stop | None:
        """The reason to stop now; None to go on."""
        if state.finished_steps < self.steps:
            return None
        done = "1 step is" if self.steps == 1 else f"{self.steps} steps are"
        return Stop("max_steps", f"max-steps reached: {done} done")


@dataclass(frozen=True, slots=True)
class Patience:
    """Stop after some steps in which the best did not get distinguishably better."""

    steps: int

    def check(self, state: State) -> Stop | None:
        """The reason to stop now; None to go on."""
        idle = steps_since_improvement(state)
        if idle < self.steps:
            return None
        steps = "step" if idle == 1 else f"{idle} steps"
        return Stop(
            "patience",
            f"no distinguishable improvement in the last {steps}{_used(spent_since(state, idle))};"
            " raise patience to go on",
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """Stop when the dollars are spent; single calls are held back by the engine before that."""

    usd: float

    def check(self, state: State) -> Stop | None:
        """The reason to stop now; None to go on."""
        spent = state.usage().cost_usd
        if spent is None or spent < self.usd:
            return None
        return Stop("budget", f"budget reached: ${spent:.4f} of ${self.usd:g} are spent")


@dataclass(frozen=True, slots=True)
class BudgetTokens:
    """Stop when the tokens are used up."""

    tokens: int

    def check(self, state: State) -> Stop | None:
        """The reason to stop now; None to go on."""
        used = state.usage()
        if used.input_tokens is None or used.output_tokens is None:
            return None
        spent = used.input_tokens + used.output_tokens
        if spent < self.tokens:
            return None
        return Stop("budget", f"token budget reached: {spent:,} of {self.tokens:,} are used")


@dataclass(frozen=True, slots=True)
class Solved:
    """Stop when nothing better can be found."""

    task: Task

    def check(self, state: State) -> Stop | None:
        """The reason to stop now; None to go on."""
        best = state.best()
        if best is None or best.score is None or not self.task.solved(best.score.value):
            return None
        return Stop("solved", f"solved: #{best.id} cannot be beaten ({best.text[:60]})")


def conditions(settings: Settings, task: Task) -> tuple[Condition, ...]:
    """The conditions that a session's settings ask for."""
    found: list[Condition] = [Solved(task)]
    if settings.max_steps is not None:
        found.append(MaxSteps(settings.max_steps))
    if settings.patience is not None:
        found.append(Patience(settings.patience))
    if settings.budget is not None:
        found.append(Budget(settings.budget))
    if settings.budget_tokens is not None:
        found.append(BudgetTokens(settings.budget_tokens))
    return tuple(found)


def first_reason(found: tuple[Condition, ...], state: State) -> Stop | None:
    """The first condition's reason to stop; None when all let the run go on."""
    reasons = (condition.check(state) for condition in found)
    return next((reason for reason in reasons if reason is not None), None)


@dataclass(frozen=True, slots=True)
class Improvement:
    """When the best last got better beyond noise.

    Attributes:
        idle: Finished steps since then.
        over: The solution that it was better than; None while the first best still counts.
    """

    idle: int
    over: int | None


def steps_since_improvement(state: State) -> int:
    """Finished steps since the best got better beyond noise."""
    return last_improvement(state).idle


def last_improvement(state: State) -> Improvement:
    """When the best last got better beyond noise, and than which.

    The best at the end of each step is compared with the last one that counted as an improvement;
    a score without uncertainty counts as improved by any gain.
    """
    reference: Candidate | None = None
    over: int | None = None
    idle = 0
    for step in state.steps:
        if not step.finished_seq:
            break
        best = None if step.best is None else state.candidates.get(step.best)
        if step.number:
            idle += 1
        if best is not None and (reference is None or _improved(best, reference, state)):
            over = None if reference is None else reference.id
            reference, idle = best, 0
    return Improvement(idle, over)


def spent_since(state: State, idle: int) -> Usage:
    """What was used since the best last got better: in the idle steps and in one under way.

    Args:
        state: The session now.
        idle: `steps_since_improvement` of it.
    """
    finished = [step.number for step in state.steps if step.finished_seq]
    if not finished:
        return Usage()
    last = finished[max(0, len(finished) - 1 - idle)]
    return total(used for (step, _), used in sorted(state.ledger.items()) if step > last)


def _used(spent: Usage) -> str:
    """What idle steps used, in words; nothing where that is unknown or none."""
    if spent.cost_usd is not None and spent.cost_usd >= 0.0001:
        return f", which cost ${spent.cost_usd:.4f}"
    if spent.input_tokens is None or spent.output_tokens is None:
        return ""
    used = spent.input_tokens + spent.output_tokens
    return f", which used {used:,} tokens" if used else ""


def _improved(best: Candidate, reference: Candidate, state: State) -> bool:
    if best.id == reference.id or best.score is None or reference.score is None:
        return False
    gain = best.score.value - reference.score.value
    if (gain >= 0) if state.facts.minimize else (gain <= 0):
        return False
    if not state.facts.bounded:
        return True
    new, old = unpack(best.score.grades), unpack(reference.score.grades)
    if len(new) != len(old):
        return False
    return distinguishable(new, old, binary=state.facts.binary, seed=state.settings.seed)
