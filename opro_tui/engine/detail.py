"""One candidate, example by example: what was asked, answered, read and graded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.exchange import Exchange, exchange
from opro_tui.core.grades import unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.judgement import Judgement
    from opro_tui.core.protocols import Completion, Example, Message, Task
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.core.usage import Usage
    from opro_tui.engine.session import Session
    from opro_tui.store.records import StoredEvaluation

__all__ = ["Answer", "Exchange", "Judged", "answers", "exchange", "judged", "spent"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One judgement: the judge's request, its raw reply, and what was read in it."""

    messages: tuple[Message, ...]
    reply: str
    judgement: Judgement

    def to_json(self) -> dict[str, Any]:
        """As `try --json` prints it."""
        return {
            "messages": [{"role": m.role, "content": m.content} for m in self.messages],
            "reply": self.reply,
            "score": self.judgement.score,
            "reason": self.judgement.reason,
            "from_store": self.judgement.from_store,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """A candidate on one example.

    Attributes:
        example: The example; None where the score is computed on the spot.
        messages: The scorer's request.
        text: The raw answer.
        parsed: What was read in it; None when nothing could be.
        score: Its grade.
        flags: Why it may not be trusted.
        from_store: Whether it had been bought before.
        judged: What the judge said of it, each time; empty where no judge was asked.
    """

    example: Example | None
    messages: tuple[Message, ...]
    text: str
    parsed: str | None
    score: float
    flags: tuple[str, ...]
    from_store: bool
    judged: tuple[Judged, ...] = ()


def _counted(
    state: State, candidate: Candidate, stored: Sequence[StoredEvaluation]
) -> list[StoredEvaluation]:
    """The first of each example that its score, or its score so far, rests on."""
    part, score = state.partial.get(candidate.id), candidate.score
    if part is not None:
        examples = set(part.grades)
    elif score is not None and score.grades:
        known = zip(state.facts.train, unpack(score.grades), strict=False)
        examples = {index for index, grade in known if grade is not None}
    else:
        examples = {each.event.example for each in stored}
    found: dict[int, StoredEvaluation] = {}
    for each in stored:
        if each.event.replicate == candidate.replicate and each.event.example in examples:
            found.setdefault(each.event.example, each)
    return list(found.values())


async def answers(session: Session, candidate: Candidate) -> tuple[Answer, ...]:
    """A candidate's answers that count, in the order of the examples."""
    found = []
    counted = _counted(
        session.state,
        candidate,
        await session.hands.store.evaluations(session.record.id, candidate.id),
    )
    replies = await session.hands.store.completions(
        [said.call for stored in counted for said in stored.event.judgements]
    )
    for stored in counted:
        event = stored.event
        example = session.task.examples[event.example] if event.example >= 0 else None
        text = stored.completions[0].text if stored.completions else candidate.text
        found.append(
            Answer(
                example=example,
                messages=session.task.messages(candidate.text, example) if example else (),
                text=text,
                parsed=event.parsed,
                score=event.score,
                flags=event.flags,
                from_store=event.from_store,
                judged=judged(session.task, example, text, event.judgements, replies),
            )
        )
    return tuple(found)


def judged(
    task: Task,
    example: Example | None,
    answer: str,
    judgements: Sequence[Judgement],
    replies: Mapping[int, tuple[Completion, ...]],
) -> tuple[Judged, ...]:
    """Judgements of an answer with what the judge was asked and what it replied.

    Args:
        task: Whose judge it was.
        example: What was answered.
        answer: The answer.
        judgements: What was read.
        replies: The raw replies by call.
    """
    if not judgements or example is None or task.judge is None:
        return ()
    messages = task.judge.messages(example, answer)
    return tuple(
        Judged(messages, replies[said.call][0].text if said.call in replies else "", said)
        for said in judgements
    )


async def spent(session: Session, step: int = 0) -> dict[int, Usage]:
    """What scoring each candidate cost, of the calls made since a step began.

    Args:
        session: An open session.
        step: The step; with 0, the first, every call counts.
    """
    after = next((s.started.seq for s in session.state.steps if s.number == step), 0)
    return await session.hands.store.spent(session.record.id, after if step else 0)
