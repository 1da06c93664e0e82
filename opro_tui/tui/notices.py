"""What is said of a run that ended, in one line for who looks elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui import format as fmt

if TYPE_CHECKING:
    from opro_tui.core.events import Stopped
    from opro_tui.core.state import State

_ENDS = {
    "error": "could not go on",
    "missing": "answers are missing",
    "budget": "the budget is reached",
    "review": "candidates wait for your review",
    "person": "stopped",
    "batch": "stopped, its batch goes on at the provider",
    "max_steps": "the last step is done",
    "patience": "no improvement any more",
    "solved": "solved",
}

BAD_ENDS = {
    "error": "The step could not go on",
    "missing": "Answers are missing",
    "budget": "The budget is reached",
}
"""Ends of a run that are shown as a failure, with its title."""


def end_of_run(state: State, stopped: Stopped | None) -> str:
    """Where a session stands when a run has ended."""
    if stopped is not None:
        said = _ENDS.get(stopped.code, stopped.code)
    else:
        said = f"step {state.steps[-1].number} done" if state.steps else "ready"
    best = state.best()
    if best is None or best.score is None:
        return said
    return f"{said}, best {fmt.with_half_width(best.score, state.facts)} (#{best.id})"
