"""A stored session played again: the same reducer over the same events, no model and no cost."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Self

from opro_tui.core.errors import BadInput
from opro_tui.core.events import EditMade, Event, StepFinished
from opro_tui.core.reducer import best_changes, fold
from opro_tui.engine.consent import task_to_look_at
from opro_tui.engine.opening import initial_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.protocols import Task
    from opro_tui.core.state import State
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord

CHECKPOINT = 2000
"""Events between two kept states: seeking folds at most so many."""


class Replay:
    """A session's history with a place in it.

    Attributes:
        record: The stored row.
        task: What was optimized.
        events: Everything that happened, in order.
        place: How many of the events have been played.
        state: The session after them.
    """

    def __init__(self, record: SessionRecord, task: Task, events: Sequence[Event]) -> None:
        self.record = record
        self.task = task
        self.events = events
        self.place = 0
        self.state: State = initial_state(record, task)
        self._kept = [(0, self.state)]

    @classmethod
    async def open(cls, store: Store, name: str, *, fine: bool = True) -> Self:
        """Read a session's history.

        Args:
            store: The database.
            name: The session's name.
            fine: With every evaluation and call; else with each step's results alone.

        Raises:
            BadInput: There is no session of that name.
        """
        record = await store.session(name)
        task = await task_to_look_at(store, record)
        return cls(record, task, await store.events(record.id, fine=fine))

    @property
    def name(self) -> str:
        """The session's name."""
        return self.record.name

    def seek(self, place: int) -> State:
        """Go to the state after so many events; out of range is the nearest end."""
        place = max(0, min(place, len(self.events)))
        at = bisect_right(self._kept, place, key=lambda kept: kept[0]) - 1
        start, state = self._kept[at]
        if start <= self.place <= place:
            start, state = self.place, self.state
        while start < place:
            end = min(place, (start // CHECKPOINT + 1) * CHECKPOINT)
            state = fold(state, self.events[start:end])
            start = end
            if start % CHECKPOINT == 0 and start > self._kept[-1][0]:
                self._kept.append((start, state))
        self.place, self.state = place, state
        return state

    def after_step(self, step: int) -> int:
        """The place right after a step's results.

        Raises:
            BadInput: That step never finished.
        """
        finished = []
        for place, event in enumerate(self.events, start=1):
            if isinstance(event, StepFinished):
                if event.step == step:
                    return place
                finished.append(event.step)
        todo = f"Steps 0 to {finished[-1]} did." if finished else "It was never run."
        raise BadInput(f"step {step} did not finish", where=self.name, todo=todo)

    def steps(self) -> list[int]:
        """The places right after each step's results."""
        return self._places(StepFinished)

    def edits(self) -> list[int]:
        """The places right after each edit."""
        return self._places(EditMade)

    def new_bests(self) -> list[int]:
        """The places right after each event that changed which solution is best."""
        return best_changes(self._kept[0][1], self.events)

    def _places(self, kind: type[Event]) -> list[int]:
        return [p for p, event in enumerate(self.events, start=1) if isinstance(event, kind)]
