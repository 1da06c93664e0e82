"""Stored answers graded again by another metric: no call, nothing stored, in bounded memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING

from opro_tui.core import regrade as rules
from opro_tui.core.errors import BadInput, OproError
from opro_tui.core.events import TRANSFER
from opro_tui.core.grades import unpack
from opro_tui.core.protocols import Grade
from opro_tui.engine.consent import check_consent, task_of
from opro_tui.engine.grading import flagged, grade
from opro_tui.engine.offload import offload
from opro_tui.tasks.metrics import JUDGE, make_metric, needs_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opro_tui.core.protocols import Completion, Example
    from opro_tui.core.regrade import Regrading
    from opro_tui.core.solution import Candidate, Score
    from opro_tui.core.state import State
    from opro_tui.engine.grading import Grader
    from opro_tui.engine.session import Session
    from opro_tui.store.records import StoredEvaluation

    Watch = Callable[[int, int], None]

BATCH = 200
"""Answers that are graded between two looks at whether to go on."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer under both graders.

    Attributes:
        example: What was asked.
        text: The answer.
        old: Its grade as it is.
        new: Its grade by the other metric.
    """

    example: Example
    text: str
    old: Grade
    new: Grade


def own_metric(session: Session) -> str | None:
    """The metric that a session's answers were graded by; None where its task has none."""
    metric = session.task.describe().get("metric")
    return str(metric) if metric else None


async def grader_of(session: Session, metric: str | None = None) -> Grader:
    """What grades by a metric.

    Args:
        session: Open, read-only or not.
        metric: As `--metric` takes it; None for the session's own.

    Raises:
        BadInput: The task computes its scores, or there is no such metric, or it can't grade the
            task's targets.
        CodeMissing: The session's own code can't be had, or nobody has agreed to run it.
    """
    task, own = session.task, own_metric(session)
    if not task.examples:
        raise BadInput(
            f"{task.name} computes its scores: there are no answers to grade again",
            where=session.name,
        )
    if metric is None or metric == own:
        await check_consent(session.hands.store, session.record)
        if own is None:
            return await task_of(session.hands.store, session.record)
    train = [task.examples[index] for index in session.state.facts.train]
    name = (own or "") if metric is None else metric
    if name == JUDGE:
        raise BadInput(
            "the judge would be asked again, which is not free",
            where="--metric",
            todo="Looking back grades with the metrics that need no model; `opro-tui fork` with"
            " --judge or --rubric has the stored answers judged anew, and says the price first.",
        )
    return await offload(partial(_made, name, tuple(task.examples), train), None)


def _made(name: str, examples: Sequence[Example], train: Sequence[Example]) -> Grader:
    found = make_metric(name)
    found.prepare(examples)
    for example in train:
        problem = found.problem(example.target)
        if not example.target and needs_target(name):
            problem = "is empty"
        if problem:
            raise BadInput(
                f"the target {example.target[:60]!r} {problem}",
                where=f"--metric {name}, example {example.index}",
                todo="Choose another metric.",
            )
    return found


async def regrade(
    session: Session, metric: str | None = None, *, watch: Watch | None = None
) -> Regrading:
    """Grade a session's stored answers again, one candidate after the other.

    Args:
        session: Open, read-only or not; nothing of it changes.
        metric: As `--metric` takes it; None for the session's own.
        watch: Is told how many answers are graded, of how many.

    Raises:
        BadInput: That metric can't grade these answers.
        OproError: The user's metric failed on one.
    """
    state = session.state
    grader = await grader_of(session, metric)
    wanted = [candidate for candidate in state.ranked() if _has_answers(candidate)]
    total = sum(candidate.score.n for candidate in wanted if candidate.score)
    done, scores = 0, {}
    for candidate in wanted:
        assert candidate.score is not None  # noqa: S101 - what ranks is scored
        counted = partial(_count, watch, done, total)
        found = await _verdicts(session, state, candidate, grader, counted)
        done += candidate.score.n
        if found:
            scores[candidate.id] = await asyncio.to_thread(
                rules.score_again,
                candidate.score,
                state.facts.train,
                {verdict.example.index: verdict.new for verdict in found},
                binary=grader.binary,
                seed=state.settings.seed,
            )
        _count(watch, 0, total, done)
    return await asyncio.to_thread(rules.compare, state, scores, binary=grader.binary)


def _count(watch: Watch | None, before: int, total: int, done: int) -> None:
    if watch is not None:
        watch(min(before + done, total), total)


def _has_answers(candidate: Candidate) -> bool:
    return candidate.score is not None and bool(candidate.score.grades and candidate.score.of)


async def verdicts(
    session: Session, candidate: int, metric: str | None = None
) -> tuple[Verdict, ...]:
    """One candidate's answers under both graders, in the order of the examples.

    Raises:
        BadInput: There is no such solution, or the metric can't grade these answers.
        OproError: The user's metric failed on one.
    """
    found = session.state.candidates.get(candidate)
    if found is None or found.score is None:
        last = session.state.next_candidate - 1
        todo = f"Ids go from 1 to {last}." if last else "There are no solutions yet."
        raise BadInput(f"there is no scored solution #{candidate}", where="--solution", todo=todo)
    grader = await grader_of(session, metric)
    if not _has_answers(found):
        return ()
    return tuple(await _verdicts(session, session.state, found, grader))


