"""Scoring: every waiting candidate on every training example, side by side."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from opro_tui.core.errors import ContextOverflow, OproError
from opro_tui.core.events import CandidateScored, Evaluation, Event
from opro_tui.core.protocols import Grade
from opro_tui.core.solution import Score
from opro_tui.engine.asking import scorer_request
from opro_tui.engine.batching import Batching
from opro_tui.engine.grading import compute, grade
from opro_tui.engine.job import CallFailed, Job
from opro_tui.engine.judging import Graded, Grading
from opro_tui.engine.pool import calls_at_once
from opro_tui.engine.prefixes import Prefixes
from opro_tui.engine.racing import Race
from opro_tui.engine.run import Incomplete, Interrupted, Run
from opro_tui.engine.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from opro_tui.core.protocols import Example, Model
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State, Step
    from opro_tui.engine.job import Answered
    from opro_tui.engine.slots import Slot
    from opro_tui.engine.under_way import Then

LONG = 1000
"""Characters from which a candidate can be blamed for a request that is too long."""
PATIENCE = 8
"""Calls failing one after the other, with none answered between, that end a step's scoring."""


async def evaluate(run: Run, step: Step, ids: Collection[int] | None = None) -> None:
    """Score waiting candidates; each gets its score as soon as its last answer is in.

    Args:
        run: The session's hands.
        step: The step whose candidates are scored, and that the costs belong to.
        ids: These candidates instead of the step's.

    Raises:
        CallFailed: The endpoint refuses every call.
        BudgetReached: The next call could pass the budget.
        Incomplete: Evaluations are missing after all retries.
        Interrupted: The person asked to stop.
    """
    waiting = [
        candidate
        for candidate in run.state.waiting()
        if (candidate.step <= step.number if ids is None else candidate.id in ids)
    ]
    if not run.task.examples:
        for candidate in waiting:
            if run.stopping.is_set():
                raise Interrupted
            if run.state.candidates[candidate.id].waiting:
                await _compute(run, step, candidate)
        return
    model = await run.pool.get("scorer", run.state.settings)
    await _Scoring(run, step, waiting, model).go()


async def _compute(run: Run, step: Step, candidate: Candidate) -> None:
    result = await compute(run.task, candidate.text)
    score = Score(result.score, 1, 1, 0.0, result.score, result.score)
    evaluation = Evaluation(
        step=step.number,
        candidate=candidate.id,
        example=-1,
        score=result.score,
        parsed=result.parsed if result.parsed is not None else candidate.text,
        flags=result.flags,
    )
    scored = CandidateScored(step=step.number, candidate=candidate.id, score=score)
    await run.append(evaluation, scored)


