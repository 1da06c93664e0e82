"""Scores on examples that nothing was chosen by: `confirm` on fresh ones, `evaluate` on a split."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.events import TRANSFER, Measured
from opro_tui.core.hashing import uniform
from opro_tui.core.protocols import Split
from opro_tui.core.statistics import score_of
from opro_tui.core.trajectory import tie_group
from opro_tui.core.usage import Usage, total
from opro_tui.engine.asking import scorer_request
from opro_tui.engine.grading import flagged, grade
from opro_tui.engine.job import CallFailed, Job
from opro_tui.engine.judging import Grading, judge_jobs
from opro_tui.engine.pool import calls_at_once
from opro_tui.engine.prefixes import Prefixes
from opro_tui.engine.run import Incomplete, Interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.protocols import Example, Grade, Model, Task
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store

CONFIRM_MOST = 200
"""Fresh examples that `confirm` takes unless it is told how many."""


def indexes(session: Session, split: str) -> tuple[int, ...]:
    """The examples of a split, in order.

    Raises:
        BadInput: There are none.
    """
    found = tuple(e.index for e in session.task.examples if e.split == split)
    if not found:
        raise BadInput(_none_of(split), where=session.name, todo=_todo(session, split))
    return found


def _none_of(split: str) -> str:
    kinds = {Split.REST: "fresh", Split.TEST: "held-out", Split.TRAIN: "training"}
    return f"there are no {kinds.get(Split(split), split)} examples"


def _todo(session: Session, split: str) -> str:
    if not session.task.examples:
        return "It computes its scores."
    if split == Split.REST:
        return "All are trained on or held out; a new session with a smaller --test has some."
    return "A new session with --test has some."


def fresh(session: Session, count: int | None) -> tuple[int, ...]:
    """Fresh examples of the training side, drawn with the session's seed.

    Raises:
        BadInput: There are none left.
    """
    seed = session.state.settings.seed
    rest = sorted(indexes(session, Split.REST), key=lambda index: uniform(seed, "confirm", index))
    return tuple(sorted(rest[: count or CONFIRM_MOST]))


def tied(state: State) -> tuple[Candidate, ...]:
    """The solutions that can't be told from the best, best first.

    Raises:
        BadInput: There is no best solution yet.
    """
    ranked, best = state.ranked(), state.best()
    if best is None:
        raise BadInput("there is no scored solution yet", todo="Run a step first.")
    ties = tie_group(ranked, best, binary=state.facts.binary, seed=state.settings.seed)
    return tuple(candidate for candidate in ranked if candidate.id in ties)


def known(state: State, candidate: int, examples: Sequence[int]) -> Measured | None:
    """The last measurement of a solution on just these examples, where it is whole."""
    for event in reversed(state.measured):
        same = event.candidate == candidate and event.examples == tuple(examples)
        if same and event.score.full and event.kind != TRANSFER:
            return event
    return None


async def borrowed(session: Session, store: Store) -> Usage:
    """What the answers and judgements that measurements took from other sessions had cost there."""
    task, settings = session.task, session.state.settings
    measured = [event for event in session.state.measured if event.kind != TRANSFER]
    if not measured:
        return Usage()
    models = await session.hands.pool.looked_at(task, settings)
    traits = await session.hands.caller.learned.of(models["scorer"])
    keys: dict[bytes, Example] = {}
    for id_, index in sorted({(event.candidate, i) for event in measured for i in event.examples}):
        candidate, example = session.state.candidates[id_], task.examples[index]
        job = _job(session, task, models["scorer"], candidate, example, "evaluate")
        keys[job.key(traits)] = example
    found = await store.find_answers(list(keys))
    answers = list(found.values())
    if task.judge is not None:
        traits = await session.hands.caller.learned.of(models["judge"])
        wanted = [
            job.key(traits)
            for key, answer in found.items()
            if flagged(answer.completions[0]) is None
            for job in judge_jobs(
                task.judge,
                settings,
                models["judge"],
                keys[key],
                answer.completions[0].text,
                purpose="evaluate",
                step=0,
            )
        ]
        answers += (await store.find_answers(list(dict.fromkeys(wanted)))).values()
    return total(each.usage for each in answers if each.session != session.record.id)


async def measure(
    session: Session, candidates: Sequence[Candidate], examples: Sequence[int], kind: str
) -> tuple[Measured, ...]:
    """Score solutions on examples; every answer is kept, and bought once.

    Args:
        session: Open for writing.
        candidates: The solutions.
        examples: The numbers of the examples.
        kind: `confirm` or `evaluate`.

    Raises:
        CallFailed: The endpoint refuses every call.
        BudgetReached: The next call could pass the budget.
        Incomplete: Answers are missing after all retries.
        Interrupted: The person asked to stop.
    """
    chosen = [session.task.examples[index] for index in examples]
    split = str(chosen[0].split)
    return await measure_on(session, candidates, session.task, chosen, kind, split)


async def measure_on(
    session: Session,
    candidates: Sequence[Candidate],
    task: Task,
    examples: Sequence[Example],
    kind: str,
    split: str,
) -> tuple[Measured, ...]:
    """Score solutions on examples of the session's task or of another.

    Args:
        session: Open for writing.
        candidates: The solutions.
        task: Whose examples they are, and whose metric grades.
        examples: The examples.
        kind: What the measurement is, as in `Measured`.
        split: What was looked at, as in `Measured`.

    Raises:
        CallFailed: The endpoint refuses every call.
        BudgetReached: The next call could pass the budget.
        Incomplete: Answers are missing after all retries.
        Interrupted: The person asked to stop.
    """
    found = []
    for candidate in candidates:
        grades = await _grades(session, task, candidate, examples, kind)
        state = session.state
        score = score_of(
            [item.score for item in grades],
            binary=task.binary,
            bounded=task.bounded,
            seed=state.settings.seed,
            unparsed=sum(item.parsed is None for item in grades),
            flagged=sum(bool(item.flags) for item in grades),
        )
        assert score is not None  # noqa: S101 - there is an example, and none is missing
        event = Measured(
            step=state.steps[-1].number if state.steps else 0,
            kind=kind,
            candidate=candidate.id,
            split=split,
            examples=tuple(example.index for example in examples),
            score=score,
        )
        await session.hands.append(event)
        found.append(session.state.measured[-1])
    return tuple(found)


async def _grades(
    session: Session, task: Task, candidate: Candidate, examples: Sequence[Example], kind: str
) -> list[Grade]:
    run, settings = session.hands, session.state.settings
    model = await run.pool.prepare("scorer", settings)
    state = session.state
    step = state.steps[-1].number if state.steps else 0
    grading = Grading(run, settings, kind, step)
    await grading.prepare()
    jobs = [_job(session, task, model, candidate, example, kind) for example in examples]
    known = await run.caller.prefetch(jobs)
    unbought = [each for each, bought in zip(examples, known, strict=True) if not bought]
    prefixes = Prefixes(run.caller, model)
    prefixes.plan(None, unbought, partial(task.messages, candidate.text), len(unbought))
    grading.expect(unbought)
    slots = asyncio.Semaphore(calls_at_once(model, settings.concurrency))

    async def one(job: Job, example: Example) -> Grade:
        async with slots:
            if run.stopping.is_set():
                raise Interrupted
            answer = await prefixes.call(None, job)
        if task is not session.task:
            return await grade(task, example, answer.completions[0])
        found = await grading.grade(example, answer.completions[0], candidate=candidate.id)
        return found.grade

    work = [one(job, example) for job, example in zip(jobs, examples, strict=True)]
    results = await asyncio.gather(*work, return_exceptions=True)
    failed = [item for item in results if isinstance(item, BaseException)]
    for error in failed:
        if not isinstance(error, CallFailed) or error.error.fatal:
            raise error
    if failed:
        missing = f"{len(failed):,} of {len(examples):,} answers of #{candidate.id} are missing"
        raise Incomplete(f"{missing}: {failed[0]}")
    return [item for item in results if not isinstance(item, BaseException)]


def _job(
    session: Session,
    task: Task,
    model: Model,
    candidate: Candidate,
    example: Example,
    kind: str,
) -> Job:
    settings = session.state.settings
    request = scorer_request(task, settings, model, candidate.text, example)
    return Job(
        model=model,
        request=request,
        role="scorer",
        purpose="evaluate" if kind == TRANSFER else kind,
        step=session.state.steps[-1].number if session.state.steps else 0,
        candidate=candidate.id,
        example=example.index if task is session.task else None,
        replicate=settings.replicate,
    )
