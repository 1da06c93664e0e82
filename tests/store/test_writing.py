"""One writer: shared transactions, order, and errors that stay with their caller."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.core.errors import BadInput, StoreError
from opro_tui.core.events import (
    CandidateRejected,
    PromptBuilt,
    SamplingFinished,
    StepFinished,
    Warned,
)
from opro_tui.store import threads
from tests.store.samples import answer, evaluated, intent, new_session, outcome, sampled, started

if TYPE_CHECKING:
    from opro_tui.store.database import Store


async def test_concurrent_appends_share_transactions_and_keep_their_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow this machine is just now: a transaction takes as many as there are.
    monkeypatch.setattr(threads, "_SHORTEST_SECONDS", 60.0)
    monkeypatch.setattr(threads, "LONGEST_SECONDS", 60.0)
    session = (await new_session(store)).id
    before = store.transactions
    stored = await asyncio.gather(
        *(
            store.append(
                session,
                [evaluated(0, i, 0), evaluated(0, i, 1)],
            )
            for i in range(500)
        )
    )
    assert [event.seq for pair in stored for event in pair] == list(range(1, 1001))
    assert store.transactions - before < 50
    events = await store.events(session, fine=True)
    assert [event.seq for event in events] == list(range(1, 1001))
    assert events == [event for pair in stored for event in pair]
    assert await store.last_seq(session) == 1000


async def test_sessions_count_for_themselves(store: Store) -> None:
    ids = [(await new_session(store, f"s{i}")).id for i in range(3)]
    await asyncio.gather(*(store.append(i, [evaluated(0, 1, 0)]) for i in ids for _ in range(20)))
    assert [await store.last_seq(i) for i in ids] == [20, 20, 20]


async def test_only_the_culprit_gets_the_error(store: Store) -> None:
    session = (await new_session(store)).id
    await store.append(session, [sampled(0, 1)])
    results = await asyncio.gather(
        store.append(session, [evaluated(0, 1, 0)]),
        store.append(session, [evaluated(0, 1, 1), sampled(0, 1)]),  # candidate 1 is there
        store.append(session, [evaluated(0, 1, 2)]),
        new_session(store, "s"),  # that name is taken
        store.append(session, [evaluated(0, 1, 3)]),
        return_exceptions=True,
    )
    assert isinstance(results[1], StoreError)
    assert isinstance(results[3], BadInput)
    events = await store.events(session, fine=True)
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert [event.example for event in events[1:]] == [0, 2, 3]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "events",
    [
        [started(0)],
        [PromptBuilt(step=0, text="again", regions=(), tokens=1, temperature=1.0)],
        [PromptBuilt(step=9, text="no such step", regions=(), tokens=1, temperature=1.0)],
        [SamplingFinished(step=0)],
        [StepFinished(step=0)],
        [StepFinished(step=9)],
        [sampled(0, 1)],
        [CandidateRejected(step=0, id=1, reason="again")],
        [CandidateRejected(step=0, id=9, reason="no such candidate")],
        [Warned(step=10**30, code="a", message="b")],
    ],
)
async def test_what_is_stored_is_never_overwritten(store: Store, events: list[Any]) -> None:
    session = (await new_session(store)).id
    first = await store.append(
        session,
        [
            started(0),
            PromptBuilt(step=0, text="p", regions=(), tokens=1, temperature=1.0),
            sampled(0, 1),
            CandidateRejected(step=0, id=1, reason="r"),
            SamplingFinished(step=0),
            StepFinished(step=0),
        ],
    )
    with pytest.raises(StoreError) as caught:
        await store.append(session, events)
    assert "\n" not in str(caught.value)
    assert await store.events(session, fine=True) == first


async def test_a_call_has_one_outcome(store: Store) -> None:
    session = (await new_session(store)).id
    other = (await new_session(store, "other")).id
    call = await store.begin_call(session, intent())
    with pytest.raises(StoreError):
        await store.finish_call(other, outcome(call), answer("not mine"))
    await store.finish_call(session, outcome(call), answer("yes"))
    with pytest.raises(StoreError):
        await store.finish_call(session, outcome(call), answer("no"), [evaluated(0, 1, 0)])
    assert (await store.answers_of_call(call)).completions[0].text == "yes"
    assert await store.last_seq(session) == 1


async def test_a_cancelled_caller_loses_nothing(store: Store) -> None:
    session = (await new_session(store)).id
    call = await store.begin_call(session, intent())
    task = asyncio.ensure_future(store.finish_call(session, outcome(call), answer("paid for")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.append(session, [evaluated(0, 1, 0)])
    assert (await store.answers_of_call(call)).completions[0].text == "paid for"


async def test_a_full_disk_is_said_and_heals(store: Store) -> None:
    session = (await new_session(store)).id

    def limit(pages: int) -> Any:
        return lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    pages = await store._read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await store._write(limit(pages))
    with pytest.raises(StoreError, match="the disk is full"):
        await store.append(session, [Warned(step=0, code="c", message="x" * 200_000)])
    await store._write(limit(10**6))
    stored = await store.append(session, [Warned(step=0, code="c", message="x" * 200_000)])
    assert await store.events(session) == stored


async def test_a_lock_held_too_long_is_said(store: Store, monkeypatch: Any) -> None:
    session = (await new_session(store)).id
    await store._write(lambda db: db.execute("PRAGMA busy_timeout = 50").fetchone())
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program"):
        await store.append(session, [evaluated(0, 1, 0)])
    other.execute("ROLLBACK")
    other.close()
    assert [event.seq for event in await store.append(session, [evaluated(0, 1, 0)])] == [1]


async def test_two_programs_write_two_sessions(store: Store) -> None:
    other = await type(store).open(store.path)
    mine, theirs = (await new_session(store, "mine")).id, (await new_session(other, "theirs")).id
    await asyncio.gather(
        *(store.append(mine, [started(i)]) for i in range(50)),
        *(other.append(theirs, [started(i)]) for i in range(50)),
    )
    assert len(await store.events(theirs)) == len(await other.events(mine)) == 50
    await other.close()


async def test_the_event_loop_does_not_wait_for_the_disk(store: Store) -> None:
    session = (await new_session(store)).id
    write = asyncio.ensure_future(store._write(lambda _: time.sleep(0.3)))
    read = asyncio.create_task(store._read(lambda _: time.sleep(0.3)))
    longest, last = 0.0, time.monotonic()
    while not (write.done() and read.done()):
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert longest < 0.25
    await store.append(session, [])


async def test_a_closed_store_says_so(tmp_path: Any) -> None:
    from opro_tui.store.database import Store

    store = await Store.open(tmp_path / "s.db")
    session = (await new_session(store)).id
    late = asyncio.create_task(store.append(session, [evaluated(0, 1, 0)]))
    await asyncio.sleep(0)
    await store.close()
    await store.close()
    assert (await late)[0].seq == 1
    with pytest.raises(StoreError, match="closed"):
        await store.append(session, [evaluated(0, 1, 0)])
    with pytest.raises(StoreError, match="closed"):
        await store.sessions()


async def test_a_long_queue_is_committed_piece_by_piece(store: Store, monkeypatch) -> None:
    monkeypatch.setattr(threads, "LONGEST_SECONDS", 0.0)
    session = (await new_session(store)).id
    before = store.transactions
    jobs = [store.append(session, [evaluated(0, i, 0)]) for i in range(20)]
    stored = await asyncio.gather(*jobs)
    assert [event.seq for (event,) in stored] == list(range(1, 21))
    assert store.transactions - before == 20