class _Scoring:
    """The scoring of one step's candidates by a scorer LLM."""

    def __init__(self, run: Run, step: Step, waiting: list[Candidate], model: Model) -> None:
        self.run = run
        self.step = step.number
        self.waiting = waiting
        self.settings = run.state.settings
        self.model = model
        self.prefixes = Prefixes(run.caller, self.model)
        self.grading = Grading(run, self.settings, "judge", self.step)
        racing = self.settings.scoring == "racing"
        self.race = Race(run.state, self.step) if racing else None
        self.failures: list[CallFailed] = []
        self.failed_in_a_row = 0
        self.scored: set[int] = set()
        self.stop: BaseException | None = None
        self.slots = Slots(calls_at_once(self.model, self.settings.concurrency))
        # A race looks at each result before it buys another, a judge's call follows its answer, and
        # no endpoint waits for simulated calls, whose order is better the same each time.
        judged, simulated = self.grading.judge is not None, self.model.simulated
        self.early = not (self.race is not None or judged or simulated)

    async def go(self) -> None:
        """Work through all that is missing with as many calls in flight as there may be."""
        await self.grading.prepare()
        todo = list(self.missing())
        known = await self.run.caller.prefetch(self.job(*pair) for pair in todo)
        self._plan([pair for pair, bought in zip(todo, known, strict=True) if not bought])
        for candidate in self.waiting:
            await self._settle(candidate)
        batching = Batching(self)
        # What is at the provider comes first, whatever the setting is now.
        await batching.take_up()
        if self.settings.scoring == "batch":
            await batching.buy()
        else:
            await self.work(list(self.missing()))
        if self.stop is not None:
            raise self.stop
        if self.failures and next(self.missing(), None) is not None:
            raise Incomplete(self._what_is_missing())

    async def work(self, pairs: Sequence[tuple[Candidate, Example]]) -> None:
        """Have pairs scored, with as many calls in flight as there may be."""
        todo = list(pairs)
        queue = iter(todo)
        # As many again wait for a slot, to send the moment that an answer has come.
        count = min(self.slots.count * (2 if self.early else 1), len(todo))
        workers = [asyncio.create_task(self._work(queue)) for _ in range(count)]
        try:
            await asyncio.gather(*workers)
        except BaseException:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            raise

    def _plan(self, unbought: list[tuple[Candidate, Example]]) -> None:
        """Have what a candidate's requests share cached, where that pays."""
        self.grading.expect([example for _, example in unbought])
        if not self.model.offers_cache:
            return
        for candidate in self.waiting:
            own = [example for each, example in unbought if each.id == candidate.id]
            messages = partial(self.run.task.messages, candidate.text)
            self.prefixes.plan(candidate.id, own, messages, len(own))

    def missing(self) -> Iterator[tuple[Candidate, Example]]:
        """Example by example over all candidates, so that each shows results early."""
        state = self.run.state
        done = {c.id: state.partial[c.id].grades for c in self.waiting if c.id in state.partial}
        order = state.facts.train if self.race is None else self.race.order
        for index in order:
            for candidate in self.waiting:
                if not state.candidates[candidate.id].waiting:
                    continue
                if index not in done.get(candidate.id, {}):
                    yield candidate, self.run.task.examples[index]

    def job(self, candidate: Candidate, example: Example) -> Job:
        """The call that answers an example with a candidate inserted."""
        settings = self.settings
        return Job(
            model=self.model,
            request=scorer_request(self.run.task, settings, self.model, candidate.text, example),
            role="scorer",
            purpose="score",
            step=self.step,
            candidate=candidate.id,
            example=example.index,
            replicate=settings.replicate + candidate.replicate,
            slow=not self.run.task.trusted,
        )

    async def _work(self, queue: Iterator[tuple[Candidate, Example]]) -> None:
        for candidate, example in queue:
            slot = await self.slots.enter()
            try:
                if self.run.stopping.is_set():
                    self.stop = self.stop or Interrupted()
                if self.stop is not None:
                    return
                if self.run.state.candidates[candidate.id].waiting:
                    await self._one(candidate, example, slot)
            except CallFailed as failed:
                self._note_failure(failed)
            except (OproError, Interrupted) as error:
                self.stop = self.stop or error
            finally:
                slot.leave()

    def then(self, candidate: Candidate, example: Example) -> Then | None:
        """Makes an answer's evaluation; None where a judge does."""
        if self.grading.judge is not None:
            return None

        async def graded(answer: Answered) -> list[Event]:
            if not self.run.state.candidates[candidate.id].waiting:
                return []  # its scoring ended meanwhile; the answer is kept
            result = await grade(self.run.task, example, answer.completions[0])
            return self._events(candidate, example, Graded(result), answer)

        return graded

    async def _one(self, candidate: Candidate, example: Example, slot: Slot) -> None:
        try:
            answer = await self.prefixes.call(
                candidate.id,
                self.job(candidate, example),
                self.then(candidate, example),
                slot if self.early else None,
            )
        except CallFailed as failed:
            if not await self._graded_overflow(failed, candidate, example):
                raise
        else:
            if self.grading.judge is not None:
                await self._judge(candidate, example, answer)
        self.failed_in_a_row = 0
        await self._settle(candidate)

    async def took(self, candidate: Candidate, example: Example, answer: Answered) -> None:
        """Go on with a batch's answer that is stored: have it judged, end the scoring."""
        if self.grading.judge is not None and self.stop is None:
            await self._judge(candidate, example, answer)
        await self._settle(candidate)

    async def lost(self, candidate: Candidate, example: Example, failed: CallFailed) -> None:
        """Note that a batch brought no answer; one that the candidate is to blame for counts 0."""
        if await self._graded_overflow(failed, candidate, example):
            await self._settle(candidate)
            return
        self.failures.append(failed)
        if failed.error.fatal:
            self.stop = self.stop or failed

    async def _judge(self, candidate: Candidate, example: Example, answer: Answered) -> None:
        """Have an answer judged that is stored by now, so that it is never bought again."""
        if not self.run.state.candidates[candidate.id].waiting:
            return  # a person ended its scoring meanwhile
        result = await self.grading.grade(
            example,
            answer.completions[0],
            candidate=candidate.id,
            replicate=candidate.replicate,
        )
        await self.run.append(*self._events(candidate, example, result, answer))

    def _events(
        self, candidate: Candidate, example: Example, graded: Graded, answer: Answered | None
    ) -> list[Event]:
        result = graded.grade
        return [
            Evaluation(
                step=self.step,
                candidate=candidate.id,
                example=example.index,
                score=result.score,
                replicate=candidate.replicate,
                parsed=result.parsed,
                flags=result.flags,
                call=answer.call if answer else None,
                from_store=answer.from_store if answer else False,
                judgements=graded.judgements,
            )
        ]

    async def _graded_overflow(
        self, failed: CallFailed, candidate: Candidate, example: Example
    ) -> bool:
        """Grade an overflow that the candidate caused; whether it was one."""
        if not self._caused_overflow(failed, candidate, example):
            return False
        result = Graded(Grade(0.0, None, ("context_overflow",)))
        await self.run.append(*self._events(candidate, example, result, None))
        return True

    def _caused_overflow(self, failed: CallFailed, candidate: Candidate, example: Example) -> bool:
        """Whether the request is too long because of the candidate rather than the example."""
        if not isinstance(failed.error, ContextOverflow):
            return False
        messages = self.run.task.messages(candidate.text, example)
        size = sum(len(message.content) for message in messages)
        return len(candidate.text) >= LONG and 2 * len(candidate.text) >= size

    async def _settle(self, candidate: Candidate) -> None:
        """Give a candidate its score once its last evaluation is in, or the race is lost."""
        state = self.run.state
        if self.race is not None and candidate.id not in self.scored:
            lost = self.race.look(state, candidate.id)
            if lost is not None:
                self.scored.add(candidate.id)
                await self.run.append(lost)
                return
        part = state.partial.get(candidate.id)
        if part is None or len(part.grades) < len(state.facts.train):
            return
        if candidate.id in self.scored or not state.candidates[candidate.id].waiting:
            return
        self.scored.add(candidate.id)
        score = state.partial_score(candidate.id)
        if score is not None:
            await self.run.append(
                CandidateScored(step=self.step, candidate=candidate.id, score=score)
            )

    def _note_failure(self, failed: CallFailed) -> None:
        self.failures.append(failed)
        self.failed_in_a_row += 1
        if failed.error.fatal:
            self.stop = self.stop or failed
        elif self.failed_in_a_row >= max(PATIENCE, self.settings.concurrency):
            self.stop = self.stop or Incomplete(self._what_is_missing())

    def _what_is_missing(self) -> str:
        state: State = self.run.state
        train = len(state.facts.train)
        missing = {}
        for candidate in self.waiting:
            if state.candidates[candidate.id].waiting:
                part = state.partial.get(candidate.id)
                missing[candidate.id] = train - (len(part.grades) if part else 0)
        count = sum(missing.values())
        shown = ", ".join(f"#{id_}" for id_ in list(missing)[:5]) + (
            " …" if len(missing) > 5 else ""
        )
        noun = "evaluation of {} is" if count == 1 else "evaluations of {} are"
        last = self.failures[-1].error
        rest = "" if last.retryable else " (a candidate can be left partial: `edit --halt ID`)"
        return f"{count:,} {noun.format(shown)} missing: {last}{rest}"
