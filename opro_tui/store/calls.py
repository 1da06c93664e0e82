"""Calls: the row before sending, its one outcome, and the answers that were bought before."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import StoreError
from opro_tui.core.money_report import Effort
from opro_tui.core.protocols import Completion, Finish
from opro_tui.core.usage import Usage
from opro_tui.store.records import (
    Account,
    Elsewhere,
    LostCall,
    OpenCall,
    StoredAnswer,
    StoredEvaluation,
)
from opro_tui.store.rows import OUTCOMES, write
from opro_tui.store.texts import SqlText, chunks, decode, dump, encode, insert, load
from opro_tui.store.timeline import FOREVER, evaluations_of, spans, step_bounds
from opro_tui.store.usages import SUMS, UNKNOWN, summed, usage_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from opro_tui.core.events import CallFinished, Event
    from opro_tui.store.records import CallAnswer, CallIntent

_LOOKS = ("confirm", "evaluate", "try")
"""Purposes of calls that no step forecasts."""
_BY_NUMBER = {number: outcome for outcome, number in OUTCOMES.items()}
_ANSWER = (
    "calls.id, session, outcome, input_tokens, cached_tokens, output_tokens, reasoning_tokens,"
    " cost_pico, cache_write_tokens, cache_saved_pico, counted, candidate, example, request_id,"
    ' answers.finish, answers.text, calls."key"'
)


def now() -> int:
    """The time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def append(db: sqlite3.Connection, session: int, events: Sequence[Event]) -> list[Event]:
    """Give events their places and store them."""
    if not events:
        return []
    at = now()
    rows = db.execute(
        "UPDATE sessions SET last_seq = last_seq + ?, updated = max(updated, ?)"
        " WHERE id = ? AND deleted IS NULL RETURNING last_seq",
        (len(events), at, session),
    ).fetchall()
    if not rows:
        raise StoreError(f"session {session} is not there any more; nothing was stored")
    first = rows[0][0] - len(events) + 1
    return [
        write(replace(event, seq=first + place, at=at), db, session)
        for place, event in enumerate(events)
    ]


def begin(db: sqlite3.Connection, session: int, intent: CallIntent) -> int:
    """Store a call that is about to be sent; returns its id."""
    return insert(
        db,
        "calls",
        session=session,
        step=intent.step,
        route=_route(db, intent),
        candidate=intent.candidate,
        example=intent.example,
        replicate=intent.replicate,
        draw=intent.draw,
        estimate=intent.estimate,
        started=now(),
        key=intent.key,
    )


def withdraw(db: sqlite3.Connection, session: int, key: bytes) -> None:
    """Forget a call that was never sent."""
    db.execute(
        'DELETE FROM calls WHERE session = ? AND "key" = ? AND seq IS NULL AND batch IS NULL',
        (session, key),
    )


_ANYBODYS = (
    'SELECT 1 WHERE EXISTS (SELECT 1 FROM calls WHERE "key" = ? AND outcome = 0)'
    ' OR EXISTS (SELECT 1 FROM calls WHERE "key" = ? AND outcome IS NULL AND session <> ?)'
)


def begin_unless_bought(
    db: sqlite3.Connection, session: int, intent: CallIntent, *, anyway: bool
) -> int | StoredAnswer | Elsewhere:
    """Store a shared call, unless its answer is there or on its way in another session.

    One that is in another session's batch may take a day, and is not waited for.
    """
    if db.execute(_ANYBODYS, (intent.key, intent.key, session)).fetchone() is None:
        return begin(db, session, intent)
    answer = find_answers(db, [intent.key]).get(intent.key)
    if answer is not None:
        return answer
    row = db.execute(
        'SELECT session FROM calls WHERE "key" = ? AND outcome IS NULL AND session <> ?'
        " AND batch IS NULL",
        (intent.key, session),
    ).fetchone()
    return begin(db, session, intent) if row is None or anyway else Elsewhere(row[0])


def _route(db: sqlite3.Connection, intent: CallIntent) -> int:
    values = {
        "role": intent.role,
        "purpose": intent.purpose,
        "model": encode(intent.model),
        "endpoint": encode(intent.endpoint),
        "parameters": dump(intent.parameters),
    }
    row = db.execute(
        "SELECT id FROM routes WHERE role = ? AND purpose = ? AND model = ? AND endpoint = ?"
        " AND parameters = ?",
        tuple(values.values()),
    ).fetchone()
    return insert(db, "routes", **values) if row is None else int(row[0])


def finish(
    db: sqlite3.Connection,
    session: int,
    event: CallFinished,
    answer: CallAnswer | None,
    then: Sequence[Event],
) -> list[Event]:
    """Store a call's outcome and what follows from it."""
    stored = append(db, session, [event, *then])
    if answer is not None:
        write_answer(db, event.call, answer)
    return stored


