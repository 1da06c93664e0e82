"""Sessions, examples and calls as plain records, and back again with every field checked."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.core.events import CallFinished, Outcome
from opro_tui.core.meta_prompt import Template
from opro_tui.core.names import check_name
from opro_tui.core.protocols import Completion, Example, Finish, Split
from opro_tui.core.settings import Settings
from opro_tui.core.usage import Usage
from opro_tui.engine.exchange import checks
from opro_tui.store.records import CallAnswer, CallIntent, ImportedSession, StoredBatch, StoredCall

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from opro_tui.store.records import SessionRecord

MOST_TOKENS = 10**12
_TAG = re.compile("[0-9a-f]{16}")
_OF_BATCH = (
    "step",
    "model",
    "endpoint",
    "tag",
    "remote",
    "requests",
    "reserved_pico",
    "reserved_tokens",
    "started",
    "submitted",
    "cancelled",
    "ended",
)
_ROLE = checks.word("optimizer", "scorer", "judge")
_LATER = frozenset({"error_format", "critique_request", "critique_format"})
"""Texts of a template that older files don't have."""
PURPOSE = checks.word("sample", "score", "try", "judge", "confirm", "evaluate", "critique")


# --- sessions ---


def session_record(
    record: SessionRecord, parent: str, batches: Sequence[StoredBatch] = ()
) -> dict[str, Any]:
    """A session's own row; a fork stands on its own and names its parent only.

    Batches are there where there were some; older programs can't read such a file.
    """
    found = {
        "name": record.name,
        "created": record.created,
        "updated": record.updated,
        "task_spec": record.task_spec,
        "settings": record.settings.to_json(),
        "template": record.template.to_json(),
        "simulated": record.simulated,
        # Where a file lay on this machine is nobody else's business.
        "sources": [
            {name: value for name, value in source.items() if name != "at"}
            for source in record.sources
        ],
        "versions": record.versions,
        "parent": parent,
    }
    return found | ({"batches": [_batch_record(batch) for batch in batches]} if batches else {})


def _batch_record(batch: StoredBatch) -> dict[str, Any]:
    return {name: getattr(batch, name) for name in _OF_BATCH}


def read_session(value: Any, where: str) -> ImportedSession:  # noqa: ANN401
    """The reverse of `session_record`.

    Raises:
        BadInput: A field is missing or wrong.
    """
    if isinstance(value, dict):
        value = {"batches": [], **value}
    found = checks.record(
        value,
        where,
        name=_name,
        created=checks.time,
        updated=checks.time,
        task_spec=checks.mapping,
        settings=read_settings,
        template=read_template,
        simulated=checks.flag,
        sources=checks.items(checks.mapping),
        versions=checks.texts,
        parent=checks.text,
        batches=checks.items(_batch),
    )
    tags = [batch.tag for batch in found["batches"]]
    if len(set(tags)) < len(tags):
        raise BadInput("a batch is there twice", where=f"{where}: batches")
    return ImportedSession(**found)


def _batch(value: Any) -> StoredBatch:  # noqa: ANN401
    maybe = checks.optional(checks.time)
    found = checks.record(
        value,
        "",
        step=checks.count,
        model=checks.text,
        endpoint=checks.text,
        tag=_tag,
        remote=checks.optional(checks.text),
        requests=checks.whole(1),
        reserved_pico=checks.optional(checks.whole(0, checks.MOST_PICO)),
        reserved_tokens=checks.whole(0, MOST_TOKENS),
        started=checks.time,
        submitted=maybe,
        cancelled=maybe,
        ended=maybe,
    )
    return StoredBatch(id=0, session=0, open=0, **found)


def _tag(value: Any) -> str:  # noqa: ANN401
    tag = checks.text(value)
    if not _TAG.fullmatch(tag):
        raise ValueError("is no tag of 16 hexadecimal digits")
    return tag


def _name(value: Any) -> str:  # noqa: ANN401
    name = checks.text(value)
    check_name(name)
    return name


def read_settings(value: Any) -> Settings:  # noqa: ANN401
    """Settings from an object, each within its limits."""
    return Settings.from_json(checks.mapping(value))


def read_template(value: Any) -> Template:  # noqa: ANN401
    """A template from an object of all its texts."""
    known = {field.name for field in fields(Template)}
    later = {field.name: str(field.default) for field in fields(Template) if field.name in _LATER}
    found = later | checks.texts(value)
    if found.keys() != known:
        wrong = min(found.keys() ^ known)
        raise ValueError(f"has a missing or unknown text {wrong[:40]!r}")
    return Template(**found)


# --- examples ---


def example_record(example: Example) -> dict[str, Any]:
    """An example."""
    return {
        "index": example.index,
        "split": str(example.split),
        "input": example.input,
        "target": example.target,
        "fields": dict(example.fields),
    }


