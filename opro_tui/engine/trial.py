"""Trying the scorer on a few examples before a step is paid for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.engine.asking import scorer_request
from opro_tui.engine.detail import judged
from opro_tui.engine.job import Job
from opro_tui.engine.judging import Grading
from opro_tui.engine.run import Interrupted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opro_tui.core.protocols import Completion, Example, Grade, Message
    from opro_tui.engine.detail import Judged
    from opro_tui.engine.session import Session


@dataclass(frozen=True, slots=True)
class Trial:
    """One example, as the scorer saw it and answered it."""

    example: Example
    instruction: str
    messages: tuple[Message, ...]
    completion: Completion
    grade: Grade
    from_store: bool
    judged: tuple[Judged, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `try --json` prints it."""
        return {
            "example": self.example.index,
            "instruction": self.instruction,
            "messages": [{"role": m.role, "content": m.content} for m in self.messages],
            "answer": self.completion.text,
            "finish": str(self.completion.finish),
            "parsed": self.grade.parsed,
            "target": self.example.target,
            "score": self.grade.score,
            "flags": list(self.grade.flags),
            "from_store": self.from_store,
        } | ({"judge": [each.to_json() for each in self.judged]} if self.judged else {})


async def trials(
    session: Session, count: int = 3, instruction: str | None = None
) -> AsyncIterator[Trial]:
    """Ask the scorer, and its judge, about the first training examples.

    Answers are kept and shared with the steps.

    Args:
        session: Open for writing.
        count: How many examples.
        instruction: What to try; default: the best solution, else the first starting solution.

    Raises:
        BadInput: The task has no scorer.
        CallFailed: The endpoint gave no answer.
        BudgetReached: A call could pass the budget.
        Interrupted: The person asked to stop.
    """
    state, task, run = session.state, session.task, session.hands
    if not task.examples:
        raise BadInput(
            f"{task.name} computes its scores and has no scorer to try", where=session.name
        )
    text = typical_instruction(session) if instruction is None else task.clean(instruction)
    settings = state.settings
    model = await run.pool.get("scorer", settings)
    grading = Grading(run, settings, "try", state.next_step)
    await grading.prepare()
    for index in state.facts.train[:count]:
        if run.stopping.is_set():
            raise Interrupted
        example = task.examples[index]
        request = scorer_request(task, settings, model, text, example)
        job = Job(
            model=model,
            request=request,
            role="scorer",
            purpose="try",
            step=state.next_step,
            example=index,
            replicate=settings.replicate,
            slow=True,
        )
        answer = await run.caller.call(job)
        completion = answer.completions[0]
        graded = await grading.grade(example, completion)
        replies = await run.store.completions([said.call for said in graded.judgements])
        yield Trial(
            example,
            text,
            request.messages,
            completion,
            graded.grade,
            answer.from_store,
            judged(task, example, completion.text, graded.judgements, replies),
        )


def typical_instruction(session: Session) -> str:
    """The best solution so far, else the first that waits to be scored, else the empty one."""
    best = session.state.best()
    if best is not None:
        return best.text
    return next((candidate.text for candidate in session.state.waiting()), "")
