"""From an event to its row: it fills one row, or one write-once group of columns."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import asdict, fields, replace
from functools import singledispatch

from opro_tui.core.errors import StoreError
from opro_tui.core.events import (
    CallFinished,
    CandidateRejected,
    CandidateSampled,
    CandidateScored,
    Continued,
    CritiqueWritten,
    EditMade,
    Evaluation,
    Event,
    Measured,
    Outcome,
    PromptBuilt,
    SamplingFinished,
    StepFinished,
    StepStarted,
    Stopped,
    Warned,
)
from opro_tui.store.texts import dump, encode, encode_optional, insert, intern_text

OUTCOMES = {Outcome.ANSWERED: 0, Outcome.FAILED: 1, Outcome.UNKNOWN: 2}
"""The numbers of the table `outcomes`."""


@singledispatch
def write(event: Event, db: sqlite3.Connection, session: int) -> Event:  # noqa: ARG001
    """Store an event that has its `seq` and `at`.

    Returns:
        The event as it will be read.

    Raises:
        StoreError: What it fills is filled already, or the row that it belongs to is missing.
    """
    raise TypeError(f"no row for {type(event).__name__}")


@write.register
def _(event: StepStarted, db: sqlite3.Connection, session: int) -> Event:
    insert(
        db,
        "steps",
        session=session,
        number=event.step,
        started_seq=event.seq,
        started_at=event.at,
        settings=intern_text(db, dump(event.settings.to_json())),
        template=intern_text(db, dump(event.template.to_json())),
        forecast=dump(event.forecast.stored()),
    )
    return event


@write.register
def _(event: PromptBuilt, db: sqlite3.Connection, session: int) -> Event:
    regions = [[part.start, part.end, part.kind, part.id] for part in event.regions]
    cursor = db.execute(
        "UPDATE steps SET prompt_seq = ?, prompt_at = ?, tokens = ?, temperature = ?,"
        " proposals = ?, regions = ?, prompt = ?"
        " WHERE session = ? AND number = ? AND prompt_seq IS NULL",
        (
            event.seq,
            event.at,
            event.tokens,
            event.temperature,
            event.proposals,
            dump(regions),
            encode(event.text),
            session,
            event.step,
        ),
    )
    _filled(cursor, f"step {event.step} has no place for a meta-prompt")
    return event


@write.register
def _(event: CritiqueWritten, db: sqlite3.Connection, session: int) -> Event:
    insert(
        db,
        "critiques",
        session=session,
        seq=event.seq,
        step=event.step,
        at=event.at,
        call=event.call,
        text=encode(event.text),
    )
    return event


@write.register
def _(event: SamplingFinished, db: sqlite3.Connection, session: int) -> Event:
    cursor = db.execute(
        "UPDATE steps SET sampled_seq = ?, sampled_at = ?"
        " WHERE session = ? AND number = ? AND sampled_seq IS NULL",
        (event.seq, event.at, session, event.step),
    )
    _filled(cursor, f"step {event.step} cannot finish sampling")
    return event


@write.register
def _(event: StepFinished, db: sqlite3.Connection, session: int) -> Event:
    usage = [[step, role, asdict(used)] for step, role, used in event.usage]
    cursor = db.execute(
        "UPDATE steps SET finished_seq = ?, finished_at = ?, usage = ?"
        " WHERE session = ? AND number = ? AND finished_seq IS NULL",
        (event.seq, event.at, dump(usage), session, event.step),
    )
    _filled(cursor, f"step {event.step} cannot finish")
    return event


@write.register
def _(event: CandidateSampled, db: sqlite3.Connection, session: int) -> Event:
    insert(
        db,
        "candidates",
        session=session,
        id=event.id,
        seq=event.seq,
        step=event.step,
        at=event.at,
        origin=str(event.origin),
        draw=event.draw,
        text=encode(event.text),
        raw=encode(event.raw) if event.raw else None,
    )
    return event


@write.register
def _(event: CandidateRejected, db: sqlite3.Connection, session: int) -> Event:
    cursor = db.execute(
        "UPDATE candidates SET rejected_seq = ?, rejected_step = ?, rejected_at = ?, reason = ?,"
        " duplicate_of = ? WHERE session = ? AND id = ? AND rejected_seq IS NULL",
        (
            event.seq,
            event.step,
            event.at,
            encode(event.reason),
            event.duplicate_of,
            session,
            event.id,
        ),
    )
    _filled(cursor, f"candidate {event.id} cannot be rejected")
    return event


@write.register
def _(event: CandidateScored, db: sqlite3.Connection, session: int) -> Event:
    score = event.score
    insert(
        db,
        "scores",
        session=session,
        seq=event.seq,
        step=event.step,
        at=event.at,
        candidate=event.candidate,
        behind=event.behind,
        **{field.name: getattr(score, field.name) for field in fields(score)},
    )
    return event


@write.register
def _(event: Measured, db: sqlite3.Connection, session: int) -> Event:
    insert(
        db,
        "measurements",
        session=session,
        seq=event.seq,
        step=event.step,
        at=event.at,
        kind=event.kind,
        candidate=event.candidate,
        split=event.split,
        examples=intern_text(db, dump(event.examples)),
        **{field.name: getattr(event.score, field.name) for field in fields(event.score)},
    )
    return event


@write.register
def _(event: Evaluation, db: sqlite3.Connection, session: int) -> Event:
    insert(
        db,
        "evaluations",
        session=session,
        seq=event.seq,
        step=event.step,
        at=event.at,
        candidate=event.candidate,
        example=event.example,
        score=event.score,
        replicate=event.replicate,
        call=event.call,
        from_store=event.from_store,
        flags=encode(",".join(event.flags)) if event.flags else None,
        parsed=encode_optional(event.parsed),
    )
    for position, judgement in enumerate(event.judgements):
        insert(
            db,
            "judgements",
            session=session,
            seq=event.seq,
            position=position,
            call=judgement.call,
            score=judgement.score,
            from_store=judgement.from_store,
            reason=encode(judgement.reason),
        )
    return event


@write.register
def _(event: CallFinished, db: sqlite3.Connection, session: int) -> Event:
    used = event.usage
    counted = [used.calls, used.from_store, used.failed, used.unknown]
    rows = db.execute(
        "UPDATE calls SET seq = ?, at = ?, step = ?, candidate = ?, estimate = ?, outcome = ?,"
        " attempts = ?, milliseconds = ?, input_tokens = ?, cached_tokens = ?, output_tokens = ?,"
        " reasoning_tokens = ?, cost_pico = ?, cache_write_tokens = ?, cache_saved_pico = ?,"
        " counted = ?, error = ?"
        " WHERE id = ? AND session = ? AND seq IS NULL"
        " RETURNING (SELECT role FROM routes WHERE id = route),"
        " (SELECT purpose FROM routes WHERE id = route)",
        (
            event.seq,
            event.at,
            event.step,
            event.candidate,
            event.estimate,
            OUTCOMES[event.outcome],
            event.attempts,
            event.milliseconds,
            used.input_tokens,
            used.cached_tokens,
            used.output_tokens,
            used.reasoning_tokens,
            used.cost_pico,
            used.cache_write_tokens or None,
            used.cache_saved_pico if used.used_cache else None,
            None if counted == counts_of(event.outcome) else dump(counted),
            encode(event.error) if event.error else None,
            event.call,
            session,
        ),
    ).fetchall()
    if len(rows) != 1:
        raise StoreError(f"call {event.call} has an outcome already, or isn't of this session")
    return replace(event, role=rows[0][0], purpose=rows[0][1])


@write.register
def _(event: EditMade, db: sqlite3.Connection, session: int) -> Event:
    insert(
        db,
        "edits",
        session=session,
        seq=event.seq,
        step=event.step,
        at=event.at,
        kind=event.kind,
        before=dump(event.before),
        after=dump(event.after),
        note=encode(event.note),
    )
    return event


@write.register
def _(event: Warned, db: sqlite3.Connection, session: int) -> Event:
    return _notice(event, db, session)


@write.register
def _(event: Stopped, db: sqlite3.Connection, session: int) -> Event:
    return _notice(event, db, session)


@write.register
def _(event: Continued, db: sqlite3.Connection, session: int) -> Event:
    insert(
        db,
        "continuations",
        session=session,
        seq=event.seq,
        step=event.step,
        at=event.at,
        versions=dump(dict(event.versions)),
        sources=dump(dict(event.sources)),
    )
    return event


def _notice(event: Warned | Stopped, db: sqlite3.Connection, session: int) -> Event:
    insert(
        db,
        "notices",
        session=session,
        seq=event.seq,
        step=event.step,
        at=event.at,
        kind=event.type,
        code=encode(event.code),
        message=encode(event.message),
    )
    return event


def counts_of(outcome: Outcome) -> list[int]:
    """Usage's calls, from_store, failed and unknown of one call with that outcome."""
    return [
        int(outcome is Outcome.ANSWERED),
        0,
        int(outcome is Outcome.FAILED),
        int(outcome is Outcome.UNKNOWN),
    ]


def real(value: float | None) -> float:
    """A score from its column; SQLite keeps what is not a number as NULL."""
    return math.nan if value is None else value


def _filled(cursor: sqlite3.Cursor, what: str) -> None:
    if cursor.rowcount != 1:
        raise StoreError(f"{what}: that is stored already, or was never started")
