"""The sessions of a database, as one looks through them, and what is done to a whole one."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.ablation import Label
from opro_tui.core.errors import BadInput, Damaged
from opro_tui.engine import fork as forking
from opro_tui.engine.consent import task_to_look_at
from opro_tui.engine.opening import damaged, folded, summary
from opro_tui.engine.session import Session
from opro_tui.store.locks import WriterLock, written_elsewhere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from opro_tui.config import Config
    from opro_tui.core.state import State
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A session in the list; figures are None until they are known.

    Attributes:
        id: Its number in the database.
        name: What the person calls it.
        task: As the person named it.
        optimizer: The model that proposes.
        scorer: The model that answers; empty for tasks that compute their score.
        simulated: Whether a simulated model takes part.
        parent: The session it was forked from; None for others.
        updated: When it was last used, in milliseconds since 1970.
        status: The status word of `list --json`; empty while it isn't known.
        steps: Finished steps.
        best: The best score.
        low: Its interval's lower end.
        high: Its interval's upper end.
        bounded: Whether scores are shares.
        cost: Dollars spent; None when unknown.
        elsewhere: Whether another process has it open for writing.
        known: Whether the figures are of the session's last event.
        arm: What it is in a comparison; empty for nothing.
    """

    id: int
    name: str
    task: str
    optimizer: str
    scorer: str
    simulated: bool
    parent: int | None
    updated: int
    status: str = ""
    steps: int | None = None
    best: float | None = None
    low: float | None = None
    high: float | None = None
    bounded: bool = True
    cost: float | None = None
    elsewhere: bool = False
    known: bool = False
    arm: str = ""

    @property
    def label(self) -> Label | None:
        """What it is in an ablation; None where it belongs to none."""
        return Label.read(self.arm)


async def entries(store: Store) -> AsyncIterator[list[Entry]]:
    """The sessions, last used first: at once with what is stored of them, then complete.

    A summary that is missing or older than its session is worked out and kept, so that it isn't
    worked out again.
    """
    records = await store.sessions()
    busy = await asyncio.to_thread(written_elsewhere, store.path)
    found = [_entry(record, record.summary, record.id in busy) for record in records]
    yield found
    for place, record in enumerate(records):
        seq = await store.last_seq(record.id)
        fresh = record.summary
        if fresh is None or record.summary_seq != seq:
            fresh = await _worked_out(store, record, seq, keep=record.id not in busy)
        found[place] = _entry(record, fresh, record.id in busy, known=True)
    yield found


async def _worked_out(
    store: Store, record: SessionRecord, seq: int, *, keep: bool
) -> dict[str, Any] | None:
    try:
        state = await folded(store, record, await task_to_look_at(store, record))
    except BadInput:
        # A task whose own code is gone can still be listed, renamed and deleted.
        return record.summary
    except Damaged:
        return damaged(record)
    data = summary(state)
    if keep and not store.readonly:
        await store.set_summary(record.id, max(seq, state.last_seq), data)
    return data


def _entry(
    record: SessionRecord, data: dict[str, Any] | None, elsewhere: bool, *, known: bool = False
) -> Entry:
    settings, data = record.settings, data or {}
    answered = record.task_spec.get("kind") in ("prompt", "python")
    status = str(data.get("status", "new" if known else ""))
    if elsewhere and status in ("incomplete", "reviewing"):
        status = "running"
    return Entry(
        id=record.id,
        name=record.name,
        task=settings.task,
        optimizer=str(data.get("optimizer", settings.optimizer)),
        scorer=str(data.get("scorer", settings.scorer)) if answered else "",
        simulated=record.simulated,
        parent=record.parent,
        updated=record.updated,
        status=status,
        steps=data.get("steps"),
        best=data.get("best"),
        low=data.get("low"),
        high=data.get("high"),
        bounded=bool(data.get("bounded", True)),
        cost=data.get("cost_usd"),
        elsewhere=elsewhere,
        known=known,
        arm=str(data.get("arm") or settings.arm or ""),
    )


async def state_of(store: Store, name: str, config: Config) -> State:
    """A session's state, looked at without the right to write it."""
    session = await Session.open(store, name, config, readonly=True)
    try:
        return session.state
    finally:
        await session.close()


async def duplicate(store: Store, name: str, new: str, config: Config) -> SessionRecord:
    """A session with another's task, settings and starting solutions, and none of its steps.

    Raises:
        BadInput: The new name can't be used.
    """
    session = await Session.open(store, name, config, readonly=True)
    try:
        return await forking.duplicate(store, session, new)
    finally:
        await session.close()


async def fork(
    store: Store,
    name: str,
    step: int | None,
    new: str,
    config: Config,
    values: Mapping[str, Any] | None = None,
    note: str = "",
) -> SessionRecord:
    """A session that goes on from another, as `engine.fork` has it.

    Raises:
        BadInput: The step isn't finished, the new name can't be used, or a setting can't change.
    """
    session = await Session.open(store, name, config, readonly=True)
    try:
        return await forking.fork(store, session, step, new, values, note)
    finally:
        await session.close()


async def delete(store: Store, *names: str, now: bool = False) -> int:
    """Delete sessions that nobody is writing: all of them, or none.

    Args:
        store: The database.
        names: The sessions.
        now: For good.

    Returns:
        Until when they can be brought back, in milliseconds since 1970; 0 where they can't.

    Raises:
        BadInput: There is no such session.
        SessionBusy: Another process writes one.
    """
    records = [await store.session(name) for name in names]
    with ExitStack() as locks:
        for record in records:
            lock = WriterLock(store.path, record.id, record.name)
            lock.acquire()
            locks.callback(lock.release)
        if not now:
            return await store.delete(*names)
        await store.delete_now(*names)
        return 0
