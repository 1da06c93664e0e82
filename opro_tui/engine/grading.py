"""From a scorer's completion to a grade, by the rules of what is missing and what is wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from opro_tui.core.errors import OproError
from opro_tui.core.protocols import Finish, Grade
from opro_tui.engine.offload import offload

if TYPE_CHECKING:
    from opro_tui.core.protocols import Completion, Example, Task

_FLAGS = {Finish.LENGTH: "truncated", Finish.FILTER: "filtered", Finish.REFUSAL: "refused"}


class Grader(Protocol):
    """What grades answers: a task, or a metric alone."""

    binary: bool
    trusted: bool

    def grade(self, example: Example, answer: str) -> Grade:
        """Grade an answer that isn't blank."""


def flagged(completion: Completion) -> Grade | None:
    """What is no whole answer gets 0 and a flag, whatever grades; None for a whole one."""
    flag = _FLAGS.get(completion.finish) or ("" if completion.text.strip() else "empty")
    return Grade(0.0, None, (flag,)) if flag else None


async def grade(task: Grader, example: Example, completion: Completion) -> Grade:
    """Grade one answer; what is no whole answer gets 0 and a flag.

    Raises:
        OproError: The user's metric failed on it.
    """
    found = flagged(completion)
    if found is not None:
        return found
    if task.trusted:
        return task.grade(example, completion.text)
    try:
        return await offload(lambda: task.grade(example, completion.text))
    except TimeoutError:
        return Grade(0.0, None, ("timeout",))


async def compute(task: Task, solution: str) -> Grade:
    """A solution's objective, for tasks without examples.

    Raises:
        OproError: The user's task failed on it, or took too long.
    """
    if task.trusted:
        return task.compute(solution)
    try:
        found = await offload(lambda: task.compute(solution))
    except OproError:
        raise
    except TimeoutError:
        raise OproError(f"{task.name} took too long", where=solution[:60]) from None
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise OproError(f"{task.name} failed: {what}", where=solution[:60]) from error
    problem = _no_grade(found)
    if problem:
        raise OproError(f"{task.name} gave {problem}", where=solution[:60])
    return found


def _no_grade(found: object) -> str:
    """Why what a user's task computed is no grade; empty when it is one."""
    if not isinstance(found, Grade):
        return f"{type(found).__name__} and no Grade"
    score: object = found.score
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        return f"a score that is no number ({type(score).__name__})"
    return "a score that is no number (nan)" if math.isnan(score) else ""