def write_answer(db: sqlite3.Connection, call: int, answer: CallAnswer) -> None:
    """Store what a call brought back."""
    for position, completion in enumerate(answer.completions):
        row = {
            "call": call,
            "finish": None if completion.finish is Finish.STOP else str(completion.finish),
            "text": encode(completion.text),
        }
        if position:
            insert(db, "choices", position=position, **row)
        else:
            request_id = encode(answer.request_id) if answer.request_id else None
            insert(db, "answers", request_id=request_id, **row)


def find_answers(db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, StoredAnswer]:
    """The earliest answer (by the millisecond, then by id) to each key that has one."""
    found: dict[bytes, StoredAnswer] = {}
    for marks, chunk in chunks(list(dict.fromkeys(keys))):
        for row in db.execute(
            f"SELECT {_ANSWER} FROM calls JOIN answers ON answers.call = calls.id"  # noqa: S608
            f' WHERE outcome = 0 AND calls."key" IN ({marks}) ORDER BY at, calls.id',
            chunk,
        ).fetchall():
            if row[-1] not in found:
                found[row[-1]] = _answer(db, row)
    return found


def answer_of(db: sqlite3.Connection, call: int) -> StoredAnswer:
    """The answer of one call."""
    row = db.execute(
        f"SELECT {_ANSWER} FROM calls JOIN answers ON answers.call = calls.id"  # noqa: S608
        " WHERE calls.id = ?",
        (call,),
    ).fetchone()
    if row is None:
        raise StoreError(f"call {call} has no stored answer")
    return _answer(db, row)


def _answer(db: sqlite3.Connection, row: Any) -> StoredAnswer:  # noqa: ANN401 - a row of _ANSWER
    outcome = _BY_NUMBER[row[2]]
    return StoredAnswer(
        call=row[0],
        session=row[1],
        completions=(completion_of(row[14], row[15]), *_choices(db, row[0])),
        usage=usage_of(outcome, row[3:10], row[10]),
        candidate=row[11],
        example=row[12],
        request_id="" if row[13] is None else decode(row[13]),
    )


def _choices(db: sqlite3.Connection, call: int) -> Iterator[Completion]:
    rows = db.execute("SELECT finish, text FROM choices WHERE call = ? ORDER BY position", (call,))
    return (completion_of(ended, text) for ended, text in rows)


def completion_of(ended: str | None, text: str | bytes) -> Completion:
    """A completion from its columns."""
    return Completion(decode(text), Finish.STOP if ended is None else Finish(ended))


def unfinished(db: sqlite3.Connection, session: int) -> list[OpenCall]:
    """Calls without an outcome, in the order they were begun; those of batches are at work."""
    rows = db.execute(
        "SELECT calls.id, step, role, purpose, candidate, example, estimate, started"
        " FROM calls JOIN routes ON routes.id = calls.route"
        " WHERE session = ? AND seq IS NULL AND batch IS NULL ORDER BY calls.id",
        (session,),
    )
    return [OpenCall(*row) for row in rows]


_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def lost(db: sqlite3.Connection, session: int) -> list[LostCall]:
    """Calls of unknown outcome, and those of which attempts were lost, ancestors' included."""
    found = []
    for part in spans(db, session, 0, None):
        for role, model, parameters, estimate, batch, count in db.execute(
            f"SELECT role, model, parameters, estimate, batch IS NOT NULL, {UNKNOWN}"  # noqa: S608
            " FROM calls JOIN routes ON routes.id = calls.route WHERE session = ? AND seq > ?"
            " AND seq <= ? AND (outcome = 2 OR counted IS NOT NULL)",
            (part.session, part.after, part.upto),
        ):
            if not count:
                continue
            sent = load(parameters)
            limit = next((sent[name] for name in _LIMITS if isinstance(sent.get(name), int)), None)
            output = None if limit is None else limit * int(sent.get("n", 1))
            found.append(LostCall(role, decode(model), estimate, output, bool(batch), int(count)))
    return found


def evaluations(db: sqlite3.Connection, session: int, candidate: int) -> list[StoredEvaluation]:
    """A candidate's evaluations with their answers, ancestors' included."""
    events = [
        event
        for part in spans(db, session, 0, None)
        for event in evaluations_of(db, part, candidate)
    ]
    events.sort(key=lambda event: (event.example, event.replicate, event.seq))
    answers = completions(db, [event.call for event in events if event.call is not None])
    return [StoredEvaluation(event, answers.get(event.call or 0, ())) for event in events]


