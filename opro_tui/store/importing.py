"""A session from a file: stored whole, with its own times and places, or not at all."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, StoreError
from opro_tui.core.events import CallFinished, CritiqueWritten, Evaluation, Event
from opro_tui.store import batches, sessions
from opro_tui.store.calls import begin, now, write_answer
from opro_tui.store.rows import write
from opro_tui.store.texts import encode, insert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opro_tui.core.protocols import Example
    from opro_tui.store.records import ImportedSession, SessionRecord, StoredCall

    Rows = Callable[[], Iterable["tuple[str, StoredCall | Event]"]]

_LONGEST_NAME = 90


def load(
    db: sqlite3.Connection,
    *,
    session: ImportedSession,
    examples: Sequence[Example],
    rows: Rows,
    allow_python: bool,
    summary: Mapping[str, Any],
) -> SessionRecord:
    """Store a session from a file; see `Store.import_session`."""
    record = sessions.create(
        db,
        name=sessions.free_name(db, session.name[:_LONGEST_NAME].rstrip()),
        task_spec=session.task_spec,
        settings=session.settings,
        template=session.template,
        simulated=session.simulated,
        sources=session.sources,
        versions=session.versions,
        examples=examples,
        parent=None,
        fork_seq=0,
        events=(),
    )
    parent = encode(session.parent) if session.parent else None
    insert(
        db, "imports", session=record.id, at=now(), parent=parent, allow_python=int(allow_python)
    )
    tags = batches.load(db, record.id, session.batches)
    last = _Loader(db, record.id, tags).load(rows())
    batches.reopen(db, record.id)
    db.execute(
        "UPDATE sessions SET created = ?, updated = ?, last_seq = ? WHERE id = ?",
        (session.created, session.updated, last, record.id),
    )
    sessions.set_summary(db, record.id, last, summary)
    return sessions.by_id(db, record.id)


class _Loader:
    """Writes calls and events under the ids that this database gives to the calls."""

    def __init__(self, db: sqlite3.Connection, session: int, batches: Mapping[str, int]) -> None:
        self._db = db
        self._session = session
        self._batches = batches
        self._ids: dict[int, int] = {}

    def load(self, rows: Iterable[tuple[str, StoredCall | Event]]) -> int:
        """Write all rows; returns the place of the last event."""
        last = 0
        for where, row in rows:
            try:
                if isinstance(row, Event):
                    write(self._placed(row), self._db, self._session)
                    last = row.seq
                else:
                    self._call(row)
            except (StoreError, sqlite3.IntegrityError, OverflowError, KeyError) as error:
                what = error.what if isinstance(error, StoreError) else str(error)
                raise BadInput(
                    f"can't follow what stands before it ({what})", where=where
                ) from None
        return last

    def _placed(self, event: Event) -> Event:
        if isinstance(event, CallFinished | CritiqueWritten):
            return replace(event, call=self._known(event.call))
        if not isinstance(event, Evaluation):
            return event
        said = tuple(replace(each, call=self._known(each.call)) for each in event.judgements)
        call = None if event.call is None else self._known(event.call)
        return replace(event, call=call, judgements=said)

    def _known(self, call: int) -> int:
        if call not in self._ids:
            raise StoreError(f"the file holds no call {call}")
        return self._ids[call]

    def _call(self, call: StoredCall) -> None:
        if call.id in self._ids:
            raise StoreError(f"call {call.id} is there twice")
        id_ = begin(self._db, self._session, call.intent)
        self._ids[call.id] = id_
        batch = None if call.batch is None else self._batches[call.batch]
        self._db.execute(
            "UPDATE calls SET started = ?, batch = ? WHERE id = ?", (call.started, batch, id_)
        )
        if call.bought is not None:
            # Written as an event of a session, then cut loose from it as if that were deleted.
            write(replace(call.bought, call=id_, seq=1), self._db, self._session)
            self._db.execute("UPDATE calls SET session = NULL, seq = NULL WHERE id = ?", (id_,))
        if call.answer is not None:
            write_answer(self._db, id_, call.answer)
