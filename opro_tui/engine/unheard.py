"""Calls that may have been billed though nobody heard the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.events import CallFinished, Outcome
from opro_tui.core.usage import Usage, to_picodollars
from opro_tui.engine.budget import WorstCase
from opro_tui.models import prices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opro_tui.config import Config
    from opro_tui.core.events import Event
    from opro_tui.engine.budget import Budget
    from opro_tui.store.database import Store


async def note(store: Store, session: int, publish: Callable[[Sequence[Event]], None]) -> None:
    """Put down the calls that a kill left open: they will be made again."""
    for call in await store.unfinished_calls(session):
        event = CallFinished(
            step=call.step,
            call=call.id,
            role=call.role,
            purpose=call.purpose,
            outcome=Outcome.UNKNOWN,
            usage=Usage(unknown=1),
            candidate=call.candidate,
            estimate=call.estimate,
        )
        publish(await store.finish_call(session, event, None))


async def count(store: Store, session: int, config: Config, budget: Budget) -> None:
    """Have the budget know what each such call can have cost at most, by what it was sent with."""
    for call in await store.lost_calls(session):
        if call.output is None or not call.estimate:
            continue  # its role's worst case stands for it
        dollars = prices.worst_case(
            call.model, call.estimate, call.output, config, cache=True, batch=call.batch
        )
        worst = WorstCase(to_picodollars(dollars), call.estimate + call.output)
        budget.note_lost(call.role, call.count, worst)
