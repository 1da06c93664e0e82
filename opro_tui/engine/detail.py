"""One candidate, example by example: what was asked, answered, read and graded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.exchange import Exchange, exchange

if TYPE_CHECKING:
    from opro_tui.core.protocols import Example, Message
    from opro_tui.core.solution import Candidate
    from opro_tui.core.usage import Usage
    from opro_tui.engine.session import Session

__all__ = ["Answer", "Exchange", "answers", "exchange", "spent"]


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
    """

    example: Example | None
    messages: tuple[Message, ...]
    text: str
    parsed: str | None
    score: float
    flags: tuple[str, ...]
    from_store: bool


async def answers(session: Session, candidate: Candidate) -> tuple[Answer, ...]:
    """A candidate's answers that count, in the order of the examples."""
    found = []
    for stored in await session.hands.store.evaluations(session.record.id, candidate.id):
        event = stored.event
        if event.replicate != candidate.replicate:
            continue
        example = session.task.examples[event.example] if event.example >= 0 else None
        found.append(
            Answer(
                example=example,
                messages=session.task.messages(candidate.text, example) if example else (),
                text=stored.completions[0].text if stored.completions else candidate.text,
                parsed=event.parsed,
                score=event.score,
                flags=event.flags,
                from_store=event.from_store,
            )
        )
    return tuple(found)


async def spent(session: Session, step: int = 0) -> dict[int, Usage]:
    """What scoring each candidate cost, of the calls made since a step began.

    Args:
        session: An open session.
        step: The step; with 0, the first, every call counts.
    """
    after = next((s.started.seq for s in session.state.steps if s.number == step), 0)
    return await session.hands.store.spent(session.record.id, after if step else 0)
