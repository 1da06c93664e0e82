"""Looking back works when the user's code, or the data file, is gone; only scoring doesn't."""

from __future__ import annotations

import json
import sys

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import BadInput, CodeMissing
from opro_tui.core.protocols import Example
from opro_tui.core.solution import Score
from opro_tui.engine import fork, listing
from opro_tui.engine.replay import Replay
from opro_tui.engine.report import fresh_summary, list_json, show_json
from opro_tui.store.database import Store
from opro_tui.tasks import factory
from tests.support.own_code import METRIC, TASK, run_and_forget
from tests.support.sessions import make_and_run, opened, own_data


@pytest.fixture(params=["metric", "task"])
async def gone(request, tmp_path, monkeypatch):
    await run_and_forget(tmp_path / "s.db", request.param, monkeypatch)
    store = await Store.open(tmp_path / "s.db")
    yield store, request.param
    await store.close()


async def test_writing_is_refused_and_the_code_is_named(gone):
    store, kind = gone
    reference = METRIC if kind == "metric" else TASK
    with pytest.raises(
        CodeMissing, match=f"{reference}: eyes_own_code can't be imported"
    ) as caught:
        async with opened(store.path):
            pass
    assert caught.value.exit_code == 2


async def test_the_past_reads_and_replays_as_it_was(gone):
    store, kind = gone
    async with opened(store.path, readonly=True) as session:
        state = session.state
        shown = await show_json(store, session)
    assert state.finished_steps == 2
    assert state.facts.minimize is (kind == "task")
    assert state.facts.bounded is (kind == "metric")
    best = state.best()
    assert best is not None
    assert isinstance(best.score, Score)
    if kind == "task":
        assert best.score.value == min(c.score.value for c in state.ranked())
    assert shown["best"]["id"] == best.id
    replay = await Replay.open(store, "s")
    assert replay.seek(len(replay.events)) == state
    assert "eyes_own_code" not in sys.modules


async def test_lists_and_forks_need_no_code(gone):
    store, _ = gone
    record = await store.session("s")
    async with opened(store.path, readonly=True) as session:
        best = session.state.best()
        await fork.fork(store, session, 1, "f")
    assert (await fresh_summary(store, await store.session("f")))["steps"] == 1
    assert {row["name"] for row in await list_json(store)} == {"s", "f"}
    found = [entries async for entries in listing.entries(store)][-1]
    assert {entry.name: entry.steps for entry in found} == {"s": 2, "f": 1}
    assert record.summary["best"] == best.score.value
    assert (await listing.state_of(store, "f", Config())).finished_steps == 1


async def test_scoring_and_unknown_texts_are_refused_in_a_sentence(gone):
    store, kind = gone
    record = await store.session("s")
    task = factory.restore_to_look(record.task_spec, await store.examples(record.id))
    score = {
        "metric": lambda: task.grade(Example(0, "q", "t"), "a"),
        "task": lambda: task.compute("x"),
    }
    with pytest.raises(CodeMissing, match="is not at hand, so nothing can be scored"):
        score[kind]()
    if kind == "metric":
        async with opened(store.path, readonly=True) as session:
            assert "Right answer" in (await session.meta_prompt()).text
    else:
        with pytest.raises(CodeMissing):
            task.starting_solutions()
        assert "Find a short word." in task.template("tuned").instructions
        async with opened(store.path, readonly=True) as session:
            assert (await session.meta_prompt(1)).text
            with pytest.raises(CodeMissing):
                await session.meta_prompt()


async def test_an_older_session_of_an_own_task_says_what_it_lacks(gone):
    store, kind = gone
    record = await store.session("s")
    spec = dict(record.task_spec)
    spec.pop("facts", None)
    if kind == "task":
        assert factory.restore_to_look(spec, ()) is None
        for damaged in ({}, {"minimize": 1}, "x", None):
            assert factory.restore_to_look(spec | {"facts": damaged}, ()) is None
    else:
        with pytest.raises(BadInput, match="damaged"):
            factory.restore_to_look(spec | {"extra": 1}, ())


async def test_the_data_file_may_be_gone(tmp_path):
    path = tmp_path / "s.db"
    await make_and_run(path, own_data(tmp_path), 1)
    (tmp_path / "sums.jsonl").unlink()
    async with opened(path) as session:
        assert session.state.finished_steps == 1
        assert json.loads(json.dumps(session.state.settings.to_json()))
    store = await Store.open(path)
    try:
        replay = await Replay.open(store, "s")
        assert replay.seek(len(replay.events)).finished_steps == 1
    finally:
        await store.close()
