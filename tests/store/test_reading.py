"""Coarse and fine reading, forks, and pieces by step."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opro_tui.core.events import (
    CallFinished,
    CandidateRejected,
    EditMade,
    Evaluation,
    Event,
    Outcome,
    SamplingFinished,
    StepFinished,
)
from opro_tui.core.protocols import Example
from opro_tui.core.reducer import fold
from opro_tui.core.settings import Settings
from opro_tui.core.state import Facts, State
from tests.store.samples import (
    TEMPLATE,
    answer,
    evaluated,
    intent,
    new_session,
    outcome,
    sampled,
    scored,
    started,
)

if TYPE_CHECKING:
    from opro_tui.store.database import Store

START = State(Facts(minimize=False, bounded=True, binary=True, train=(0, 1)), Settings(), TEMPLATE)


class Driver:
    """Plays random steps into a session: rejected, scored, half-scored, failed and vetoed."""

    def __init__(self, store: Store, session: int, seed: int, state: State = START) -> None:
        self.store, self.session, self.state = store, session, state
        self.random = random.Random(seed)

    async def append(self, *events: Event) -> None:
        self.state = fold(self.state, await self.store.append(self.session, events))

    async def step(self, *, finish: bool = True) -> None:
        number, first = self.state.next_step, self.state.next_candidate
        await self.append(started(number), *(sampled(number, first + i) for i in range(4)))
        await self.append(CandidateRejected(step=number, id=first, reason="twice"))
        await self.append(SamplingFinished(step=number))
        for id_ in range(first + 1, first + 4):
            await self.score(number, id_, last=id_ == first + 3)
        if finish:
            ledger = self.state.ledger
            usage = tuple((step, role, used) for (step, role), used in ledger.items())
            await self.append(StepFinished(step=number, usage=usage))

    async def score(self, step: int, id_: int, *, last: bool) -> None:
        for example in (0, 1):
            kind = self.random.choice([Outcome.ANSWERED] * 3 + [Outcome.FAILED, Outcome.UNKNOWN])
            from_store = self.random.random() < 0.3
            grade = evaluated(step, id_, example, self.random.choice([0.0, 1.0]))
            if from_store:
                await self.append(replace(grade, from_store=True))
                continue
            call = await self.store.begin_call(
                self.session, intent(self.random.randbytes(16), step=step, candidate=id_)
            )
            answered = kind is Outcome.ANSWERED
            stored = await self.store.finish_call(
                self.session,
                outcome(call, kind, step=step, candidate=id_),
                answer("x") if answered else None,
                [replace(grade, call=call)] if answered else [],
            )
            self.state = fold(self.state, stored)
        if not last:
            await self.append(scored(step, id_, self.random.random()))
        elif self.random.random() < 0.5:
            await self.append(EditMade(step=step, kind="veto", after=id_))


@pytest.mark.parametrize("seed", range(8))
async def test_live_stored_fine_and_coarse_fold_to_the_same_state(store: Store, seed: int) -> None:
    session = (await new_session(store)).id
    driver = Driver(store, session, seed)
    for _ in range(3):
        await driver.step()
    await driver.step(finish=seed % 2 == 0)
    await driver.append(evaluated(1, 2, 0, 0.5, replicate=1, from_store=True))
    fine = await store.events(session, fine=True)
    coarse = await store.events(session)
    assert [event.seq for event in fine] == list(range(1, len(fine) + 1))
    assert fold(START, fine) == driver.state
    folded = fold(START, coarse)
    assert folded == driver.state
    assert len(coarse) < len(fine)
    pieces = [part async for part in store.events_by_step(session)]
    assert [event for part in pieces for event in part] == fine
    assert [type(part[-1]) for part in pieces[:3]] == [StepFinished] * 3
    middle = fine[len(fine) // 2].seq
    assert await store.events(session, after=middle, fine=True) == fine[middle:]
    assert await store.events(session, upto=middle, fine=True) == fine[:middle]
    assert fold(fold(START, await store.events(session, upto=middle)), fine[middle:]) == folded


async def test_coarse_leaves_out_what_is_settled_and_no_more(store: Store) -> None:
    session = (await new_session(store)).id
    await store.append(session, [started(0), sampled(0, 1), sampled(0, 2)])
    calls = [await store.begin_call(session, intent(candidate=i % 2 + 1)) for i in range(4)]
    for call in calls[:2]:
        id_ = calls.index(call) % 2 + 1
        await store.finish_call(
            session, outcome(call, candidate=id_), answer("a"), [evaluated(0, id_, 0, call=call)]
        )
    await store.finish_call(session, outcome(calls[2], Outcome.FAILED, candidate=1), None)
    await store.finish_call(session, outcome(calls[3], Outcome.FAILED, candidate=2), None)
    await store.append(session, [scored(0, 1), StepFinished(step=0), evaluated(0, 1, 1)])
    coarse = await store.events(session)
    kept = [
        (event.candidate, event.seq)
        for event in coarse
        if isinstance(event, Evaluation | CallFinished)
    ]
    # Candidate 2 has no score: its evaluation and its failed call stay; and so does what is recent.
    assert kept == [(2, 7), (2, 9), (1, 12)]
    assert len(await store.events(session, fine=True)) == 12
    # Before its score was stored, candidate 1's evaluation was needed, and there was no finish.
    assert len(await store.events(session, upto=9)) == 9


async def test_forks_read_their_ancestors_up_to_where_they_left(store: Store) -> None:
    data = (Example(0, "q", "t"),)
    root = (await new_session(store, "root", examples=data)).id
    driver = Driver(store, root, 1)
    await driver.step()
    first_fork, state = driver.state.last_seq, driver.state
    await driver.step()
    child = (await new_session(store, "child", parent=root, fork_seq=first_fork)).id
    assert await store.last_seq(child) == first_fork
    branch = Driver(store, child, 2, state)
    await branch.step()
    second_fork = branch.state.last_seq
    await branch.step()
    record = await new_session(store, "grandchild", parent=child, fork_seq=second_fork)
    grandchild = record.id
    leaf = Driver(store, grandchild, 3, fold(START, await store.events(grandchild, fine=True)))
    await leaf.append(scored(0, 2, 0.99))  # again, for a candidate of the root
    await leaf.step()
    for fine in (True, False):
        assert fold(START, await store.events(grandchild, fine=fine)) == leaf.state
        assert fold(START, await store.events(child, fine=fine)) == branch.state
        assert fold(START, await store.events(root, fine=fine)) == driver.state
    events = await store.events(grandchild, fine=True)
    assert [event.seq for event in events] == list(range(1, leaf.state.last_seq + 1))
    assert events[:first_fork] == (await store.events(root, fine=True))[:first_fork]
    assert await store.events(grandchild, upto=first_fork, fine=True) == events[:first_fork]
    assert await store.examples(grandchild) == list(data)
    pieces = [part async for part in store.events_by_step(grandchild)]
    assert [event for part in pieces for event in part] == events
    # The root's later evaluations are not the grandchild's.
    seen = await store.evaluations(grandchild, 2)
    assert [item.event for item in seen] == [
        event for event in events if isinstance(event, Evaluation) and event.candidate == 2
    ]
    counts = await store.wrong_counts(grandchild)
    graded = [event for event in events if isinstance(event, Evaluation)]
    for example, (wrong, total) in counts.items():
        mine = [event.score for event in graded if event.example == example]
        assert (wrong, total) == (sum(score < 1 for score in mine), len(mine))


async def test_wrong_counts_of_some_candidates_up_to_a_place(store: Store) -> None:
    session = (await new_session(store)).id
    await store.append(
        session,
        [evaluated(0, 1, 0, 0.0), evaluated(0, 1, 1), evaluated(0, 2, 0), evaluated(0, 2, 0, 0.5)],
    )
    assert await store.wrong_counts(session) == {0: (2, 3), 1: (0, 1)}
    assert await store.wrong_counts(session, [2]) == {0: (1, 2)}
    assert await store.wrong_counts(session, None, 2) == {0: (1, 1), 1: (0, 1)}
    assert await store.wrong_counts(session, []) == {}


async def test_a_fork_cannot_leave_where_nothing_is(store: Store) -> None:
    from opro_tui.core.errors import StoreError

    root = (await new_session(store, "root")).id
    with pytest.raises(StoreError):
        await new_session(store, "child", parent=root, fork_seq=5)
    with pytest.raises(StoreError):
        await new_session(store, "child", parent=99, fork_seq=0)


async def test_the_views_follow_forks(store: Store) -> None:
    root = (await new_session(store, "root")).id
    await store.append(root, [started(0), sampled(0, 1), scored(0, 1, 0.2), sampled(0, 2)])
    await store.append(root, [scored(0, 2, 0.4)])
    child = (await new_session(store, "child", parent=root, fork_seq=4)).id
    await store.append(child, [scored(0, 1, 0.9)])
    call = await store.begin_call(child, intent())
    await store.finish_call(child, outcome(call), answer("a"))
    call = await store.begin_call(child, intent(step=1, role="optimizer"))
    kind = Outcome.UNKNOWN
    await store.finish_call(child, outcome(call, kind, step=1), None)
    rows = await store._read(
        lambda db: db.execute("SELECT session, id, score FROM trajectory ORDER BY 1, 2").fetchall()
    )
    assert rows == [("child", 1, 0.9), ("root", 1, 0.2), ("root", 2, 0.4)]
    costs = await store._read(lambda db: db.execute("SELECT * FROM step_costs").fetchall())
    assert costs == [
        ("child", 0, "scorer", 1, 0, 0, 10, 0, 2, 0, 123_456_789 / 1e12, 0, 0.0),
        ("child", 1, "optimizer", 0, 0, 1, None, 0, None, 0, None, 0, 0.0),
    ]
