"""What a stored session is before its first event, and what a list says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.core.protocols import Split
from opro_tui.core.state import Facts, State

if TYPE_CHECKING:
    from opro_tui.core.protocols import Task
    from opro_tui.store.records import SessionRecord


def facts_of(task: Task) -> Facts:
    """What the reducer has to know about a task."""
    train = tuple(example.index for example in task.examples if example.split is Split.TRAIN)
    return Facts(
        minimize=task.minimize,
        bounded=task.bounded,
        binary=task.binary,
        train=train or (-1,),
    )


def initial_state(record: SessionRecord, task: Task) -> State:
    """A session's state before its first event."""
    return State(facts_of(task), record.settings, record.template)


def summary(state: State) -> dict[str, Any]:
    """What a list of sessions says of one; kept with the session so that the list needs no fold."""
    best = state.best()
    score = best.score if best else None
    return {
        "steps": state.finished_steps,
        "status": state.status(),
        "best": score.value if score else None,
        "low": score.low if score else None,
        "high": score.high if score else None,
        "bounded": state.facts.bounded,
        "of": state.scored_count(),
        "cost_usd": state.usage().cost_usd,
        "optimizer": state.settings.optimizer,
        "scorer": state.settings.scorer,
        "arm": state.settings.arm,
    }
