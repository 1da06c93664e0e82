"""The travelling salesman: its problems, how traces are read and vetted, and what it tells."""

from __future__ import annotations

import asyncio
import json
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput
from opro_tui.core.meta_prompt import ShownSolution, build
from opro_tui.core.protocols import Task
from opro_tui.tasks import TaskOptions, load, preset_names, restore
from opro_tui.tasks.tsp import TravellingSalesman

SQUARE = ((0, 0), (8, 0), (8, 6), (0, 6), (4, 3))


def trip(name="tsp:n=10", seed=0):
    return load(TaskOptions(task=name, seed=seed)).task


def test_the_paper_s_set_up():
    task = trip()
    assert isinstance(task, Task)
    assert (task.minimize, task.bounded, task.trusted) == (True, False, True)
    drawn = task.describe()
    assert drawn["n"] == len(drawn["coordinates"]) == 10
    assert all(-100 <= value <= 100 for point in drawn["coordinates"] for value in point)
    starts = task.starting_solutions()
    assert len(set(starts)) == 5
    assert all(task.reject(start) is None and task.clean(start) == start for start in starts)
    assert "tsp" in dict(preset_names())


def test_points_are_spread_evenly_and_drawn_by_the_seed():
    points = [p for seed in range(40) for p in trip("tsp:n=100", seed).points]
    for axis in (0, 1):
        values = [point[axis] for point in points]
        assert abs(sum(values) / len(values)) < 4
        assert abs(sum(value * value for value in values) / len(values) - 100**2 / 3) < 150
    assert trip(seed=1).points == trip(seed=1).points != trip(seed=2).points
    assert len(set(trip("tsp:n=100").points)) == 100


@pytest.mark.parametrize("name", ["tsp", "tsp:", "tsp:n=5", "tsp: n = 20", "tsp:n=100"])
def test_names_of_problems(name):
    task = trip(name)
    assert task.name == name
    assert len(task.points) in (5, 10, 20, 100)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tsp:n=4", "from 5 to 100"),
        ("tsp:n=101", "from 5 to 100"),
        ("tsp:n=ten", "whole number"),
        ("tsp:n", "whole number"),
        ("tsp:n=5.5", "whole number"),
        ("tsp:nodes=5", "unknown parameter 'nodes'"),
        ("tps", "Did you mean 'tsp'"),
    ],
)
def test_other_names_are_refused(name, said):
    with pytest.raises(BadInput, match=said):
        trip(name)


@pytest.mark.parametrize(
    "text",
    [
        *("0,3,2,1,4", " 0, 3, 2, 1, 4 ", "0,3,2,1,4,0", "<trace>0,3,2,1,4</trace>"),
        *("<trace> 0,3,2,1,4 ", "0 -> 3 -> 2 -> 1 -> 4 -> 0", "0→3→2→1→4", "0–3–2–1–4"),
        *("[0, 3, 2, 1, 4]", "(0 3 2 1 4)", "trace: 0,3,2,1,4.", "0 to 3 to 2 then 1 then 4"),
        *("00,03,02,01,04", "0;3;2;1;4", "0\n3\n2\n1\n4", "`0,3,2,1,4`", "0=>3=>2=>1=>4"),
    ],
)
def test_traces_are_read_in_many_spellings(text):
    task = TravellingSalesman(SQUARE)
    assert task.clean(text) == "0,3,2,1,4"
    assert task.reject(task.clean(text)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no trace of node numbers"),
        ("go round the outside", "no trace of node numbers"),
        ("0,3,x,1,4", "no trace of node numbers"),
        ("0,-3,2,1,4", "no trace of node numbers"),
        ("0,3.5,2,1,4", "no trace of node numbers"),
        ("9" * 5000, "no trace of node numbers"),
        ("0,3,2,1,5", "node 5 is unknown (there are 0 to 4)"),
        ("0,3,2,1,44", "node 44 is unknown (there are 0 to 4)"),
        ("3,2,1,4,0", "starts at node 3, not at 0"),
        ("0,3,2,3,1,4", "node 3 is visited twice"),
        ("0,3,3,3,1,4", "node 3 is visited 3 times"),
        ("0,3,0,2,1,4,0", "node 0 is visited 3 times"),
        ("0,3,2,1", "node 4 is missing"),
        ("0,3", "2 of 5 nodes: 1, 2, 4 are missing"),
        ("0", "1 of 5 nodes: 1, 2, 3, 4 are missing"),
    ],
)
def test_other_traces_are_refused_in_words(text, reason):
    task = TravellingSalesman(SQUARE)
    assert task.reject(task.clean(text)) == reason
    with pytest.raises(LookupError):
        task.compute(task.clean(text))


