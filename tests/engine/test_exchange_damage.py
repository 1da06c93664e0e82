"""Files that were damaged, cut off or made up: one line says where, and nothing is stored."""

from __future__ import annotations

import json
import random

import pytest

from opro_tui.core.errors import BadInput
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.exchange.wire import Digest
from opro_tui.engine.exchange.writing import write_json, write_jsonl
from opro_tui.store.database import Store
from tests.support.sessions import make, opened, own_data, run


@pytest.fixture
async def file(tmp_path):
    """A session's lines, and a database that holds nothing."""
    store = await Store.open(tmp_path / "s.db")
    await make(store, own_data(tmp_path, train=2, candidates=1))
    async with opened(store.path) as session:
        await run(session, 1)
    text = "".join([piece async for piece in write_jsonl(store, "s")])
    document = "".join([piece async for piece in write_json(store, "s")])
    await store.close()
    other = await Store.open(tmp_path / "other.db")
    yield other, text.encode(), document.encode(), tmp_path / "file"
    await other.close()


async def refused(store: Store, path) -> str:
    with pytest.raises(BadInput) as caught:
        await import_file(store, path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    rows = await store._read(
        lambda db: [
            db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("sessions", "examples", "calls", "texts", "imports", "routes")
        ]
    )
    assert rows == [0] * 6
    return text


def sealed(records: list[dict]) -> bytes:
    """Lines with an end that fits them, as someone who makes a file up would write it."""
    digest = Digest()
    counts = dict.fromkeys(("examples", "calls", "events"), 0)
    for record in records:
        kind = next(iter(record)) if "session" not in record else "session"
        digest.add(record[kind])
        if f"{kind}s" in counts:
            counts[f"{kind}s"] += 1
    end = {"end": counts | {"digest": digest.text()}}
    return "".join(json.dumps(record) + "\n" for record in [*records, end]).encode()


async def test_bytes_that_were_changed_or_lost_are_noticed(file):
    store, lines, document, path = file
    chance = random.Random(7)
    for text in (lines, document):
        for _ in range(25):
            at = chance.randrange(len(text) - 1)
            cut, kind = text[:at], chance.randrange(3)
            if kind == 1:
                cut += bytes([text[at] ^ (1 << chance.randrange(8))]) + text[at + 1 :]
            elif kind == 2:
                cut += text[at + chance.randrange(1, 200) :]
            if kind and cut.split() == text.split():
                continue
            path.write_bytes(cut)
            await refused(store, path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no valid JSON"),
        (b"\xff\xfe", "no UTF-8"),
        (b"hello\nworld\n", "is no exported session"),
        (b"SQLite format 3\0\n\n", "is no exported session"),
        (b'{"format": "other"}', "is no exported session"),
        (b'{"format": "opro-tui-session", "version": 9, "session": {}, "end": {}}', "version 9"),
        (b'{"format": "opro-tui-session", "version": 1, "session": {}}', "is cut off"),
        (b'{"format": "opro-tui-session", "version": "1", "end": {}}', "has no version"),
        (b"[" * 100_000, "no valid JSON"),
        (b'{"format":' + b"9" * 10_000 + b"}", "no valid JSON"),
        (b'{"format": NaN}', "NaN"),
    ],
)
async def test_what_is_no_session_is_refused(file, content, words):
    store, _, _, path = file
    path.write_bytes(content)
    assert words in await refused(store, path)


def find(records: list[dict], kind: str, type_: str = "") -> dict:
    return next(r[kind] for r in records if kind in r and type_ in ("", r[kind].get("type")))


@pytest.mark.parametrize(
    ("kind", "type_", "changes", "words"),
    [
        ("session", "", {"name": "\x1b]0;x"}, "session.name|name: .*no name"),
        ("session", "", {"created": 2**70}, "created: .*is not within"),
        ("session", "", {"settings": {"shown": -1}}, "settings: .*shown"),
        ("session", "", {"settings": {"evil": 1}}, "unknown setting 'evil'"),
        ("session", "", {"template": {}}, "template: .*missing or unknown text"),
        ("session", "", {"task_spec": {"kind": "no"}}, "unknown kind of task 'no'"),
        ("session", "", {"task_spec": {"kind": "prompt", "name": 5}}, "name: 5 is no text"),
        ("session", "", {"more": 1}, "unknown field 'more'"),
        ("session", "", {"versions": {"$evil": 1, "a": "b"}}, "unknown name"),
        ("example", "", {"index": 7}, "example 7 stands where 0 belongs"),
        ("example", "", {"split": "none"}, "split: 'none' is none of train, test, rest"),
        ("call", "", {"key": "zz"}, "key: 'zz' is no text of hexadecimal digits"),
        ("call", "", {"key": "00"}, "is no key of 16 bytes"),
        ("call", "", {"answer": {}}, "answer: the field 'completions' is missing"),
        ("call", "", {"id": 10**6}, "the file holds no call"),
        ("event", "step_started", {"step": 5}, "step 5 stands where 0 belongs"),
        ("event", "candidate_sampled", {"seq": 9}, "event 9 stands where"),
        ("event", "candidate_sampled", {"id": "1"}, "id: '1' is no whole number"),
        ("event", "evaluation", {"example": 99}, "there is no example 99"),
        ("event", "evaluation", {"call": 10**6}, "the file holds no call 1000000"),
        ("event", "evaluation", {"type": "magic"}, "unknown type of event 'magic'"),
        ("event", "candidate_scored", {"candidate": 77}, "there is no candidate 77 yet"),
        ("event", "prompt_built", {"regions": []}, "regions don't cover the text"),
        ("event", "call_finished", {"step": -1}, "step: -1 is not within"),
    ],
)
async def test_what_no_session_holds_is_named(file, kind, type_, changes, words):
    store, lines, _, path = file
    records = [json.loads(line) for line in lines.splitlines()[:-1]]
    find(records, kind, type_).update(changes)
    path.write_bytes(sealed(records))
    with pytest.raises(BadInput, match=words):
        await import_file(store, path)
    await refused(store, path)


async def test_made_up_values_never_lead_to_a_traceback(file):
    store, lines, _, path = file
    chance = random.Random(3)
    values = [None, -1, 10**400, 1.5, "", "x" * 9, [], {}, [[]], {"$float": "nan"}, True, 2**60]
    refusals = 0
    for _ in range(120):
        records = [json.loads(line) for line in lines.splitlines()[:-1]]
        record = chance.choice(records)
        item = record[chance.choice([k for k in record if k not in ("format", "version")])]
        while isinstance(item, dict) and item:
            name = chance.choice(sorted(item))
            if isinstance(item[name], dict) and item[name] and chance.random() < 0.7:
                item = item[name]
                continue
            item[name] = chance.choice(values)
            break
        try:
            path.write_bytes(sealed(records))
        except ValueError:
            continue
        try:
            done = await import_file(store, path)
        except BadInput:
            refusals += 1
            continue
        async with opened(store.path, done.record.name, readonly=True) as session:
            assert session.state.last_seq
        await store.delete(done.record.name)
    assert refusals > 60
    assert await store.sessions() == []
    assert await store.integrity() == "ok"
