"""Sessions as files: what is exported and imported again is the same session."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.core.events import EVENT_TYPES, CallFinished, EditMade, Event
from opro_tui.core.grades import pack
from opro_tui.core.meta_prompt import Region
from opro_tui.core.protocols import Example, Split
from opro_tui.core.reducer import fold
from opro_tui.engine.consent import ALLOWED, task_of
from opro_tui.engine.detail import answers
from opro_tui.engine.exchange import wire
from opro_tui.engine.exchange.importing import Import, import_file
from opro_tui.engine.exchange.writing import write_json, write_jsonl
from opro_tui.engine.fork import fork
from opro_tui.engine.opening import initial_state
from opro_tui.store.database import Store
from tests.store import samples
from tests.store.samples import intent, new_session
from tests.support.sessions import make, opened, own_data, run

RELAXED = hypothesis_settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WRITERS = {"json": write_json, "jsonl": write_jsonl}
SPEC = {"kind": "prompt", "name": "t", "metric": "exact", "initial": ["a"]}
GRADES = pack([1.0, None])


async def written(store: Store, name: str, kind: str, folder: Path) -> Path:
    path = folder / f"{name[:20]}.{kind}"
    path.write_bytes("".join([piece async for piece in WRITERS[kind](store, name)]).encode())
    return path


async def imported(path: Path, folder: Path, **options: Any) -> tuple[Store, Import]:
    store = await Store.open(folder / "other.db")
    return store, await import_file(store, path, **options)


@pytest.fixture
async def played(tmp_path_factory):
    """Steps, edits, a held-out look and a fork that shares bought answers."""
    folder = tmp_path_factory.mktemp("played")
    db = folder / "s.db"
    store = await Store.open(db)
    await make(store, own_data(folder, test=5))
    async with opened(db) as session:
        await run(session, 2)
        await session.edit(Edits(pin=(1,), note="keep"))
        await fork(store, session, 1, "arm")
        await run(session, 1)
    async with opened(db, "arm") as session:
        await session.edit(Edits(settings={"temperature": 0.1}, add=("Add it up.",)))
        await run(session, 1)
    yield store, folder
    await store.close()


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("name", ["s", "arm"])
async def test_an_imported_session_is_the_same(played, tmp_path, kind, name):
    store, _ = played
    path = await written(store, name, kind, tmp_path)
    other, done = await imported(path, tmp_path)
    assert (done.record.name, done.references, done.addresses) == (name, (), ())
    assert done.record.parent is None
    assert done.record.imported.parent == ("s" if name == "arm" else "")
    async with opened(store.path, name, readonly=True) as old:
        async with opened(other.path, name) as new:
            assert new.state == old.state
            for candidate in new.state.ranked():
                found = await answers(new, candidate)
                assert found
                assert found == await answers(old, candidate)
        assert await other.examples(done.record.id) == await store.examples(old.record.id)
    fine = [e.type for e in await store.events((await store.session(name)).id, fine=True)]
    assert [e.type for e in await other.events(done.record.id, fine=True)] == fine
    (tmp_path / "again").mkdir()
    again = await written(other, name, kind, tmp_path / "again")
    assert again.read_text() == path.read_text() or name == "arm"
    assert await other.integrity() == "ok"
    await other.close()


async def test_bought_answers_are_bought_once_after_an_import(played, tmp_path):
    store, _ = played
    other, _ = await imported(await written(store, "s", "jsonl", tmp_path), tmp_path)
    keys = [c.intent.key async for p in store.whole_calls(1, 10**6) for c in p if c.answer]
    known, here = await store.find_answers(keys), await other.find_answers(keys)
    assert len(keys) > 20
    assert {k: v.completions for k, v in here.items()} == {
        k: v.completions for k, v in known.items()
    }
    async with opened(other.path) as session:
        before = session.state.usage("scorer").calls
        await session.edit(Edits(rescore=()))
        assert session.state.usage("scorer").calls == before
        events = await run(session, 1)
        assert events[-1].type == "step_finished"
    await other.close()


async def test_an_unfinished_step_and_calls_in_flight_go_on(tmp_path):
    db = tmp_path / "s.db"
    store = await Store.open(db)
    await make(store, own_data(tmp_path))
    async with opened(db) as session:
        async for event in session.run(1):
            if event.type == "evaluation" and event.step == 1:
                session.stop()
    record = await store.session("s")
    await store.begin_call(record.id, intent(b"x" * 16))
    other, _ = await imported(await written(store, "s", "jsonl", tmp_path), tmp_path)
    async with opened(db) as old, opened(other.path) as new:
        plain = [(s.state.candidates, s.state.partial, s.state.ledger) for s in (old, new)]
        assert plain[0] == plain[1]
        assert new.state.usage().unknown == 1
        await run(new, 1)
        assert new.state.finished_steps == 1
    await store.close()
    await other.close()


async def test_the_same_file_twice_takes_the_next_free_name(played, tmp_path):
    store, _ = played
    path = await written(store, "s", "json", tmp_path)
    other, first = await imported(path, tmp_path)
    second = await import_file(other, path)
    assert (first.record.name, second.record.name, second.wanted) == ("s", "s-2", "s")
    async with (
        opened(other.path, "s", readonly=True) as one,
        opened(other.path, "s-2", readonly=True) as two,
    ):
        assert one.state == two.state
    await other.delete("s")
    async with opened(other.path, "s-2") as left:
        assert await answers(left, left.state.best())
    await other.close()


def fitted(event: Event) -> Event:
    """A generated event whose references a real session could have."""
    changes: dict[str, Any] = {}
    if event.type == "prompt_built":
        size = len(event.text)
        changes["regions"] = (Region(0, size, "instructions"),) if size else ()
    if event.type in ("candidate_scored", "measured"):
        changes |= {"candidate": 1, "score": replace(event.score, grades=GRADES)}
    if event.type == "measured":
        changes["examples"] = (0, 1)
    if event.type == "evaluation":
        changes |= {"candidate": 1, "example": 0}
    if isinstance(event, EditMade):
        changes |= {"kind": "pin", "after": 1}
    return replace(event, **changes)


@given(
    st.tuples(*(samples.EVENTS[kind] for kind in EVENT_TYPES)),
    samples.answers,
    samples.json_data,
    samples.texts,
    st.sampled_from(sorted(WRITERS)),
)
@RELAXED
async def test_whatever_a_session_holds_comes_back(
    events: tuple[Event, ...], answer: Any, data: Any, text: str, kind: str
) -> None:
    rows = tuple(Example(n, text, text, split, {"a": text}) for n, split in enumerate(Split))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = await Store.open(folder / "s.db")
        record = await new_session(
            store, task_spec=SPEC, sources=({"path": text, "x": data},), examples=rows
        )
        call = await store.begin_call(
            record.id, intent(model=text, endpoint=text, parameters={"p": data, text: text})
        )
        fit = [fitted(event) for event in events]
        place = next(i for i, event in enumerate(fit) if isinstance(event, CallFinished))
        await store.append(record.id, fit[:place])
        await store.finish_call(record.id, fit[place], answer, fit[place + 1 :])  # type: ignore[arg-type]
        other, done = await imported(await written(store, "s", kind, folder), folder)
        made = await store.session("s")
        same = ("name", "created", "updated", "task_spec", "settings", "template", "sources")
        assert [getattr(done.record, n) for n in same] == [getattr(made, n) for n in same]
        assert await other.examples(done.record.id) == list(rows)
        stored = await store.events(record.id, fine=True)
        assert await other.events(done.record.id, fine=True) == stored
        ours = [call async for piece in store.whole_calls(1, 10**6) for call in piece]
        theirs = [call async for piece in other.whole_calls(1, 10**6) for call in piece]
        assert ours == theirs
        assert (await other.answers_of_call(call)).completions == answer.completions
        task = await task_of(other, done.record)
        assert fold(initial_state(done.record, task), await other.events(done.record.id)) == fold(
            initial_state(made, task), await store.events(record.id)
        )
        await store.close()
        await other.close()


@given(samples.json_data)
@RELAXED
def test_any_data_comes_back_through_plain_json(data: Any) -> None:
    text = wire.dumps(wire.wrap(data))
    assert "\n" not in text
    assert text.encode("utf-8")
    assert wire.unwrap(json.loads(text, parse_constant=pytest.fail)) == data


def test_numbers_that_json_lacks_and_names_that_look_like_marks_come_back() -> None:
    for value in (math.inf, -math.inf, {"$float": "inf"}, {"$": 1, "$$x": [{"$text": 2}]}):
        assert wire.unwrap(json.loads(wire.dumps(wire.wrap(value)))) == value
    assert math.isnan(wire.unwrap(json.loads(wire.dumps(wire.wrap(math.nan)))))


async def test_a_score_that_is_no_number_comes_back(tmp_path):
    store = await Store.open(tmp_path / "s.db")
    record = await new_session(store, task_spec=SPEC, examples=(Example(0, "q", "t"),))
    await store.append(record.id, [samples.sampled(0, 1), samples.evaluated(0, 1, 0, math.nan)])
    other, done = await imported(await written(store, "s", "jsonl", tmp_path), tmp_path)
    assert math.isnan((await other.evaluations(done.record.id, 1))[0].event.score)
    await store.close()
    await other.close()


@pytest.mark.parametrize(
    ("spec", "reference"),
    [
        ({"kind": "python", "reference": "evil:Task", "seed": 0}, "python:evil:Task"),
        (SPEC | {"metric": "python:evil:grade"}, "python:evil:grade"),
    ],
)
async def test_code_that_a_file_names_runs_only_with_consent(
    tmp_path, monkeypatch, spec, reference
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "evil", raising=False)
    (tmp_path / "evil.py").write_text("open('ran', 'w').close()\n")
    monkeypatch.delenv(ALLOWED, raising=False)
    store = await Store.open(tmp_path / "s.db")
    record = await new_session(store, task_spec=spec)
    await store.append(record.id, [samples.sampled(0, 1), samples.scored(0, 1)])
    path = await written(store, "s", "jsonl", tmp_path)
    other, done = await imported(path, tmp_path)
    assert done.references == (reference,)
    assert done.record.summary["best"] is None
    with pytest.raises(BadInput, match=f"would run the code {reference}.*--allow-python"):
        async with opened(other.path, "s"):
            pass
    if spec["kind"] == "prompt":
        async with opened(other.path, "s", readonly=True) as session:
            assert session.state.candidates[1].score is not None
    assert not (tmp_path / "ran").exists()
    allowed = await import_file(other, path, allow_python=True)
    assert not (tmp_path / "ran").exists()
    monkeypatch.setenv(ALLOWED, f"python:other:x, {reference}")
    for record in (allowed.record, done.record):
        with contextlib.suppress(BadInput):
            (await task_of(other, record)).grade(Example(0, "q", "t"), "a")
    assert (tmp_path / "ran").exists()
    await store.close()
    await other.close()
