"""Calls are stored before they are sent; answers are found again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from opro_tui.core.errors import StoreError
from opro_tui.core.events import CallFinished, Outcome
from opro_tui.core.protocols import Completion, Finish
from opro_tui.core.usage import Usage
from opro_tui.store.records import CallAnswer
from tests.store.samples import answer, evaluated, intent, new_session, outcome

if TYPE_CHECKING:
    from opro_tui.store.database import Store

KEY, OTHER = b"0123456789abcdef", b"\0" * 16


async def test_only_answered_calls_of_any_session_are_found(store: Store) -> None:
    a, b = (await new_session(store, "a")).id, (await new_session(store, "b")).id
    failed = await store.begin_call(a, intent(KEY))
    await store.finish_call(a, outcome(failed, Outcome.FAILED), None)
    in_flight = await store.begin_call(a, intent(KEY))
    assert await store.find_answers([KEY, OTHER]) == {}
    first = await store.begin_call(b, intent(KEY, candidate=3, example=4))
    completions = (Completion("yes"), Completion("", Finish.FILTER))
    used = Usage(1, 0, 0, 0, 10, 3, 2, 0, 9, cache_write_tokens=5, cache_saved_pico=-4)
    event = outcome(first, candidate=3, usage=used)
    await store.finish_call(b, event, CallAnswer(completions, "r"))
    found = await store.find_answers([KEY, KEY, OTHER])
    assert list(found) == [KEY]
    assert (found[KEY].call, found[KEY].session) == (first, b)
    assert (found[KEY].candidate, found[KEY].example) == (3, 4)
    assert (found[KEY].completions, found[KEY].usage) == (completions, event.usage)
    await asyncio.sleep(0.005)  # times are whole milliseconds
    await store.finish_call(a, outcome(in_flight), answer("later"))
    assert (await store.find_answers([KEY]))[KEY].call == first
    assert await store.answers_of_call(first) == found[KEY]
    with pytest.raises(StoreError):
        await store.answers_of_call(failed)


async def test_many_keys_at_once(store: Store) -> None:
    session = (await new_session(store)).id
    keys = [number.to_bytes(16, "big") for number in range(1500)]
    calls = await asyncio.gather(*(store.begin_call(session, intent(key)) for key in keys))
    assert calls == list(range(calls[0], calls[0] + 1500))
    for call in calls[::100]:
        await store.finish_call(session, outcome(call), answer(str(call)))
    found = await store.find_answers(keys)
    assert list(found) == keys[::100]


async def test_calls_in_flight_at_a_kill_are_known_and_can_be_settled(store: Store) -> None:
    session = (await new_session(store)).id
    other = (await new_session(store, "other")).id
    intents = (intent(), intent(KEY, step=2), intent())
    done, lost, _ = [await store.begin_call(session, each) for each in intents]
    await store.begin_call(other, intent())
    await store.finish_call(session, outcome(done), answer("a"))
    reopened = await type(store).open(store.path)
    open_calls = await reopened.unfinished_calls(session)
    assert [(call.id, call.step) for call in open_calls] == [(lost, 2), (lost + 1, 0)]
    first = open_calls[0]
    assert (first.role, first.purpose, first.candidate) == ("scorer", "score", 1)
    assert (first.example, first.estimate) == (0, 7)
    await reopened.finish_call(session, outcome(lost, Outcome.UNKNOWN, step=2), None)
    assert [call.id for call in await reopened.unfinished_calls(session)] == [lost + 1]
    (event,) = (await reopened.events(session, fine=True))[1:]
    assert isinstance(event, CallFinished)
    assert event.usage == Usage(unknown=1, input_tokens=None, output_tokens=None, cost_pico=None)
    await reopened.close()


async def test_evaluations_show_what_they_graded_in_example_order(store: Store) -> None:
    session = (await new_session(store)).id
    for example in (2, 0, 1):
        call = await store.begin_call(session, intent(example=example))
        await store.finish_call(
            session,
            outcome(call),
            answer(f"answer {example}", "second"),
            [evaluated(0, 1, example, call=call, parsed=str(example))],
        )
    await store.append(session, [evaluated(0, 1, -1), evaluated(0, 2, 0)])
    seen = await store.evaluations(session, 1)
    assert [item.event.example for item in seen] == [-1, 0, 1, 2]
    assert seen[0].completions == ()
    assert [completion.text for completion in seen[3].completions] == ["answer 2", "second"]


async def test_the_outcome_decides_whose_the_call_was(store: Store) -> None:
    session = (await new_session(store)).id
    call = await store.begin_call(session, intent(candidate=1))
    event = outcome(call, Outcome.FAILED, candidate=None, role="judge", purpose="other")
    (stored,) = await store.finish_call(session, event, None)
    assert isinstance(stored, CallFinished)
    assert (stored.candidate, stored.role, stored.purpose) == (None, "scorer", "score")
    assert await store.events(session, fine=True) == [stored]
