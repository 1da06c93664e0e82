"""Judging: from a scorer's answer, which is stored already, to the grade that a judge gives it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opro_tui.core.errors import ContextOverflow
from opro_tui.core.judgement import Judgement, verdict
from opro_tui.core.protocols import Grade
from opro_tui.engine.asking import judge_request
from opro_tui.engine.grading import flagged, grade
from opro_tui.engine.job import CallFailed, Job
from opro_tui.engine.pool import calls_at_once
from opro_tui.engine.prefixes import Prefixes
from opro_tui.engine.run import Interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.protocols import Completion, Example, Judge, Model
    from opro_tui.core.settings import Settings
    from opro_tui.engine.run import Run

LONG = 4000
"""Characters from which an answer can be blamed for a judge's request that is too long."""


@dataclass(frozen=True, slots=True)
class Graded:
    """An answer's grade, and the judgements that it was made of; none where no judge was asked."""

    grade: Grade
    judgements: tuple[Judgement, ...] = ()


@dataclass(slots=True)
class Grading:
    """Grades answers by a session's metric, asking its judge where it has one.

    Attributes:
        run: The session's hands.
        settings: How the judge is asked.
        purpose: What its calls are made for: judge, try, confirm or evaluate.
        step: The step that their cost belongs to.
    """

    run: Run
    settings: Settings
    purpose: str
    step: int
    _slots: asyncio.Semaphore | None = field(default=None, init=False)
    _prefixes: Prefixes | None = field(default=None, init=False)

    @property
    def judge(self) -> Judge | None:
        """What asks for a grade; None where answers are graded here."""
        return self.run.task.judge

    async def prepare(self) -> None:
        """Load what the first call needs."""
        if self.judge is not None:
            await self.run.pool.prepare("judge", self.settings)

    def expect(self, examples: Sequence[Example]) -> None:
        """Have what the judge's requests share cached, where that pays.

        Args:
            examples: Those whose answers are going to be judged.
        """
        judge = self.judge
        if judge is None:
            return
        self._prefixes = Prefixes(self.run.caller, self.run.pool.made("judge", self.settings))
        calls = len(examples) * self.settings.judge_repeats
        self._prefixes.plan(None, examples, lambda example: judge.messages(example, ""), calls)

    async def grade(
        self,
        example: Example,
        completion: Completion,
        *,
        candidate: int | None = None,
        replicate: int = 0,
    ) -> Graded:
        """Grade one answer; what is no whole answer gets 0 and a flag, and no judge sees it.

        Args:
            example: What was asked.
            completion: The answer, which is stored already.
            candidate: The candidate that it was given for.
            replicate: Which of the candidate's answers to the example it is.

        Raises:
            CallFailed: The judge gave no reply: the evaluation is missing.
            BudgetReached: The next call could pass the budget.
            Interrupted: The person asked to stop.
            OproError: The user's metric failed on it.
        """
        judge = self.judge
        found = flagged(completion)
        if judge is None or found is not None:
            return Graded(found or await grade(self.run.task, example, completion))
        model = self.run.pool.made("judge", self.settings)
        jobs = judge_jobs(
            judge,
            self.settings,
            model,
            example,
            completion.text,
            purpose=self.purpose,
            step=self.step,
            candidate=candidate,
            replicate=replicate,
        )
        # What is bought already is free, whatever is left of the budget.
        await self.run.caller.prefetch(jobs)
        try:
            judgements = [await self._ask(judge, job) for job in jobs]
        except CallFailed as failed:
            if not _caused_overflow(failed, completion.text):
                raise
            return Graded(Grade(0.0, None, ("context_overflow",)))
        return Graded(verdict(judgements), tuple(judgements))

    async def _ask(self, judge: Judge, job: Job) -> Judgement:
        if self._slots is None:
            self._slots = asyncio.Semaphore(calls_at_once(job.model, self.settings.concurrency))
        async with self._slots:
            if self.run.stopping.is_set():
                raise Interrupted
            if self._prefixes is None:
                answer = await self.run.caller.call(job)
            else:
                answer = await self._prefixes.call(None, job)
        reading = judge.read(answer.completions[0])
        return Judgement(answer.call, reading.score, reading.reason, answer.from_store)


def judge_jobs(
    judge: Judge,
    settings: Settings,
    model: Model,
    example: Example,
    answer: str,
    *,
    purpose: str,
    step: int,
    candidate: int | None = None,
    replicate: int = 0,
) -> list[Job]:
    """The calls by which an answer is judged as often as the settings say.

    Each further judgement, and each answer that was scored again, has a replicate of its own, so
    that no reply counts twice for one answer.
    """
    repeats, answer_number = settings.judge_repeats, settings.replicate + replicate
    return [
        Job(
            model=model,
            request=judge_request(judge, settings, model, answer, example, again),
            role="judge",
            purpose=purpose,
            step=step,
            candidate=candidate,
            example=example.index,
            replicate=again,
        )
        for again in range(answer_number * repeats, (answer_number + 1) * repeats)
    ]


def _caused_overflow(failed: CallFailed, answer: str) -> bool:
    """Whether the request is too long because of the answer: then that is no better for waiting."""
    return isinstance(failed.error, ContextOverflow) and len(answer) >= LONG
