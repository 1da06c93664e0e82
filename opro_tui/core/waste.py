"""The waste meter: what was spent since anything got better, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.stopping import last_improvement, spent_since

if TYPE_CHECKING:
    from opro_tui.core.state import State
    from opro_tui.core.usage import Usage

RECENT = 3
"""Steps that the share of duplicates is taken over."""
MANY_DUPLICATES = 0.4
IDLE = 3


@dataclass(frozen=True, slots=True)
class Waste:
    """How much of what is spent changes anything.

    Attributes:
        idle_steps: Finished steps since the best got better beyond noise.
        improved_over: The solution that it was then better than: an earlier best, not always the
            one just before it. None while the first best still counts.
        spent: What those steps used, and the one under way.
        share: Their part of all tokens, 0–1; None when tokens are unknown or none were used.
        duplicates: Share of the optimizer's lately sampled candidates that were duplicates.
        sampled: How many candidates that share is taken over.
        changed: Solutions that the next meta-prompt shows and the last one did not; None before
            one was sent.
        shown: How many the next meta-prompt shows.
        advice: A sentence on what to do; empty while all is well.
    """

    idle_steps: int
    improved_over: int | None
    spent: Usage
    share: float | None
    duplicates: float
    sampled: int
    changed: int | None
    shown: int
    advice: str

    def to_json(self) -> dict[str, Any]:
        """The meter as `costs --json` prints it."""
        return {
            "idle_steps": self.idle_steps,
            "improved_over": self.improved_over,
            "spent": self.spent.to_json(),
            "share": self.share,
            "duplicates": self.duplicates,
            "sampled": self.sampled,
            "changed": self.changed,
            "shown": self.shown,
            "advice": self.advice,
        }


def waste(state: State) -> Waste:
    """Read the meter."""
    improved = last_improvement(state)
    idle = improved.idle
    finished = [step.number for step in state.steps if step.finished_seq and step.number]
    spent = spent_since(state, idle)
    recent = set(finished[-RECENT:])
    sampled = [c for c in state.candidates.values() if c.step in recent and c.draw is not None]
    copies = sum(candidate.duplicate_of is not None for candidate in sampled)
    duplicates = copies / len(sampled) if sampled else 0.0
    shown = {candidate.id for candidate in state.shown()}
    changed = _changed(state, shown)
    return Waste(
        idle_steps=idle,
        improved_over=improved.over,
        spent=spent,
        share=_share(spent, state.usage()),
        duplicates=duplicates,
        sampled=len(sampled),
        changed=changed,
        shown=len(shown),
        advice=_advice(state, idle, duplicates, changed),
    )


def _share(part: Usage, whole: Usage) -> float | None:
    counts = (part.input_tokens, part.output_tokens, whole.input_tokens, whole.output_tokens)
    if any(count is None for count in counts):
        return None
    used_in, used_out, all_in, all_out = (count or 0 for count in counts)
    return (used_in + used_out) / (all_in + all_out) if all_in + all_out else None


def _changed(state: State, shown: set[int]) -> int | None:
    last = next((step.prompt for step in reversed(state.steps) if step.prompt is not None), None)
    if last is None:
        return None
    return len(shown - {region.id for region in last.regions if region.kind == "solution"})


def _advice(state: State, idle: int, duplicates: float, changed: int | None) -> str:
    if duplicates >= MANY_DUPLICATES:
        return (
            f"{duplicates:.0%} of the latest candidates repeat earlier ones: raise the temperature,"
            " drop what they repeat, or change the meta-prompt."
        )
    if idle < IDLE:
        return ""
    best, exact = state.best(), not state.facts.bounded
    noise = "" if exact else " beyond noise"
    if changed == 0:
        return (
            f"the last {idle} steps improved nothing{noise}, and the next meta-prompt shows the"
            " same solutions: edit what it sees, raise the temperature, or stop."
        )
    width = best.score.half_width if best is not None and best.score is not None else None
    if not exact and width is not None and width > 0.05:
        return (
            f"the last {idle} steps improved nothing beyond noise (±{100 * width:.0f} points on"
            f" {len(state.facts.train)} examples): confirm the best, edit, or stop."
        )
    return (
        f"the last {idle} steps changed nothing that matters: raise the temperature, edit, or stop."
    )
