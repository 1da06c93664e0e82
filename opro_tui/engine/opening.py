"""What a stored session is before its first event, and what a list says of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import Damaged
from opro_tui.core.protocols import Split
from opro_tui.core.reducer import fold
from opro_tui.core.state import Facts, State

if TYPE_CHECKING:
    from opro_tui.core.protocols import Task
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord

LOST = "lost_events"
"""The code of the warning in a session of which not all events could be saved."""


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


async def folded(store: Store, record: SessionRecord, task: Task) -> State:
    """A session's state now, worked out beside the event loop.

    Raises:
        Damaged: Events are lost or can't be read, so that it can't be worked out.
    """
    try:
        events = await store.events(record.id)
        # A session of a thousand steps takes a tenth of a second: not on the event loop.
        return await asyncio.to_thread(fold, initial_state(record, task), events)
    except (LookupError, ValueError, TypeError, AttributeError, AssertionError) as error:
        # Events that lack others before them can be anything.
        lost = next((gap.words for gap in await store.gaps() if gap.name == record.name), "")
        if not lost:
            raise
        raise Damaged(
            f"can't be opened: {lost}",
            where=f"session {record.name}",
            todo="`opro-tui doctor` names backups that may have it whole.",
        ) from error


def check_whole(record: SessionRecord, state: State) -> None:
    """Refuse to go on with a session of which only a part was saved.

    Raises:
        Damaged: Says how much is lost.
    """
    found = next((each for each in reversed(state.warnings) if each.code == LOST), None)
    if found is not None:
        raise Damaged(
            f"is damaged: {found.message}",
            where=f"session {record.name}",
            todo="It can be looked at and exported; `opro-tui doctor` names backups that may have"
            " it whole.",
        )


def damaged(record: SessionRecord) -> dict[str, Any]:
    """What a list says of a session that can't be worked out any more."""
    settings = record.settings
    unknown = dict.fromkeys(("best", "low", "high", "cost_usd"))
    return {
        **unknown,
        "steps": 0,
        "status": "damaged",
        "bounded": True,
        "of": 0,
        "optimizer": settings.optimizer,
        "scorer": settings.scorer,
        "arm": settings.arm,
    }


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
