"""What models say is stored as they said it, whatever it is, and comes back from every file."""

from __future__ import annotations

import json
import sqlite3

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import BadInput
from opro_tui.engine.exchange import importing
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.exchange.writing import write_json, write_jsonl
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from tests.support import hostile_session
from tests.support.hostile import SHORT
from tests.support.hostile_session import NAME, TEXTS
from tests.trust.fuzzed_reading import _exported, places, sealed


async def stored(path, name: str) -> list[str]:
    """Every text that a model answered with, in a session."""
    store = await Store.open(path, readonly=True)
    try:
        record = await store.session(name)
        last = await store.last_seq(record.id)
        return [
            completion.text
            async for calls in store.whole_calls(record.id, last)
            for call in calls
            if call.answer is not None
            for completion in call.answer.completions
        ]
    finally:
        await store.close()


@pytest.mark.parametrize("provider", ["openai", "openai-responses", "anthropic"])
async def test_what_models_said_is_stored_as_they_said_it(provider, tmp_path, monkeypatch) -> None:
    for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(key, "none-of-them")
    said = await hostile_session.make(tmp_path, provider)
    path = tmp_path / "sessions.db"
    kept = await stored(path, NAME)
    assert sorted(kept) == sorted(said)
    carried = [json.loads(json.dumps(text)) for text in TEXTS]
    assert all(any(text in each for each in kept) for text in carried)
    store = await Store.open(path)
    session = await Session.open(store, NAME, Config(), readonly=True)
    proposed = [each.text for each in session.state.candidates.values() if each.step]
    assert sum(any(own.startswith(text.strip()) for text in TEXTS) for own in proposed) > 20
    await session.close()
    for writer, end in ((write_json, "json"), (write_jsonl, "jsonl")):
        file = tmp_path / f"out.{end}"
        file.write_text("".join([piece async for piece in writer(store, NAME)]), encoding="utf-8")
        again = await import_file(store, file)
        assert sorted(await stored(path, again.record.name)) == sorted(said)
    await store.close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


VALUES = [
    None,
    -1,
    10**30,
    1.5,
    True,
    [],
    {},
    [[]],
    {"$float": "nan"},
    {"$text": "zz"},
    *SHORT.values(),
]


def replaced(turn: int, every: int = 1) -> int:
    """Replace values of a file by others, one at a time; returns how many were refused."""
    records = [json.loads(line) for line in _exported()]
    refused = number = 0
    for record in records:
        for container, key in places(record):
            if container is record and key in ("format", "version"):
                continue
            number += 1
            if number % every:
                continue
            value = VALUES[(7 * number + turn) % len(VALUES)]
            before = container[key]
            container[key] = value
            content = sealed(records)
            container[key] = before
            refused += is_refused(content)
    assert number > 200
    return refused


def is_refused(content: bytes) -> bool:
    from tests.trust.fuzzed_reading import _folder

    file = _folder() / "replaced.jsonl"
    file.write_bytes(content)
    try:
        importing._try(file)
    except BadInput as error:
        text = str(error)
        assert text.startswith(str(file)), text
        assert "\n" not in text
        return True
    return False


def test_a_value_of_another_kind_in_any_field_is_refused_in_a_line() -> None:
    assert replaced(0, every=5) > 20


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(1, len(VALUES)))
def test_any_value_in_any_field_is_taken_or_refused_in_a_line(turn: int) -> None:
    assert replaced(turn) > 100
