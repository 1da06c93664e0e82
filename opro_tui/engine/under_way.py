"""A call under way: what it holds meanwhile, and what its outcome is put down as."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from opro_tui.core.errors import ModelError
from opro_tui.core.events import CallFinished, Event, Outcome
from opro_tui.engine.job import Answered

if TYPE_CHECKING:
    from opro_tui.core.protocols import Response, Traits
    from opro_tui.core.usage import TokenUsage, Usage
    from opro_tui.engine.budget import Reservation
    from opro_tui.engine.job import Job
    from opro_tui.engine.slots import Slot
    from opro_tui.models.turn import Turn

Then = Callable[[Answered], Awaitable[list[Event]]]
"""Makes the events that an answer leads to."""


@dataclass(slots=True)
class UnderWay:
    """A call whose intent is stored.

    Attributes:
        call: Its row id.
        job: What is wanted.
        traits: What is known of the model.
        estimate: Estimated tokens of its messages.
        turn: Its place at its endpoint's gate, if that has one.
        then: Makes the events that the answer leads to.
        slot: Its place among the session's calls, if they are limited.
        held: What the budget holds for it.
        attempts: How often it was sent.
        lost: How many attempts may have been answered, and billed, unheard.
        sent: Whether an attempt is on its way.
        started: Seconds on the monotonic clock.
    """

    call: int
    job: Job
    traits: Traits
    estimate: int
    turn: Turn | None
    then: Then | None
    slot: Slot | None
    held: Reservation
    attempts: int = 0
    lost: int = 0
    sent: bool = False
    started: float = field(default_factory=time.monotonic)

    async def attempt(self) -> Response:
        """Send it once.

        Raises:
            ModelError: It failed.
            BudgetReached: Its earlier attempts may be billed, and there is no room for another.
        """
        self.held.hold(self.lost)
        self.attempts += 1
        if self.turn is not None:
            self.turn.begin()
        self.sent = True
        try:
            response = await self.job.model.complete(self.job.request, self.traits)
        except ModelError as error:
            self.sent = False
            self.lost += error.lost
            raise
        if self.turn is not None:
            self.turn.accepted(_tokens(response.usage))
        return response

    def finished(self, outcome: Outcome, usage: Usage, error: str = "") -> CallFinished:
        """Its outcome, as of now; what attempts that were lost may have cost is kept in mind."""
        unknown = usage.unknown + self.lost
        self.held.may_be_billed(self.job.role, unknown)
        usage = replace(usage, unknown=unknown) if self.lost else usage
        return CallFinished(
            step=self.job.step,
            call=self.call,
            role=self.job.role,
            purpose=self.job.purpose,
            outcome=outcome,
            usage=usage,
            candidate=self.job.candidate,
            attempts=self.attempts,
            error=error,
            estimate=self.estimate,
            milliseconds=round((time.monotonic() - self.started) * 1000),
        )


def _tokens(used: TokenUsage) -> int | None:
    if used.input_tokens is None or used.output_tokens is None:
        return None
    return used.input_tokens + used.output_tokens
