"""The paper's experiments: rows, counts, vetting against a scripted server, and going on."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from opro_tui.config_file import load_config
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.engine import paper
from opro_tui.engine.repetition import spread
from opro_tui.engine.reproduce import Plan, Reproduction, to_json
from opro_tui.store.database import Store
from opro_tui.tasks import TaskOptions, load
from tests.support.loopback import Fault, LoopbackServer
from tests.support.sessions import opened


def plan(name, rows=1, sizes=(), **values):
    chosen = paper.experiment(name, sizes)
    chosen = replace(chosen, rows=chosen.rows[:rows])
    return Plan(**{"experiment": chosen, "repetitions": 2, "steps": 30, "instances": 0} | values)


async def reproduce(path, wanted, tell=lambda _: None):
    store = await Store.open(path)
    try:
        return await Reproduction(store, load_config(None), wanted, tell).run()
    finally:
        await store.close()


@pytest.fixture
def db(tmp_path):
    return tmp_path / "sessions.db"


def test_the_paper_s_figures():
    rows = paper.LINEAR_REGRESSION
    assert list(rows) == [(15, 14), (17, 17), (16, 10), (3, 5), (25, 23), (2, 30), (36, -1)]
    assert rows[25, 23]["gpt-3.5-turbo"].steps == paper.Figure(26.4, 18.3)
    assert rows[36, -1]["text-bison"].unique == paper.Figure(174.0, 28.2)
    assert rows[2, 30]["gpt-4"].to_json() == {
        "steps": {"mean": 38.0, "spread": 15.9},
        "unique": {"mean": 99.0, "spread": 24.6},
    }
    assert list(paper.TSP) == [10, 15, 20, 50]
    assert paper.TSP[20]["nearest neighbour"].gap == paper.Figure(16.0, 3.9)
    assert paper.TSP[50]["farthest insertion"].gap == paper.Figure(9.8, 1.5)
    assert paper.TSP[50]["gpt-4"].to_json() == {
        "gap": {"mean": 11.0, "spread": 2.6},
        "successes": 0,
    }
    assert paper.TSP[15]["gpt-3.5-turbo"].to_json()["steps"] == {"mean": 202.0, "spread": 41.1}


def test_experiments_that_there_are():
    assert [row.task for row in paper.experiment("tsp", (7, 7, 9)).rows] == ["tsp:n=7", "tsp:n=9"]
    with pytest.raises(BadInput, match="Did you mean 'linear-regression'"):
        paper.experiment("linear-regresion")
    with pytest.raises(BadInput, match="tsp only"):
        paper.experiment("linear-regression", (10,))


def test_means_with_their_errors():
    assert spread([2.0, 4.0, 6.0]) == {
        "mean": 4.0,
        "sd": 2.0,
        "stderr": pytest.approx(2 / math.sqrt(3)),
        "n": 3,
    }
    assert spread([5.0]) == {"mean": 5.0, "sd": None, "stderr": None, "n": 1}
    assert spread([])["mean"] is None


async def test_every_row_reaches_the_exact_pair(db):
    told = []
    wanted = plan("linear-regression", rows=7, repetitions=2, steps=200)
    outcomes = await reproduce(db, wanted, told.append)
    assert len(outcomes) == 7
    for outcome in outcomes:
        for each in outcome.repetitions:
            assert each.found_at == each.steps > 0
            assert 5 < each.unique <= 5 + 8 * each.steps
            assert each.sampled == 8 * each.steps
            assert each.unique == 5 + each.sampled - each.duplicates - each.rejected
            assert not each.failed
    assert sum(progress.finished is not None for progress in told) == 14
    assert told[-1].done == told[-1].wanted == 14
    document = to_json(wanted, outcomes)
    assert document["complete"]
    assert document["note"] == "simulated: a local search, not an LLM"
    assert document["rows"][6]["paper"]["gpt-4"]["steps"]["mean"] == 50.4


async def test_tours_are_measured_against_the_proven_optimum(db):
    outcomes = await reproduce(db, plan("tsp", sizes=(8, 12), rows=2, steps=60, instances=4))
    for outcome in outcomes:
        assert all(each.proven and each.gap >= 0 for each in outcome.repetitions)
        assert outcome.repetitions[0].gap == pytest.approx(0, abs=1e-6)
        assert set(outcome.baselines) == set(paper.HEURISTICS)
        assert all(len(gaps) == 4 and min(gaps) >= 0 for gaps in outcome.baselines.values())
        assert outcome.unproven == 0
        task = load(TaskOptions(task=outcome.row.task, seed=0)).task
        best, nearest = task.optimum().length, task.describe()["heuristics"]["nearest neighbour"]
        gap = outcome.baselines["nearest neighbour"][0]
        assert gap == pytest.approx(100 * (nearest["length"] / best - 1))


async def test_the_same_again_runs_nothing_and_more_goes_on(db):
    short = plan("tsp", sizes=(30,), repetitions=1, steps=2)
    (first,) = await reproduce(db, short)
    (again,) = await reproduce(db, short)
    assert again.repetitions[0] == replace(first.repetitions[0], reused=True)
    (more,) = await reproduce(db, replace(short, steps=4))
    assert more.repetitions[0].session == "reproduce-tsp-30-1"
    assert (more.repetitions[0].steps, more.repetitions[0].reused) == (4, False)
    assert more.repetitions[0].sampled == 32
    (less,) = await reproduce(db, short)
    assert replace(less.repetitions[0], usage=first.repetitions[0].usage) == again.repetitions[0]
    (other,) = await reproduce(db, replace(short, seed=9))
    assert other.repetitions[0].session == "reproduce-tsp-30-1-2"
    assert (await reproduce(db, replace(short, seed=9)))[0].repetitions[0].reused


async def test_a_session_that_a_person_steered_is_not_taken_for_a_repetition(db):
    short = plan("tsp", sizes=(30,), repetitions=1, steps=1)
    await reproduce(db, short)
    async with opened(db, "reproduce-tsp-30-1") as session:
        await session.edit(Edits(drop=(1,)))
    (outcome,) = await reproduce(db, short)
    assert outcome.repetitions[0].session == "reproduce-tsp-30-1-2"


async def test_it_stops_when_asked_and_goes_on(db):
    store = await Store.open(db)
    wanted = plan("tsp", sizes=(40,), repetitions=2, steps=6)
    ended = []

    def tell(progress):
        if progress.finished is not None:
            ended.append(progress)
        if progress.step == 2:
            work.stop()

    work = Reproduction(store, load_config(None), wanted, tell)
    try:
        (outcome,) = await work.run()
    finally:
        await store.close()
    assert work.stopping
    assert not ended
    assert 2 <= max(each.steps for each in outcome.repetitions) < 6
    (outcome,) = await reproduce(db, wanted)
    assert [each.steps for each in outcome.repetitions] == [6, 6]
    (whole,) = await reproduce(db.with_name("whole.db"), wanted)
    assert [e.best for e in whole.repetitions] == [e.best for e in outcome.repetitions]


PAIRS = [
    "[30, 40]",
    "I'd go on in that direction: [31, 41]",
    "[30, 40]",
    "[w, b]",
    "[9999999, 2]",
    "[14]",
    "no idea",
    "",
]


async def test_pairs_from_a_scripted_server_are_vetted_and_counted(db):
    def reply(request):
        if "w=30, b=40" in request.prompt:
            return ["w=15, b=14 it is: [15, 14]", *["[30, 40]"] * 7][: request.n]
        return PAIRS[: request.n]

    with LoopbackServer(reply) as server:
        wanted = plan("linear-regression", optimizer="openai/m", optimizer_url=server.url)
        (outcome,) = await reproduce(db, wanted)
        calls = len(server.records())
        assert calls == 4
        (again,) = await reproduce(db, wanted)
        assert len(server.records()) == calls
    for each in outcome.repetitions:
        assert (each.found_at, each.unique, each.sampled) == (2, 8, 16)
        assert (each.duplicates, each.rejected) == (1 + 7, 5)
        assert each.usage.calls == 2
    assert all(each.reused for each in again.repetitions)
    assert not to_json(wanted, outcome and (outcome,))["simulated"]
    async with opened(db, "reproduce-lr-15-14-1", readonly=True) as session:
        candidates = [c for c in session.state.candidates.values() if c.step == 1]
        reasons = [candidate.rejected for candidate in candidates]
    assert reasons[:2] == [None, None]
    assert reasons[2].startswith("duplicate of #")
    assert reasons[3:] == [
        "no pair of integers",
        "out of range",
        "no pair of integers",
        "no pair of integers",
        "empty",
    ]


async def test_tours_from_a_scripted_server_are_vetted_and_counted(db):
    task = load(TaskOptions(task="tsp:n=6", seed=0)).task
    best = ",".join(map(str, task.optimum().tour))
    start = task.starting_solutions()[0]
    scripted = [
        "<trace>0,1,2,3,4</trace>",
        "<trace>0,1,2,3,4,4</trace>",
        "<trace>0,1,2,3,4,6</trace>",
        "<trace>1,2,3,4,5,0</trace>",
        f"<trace>{start.replace(',', ' -> ')} -> 0</trace>",
        "<trace>a straight line</trace>",
        "0,1,2",
        f"Shorter: <trace> {best} </trace>",
    ]

    with LoopbackServer(lambda request: scripted[: request.n]) as server:
        wanted = plan("tsp", sizes=(6,), repetitions=1, optimizer="openai/m")
        (outcome,) = await reproduce(db, replace(wanted, optimizer_url=server.url))
    (each,) = outcome.repetitions
    assert (each.found_at, each.sampled, each.duplicates, each.rejected) == (1, 8, 1, 6)
    assert (each.gap, each.proven) == (0, True)
    assert each.unique == 6
    async with opened(db, "reproduce-tsp-6-1", readonly=True) as session:
        reasons = [c.rejected for c in session.state.candidates.values() if c.step == 1]
    assert reasons == [
        "node 5 is missing",
        "node 4 is visited twice",
        "node 6 is unknown (there are 0 to 5)",
        "starts at node 1, not at 0",
        "duplicate of #1",
        "no trace of node numbers",
        "3 of 6 nodes: 3, 4, 5 are missing",
        None,
    ]


async def test_a_failing_endpoint_ends_it_and_what_was_bought_is_kept(db):
    def fault(number, request):
        return Fault(status=401) if number > 2 else None

    def reply(request):
        return ["[15, 14]"] * request.n if "w=50, b=50" in request.prompt else ["[50, 50]"] * 8

    with LoopbackServer(reply, fault=fault) as server:
        wanted = plan("linear-regression", rows=2, optimizer="openai/m", optimizer_url=server.url)
        outcomes = await reproduce(db, wanted)
        assert len(outcomes) == 1
        assert all(each.failed and each.steps == 1 for each in outcomes[0].repetitions)
        assert not to_json(wanted, outcomes)["complete"]
        server.fault = None
        (first, second) = await reproduce(db, wanted)
        assert [each.found_at for each in first.repetitions] == [2, 2]
        assert [each.usage.calls for each in first.repetitions] == [2, 2]
        assert all(each.found_at is None for each in second.repetitions)