@given(st.one_of(st.text(), st.text(alphabet="0123456789,->→ \n<trace/>[]()to"), st.binary()))
def test_no_text_breaks_the_reader(text):
    task = TravellingSalesman(SQUARE)
    text = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    cleaned = task.clean(text)
    assert task.clean(cleaned) == cleaned
    if task.reject(cleaned) is None:
        assert task.compute(cleaned).score >= 28


@pytest.mark.parametrize("text", [" " * 100_000, "0," * 2000, "0 " * 1999 + "x", "<trace>" * 500])
def test_long_texts_take_no_time(text):
    task, start = TravellingSalesman(SQUARE), time.monotonic()
    assert task.reject(task.clean(text)) is not None
    assert time.monotonic() - start < 0.5


def test_the_score_is_the_length_there_and_back():
    task = TravellingSalesman(SQUARE)
    assert task.compute("0,4,1,2,3").score == 5 + 5 + 6 + 8 + 6
    assert task.compute("0,3,2,1,4").score == task.compute("0,4,1,2,3").score
    assert task.show_score(437.5000001, 100) == "438"


@settings(deadline=None)
@given(st.permutations(range(1, 10)))
def test_both_directions_are_equally_long(rest):
    task = trip()
    there = task.compute(",".join(map(str, (0, *rest)))).score
    assert there == task.compute(",".join(map(str, (0, *rest[::-1])))).score
    assert there >= task.optimum().length - 1e-9


def test_only_the_proven_optimum_solves_it():
    task = TravellingSalesman(SQUARE)
    assert task.solved(30.0)
    assert task.solved(30.0 + 5e-7)
    assert not task.solved(30.0 + 2e-6)
    damaged = task.spec()
    damaged["optimum"] |= {"proven": False, "bound": 29.0}
    assert not restore(damaged, ()).solved(30.0)


def test_it_is_restored_without_being_solved_again(monkeypatch):
    task = trip("tsp:n=15", seed=3)
    spec = json.loads(json.dumps(task.spec()))
    monkeypatch.setattr("opro_tui.tasks.tsp.solve", None)
    again = restore(spec, ())
    assert again.describe() == task.describe()
    assert again.starting_solutions() == task.starting_solutions()
    assert again.solved(task.optimum().length)
    assert again.spec() == task.spec()


@pytest.mark.parametrize(
    "change",
    [
        {"points": [[0, 0]] * 5},
        {"points": [[0, 0], [1, 1]]},
        {"points": [[0, 0], [8, 0], [8, 6], [0, 6], [1e9, 3]]},
        {"points": None},
        {"optimum": None},
        {"optimum": {"tour": [0, 1, 2, 3, 3], "length": 1, "bound": 1, "proven": True}},
        {"seed": "x"},
    ],
)
def test_damaged_specs_are_bad_input(change):
    with pytest.raises(BadInput, match="damaged"):
        restore(TravellingSalesman(SQUARE).spec() | change, ())


def test_what_it_tells_can_be_drawn():
    task = TravellingSalesman(SQUARE)
    assert task.describe()["optimum"] is None
    task.spec()
    told = json.loads(json.dumps(dict(task.describe())))
    assert told["optimum"]["proven"]
    assert told["optimum"]["length"] == told["optimum"]["bound"] == 30
    assert sorted(told["optimum"]["tour"]) == [0, 1, 2, 3, 4]
    assert told["heuristics"] == {
        "nearest neighbour": {"tour": [0, 4, 1, 2, 3], "length": 30},
        "farthest insertion": {"tour": [0, 4, 1, 2, 3], "length": 30},
    }


def test_the_prompt_shows_what_is_scored_and_not_the_optimum():
    task = trip()
    task.spec()
    for style in ("tuned", "pretrained"):
        template = task.template(style)
        assert (template.proposal_open, template.proposal_close) == ("<trace>", "</trace>")
        shown = [ShownSolution(1, task.starting_solutions()[0], "900")]
        text = build(template, shown, ()).text
        assert all(f"{node}: ({x}, {y})" in text for node, (x, y) in enumerate(task.points))
        assert f"<trace>{task.starting_solutions()[0]}</trace>" in text
        assert ",".join(map(str, task.optimum().tour)) not in text
        assert "{" not in text


async def test_the_event_loop_goes_on_while_it_is_solved():
    task = trip("tsp:n=50", seed=11)
    work = asyncio.create_task(asyncio.to_thread(task.spec))
    longest, last = 0.0, time.monotonic()
    while not work.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert longest < 0.25
    assert math.isfinite((await work)["optimum"]["length"])
