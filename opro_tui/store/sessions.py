"""Sessions: made, found, named, forked and deleted, with the examples that they share."""

from __future__ import annotations

from shlex import quote
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core.ablation import Label
from opro_tui.core.errors import BadInput, StoreError, nearest
from opro_tui.core.hashing import digest
from opro_tui.core.protocols import Example, Split
from opro_tui.store.calls import append, now
from opro_tui.store.records import Imported, SessionRecord
from opro_tui.store.texts import (
    SharedTexts,
    decode,
    decode_optional,
    dump,
    encode,
    insert,
    intern_text,
    load,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from opro_tui.core.events import Event
    from opro_tui.core.meta_prompt import Template
    from opro_tui.core.settings import Settings

_RECORD = (
    "SELECT id, name, created, updated, task_spec, settings, template, simulated, sessions.parent,"
    " fork_seq, sources, versions, summary, coalesce(seq, 0), imports.session, imports.parent,"
    " allow_python"
    " FROM sessions LEFT JOIN summaries ON summaries.session = sessions.id"
    " LEFT JOIN imports ON imports.session = sessions.id"
)


def create(
    db: sqlite3.Connection,
    *,
    name: str,
    task_spec: Mapping[str, Any],
    settings: Settings,
    template: Template,
    simulated: bool,
    sources: Sequence[Mapping[str, Any]],
    versions: Mapping[str, str],
    examples: Sequence[Example],
    parent: int | None,
    fork_seq: int,
    events: Sequence[Event],
    strange: bool = False,
) -> SessionRecord:
    """Store a new session; see `Store.create_session`."""
    _check_free(db, name)
    at = now()
    id_ = insert(
        db,
        "sessions",
        name=encode(name),
        created=at,
        updated=at,
        last_seq=fork_seq,
        parent=parent,
        fork_seq=fork_seq,
        simulated=simulated,
        examples=_examples_of(db, examples, parent, fork_seq),
        task_spec=intern_text(db, dump(dict(task_spec))),
        settings=intern_text(db, dump(settings.to_json())),
        template=intern_text(db, dump(template.to_json())),
        sources=dump([dict(source) for source in sources]),
        versions=dump(dict(versions)),
    )
    if strange:
        insert(db, "imports", session=id_, at=at, parent=None, allow_python=0)
    append(db, id_, events)
    return by_id(db, id_)


def _examples_of(
    db: sqlite3.Connection, examples: Sequence[Example], parent: int | None, fork_seq: int
) -> int:
    """The id of the set of examples: a fork's is its parent's unless it brings its own."""
    if parent is None:
        return _store_examples(db, examples)
    row = db.execute("SELECT examples, last_seq FROM sessions WHERE id = ?", (parent,)).fetchone()
    if row is None or not 0 <= fork_seq <= row[1]:
        raise StoreError(f"session {parent} cannot be forked at {fork_seq}")
    return _store_examples(db, examples) if examples else int(row[0])


def _store_examples(db: sqlite3.Connection, examples: Sequence[Example]) -> int:
    rows: list[dict[str, Any]] = [
        {
            "number": example.index,
            "split": str(example.split),
            "input": encode(example.input),
            "target": encode(example.target),
            "fields": dump(dict(example.fields)) if example.fields else None,
        }
        for example in examples
    ]
    key = digest(
        *(
            part
            for example, row in zip(examples, rows, strict=True)
            for part in (
                example.index,
                example.split,
                example.input,
                example.target,
                decode_optional(row["fields"]),
            )
        )
    )
    found = db.execute("SELECT id FROM example_sets WHERE hash = ?", (key,)).fetchone()
    if found is not None:
        return int(found[0])
    id_ = insert(db, "example_sets", hash=key)
    for row in rows:
        insert(db, "examples", set=id_, **row)
    return id_


def examples(db: sqlite3.Connection, session: int) -> list[Example]:
    """A session's examples, by number."""
    rows = db.execute(
        'SELECT number, input, target, split, fields FROM examples WHERE "set" ='
        " (SELECT examples FROM sessions WHERE id = ?) ORDER BY number",
        (session,),
    )
    return [
        Example(
            number,
            decode(question),
            decode(target),
            Split(split),
            MappingProxyType({} if fields is None else load(fields)),
        )
        for number, question, target, split, fields in rows
    ]


def by_name(db: sqlite3.Connection, name: str) -> SessionRecord:
    """The session of a name; BadInput when there is none."""
    row = db.execute(f"{_RECORD} WHERE name = ? AND deleted IS NULL", (encode(name),)).fetchone()
    if row is None:
        todo = nearest(name, names(db)) or "`opro-tui list` shows the sessions."
        if name in _ablations(db):
            todo = f"It is an ablation: `opro-tui ablate --name {quote(name)} --show` shows it."
        raise BadInput(f"there is no session {name!r}", todo=todo)
    return _record(SharedTexts(db), row)


def _ablations(db: sqlite3.Connection) -> set[str]:
    """The names of all ablations."""
    labels = (Label.read(record.settings.arm) for record in all_sessions(db))
    return {label.ablation for label in labels if label is not None}


def by_id(db: sqlite3.Connection, id_: int) -> SessionRecord:
    """The session of an id, deleted ones that a fork still needs included."""
    row = db.execute(f"{_RECORD} WHERE id = ?", (id_,)).fetchone()
    if row is None:
        raise StoreError(f"there is no session number {id_}")
    return _record(SharedTexts(db), row)


def all_sessions(db: sqlite3.Connection) -> list[SessionRecord]:
    """Every session, the one last used first."""
    rows = db.execute(f"{_RECORD} WHERE deleted IS NULL ORDER BY updated DESC, id DESC").fetchall()
    texts = SharedTexts(db)
    return [_record(texts, row) for row in rows]


def _record(texts: SharedTexts, row: Any) -> SessionRecord:  # noqa: ANN401 - a row of _RECORD
    return SessionRecord(
        id=row[0],
        name=decode(row[1]),
        created=row[2],
        updated=row[3],
        task_spec=texts.data(row[4]),
        settings=texts.settings(row[5]),
        template=texts.template(row[6]),
        simulated=bool(row[7]),
        parent=row[8],
        fork_seq=row[9],
        sources=tuple(load(row[10])),
        versions=load(row[11]),
        summary=None if row[12] is None else load(row[12]),
        summary_seq=row[13],
        imported=None
        if row[14] is None
        else Imported(decode_optional(row[15]) or "", bool(row[16])),
    )


def names(db: sqlite3.Connection) -> list[str]:
    """The names in use."""
    return [decode(row[0]) for row in db.execute("SELECT name FROM sessions WHERE deleted IS NULL")]


def free_name(db: sqlite3.Connection, base: str) -> str:
    """The base, or the first of base-2, base-3, … that no session has."""
    taken = set(names(db))
    if base not in taken:
        return base
    return next(
        f"{base}-{number}" for number in range(2, len(taken) + 3) if f"{base}-{number}" not in taken
    )


def _check_free(db: sqlite3.Connection, name: str) -> None:
    if not name.strip():
        raise BadInput("a session's name is empty", todo="Give it a name.")
    if name in names(db):
        raise BadInput(
            f"there is a session {name!r} already",
            todo=f"Choose another name, such as {free_name(db, name)!r}.",
        )


def rename(db: sqlite3.Connection, old: str, new: str) -> None:
    """Give a session another name."""
    record = by_name(db, old)
    if new != old:
        _check_free(db, new)
        db.execute("UPDATE sessions SET name = ? WHERE id = ?", (encode(new), record.id))


def set_summary(db: sqlite3.Connection, session: int, seq: int, summary: Mapping[str, Any]) -> None:
    """Keep what the list of sessions shows."""
    db.execute(
        "INSERT INTO summaries VALUES (?, ?, ?) ON CONFLICT (session) DO UPDATE"
        " SET seq = excluded.seq, summary = excluded.summary WHERE excluded.seq >= seq",
        (session, seq, dump(dict(summary))),
    )


def last_seq(db: sqlite3.Connection, session: int) -> int:
    """The last event of a session; of a fork without own events, the last it shares."""
    row = db.execute("SELECT last_seq FROM sessions WHERE id = ?", (session,)).fetchone()
    if row is None:
        raise StoreError(f"there is no session number {session}")
    return int(row[0])