def read_example(value: Any, where: str, index: int) -> Example:  # noqa: ANN401
    """The reverse of `example_record`.

    Raises:
        BadInput: A field is missing or wrong, or the example isn't the one that comes next.
    """
    found = checks.record(
        value,
        where,
        index=checks.count,
        split=checks.one_of(Split),
        input=checks.text,
        target=checks.text,
        fields=checks.texts,
    )
    if found["index"] != index:
        raise BadInput(f"example {found['index']} stands where {index} belongs", where=where)
    return Example(**found | {"fields": MappingProxyType(found["fields"])})


# --- calls ---


def call_record(call: StoredCall, tags: Collection[str] = ()) -> dict[str, Any]:
    """A call with its answer; of those batches that the file holds, with its batch."""
    intent, answer, bought = call.intent, call.answer, call.bought
    found = {
        "id": call.id,
        "key": intent.key.hex(),
        "role": intent.role,
        "purpose": intent.purpose,
        "step": intent.step,
        "model": intent.model,
        "endpoint": intent.endpoint,
        "parameters": intent.parameters,
        "candidate": intent.candidate,
        "example": intent.example,
        "replicate": intent.replicate,
        "draw": intent.draw,
        "estimate": intent.estimate,
        "started": call.started,
        "answer": None
        if answer is None
        else {
            "completions": [[item.text, str(item.finish)] for item in answer.completions],
            "request_id": answer.request_id,
        },
        "bought": None
        if bought is None
        else {
            "at": bought.at,
            "outcome": str(bought.outcome),
            "usage": asdict(bought.usage),
            "attempts": bought.attempts,
            "error": bought.error,
            "milliseconds": bought.milliseconds,
        },
    }
    return found | ({"batch": call.batch} if call.batch in tags else {})


def read_call(value: Any, where: str) -> StoredCall:  # noqa: ANN401
    """The reverse of `call_record`.

    Raises:
        BadInput: A field is missing or wrong.
    """
    maybe = checks.optional(checks.count)
    if isinstance(value, dict):
        value = {"batch": None, **value}
    found = checks.record(
        value,
        where,
        id=checks.count,
        key=_key,
        role=_ROLE,
        purpose=PURPOSE,
        step=checks.count,
        model=checks.text,
        endpoint=checks.text,
        parameters=checks.mapping,
        candidate=maybe,
        example=maybe,
        replicate=checks.count,
        draw=maybe,
        estimate=checks.count,
        started=checks.time,
        answer=checks.data,
        bought=checks.data,
        batch=checks.optional(_tag),
    )
    id_, started = found.pop("id"), found.pop("started")
    answer, bought, batch = (found.pop(name) for name in ("answer", "bought", "batch"))
    intent = CallIntent(**found)
    return StoredCall(
        id=id_,
        intent=intent,
        started=started,
        answer=None if answer is None else _read_answer(answer, f"{where}: answer"),
        bought=None if bought is None else _read_bought(bought, id_, intent, f"{where}: bought"),
        batch=batch,
    )


def _key(value: Any) -> bytes:  # noqa: ANN401
    key = checks.packed(value)
    if len(key) != 16:
        raise ValueError("is no key of 16 bytes")
    return key


def _read_answer(value: Any, where: str) -> CallAnswer:  # noqa: ANN401
    if isinstance(value, dict):
        # Files written earlier have it here, and always 0.
        value = {name: each for name, each in value.items() if name != "cache_write_tokens"}
    found = checks.record(
        value,
        where,
        completions=checks.items(_completion),
        request_id=checks.text,
    )
    if not found["completions"]:
        raise BadInput("holds no completion", where=where)
    return CallAnswer(**found)


def _completion(value: Any) -> Completion:  # noqa: ANN401
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("is no pair of a text and why it ended")
    return Completion(checks.text(value[0]), checks.one_of(Finish)(value[1]))


def _read_bought(value: Any, id_: int, intent: CallIntent, where: str) -> CallFinished:  # noqa: ANN401
    found = checks.record(
        value,
        where,
        at=checks.time,
        outcome=checks.one_of(Outcome),
        usage=read_usage,
        attempts=checks.count,
        error=checks.text,
        milliseconds=checks.count,
    )
    return CallFinished(
        call=id_,
        step=intent.step,
        role=intent.role,
        purpose=intent.purpose,
        candidate=intent.candidate,
        estimate=intent.estimate,
        **found,
    )


def read_usage(value: Any) -> Usage:  # noqa: ANN401
    """A usage from its fields."""
    tokens = checks.whole(0, MOST_TOKENS)
    if isinstance(value, dict):
        # Files written earlier don't tell of the provider's cache.
        value = {"cache_write_tokens": 0, "cache_saved_pico": 0, **value}
    found = checks.record(
        value,
        "",
        calls=tokens,
        from_store=tokens,
        failed=tokens,
        unknown=tokens,
        input_tokens=checks.optional(tokens),
        cached_tokens=tokens,
        output_tokens=checks.optional(tokens),
        reasoning_tokens=tokens,
        cost_pico=checks.optional(checks.whole(0, checks.MOST_PICO)),
        cache_write_tokens=tokens,
        cache_saved_pico=checks.optional(checks.whole(-checks.MOST_PICO, checks.MOST_PICO)),
    )
    return Usage(**found)
