"""What the phases of a step share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opro_tui.core.events import Event
    from opro_tui.core.protocols import Task
    from opro_tui.core.state import State
    from opro_tui.engine.caller import Caller
    from opro_tui.engine.pool import ModelPool
    from opro_tui.store.database import Store


@dataclass(slots=True)
class Run:
    """A session's hands: where a phase reads the state, makes calls and leaves what happened.

    Attributes:
        store: The database.
        session: The session's row id.
        task: What is optimized.
        pool: The models.
        caller: Makes the calls.
        current: Gives the state now.
        publish: Takes stored events into the state and on to whoever watches.
        ids: Held while candidates' ids are given, so that an edit and a step never give the same.
    """

    store: Store
    session: int
    task: Task
    pool: ModelPool
    caller: Caller
    current: Callable[[], State]
    publish: Callable[[Sequence[Event]], None]
    ids: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the person asked to stop: no new call starts."""
        return self.caller.stopping

    @property
    def state(self) -> State:
        """The state now."""
        return self.current()

    async def append(self, *events: Event) -> None:
        """Store events, then publish them, whole even when the run is cancelled meanwhile."""
        await asyncio.shield(self._append(events))

    async def _append(self, events: Sequence[Event]) -> None:
        self.publish(await self.store.append(self.session, events))


class Interrupted(Exception):
    """The person asked to stop, and everything in flight has come back.

    Args:
        at_work: One line on what goes on at a provider; empty where nothing does.
    """

    def __init__(self, at_work: str = "") -> None:
        super().__init__(at_work)
        self.at_work = at_work


class Incomplete(Exception):
    """Something is missing after all retries; the step can be taken up again.

    Args:
        message: One line on what is missing and why.
    """