def completions(db: sqlite3.Connection, wanted: Sequence[int]) -> dict[int, tuple[Completion, ...]]:
    """What each of some calls brought back."""
    answers: dict[int, list[Completion]] = {}
    for marks, chunk in chunks(list(dict.fromkeys(wanted))):
        for call, ended, text, _ in db.execute(
            f"SELECT call, finish, text, 0 FROM answers WHERE call IN ({marks}) UNION ALL"  # noqa: S608
            f" SELECT call, finish, text, position FROM choices WHERE call IN ({marks}) ORDER BY 4",
            chunk * 2,
        ):
            answers.setdefault(call, []).append(completion_of(ended, text))
    return {call: tuple(found) for call, found in answers.items()}


def wrong_counts(
    db: sqlite3.Connection, session: int, candidates: Sequence[int] | None, upto: int | None
) -> dict[int, tuple[int, int]]:
    """Example to (wrong, evaluated)."""
    counts: dict[int, tuple[int, int]] = {}
    index, chosen = "", ""
    extra: tuple[SqlText, ...] = ()
    if candidates is not None:
        index = " INDEXED BY evaluations_by_candidate"
        chosen = " AND candidate IN (SELECT value FROM json_each(?))"
        extra = (dump(list(candidates)),)
    for part in spans(db, session, 0, FOREVER if upto is None else upto):
        for example, wrong, total in db.execute(
            "SELECT example, sum(score IS NULL OR score < 1), count(*)"  # noqa: S608
            f" FROM evaluations{index} WHERE session = ? AND seq <= ?{chosen} GROUP BY example",
            (part.session, part.upto, *extra),
        ):
            before = counts.get(example, (0, 0))
            counts[example] = (before[0] + wrong, before[1] + total)
    return counts


def spent(db: sqlite3.Connection, session: int, after: int) -> dict[int, Usage]:
    """Candidate to what its calls used, of those finished after a place."""
    found: dict[int, Usage] = {}
    for part in spans(db, session, after, None):
        for row in db.execute(
            f"SELECT candidate, {SUMS} FROM calls"  # noqa: S608 - a constant
            " WHERE session = ? AND seq > ? AND seq <= ? AND candidate IS NOT NULL"
            " GROUP BY candidate",
            (part.session, part.after, part.upto),
        ):
            found[row[0]] = found.get(row[0], Usage()) + summed(row[1:])
    return found


def account(db: sqlite3.Connection, session: int, after: int, upto: int) -> Account:
    """What a session's own calls used, and what the answers that it took from others had cost."""
    in_steps = "purpose IN ('sample', 'score', 'judge')"
    own = {
        bool(row[0]): summed(row[1:])
        for row in db.execute(
            f"SELECT {in_steps}, {SUMS} FROM calls"  # noqa: S608 - constants
            " JOIN routes ON routes.id = calls.route"
            " WHERE session = ? AND seq IS NOT NULL AND step > ? AND step <= ? GROUP BY 1",
            (session, after, upto),
        )
    }
    borrowed = db.execute(
        f"SELECT {SUMS} FROM calls WHERE session IS NOT ? AND id IN"  # noqa: S608 - a constant
        " (SELECT call FROM evaluations WHERE session = ? AND call IS NOT NULL"
        " AND step > ? AND step <= ? UNION ALL SELECT judgements.call FROM judgements"
        " JOIN evaluations USING (session, seq) WHERE session = ? AND step > ? AND step <= ?)",
        (session, session, after, upto, session, after, upto),
    ).fetchone()
    return Account(own.get(True, Usage()), own.get(False, Usage()), summed(borrowed))


def efforts(
    db: sqlite3.Connection, session: int, after: int, upto: int
) -> dict[tuple[int, str], Effort]:
    """(Step, role) to what its calls took beside tokens and dollars.

    It reads every call, a step at a time: sorting millions at once would take 100 MB.
    """
    routes = {row[0]: row[1:] for row in db.execute("SELECT id, role, purpose FROM routes")}
    found: dict[tuple[int, str], Effort] = {}
    bounds = (after, *step_bounds(db, session, after, upto), upto)
    for start, end in pairwise(bounds):
        for part in spans(db, session, start, end):
            for step, route, calls, milliseconds, retries, tokens in db.execute(
                "SELECT step, route, count(*), sum(coalesce(milliseconds, 0)),"
                " sum(max(coalesce(attempts, 1) - 1, 0)),"
                " sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0))"
                " FROM calls WHERE session = ? AND seq > ? AND seq <= ? GROUP BY step, route",
                (part.session, part.after, part.upto),
            ):
                role, purpose = routes[route]
                extra = tokens if purpose in _LOOKS else 0
                own = Effort(calls, milliseconds, retries, extra)
                found[step, role] = found.get((step, role), Effort()) + own
    return found
