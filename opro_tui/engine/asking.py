"""What a scorer and a judge are asked: one request, however an answer is going to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.protocols import Request
from opro_tui.engine.pool import output_limit

if TYPE_CHECKING:
    from opro_tui.core.protocols import Example, Judge, Model, Task
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


def judge_request(
    judge: Judge, settings: Settings, model: Model, answer: str, example: Example, again: int = 0
) -> Request:
    """The request for a judgement of an answer.

    Args:
        judge: What is asked.
        settings: How.
        model: Who.
        answer: The scorer's answer, of whichever solution: the judge doesn't see it.
        example: What was answered.
        again: Above 0 for each further judgement of the same answer.
    """
    return Request(
        messages=judge.messages(example, answer),
        temperature=settings.judge_temperature,
        max_output_tokens=output_limit(model, "judge", settings),
        reasoning_effort=settings.for_role("reasoning_effort", "judge"),
        draw=(again,) if again else (),
        oracle=example if model.simulated else None,
    )
