from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opro_tui.core.edits import Edits
from opro_tui.core.events import CandidateScored, Evaluation
from opro_tui.core.racing import BLOCK
from opro_tui.engine.detail import answers
from opro_tui.engine.racing import leader, order
from opro_tui.store.database import Store
from tests.support.sessions import make, make_and_run, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.core.state import State

SUMS = {"task": "sums", "train": 40, "seed": 3, "scoring": "racing"}


def scores(state: State) -> dict[int, tuple[object, ...]]:
    return {c.id: (c.text, c.score, c.behind) for c in state.candidates.values()}


def lost(state: State) -> list[int]:
    return [c.id for c in state.candidates.values() if c.behind is not None]


@pytest.fixture(scope="module")
def raced(tmp_path_factory) -> Path:
    """A session of two steps."""
    import asyncio

    path = tmp_path_factory.mktemp("raced") / "s.db"
    asyncio.run(make_and_run(path, SUMS, 2))
    return path


async def test_who_falls_behind_stays_partial_and_costs_less(raced) -> None:
    async with opened(raced, readonly=True) as session:
        state = session.state
        assert lost(state)
        best = state.best()
        assert best is not None
        assert best.score is not None
        assert best.score.full
        for id_ in lost(state):
            score = state.candidates[id_].score
            assert score is not None
            assert not score.full
            assert score.n % BLOCK == 0
            assert id_ not in [c.id for c in state.shown()]
        full = sum(c.score.of for c in state.candidates.values() if c.score)
        assert state.usage("scorer").calls < full


async def test_a_score_of_one_that_is_behind_rests_on_the_first_examples_of_the_race(raced) -> None:
    async with opened(raced, readonly=True) as session:
        state = session.state
        for id_ in lost(state):
            candidate = state.candidates[id_]
            first = order(state, candidate.step)[: candidate.score.n]
            assert sorted(first) == sorted(
                i for i, grade in _grades(state, id_) if grade is not None
            )
            assert candidate.behind == leader(state, candidate.step).id


async def test_its_answers_are_those_that_its_score_rests_on(raced) -> None:
    async with opened(raced, readonly=True) as session:
        for id_ in lost(session.state):
            candidate = session.state.candidates[id_]
            shown = await answers(session, candidate)
            assert len(shown) == candidate.score.n
            assert sum(each.score for each in shown) / len(shown) == pytest.approx(
                candidate.score.value
            )


def _grades(state: State, id_: int):
    from opro_tui.core.grades import unpack

    return zip(state.facts.train, unpack(state.candidates[id_].score.grades), strict=True)


@pytest.mark.parametrize("concurrency", [1, 7, 64])
async def test_how_fast_answers_come_decides_nothing(raced, tmp_path, concurrency) -> None:
    await make_and_run(tmp_path / "s.db", SUMS | {"concurrency": concurrency}, 2)
    async with (
        opened(raced, readonly=True) as one,
        opened(tmp_path / "s.db", readonly=True) as two,
    ):
        assert scores(one.state) == scores(two.state)


async def test_an_interrupted_race_ends_as_the_undisturbed_one(raced, tmp_path) -> None:
    path = tmp_path / "s.db"
    store = await Store.open(path)
    await make(store, SUMS)
    await store.close()
    for stops in (30, 70, 140, 260, 10_000):
        async with opened(path) as session:
            seen = 0
            async for event in session.run(2 - max(0, session.state.finished_steps)):
                seen += isinstance(event, Evaluation)
                if seen == stops:
                    session.stop()
    async with opened(path, readonly=True) as session, opened(raced, readonly=True) as other:
        assert scores(session.state) == scores(other.state)
        asked = session.state.usage("scorer")
        assert asked.failed == 0


async def test_a_person_has_one_that_is_behind_scored_to_the_end(raced, tmp_path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(raced.read_bytes())
    async with opened(path) as session:
        id_ = lost(session.state)[0]
        before = session.state.candidates[id_].score
        await session.edit(Edits(complete=(id_,)))
        events = [event async for event in session.score([id_])]
        scored = [e for e in events if isinstance(e, CandidateScored) and e.candidate == id_]
        assert [e.behind for e in scored] == [None]
        candidate = session.state.candidates[id_]
        assert candidate.score.full
        assert candidate.behind is None
        new = [e for e in events if isinstance(e, Evaluation)]
        assert len(new) == candidate.score.of - before.n


async def test_without_a_full_score_before_there_is_no_race(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_and_run(path, SUMS, 0)
    async with opened(path) as session:
        assert leader(session.state, 1) is None
        await run(session, 1)
        assert leader(session.state, 1) is not None
        assert leader(session.state, 0) is None


async def test_the_forecast_of_a_race_holds_and_learns_from_those_before(raced, tmp_path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(raced.read_bytes())
    async with opened(path) as session:
        race = await session.forecast()
        await session.edit(Edits(settings={"scoring": "full"}))
        full = await session.forecast()
        said, most = (next(r for r in f.roles if r.role == "scorer") for f in (race, full))
        assert said.calls == most.calls
        assert said.low < most.low
        assert said.high == most.high
        assert said.input_tokens < most.input_tokens
        await session.edit(Edits(settings={"scoring": "racing"}))
        await run(session)
        used = session.state.usage("scorer", 3)
        assert said.low <= used.input_tokens + used.output_tokens <= said.high
