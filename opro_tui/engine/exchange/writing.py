"""Whole sessions written out, a record at a time, so that one of any size fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.engine.exchange.events import event_record
from opro_tui.engine.exchange.records import call_record, example_record, session_record
from opro_tui.engine.exchange.wire import Digest, dumps, wrap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opro_tui.store.database import Store

FORMAT = "opro-tui-session"
VERSION = 1
KINDS = ("example", "call", "event")
"""What a file holds after the session's own record, in this order."""


class _Records:
    """A session's records in order, counted and summed as they pass."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._digest = Digest()
        self._counts = dict.fromkeys(KINDS, 0)
        self._tags: set[str] = set()
        self._upto = 0
        self._id = 0

    async def session(self) -> Any:  # noqa: ANN401 - wrapped data
        """The session's own record; fixes where the file ends, should the session go on."""
        record = await self._store.session(self._name)
        self._id = record.id
        self._upto = await self._store.last_seq(record.id)
        parent = record.imported.parent if record.imported else ""
        if record.parent is not None:
            parent = (await self._store.session_by_id(record.parent)).name
        batches = await self._store.exported_batches(record.id, self._upto)
        self._tags = {batch.tag for batch in batches}
        return self._wrapped(session_record(record, parent, batches))

    async def pieces(self, kind: str) -> AsyncIterator[list[Any]]:
        """The records of one kind, in pieces."""
        if kind == "example":
            found = await self._store.examples(self._id)
            yield [self._count(kind, example_record(example)) for example in found]
        elif kind == "call":
            async for calls in self._store.whole_calls(self._id, self._upto):
                yield [self._count(kind, call_record(call, self._tags)) for call in calls]
        else:
            async for events in self._store.events_by_step(self._id, upto=self._upto):
                yield [self._count(kind, event_record(event)) for event in events]

    def end(self) -> dict[str, Any]:
        """What a reader checks that it has it all by."""
        counts = {f"{kind}s": number for kind, number in self._counts.items()}
        return counts | {"digest": self._digest.text()}

    def _count(self, kind: str, record: dict[str, Any]) -> Any:  # noqa: ANN401
        self._counts[kind] += 1
        return self._wrapped(record)

    def _wrapped(self, record: dict[str, Any]) -> Any:  # noqa: ANN401
        wrapped = wrap(record)
        self._digest.add(wrapped)
        return wrapped


async def write_jsonl(store: Store, name: str) -> AsyncIterator[str]:
    """A session as lines: its own, one for each example, call and event, and a last one.

    Raises:
        BadInput: There is no session of that name.
    """
    records = _Records(store, name)
    head = {"format": FORMAT, "version": VERSION, "session": await records.session()}
    yield dumps(head) + "\n"
    for kind in KINDS:
        async for piece in records.pieces(kind):
            yield "".join(dumps({kind: record}) + "\n" for record in piece)
    yield dumps({"end": records.end()}) + "\n"


async def write_json(store: Store, name: str) -> AsyncIterator[str]:
    """A session as one JSON document.

    Raises:
        BadInput: There is no session of that name.
    """
    records = _Records(store, name)
    session = dumps(await records.session())
    yield f'{{"format":{dumps(FORMAT)},"version":{VERSION},\n"session":{session},\n'
    for kind in KINDS:
        yield f'"{kind}s":[\n'
        first = True
        async for piece in records.pieces(kind):
            for record in piece:
                yield dumps(record) if first else ",\n" + dumps(record)
                first = False
        yield "],\n" if first else "\n],\n"
    yield f'"end":{dumps(records.end())}}}\n'
