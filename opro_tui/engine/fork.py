"""Forks share their parent's past up to a step; duplicates share only its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.events import CandidateSampled, CandidateScored, Event
from opro_tui.core.solution import Origin
from opro_tui.engine.create import check_name

if TYPE_CHECKING:
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord


async def fork(store: Store, session: Session, step: int, name: str) -> SessionRecord:
    """A session that goes on from the results of a step, before any edit made later.

    Args:
        store: The database.
        session: The parent, open or read-only.
        step: Whose results are the last shared thing; 0 is before the first step.
        name: The fork's name.

    Raises:
        BadInput: That step isn't finished, or the name is taken.
    """
    check_name(name)
    found = next((s for s in session.state.steps if s.number == step and s.finished_seq), None)
    if found is None:
        finished = [s.number for s in session.state.steps if s.finished_seq]
        last = f"Steps 0 to {finished[-1]} are." if finished else "Run a step first."
        raise BadInput(f"step {step} is not finished", where="--at", todo=last)
    record = session.record
    return await store.create_session(
        name=name,
        task_spec=record.task_spec,
        settings=record.settings,
        template=record.template,
        simulated=record.simulated,
        sources=record.sources,
        versions=record.versions,
        examples=(),
        parent=record.id,
        fork_seq=found.finished_seq,
    )


async def duplicate(store: Store, session: Session, name: str) -> SessionRecord:
    """A new session with the same task, present settings and texts, and the starting solutions.

    Raises:
        BadInput: The name is taken.
    """
    check_name(name)
    record, state = session.record, session.state
    starts = [
        candidate
        for candidate in state.candidates.values()
        if candidate.step == 0 and candidate.rejected is None and candidate.origin != Origin.PERSON
    ]
    events: list[Event] = []
    for id_, start in enumerate(starts, start=1):
        events.append(CandidateSampled(step=0, id=id_, text=start.text, origin=start.origin))
        if start.origin is Origin.IMPORT and start.score is not None and not start.score.of:
            events.append(CandidateScored(step=0, candidate=id_, score=start.score))
    return await store.create_session(
        name=name,
        task_spec=record.task_spec,
        settings=state.settings,
        template=state.template,
        simulated=record.simulated,
        sources=record.sources,
        versions=record.versions,
        examples=session.task.examples,
        events=events,
    )
