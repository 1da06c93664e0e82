"""A call under way: what it holds meanwhile, and what its outcome is put down as."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opro_tui.core.events import CallFinished, Event, Outcome
from opro_tui.engine.job import Answered

if TYPE_CHECKING:
    from opro_tui.core.protocols import Response, Traits
    from opro_tui.core.usage import TokenUsage, Usage
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
        attempts: How often it was sent.
        started: Seconds on the monotonic clock.
    """

    call: int
    job: Job
    traits: Traits
    estimate: int
    turn: Turn | None
    then: Then | None
    slot: Slot | None
    attempts: int = 0
    started: float = field(default_factory=time.monotonic)

    async def attempt(self) -> Response:
        """Send it once.

        Raises:
            ModelError: It failed.
        """
        self.attempts += 1
        if self.turn is not None:
            self.turn.begin()
        response = await self.job.model.complete(self.job.request, self.traits)
        if self.turn is not None:
            self.turn.accepted(_tokens(response.usage))
        return response

    def finished(self, outcome: Outcome, usage: Usage, error: str = "") -> CallFinished:
        """Its outcome, as of now."""
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
