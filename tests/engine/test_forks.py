"""Forks under other conditions: what they take over, what they buy, and what survives."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from opro_tui.config_file import load_config
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.core.events import CandidateSampled, EditMade
from opro_tui.core.protocols import Split
from opro_tui.core.solution import Origin
from opro_tui.core.undo import last_undoable
from opro_tui.engine import heldout, report
from opro_tui.engine.compare import compare
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.exchange.writing import write_json
from opro_tui.engine.fork import fork, plan
from opro_tui.engine.fork_price import price
from opro_tui.engine.replay import Replay
from opro_tui.store.database import Store
from tests.support.loopback import LoopbackServer, default_reply
from tests.support.sessions import make, make_and_run, opened, own_data, run

MESSAGES = "/v1/messages"


@pytest.fixture
def server():
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def db(tmp_path):
    return tmp_path / "db" / "sessions.db"


async def forked(db, name, step=None, note="", **values):
    """A fork of `s`, and what its price said."""
    store = await Store.open(db)
    try:
        async with opened(db, readonly=True) as parent:
            planned = await plan(store, parent, step, values, note)
            priced = await price(store, planned, load_config(None))
            await fork(store, parent, step, name, values, note)
            return priced
    finally:
        await store.close()


def bought(server):
    return len(server.records(MESSAGES))


async def test_a_fork_under_another_scorer_shows_none_of_its_parents_scores(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url, shown=3), 2)
    async with opened(db) as parent:
        pinned, best = parent.state.ranked()[-1].id, parent.state.best_id
        await parent.edit(Edits(pin=(pinned,), pin_exemplar=(parent.state.facts.train[0],)))
        await parent.edit(Edits(settings={"temperature": 0.3}, add=("Add the numbers.",)))
        shown = {candidate.id for candidate in parent.state.shown()}
        theirs = parent.state
    priced = await forked(db, "arm", note="the small one", scorer="anthropic/other")
    async with opened(db, "arm") as arm:
        state = arm.state
        assert not state.steps
        assert state.ranked() == []
        assert state.best_id is None
        assert state.usage().calls == 0
        assert state.settings.scorer == "anthropic/other"
        assert state.settings.temperature == 0.3
        expected = [theirs.candidates[id_].text for id_ in sorted(shown | {best, pinned})]
        assert [c.text for c in state.waiting()] == [*expected, "Add the numbers."]
        assert {c.origin for c in state.candidates.values()} == {Origin.START, Origin.IMPORT}
        assert [state.candidates[id_].text for id_ in state.pinned] == [
            theirs.candidates[pinned].text
        ]
        assert state.exemplars_pinned == theirs.exemplars_pinned
        record = state.edits[-1]
        assert record.kind == "fork"
        assert record.note == "the small one"
        assert record.before["settings"] == {"scorer": "anthropic/m"}
        assert record.after["settings"] == {"scorer": "anthropic/other"}
        assert record.after["step"] == 2
        assert last_undoable(state) is None
        assert priced.solutions == len(state.waiting())
        assert priced.stored == 0
        before = bought(server)
        await run(arm, 1)
        assert arm.state.usage("scorer", 0).calls == priced.missing
        assert bought(server) - before == arm.state.usage("scorer").calls
        shown = await report.show_json(arm._store, arm)
        assert shown["parent"] == "s"
        live = arm.state
    async with opened(db, "arm", readonly=True) as arm:
        assert arm.state == live


@pytest.mark.parametrize(
    ("values", "buys"),
    [
        ({"metric": "exact"}, False),
        ({"train": 3}, False),
        ({"test": 5}, False),
        ({"train": 8}, True),
        ({"qa": False}, True),
        ({"position": "A_begin"}, True),
        ({"scorer_temperature": 0.7}, True),
        ({"max_output_tokens": "scorer=99"}, True),
    ],
)
async def test_it_buys_what_is_new_and_no_more(server, db, tmp_path, values, buys):
    await make_and_run(db, own_data(tmp_path, server.url, test=10), 1)
    before = bought(server)
    priced = await forked(db, "arm", **values)
    async with opened(db, "arm") as arm:
        state = arm.state
        answers = len(state.waiting()) * len(state.facts.train)
        assert priced.answers == answers
        await run(arm, 1)
        used = arm.state.usage("scorer", 0)
        assert used.calls == priced.missing
        assert used.from_store == priced.stored
        assert bool(priced.missing) is buys
        if "train" in values and buys:
            assert used.calls == 2 * len(state.waiting())
    assert bought(server) - before >= priced.missing


async def test_the_test_split_stays_and_is_compared_under_both_conditions(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url, test=8), 2)
    await forked(db, "larger", 1, train=10)
    store = await Store.open(db)
    async with opened(db) as parent, opened(db, "larger") as arm:
        await run(arm, 1)
        sides = [[e.split for e in s.task.examples] for s in (parent, arm)]
        assert [i for i, side in enumerate(sides[0]) if side is Split.TEST] == [
            i for i, side in enumerate(sides[1]) if side is Split.TEST
        ]
        assert set(parent.state.facts.train) < set(arm.state.facts.train)
        for session in (parent, arm):
            best = session.state.best()
            await heldout.measure(session, [best], heldout.indexes(session, "test"), "evaluate")
        found = await compare(store, parent, arm)
        assert [c.name for c in found.conditions] == ["training set"]
        assert found.held_out is not None
        assert found.training is None
        assert found.parted == 1
        assert found.afresh
        assert [e.kind for e in found.second.edits] == ["fork"]
        spent = sum(u.calls for (step, _), u in parent.state.ledger.items() if step > 1)
        assert found.first.spent.calls == spent
    await store.close()


async def test_arms_that_are_graded_in_two_ways_are_not_paired(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url, test=4), 1)
    await forked(db, "arm", metric="exact")
    store = await Store.open(db)
    async with opened(db) as parent, opened(db, "arm") as arm:
        await run(arm, 1)
        for session in (parent, arm):
            best = session.state.best()
            await heldout.measure(session, [best], heldout.indexes(session, "test"), "evaluate")
        found = await compare(store, parent, arm)
        assert [(c.name, c.first, c.second) for c in found.conditions] == [
            ("metric", "numeric", "exact")
        ]
        assert not found.same_grading
        assert found.held_out is None
        assert found.training is None
    await store.close()


async def test_forks_of_forks_and_comparing_siblings(db, tmp_path):
    await make_and_run(db, own_data(tmp_path, test=5), 2)
    await forked(db, "shared", 1)
    await forked(db, "afresh", 1, metric="exact")
    store = await Store.open(db)
    async with opened(db, "afresh") as middle:
        await run(middle, 1)
        await fork(store, middle, 1, "below")
    async with (
        opened(db, "shared") as one,
        opened(db, "below") as other,
        opened(db, "afresh") as up,
    ):
        await run(one, 1)
        await run(other, 1)
        found = await compare(store, one, other)
        assert (found.parted, found.afresh) == (1, True)
        assert len(found.second.edits) == 1
        found = await compare(store, up, other)
        assert (found.parted, found.afresh, found.conditions) == (1, False, ())
        assert found.second.edits == ()
    await store.close()


async def test_a_fork_before_anything_ran_and_from_an_unfinished_session(server, db, tmp_path):
    store = await Store.open(db)
    await make(store, own_data(tmp_path, server.url))
    async with opened(db) as parent:
        with pytest.raises(BadInput, match=r"--at: is missing.*Run a step first"):
            await fork(store, parent, None, "x")
        await fork(store, parent, None, "arm", {"position": "system"})
    await store.close()
    async with opened(db, "arm") as arm:
        assert [c.text for c in arm.state.waiting()] == ["Let's solve the problem."]
        assert arm.state.edits[-1].after["step"] is None
        await run(arm, 1)
        assert arm.state.finished_steps == 1


async def test_settings_that_may_change_come_along_with_a_shared_past(server, db, tmp_path):
    await make_and_run(db, own_data(tmp_path, server.url), 1)
    await forked(db, "arm", 1, note="cooler", temperature=0.2, scorer="anthropic/m")
    async with opened(db, "arm") as arm:
        assert arm.state.settings.temperature == 0.2
        assert arm.state.next_step == 2
        assert arm.state.best_id is not None
        assert [(e.kind, e.note) for e in arm.state.edits] == [("set", "cooler")]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"task": "tsp"}, "make a new session for another task"),
        ({"input": "other"}, "a fork keeps the stored examples"),
        ({"metric": "boolean"}, "neither true nor false"),
        ({"train": 900}, "900 training examples are asked for, and 12 are not held out"),
        ({"test": 15}, "15 test examples are asked for, and 14 were not trained on"),
        ({"train": "none"}, "--train: has no value"),
        ({"scorer": "nobody/x"}, "--scorer"),
        ({"speed": 3}, "unknown setting"),
    ],
)
async def test_what_not_even_a_fork_can_change_is_said(db, tmp_path, values, words):
    await make_and_run(db, own_data(tmp_path, test=8), 0)
    store = await Store.open(db)
    async with opened(db) as parent:
        with pytest.raises(BadInput, match=words):
            await fork(store, parent, None, "arm", values)
    assert [record.name for record in await store.sessions()] == ["s"]
    await store.close()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seed": 9}, "Another seed is another problem"),
        ({"scorer": "openai/x"}, "computes its scores: no scorer takes part"),
        ({"metric": "exact"}, "has no metric of its own"),
    ],
)
async def test_computed_tasks_have_nothing_to_change(db, values, words):
    await make_and_run(db, {"task": "linear-regression", "seed": 1}, 1)
    store = await Store.open(db)
    async with opened(db) as parent:
        with pytest.raises(BadInput, match=words):
            await fork(store, parent, 1, "arm", values)
    await store.close()


async def test_the_data_file_is_never_read_again(db, tmp_path):
    await make_and_run(db, own_data(tmp_path), 1)
    (tmp_path / "sums.jsonl").unlink()
    await forked(db, "arm", metric="contains", train=5, seed=4)
    async with opened(db, "arm") as arm:
        assert len(arm.state.facts.train) == 5
        await run(arm, 1)
        assert arm.state.best_id is not None


async def test_it_round_trips_replays_and_outlives_its_parent(db, tmp_path):
    await make_and_run(db, own_data(tmp_path), 1)
    await forked(db, "arm", scorer_temperature=0.5)
    async with opened(db, "arm") as arm:
        await run(arm, 1)
        live = arm.state
    store = await Store.open(db)
    replay = await Replay.open(store, "arm")
    assert replay.seek(len(replay.events)) == live
    kinds = [type(event) for event in replay.events[:3]]
    assert kinds[0] is CandidateSampled
    file = tmp_path / "arm.json"
    file.write_text("".join([piece async for piece in write_json(store, "arm")]))
    other = await Store.open(tmp_path / "other.db")
    assert (await import_file(other, file)).record.imported.parent == "s"
    events = await other.events((await other.session("arm")).id)
    assert sum(isinstance(e, EditMade) and e.kind == "fork" for e in events) == 1
    await other.close()
    async with opened(tmp_path / "other.db", "arm", readonly=True) as again:
        assert again.state == live
    await store.delete("s")
    await store.close()
    async with opened(db, "arm", readonly=True) as again:
        assert again.state == live


async def test_a_damaged_record_of_a_fork_is_refused(db, tmp_path):
    await make_and_run(db, own_data(tmp_path), 0)
    await forked(db, "arm", metric="exact")
    store = await Store.open(db)
    text = "".join([piece async for piece in write_json(store, "arm")])
    file = tmp_path / "arm.json"
    file.write_text(text.replace('"solutions":', '"solutionz":'))
    with pytest.raises(BadInput, match="solution"):
        await import_file(store, file)
    await store.close()


async def test_killed_while_step_zero_is_scored_nothing_is_bought_twice(db, tmp_path):
    answer, victim = default_reply(), {"process": None, "left": 0}

    def reply(request):
        victim["left"] -= 1
        if victim["left"] == 0:
            os.kill(victim["process"].pid, signal.SIGKILL)
        return answer(request)

    def start():
        command = [sys.executable, "-m", "tests.support.runner", str(db), "arm", "1"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    with LoopbackServer(reply, latency=0.002) as server:
        await make_and_run(db, own_data(tmp_path, server.url, concurrency=2), 1)
        before = len(server.ledger)
        priced = await forked(db, "arm", qa=False)
        victim["left"] = 7
        victim["process"] = start()
        victim["process"].communicate(timeout=60)
        assert victim["process"].returncode == -signal.SIGKILL
        process = start()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        async with opened(db, "arm", readonly=True) as arm:
            used = arm.state.usage("scorer", 0)
            assert used.calls == priced.missing
            assert used.unknown <= 2
            total = arm.state.usage()
            assert len(server.ledger) - before - total.calls <= total.unknown
    with sqlite3.connect(db) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
