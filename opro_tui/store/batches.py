"""Batches: requests that a provider takes together, kept from before they are sent to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.store.calls import begin as begin_call
from opro_tui.store.calls import find_answers, now
from opro_tui.store.records import BatchCall, StoredAnswer, StoredBatch
from opro_tui.store.texts import decode, decode_optional, encode, encode_optional, insert
from opro_tui.store.timeline import spans

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from opro_tui.store.records import BatchIntent, CallIntent

_BATCH = (
    "SELECT batches.id, batches.session, batches.step, model, endpoint, tag, remote_id, requests,"
    " (SELECT count(*) FROM calls WHERE calls.batch = batches.id AND calls.seq IS NULL"
    " AND calls.session IS NOT NULL),"
    " reserved_pico, reserved_tokens, batches.started, submitted, cancelled, ended FROM batches"
)


def begin(
    db: sqlite3.Connection, session: int, intent: BatchIntent, calls: Sequence[CallIntent]
) -> tuple[StoredBatch | None, dict[bytes, StoredAnswer]]:
    """Store a batch with its calls before it is sent, without what was bought meanwhile."""
    bought = find_answers(db, [call.key for call in calls])
    wanted = [call for call in calls if call.key not in bought]
    if not wanted:
        return None, bought
    id_ = insert(
        db,
        "batches",
        session=session,
        step=intent.step,
        model=encode(intent.model),
        endpoint=encode(intent.endpoint),
        tag=intent.tag,
        requests=len(wanted),
        reserved_pico=intent.reserved_pico,
        reserved_tokens=intent.reserved_tokens,
        started=now(),
    )
    for call in wanted:
        db.execute("UPDATE calls SET batch = ? WHERE id = ?", (id_, begin_call(db, session, call)))
    return by_id(db, id_), bought


def by_id(db: sqlite3.Connection, id_: int) -> StoredBatch:
    """One batch."""
    return _batch(db.execute(f"{_BATCH} WHERE id = ?", (id_,)).fetchone())


def of_session(db: sqlite3.Connection, session: int, *, live: bool) -> list[StoredBatch]:
    """A session's own batches in order: all, or those that haven't ended."""
    only = " AND ended IS NULL" if live else ""
    rows = db.execute(f"{_BATCH} WHERE batches.session = ?{only} ORDER BY id", (session,))
    return [_batch(row) for row in rows]


def under_way(db: sqlite3.Connection) -> list[tuple[str, StoredBatch]]:
    """All batches that haven't ended, each with its session's name."""
    rows = db.execute(
        f"SELECT sessions.name, found.* FROM ({_BATCH} WHERE ended IS NULL) AS found"  # noqa: S608
        " JOIN sessions ON sessions.id = found.session ORDER BY found.id"
    )
    return [(decode(row[0]), _batch(row[1:])) for row in rows]


def of_lineage(db: sqlite3.Connection, session: int, upto: int) -> list[StoredBatch]:
    """The batches that the calls of a session and its ancestors were in, up to a place."""
    found = []
    for part in spans(db, session, 0, upto):
        rows = db.execute(
            f"{_BATCH} WHERE batches.session = ? AND (batches.session = ? OR EXISTS"  # noqa: S608 - a constant
            " (SELECT 1 FROM calls WHERE batch = batches.id AND seq <= ?)) ORDER BY id",
            (part.session, session, part.upto),
        )
        found += [_batch(row) for row in rows]
    return found


def load(db: sqlite3.Connection, session: int, batches: Sequence[StoredBatch]) -> dict[str, int]:
    """Store batches from a file; returns tag to id."""
    return {
        batch.tag: insert(
            db,
            "batches",
            session=session,
            step=batch.step,
            model=encode(batch.model),
            endpoint=encode(batch.endpoint),
            tag=batch.tag,
            remote_id=encode_optional(batch.remote),
            requests=batch.requests,
            reserved_pico=batch.reserved_pico,
            reserved_tokens=batch.reserved_tokens,
            started=batch.started,
            submitted=batch.submitted,
            cancelled=batch.cancelled,
            ended=batch.ended,
        )
        for batch in batches
    }


def reopen(db: sqlite3.Connection, session: int) -> None:
    """Take batches up again that a file calls ended although calls of theirs are open in it."""
    db.execute(
        "UPDATE batches SET ended = NULL WHERE session = ? AND EXISTS"
        " (SELECT 1 FROM calls WHERE batch = batches.id AND seq IS NULL AND session IS NOT NULL)",
        (session,),
    )


def _batch(row: tuple[object, ...]) -> StoredBatch:
    values = list(row)
    for place in (3, 4):
        values[place] = decode(values[place])  # type: ignore[arg-type]
    values[6] = decode_optional(values[6])  # type: ignore[arg-type]
    return StoredBatch(*values)  # type: ignore[arg-type]


def open_calls(db: sqlite3.Connection, batch: int) -> list[BatchCall]:
    """The calls of a batch that have no outcome yet."""
    rows = db.execute(
        'SELECT calls.id, step, role, purpose, candidate, example, replicate, estimate, "key"'
        " FROM calls JOIN routes ON routes.id = calls.route"
        " WHERE batch = ? AND seq IS NULL AND session IS NOT NULL ORDER BY calls.id",
        (batch,),
    )
    return [BatchCall(*row) for row in rows]


def sent(db: sqlite3.Connection, batch: int, remote: str) -> StoredBatch:
    """Note under which name a provider took a batch."""
    db.execute(
        "UPDATE batches SET remote_id = ?, submitted = ? WHERE id = ? AND remote_id IS NULL",
        (encode_optional(remote), now(), batch),
    )
    return by_id(db, batch)


def forget(db: sqlite3.Connection, batch: int) -> None:
    """Remove a batch that was never sent, with its calls."""
    db.execute(
        "DELETE FROM calls WHERE batch IN"
        " (SELECT id FROM batches WHERE id = ? AND remote_id IS NULL) AND seq IS NULL",
        (batch,),
    )
    db.execute("DELETE FROM batches WHERE id = ? AND remote_id IS NULL", (batch,))


def cancel(db: sqlite3.Connection, batch: int) -> None:
    """Note that a person asked the provider to end a batch."""
    db.execute("UPDATE batches SET cancelled = coalesce(cancelled, ?) WHERE id = ?", (now(), batch))


def end(db: sqlite3.Connection, batch: int) -> None:
    """Note that every call of a batch has its outcome, if that is so."""
    db.execute(
        "UPDATE batches SET ended = coalesce(ended, ?) WHERE id = ? AND NOT EXISTS"
        " (SELECT 1 FROM calls WHERE batch = batches.id AND seq IS NULL AND session IS NOT NULL)",
        (now(), batch),
    )


def remotes(db: sqlite3.Connection, endpoint: str) -> set[str]:
    """The names of all batches of an endpoint that are known here."""
    rows = db.execute(
        "SELECT remote_id FROM batches WHERE endpoint = ? AND remote_id IS NOT NULL",
        (encode(endpoint),),
    )
    return {decode(row[0]) for row in rows}