async def _verdicts(
    session: Session,
    state: State,
    candidate: Candidate,
    grader: Grader,
    watch: Callable[[int], None] | None = None,
) -> list[Verdict]:
    stored = await session.hands.store.evaluations(session.record.id, candidate.id)
    assert candidate.score is not None  # noqa: S101 - checked before
    chosen = _scored_on(stored, candidate, candidate.score, state)
    done: list[Verdict] = []
    for start in range(0, len(chosen), BATCH):
        done += await _graded(session, chosen[start : start + BATCH], grader)
        if watch is not None:
            watch(len(done))
        await asyncio.sleep(0)
    return done


def _scored_on(
    stored: Sequence[StoredEvaluation], candidate: Candidate, score: Score, state: State
) -> list[StoredEvaluation]:
    """The evaluations that a score was made of, in the order of the examples; [] if they are gone.

    While a solution waits to be scored again, its score rests on an earlier replicate.
    """
    known = dict(zip(state.facts.train, unpack(score.grades), strict=False))
    wanted = {index: value for index, value in known.items() if value is not None}
    for replicate in range(candidate.replicate, -1, -1):
        found: dict[int, StoredEvaluation] = {}
        for item in stored:
            if item.event.replicate == replicate and item.event.example in wanted:
                found.setdefault(item.event.example, item)
        if {index: item.event.score for index, item in found.items()} == wanted:
            return [found[index] for index in state.facts.train if index in found]
    return []


async def _graded(
    session: Session, batch: Sequence[StoredEvaluation], grader: Grader
) -> list[Verdict]:
    """Grade some answers off the event loop: a user's code one by one, each with its time-out."""
    examples = session.task.examples

    def all_now() -> list[Verdict]:
        return [_verdict(item, examples, grade_now(grader, examples, item)) for item in batch]

    if grader.trusted:
        return await asyncio.to_thread(all_now)
    if str(getattr(grader, "name", "")).startswith("regex:"):
        # A pattern gives up by itself after a quarter of a second an answer.
        return await offload(all_now, seconds=len(batch))
    found = []
    for item in batch:
        completion = _whole(item)
        new = _kept(item)
        if completion is not None:
            new = await grade(grader, examples[item.event.example], completion)
        found.append(_verdict(item, examples, new))
    return found


def grade_now(grader: Grader, examples: Sequence[Example], item: StoredEvaluation) -> Grade:
    """The new grade of a stored answer, by a grader that ends by itself."""
    completion = _whole(item)
    if completion is None:
        return _kept(item)
    return flagged(completion) or grader.grade(examples[item.event.example], completion.text)


def _whole(item: StoredEvaluation) -> Completion | None:
    """The answer that was graded; None where there was none, so that the old rule stands."""
    return item.completions[0] if item.completions else None


def _kept(item: StoredEvaluation) -> Grade:
    return Grade(item.event.score, item.event.parsed, item.event.flags)


def _verdict(item: StoredEvaluation, examples: Sequence[Example], new: Grade) -> Verdict:
    completion = _whole(item)
    text = "" if completion is None else completion.text
    return Verdict(examples[item.event.example], text, _kept(item), new)


def differing(found: Sequence[Verdict]) -> Iterator[Verdict]:
    """Those whose score is another now."""
    return (verdict for verdict in found if verdict.old.score != verdict.new.score)


def check_metric(name: str) -> str | None:
    """What is wrong with a metric's name, for forms; a user's function is not imported for it."""
    if name.startswith("python:"):
        parts = name.split(":")
        good = len(parts) == 3 and all(p.isidentifier() for p in (*parts[1].split("."), parts[2]))
        return None if good else "Write python:module:function."
    if name == JUDGE:
        return "The judge would be asked again, which is not free."
    try:
        make_metric(name)
    except OproError as error:
        return str(error)
    return None


def fork_command(session: Session, metric: str | None, new: str) -> str:
    """The command that goes on with a metric in a session of its own; empty where there is none.

    Args:
        session: The session that was graded again.
        metric: The other metric.
        new: A free name.
    """
    finished = [step.number for step in session.state.steps if step.finished_seq]
    if metric is None or metric == own_metric(session) or not finished:
        return ""
    return (
        f"opro-tui fork {quote(session.name)} --at {finished[-1]} --as {quote(new)}"
        f" --metric {quote(metric)}"
    )


def changes(found: Regrading) -> str:
    """How many answers score otherwise, in words."""
    count = found.up + found.down
    if not count:
        return "every answer gets the grade it had"
    words = ("wrong → right", "right → wrong") if found.verdicts else ("score more", "score less")
    answers = "1 answer" if count == 1 else f"{count:,} answers"
    moved = "1 solution" if found.moved == 1 else f"{found.moved:,} solutions"
    parts = f"{found.up:,} {words[0]}, {found.down:,} {words[1]}"
    return f"{answers} graded otherwise: {parts}; {moved} would rank elsewhere"


def untouched(found: Regrading, old: str | None, new: str | None) -> str:
    """That figures from `confirm` and `evaluate` keep their metric, in words; empty without any.

    Grading them again would be one more look at examples whose looks are counted.
    """
    count = sum(event.kind != TRANSFER for event in found.state.measured)
    if not count or old == new:
        return ""
    figures = "1 figure" if count == 1 else f"{count:,} figures"
    keep = "keeps" if count == 1 else "keep"
    return (
        f"{figures} from confirm and evaluate {keep} {old or 'their grading'}: a fork under"
        f" {new or 'the other metric'} measures anew"
    )
