"""What is stored comes back as it was, whatever it holds."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from opro_tui.core.events import EVENT_TYPES, Event
from opro_tui.core.protocols import Example, Split
from opro_tui.store.database import Store
from tests.store import samples
from tests.store.samples import evaluated, intent, new_session

RELAXED = hypothesis_settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@given(
    st.tuples(*(samples.EVENTS[kind] for kind in EVENT_TYPES)),
    samples.answers,
)
@RELAXED
async def test_every_event_comes_back(events: tuple[Event, ...], answer: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder) / "s.db")
        session = (await new_session(store)).id
        call = await store.begin_call(session, intent())
        place = next(i for i, event in enumerate(events) if event.type == "call_finished")
        stored = await store.append(session, events[:place])
        stored += await store.finish_call(session, events[place], answer, events[place + 1 :])  # type: ignore[arg-type]
        assert [event.seq for event in stored] == list(range(1, len(events) + 1))
        assert await store.events(session, fine=True) == stored
        for event, given_ in zip(stored, events, strict=True):
            assert event == replace(given_, seq=event.seq, at=event.at)
        assert (await store.answers_of_call(call)).completions == answer.completions
        assert (await store.answers_of_call(call)).request_id == answer.request_id
        assert await store.integrity() == "ok"
        await store.close()


def test_every_event_type_is_generated() -> None:
    assert set(samples.EVENTS) == set(EVENT_TYPES)


@given(
    samples.texts.filter(str.strip),
    samples.json_data,
    st.lists(st.tuples(samples.texts, samples.texts, st.sampled_from(Split)), max_size=4),
    samples.texts,
)
@RELAXED
async def test_sessions_and_examples_come_back(
    name: str, data: Any, rows: list[tuple[str, str, Split]], column: str
) -> None:
    examples = tuple(
        Example(number, question, target, split, {column: question})
        for number, (question, target, split) in enumerate(rows)
    )
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder) / "s.db")
        made = await new_session(
            store, name, task_spec={"any": data}, sources=({"path": column},), examples=examples
        )
        assert made.task_spec == {"any": data}
        assert made.sources == ({"path": column},)
        await store.close()
        store = await Store.open(Path(folder) / "s.db")
        assert await store.session(name) == made
        assert await store.sessions() == [made]
        assert await store.examples(made.id) == list(examples)
        await store.close()


@pytest.mark.parametrize("score", [math.inf, -math.inf, 1e300, -0.0, 0.1 + 0.2])
async def test_scores_keep_every_bit(store: Store, score: float) -> None:
    session = (await new_session(store)).id
    await store.append(session, [evaluated(0, 1, 0, score)])
    assert (await store.evaluations(session, 1))[0].event.score == score


async def test_a_score_that_is_no_number_stays_one(store: Store) -> None:
    session = (await new_session(store)).id
    await store.append(session, [evaluated(0, 1, 0, math.nan)])
    assert math.isnan((await store.evaluations(session, 1))[0].event.score)


async def test_settings_and_templates_that_repeat_are_stored_once(store: Store) -> None:
    session = (await new_session(store)).id
    await store.append(session, [samples.started(step) for step in range(50)])
    rows = await store._read(lambda db: db.execute("SELECT count(*) FROM texts").fetchone()[0])
    assert rows == 3  # the task's, the settings, the template


async def test_examples_that_repeat_are_stored_once(store: Store) -> None:
    data = tuple(Example(i, f"q{i}", "t") for i in range(20))
    first = await new_session(store, "a", examples=data)
    second = await new_session(store, "b", examples=data)
    other = await new_session(store, "c", examples=data[:5])
    rows = await store._read(lambda db: db.execute("SELECT count(*) FROM examples").fetchone()[0])
    assert rows == 25
    assert await store.examples(first.id) == await store.examples(second.id) == list(data)
    assert await store.examples(other.id) == list(data[:5])
