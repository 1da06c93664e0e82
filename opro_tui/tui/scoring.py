"""What the screens ask about candidates and their scores: prices, answers, costs, look-alikes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opro_tui.core.difference import look_alikes
from opro_tui.engine import detail
from opro_tui.engine.trial import trials

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from opro_tui.core.difference import LookAlike
    from opro_tui.core.forecast import Forecast
    from opro_tui.core.usage import Usage
    from opro_tui.engine.detail import Answer
    from opro_tui.engine.trial import Trial
    from opro_tui.tui.steering import Steering

NEAREST = 20
"""Look-alikes that are listed."""


class Scoring:
    """Questions to an open session about its candidates.

    Attributes:
        used: Candidate to what its scoring used, as last read.
    """

    def __init__(self, steering: Steering) -> None:
        self._steering = steering
        self.used: Mapping[int, Usage] = {}

    @property
    def has_scorer(self) -> bool:
        """Whether a model answers examples; else scores are computed."""
        return bool(self._steering.session.task.examples)

    async def price(self, answers: int) -> Forecast:
        """What so many of the scorer's answers will cost."""
        return await self._steering.session.scoring_forecast(answers, as_steps=True)

    async def answers(self, candidate: int) -> tuple[Answer, ...]:
        """A candidate's answers that count, by example."""
        steering = self._steering
        return await detail.answers(steering.session, steering.state.candidates[candidate])

    async def read_used(self, step: int) -> bool:
        """Read what scoring has used since a step began; whether that is news."""
        used = await detail.spent(self._steering.session, step)
        news = used != self.used
        self.used = used
        return news

    async def used_by(self, candidate: int) -> Usage | None:
        """What a candidate's scoring used in all; None when no call was made for it."""
        return (await detail.spent(self._steering.session)).get(candidate)

    async def look_alikes(self, candidate: int) -> tuple[LookAlike, ...]:
        """The scored instructions nearest to one."""
        state = self._steering.state
        one, others = state.candidates[candidate], tuple(state.candidates.values())
        return await asyncio.to_thread(look_alikes, one, others, NEAREST)

    def trials(self, count: int, instruction: str | None) -> AsyncIterator[Trial]:
        """Ask the scorer about a few examples; the answers are kept and shared with the steps."""
        return trials(self._steering.session, count, instruction)
