"""Calls read back whole, for a file that stands on its own."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any

from opro_tui.core.events import CallFinished
from opro_tui.store.calls import completion_of
from opro_tui.store.records import CallAnswer, CallIntent, StoredCall
from opro_tui.store.rows import OUTCOMES
from opro_tui.store.texts import chunks, decode, load
from opro_tui.store.timeline import Span, spans
from opro_tui.store.usages import Tokens, usage_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from opro_tui.core.protocols import Completion

_OUTCOME_OF = {number: outcome for outcome, number in OUTCOMES.items()}
_COLUMNS = (
    'calls.id, session, seq, at, outcome, step, candidate, example, replicate, draw, "key",'
    " estimate, started, attempts, milliseconds, error, input_tokens, cached_tokens,"
    " output_tokens, reasoning_tokens, cost_pico, cache_write_tokens, cache_saved_pico, counted,"
    " role, purpose, model, endpoint, parameters, answers.finish, answers.text, answers.request_id,"
    " (SELECT tag FROM batches WHERE id = batch) AS tag"
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A call's columns, by name."""

    names: dict[str, int]
    values: tuple[Any, ...]

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any column
        return self.values[self.names[name]]


_NAMES = {
    name.strip().replace("calls.", "").rpartition(" AS ")[2].strip('"'): place
    for place, name in enumerate(_COLUMNS.split(","))
}


def call_ids(db: sqlite3.Connection, session: int, upto: int) -> array[int]:
    """The calls that a session's events name, and those without an outcome, in order.

    Among them are calls that other sessions paid for and whose answers are graded here. There may
    be millions: they take eight bytes each.
    """
    parts = spans(db, session, 0, upto)
    theirs = " OR ".join(["session = ? AND seq <= ?"] * len(parts) or ["0"])
    # In the order of the table, so that millions need no sorting.
    own = db.execute(
        f"SELECT id FROM calls NOT INDEXED WHERE {theirs}"  # noqa: S608 - only marks
        " OR session = ? AND (seq IS NULL OR seq > ?) ORDER BY id",
        (*(value for part in parts for value in (part.session, part.upto)), session, upto),
    )
    borrowed = {
        row[0]
        for part in parts
        for row in db.execute(
            "SELECT evaluations.call FROM evaluations JOIN calls ON calls.id = evaluations.call"
            " WHERE evaluations.session = ? AND evaluations.seq <= ? AND calls.session IS NOT ?"
            " UNION SELECT call FROM judgements WHERE session = ? AND seq <= ?",
            (part.session, part.upto, part.session, part.session, part.upto),
        )
    }
    found = merge((row[0] for row in own), sorted(borrowed))
    return array("q", (id_ for id_, _ in groupby(found)))


def read_calls(
    db: sqlite3.Connection, session: int, upto: int, ids: Sequence[int]
) -> list[StoredCall]:
    """Calls with their answers, as a session's events up to a place have them."""
    limits = {part.session: part for part in spans(db, session, 0, upto)}
    found = []
    for marks, chunk in chunks(list(ids)):
        choices = _choices(db, marks, chunk)
        rows = db.execute(
            f"SELECT {_COLUMNS} FROM calls JOIN routes ON routes.id = calls.route"  # noqa: S608
            f" LEFT JOIN answers ON answers.call = calls.id WHERE calls.id IN ({marks})"
            " ORDER BY calls.id",
            chunk,
        )
        found += [_call(_Row(_NAMES, row), session, limits, choices) for row in rows]
    return found


def _choices(db: sqlite3.Connection, marks: str, ids: list[int]) -> dict[int, list[Completion]]:
    found: dict[int, list[Completion]] = {}
    for call, ended, text in db.execute(
        f"SELECT call, finish, text FROM choices WHERE call IN ({marks})"  # noqa: S608
        " ORDER BY call, position",
        ids,
    ):
        found.setdefault(call, []).append(completion_of(ended, text))
    return found


def _call(
    row: _Row, session: int, limits: dict[int, Span], choices: dict[int, list[Completion]]
) -> StoredCall:
    part = limits.get(row["session"])
    ended = row["seq"] is not None and part is not None and row["seq"] <= part.upto
    in_flight = row["session"] == session and not ended
    answer = None
    if not in_flight and row["answers.text"] is not None:
        first = completion_of(row["answers.finish"], row["answers.text"])
        request_id = row["answers.request_id"]
        answer = CallAnswer(
            (first, *choices.get(row["id"], ())),
            request_id="" if request_id is None else decode(request_id),
        )
    return StoredCall(
        id=row["id"],
        intent=_intent(row),
        started=row["started"],
        answer=answer,
        bought=None if ended or in_flight else _outcome(row),
        batch=row["tag"] if ended or in_flight else None,
    )


def _intent(row: _Row) -> CallIntent:
    return CallIntent(
        key=row["key"],
        role=row["role"],
        purpose=row["purpose"],
        step=row["step"],
        model=decode(row["model"]),
        endpoint=decode(row["endpoint"]),
        candidate=row["candidate"],
        example=row["example"],
        replicate=row["replicate"],
        draw=row["draw"],
        parameters=load(row["parameters"]),
        estimate=row["estimate"],
    )


def _outcome(row: _Row) -> CallFinished:
    outcome = _OUTCOME_OF[row["outcome"]]
    tokens = (
        "input_tokens",
        "cached_tokens",
        "output_tokens",
        "reasoning_tokens",
        "cost_pico",
        "cache_write_tokens",
        "cache_saved_pico",
    )
    used: Tokens = tuple(row[name] for name in tokens)
    return CallFinished(
        step=row["step"],
        at=row["at"],
        call=row["id"],
        role=row["role"],
        purpose=row["purpose"],
        outcome=outcome,
        usage=usage_of(outcome, used, row["counted"]),
        candidate=row["candidate"],
        attempts=row["attempts"],
        error="" if row["error"] is None else decode(row["error"]),
        estimate=row["estimate"],
        milliseconds=row["milliseconds"],
    )
