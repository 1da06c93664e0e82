"""What a scorer is asked: one request, however an answer is going to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.protocols import Request
from opro_tui.engine.pool import output_limit

if TYPE_CHECKING:
    from opro_tui.core.protocols import Example, Model, Task
    from opro_tui.core.settings import Settings


def scorer_request(
    task: Task, settings: Settings, model: Model, solution: str, example: Example
) -> Request:
    """The request for an answer to an example with a solution inserted.

    The same solution, example and settings always make the same request, so that its answer is
    bought once.
    """
    return Request(
        messages=task.messages(solution, example),
        temperature=settings.scorer_temperature,
        max_output_tokens=output_limit(model, "scorer", settings),
        reasoning_effort=settings.for_role("reasoning_effort", "scorer"),
        oracle=example if model.simulated else None,
    )
