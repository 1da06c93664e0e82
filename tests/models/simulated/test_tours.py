"""The travelling salesman: a local search from the text of the meta-prompt alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.meta_prompt import ShownSolution, Template, build
from opro_tui.core.proposals import parse
from opro_tui.models.simulated import optimizer
from opro_tui.models.simulated.reader import read
from opro_tui.models.simulated.traces import as_trace, places, traces
from opro_tui.tasks import TaskOptions, load

if TYPE_CHECKING:
    from opro_tui.tasks.tsp import TravellingSalesman

OWN_WORDS = Template(
    instructions=(
        "Cities as (number): (x, y)\n(0): (1.5, 2)\n(1): (-30, 4)\n(2): (20, -7.25)\n(3): (8, 8)\n"
        "(4): (−9, 60)\n\nEarlier routes, the shortest last:\n{trajectory}"
        "Write a shorter route between [ and ]."
    ),
    solution_format="route: {solution}\ndistance: {score}\n",
    solution_format_without_score="route: {solution}\n",
    exemplar_format="",
    proposal_open="[",
    proposal_close="]",
)


def trip(count: int, seed: int = 0) -> TravellingSalesman:
    task = load(TaskOptions(task=f"tsp:n={count}", seed=seed)).task
    assert hasattr(task, "optimum")
    return task


class Search:
    """A session's loop without a session."""

    def __init__(self, count: int, seed: int, *, limit: int, temperature: float = 1.0) -> None:
        task = trip(count, seed)
        template = task.template("tuned")
        known = {text: task.compute(text).score for text in task.starting_solutions()}
        self.first = min(known.values())
        self.refused: Counter[str] = Counter()
        self.found: int | None = None
        for step in range(1, limit + 1):
            prompt = self.prompt(task, template, known)
            for index in range(8):
                completion = optimizer.complete(seed, prompt, temperature, (step,), index)
                text = task.clean(parse(completion, template)[0].text)
                reason = "duplicate" if text in known else task.reject(text)
                if reason is None:
                    known[text] = task.compute(text).score
                else:
                    self.refused[reason.split()[0]] += 1
            if task.solved(min(known.values())):
                self.found = step
                break
        self.tried = len(known)
        self.gap = min(known.values()) / task.optimum().length - 1
        self.first_gap = self.first / task.optimum().length - 1

    @staticmethod
    def prompt(task: TravellingSalesman, template: Template, known: dict[str, float]) -> str:
        best = sorted(known.items(), key=lambda item: item[1])[:20][::-1]
        shown = [
            ShownSolution(number, text, task.show_score(value, 100))
            for number, (text, value) in enumerate(best)
        ]
        return build(template, shown, ()).text


@pytest.mark.parametrize("style", ["tuned", "pretrained"])
@pytest.mark.parametrize("shown", [0, 1, 5])
@pytest.mark.parametrize("proposals", [1, 3])
def test_the_built_in_templates_are_read(style: str, shown: int, proposals: int) -> None:
    task = trip(12, 3)
    starts = task.starting_solutions()[:shown]
    solutions = [ShownSolution(i, text, str(700 - i)) for i, text in enumerate(starts)]
    brief = read(build(task.template(style), solutions, (), proposals=proposals).text)
    assert [item.text for item in brief.shown] == list(starts)
    assert [item.score for item in brief.shown] == [700 - i for i in range(shown)]
    assert (brief.kind, brief.minimize, brief.count) == ("tour", True, proposals)
    assert brief.tags == ("<trace>", "</trace>")
    assert brief.places == dict(enumerate(task.points))


def test_another_template_is_read() -> None:
    solutions = [
        ShownSolution(1, "0 -> 1 -> 2 -> 3 -> 4", "310"),
        ShownSolution(2, "0 -> 4 -> 1 -> 2 -> 3", "255.5"),
    ]
    prompt = build(OWN_WORDS, solutions, ()).text
    brief = read(prompt)
    assert brief.kind == "tour"
    assert [item.score for item in brief.shown] == [310, 255.5]
    assert brief.places[4] == (-9, 60)
    assert brief.places[2] == (20, -7.25)
    assert brief.tags == ("[", "]")
    texts = [
        parse(optimizer.complete(1, prompt, 1.0, (1,), index), OWN_WORDS)[0].text
        for index in range(12)
    ]
    assert sum(" -> " in text and len(as_trace(text)) == 5 for text in texts) >= 9


def test_hidden_lengths_and_a_missing_map_still_give_tours() -> None:
    task = trip(9)
    template = task.template("tuned")
    solutions = [ShownSolution(i, text, None) for i, text in enumerate(task.starting_solutions())]
    unscored = build(template, solutions, ()).text
    bare = "Shorter is better.\n" + "".join(
        f"<trace>{text}</trace>\nlength: {900 - i}\n\n"
        for i, text in enumerate(task.starting_solutions())
    )
    assert not read(unscored).scored
    assert read(bare).kind == "tour"
    assert not read(bare).places
    for prompt in (unscored, bare):
        texts = [
            task.clean(parse(optimizer.complete(2, prompt, 1.0, (1,), index), template)[0].text)
            for index in range(16)
        ]
        assert sum(task.reject(text) is None for text in texts) >= 12
        assert len(set(texts)) > 8


@pytest.mark.parametrize("text", ["w=15, b=14", "0,1,2", "1,2,3,4", "0,1,1,2", "", "2026-11-20"])
def test_other_texts_are_no_tours(text: str) -> None:
    assert as_trace(text) == ()


def test_prompts_about_other_things_stay_what_they_are() -> None:
    line = load(TaskOptions(task="linear-regression")).task
    shown = [ShownSolution(i, text, "9") for i, text in enumerate(line.starting_solutions())]
    assert read(build(line.template("tuned"), shown, ()).text).kind == "pair"
    sums = load(TaskOptions(task="sums")).task
    shown = [ShownSolution(1, "Count 0, 1, 2, 3 and go on a tour.", "60")]
    assert read(build(sums.template("tuned"), shown, ()).text).kind == "phrase"


@given(st.text(alphabet="0123456789,.-> ()[]<trace>/\n:xy"))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(as_trace(item.text) for item in traces(text))
    assert set(places(text)) == set(range(len(places(text))))
    assert isinstance(optimizer.complete(0, text, 1.0, (), 0), str)


def test_ten_nodes_reach_the_optimum() -> None:
    steps = [Search(10, seed, limit=50).found for seed in range(8)]
    assert all(step is not None for step in steps)
    assert max(filter(None, steps)) >= 3


def test_more_nodes_come_close() -> None:
    fifteen = [Search(15, seed, limit=100) for seed in range(3)]
    assert sum(run.found is not None for run in fifteen) >= 2
    twenty = [Search(20, seed, limit=120) for seed in range(3)]
    assert max(run.gap for run in (*fifteen, *twenty)) < 0.06
    fifty = Search(50, 0, limit=60)
    assert fifty.gap < 0.5 * fifty.first_gap
    assert fifty.found is None


def test_vetting_has_something_to_do() -> None:
    refused = sum((Search(12, seed, limit=40).refused for seed in range(5)), Counter())
    assert refused["duplicate"] > 3
    assert sum(refused.values()) > refused["duplicate"] + 5


def test_temperature_matters() -> None:
    def runs(temperature: float) -> list[Search]:
        return [Search(15, seed, limit=40, temperature=temperature) for seed in range(3)]

    cold, usual, hot = runs(0.0), runs(1.0), runs(2.0)
    assert sum(run.gap for run in usual) < sum(run.gap for run in cold)
    assert sum(run.gap for run in usual) < sum(run.gap for run in hot)
    assert max(run.tried for run in cold) < 100 < min(run.tried for run in hot)


def test_the_same_prompt_and_draw_give_the_same_tour() -> None:
    task = trip(10)
    known = {text: task.compute(text).score for text in task.starting_solutions()}
    prompt = Search.prompt(task, task.template("tuned"), known)
    first = [optimizer.complete(4, prompt, 1.0, (1,), index) for index in range(8)]
    assert first == [optimizer.complete(4, prompt, 1.0, (1,), index) for index in range(8)]
    assert len(set(first)) > 3
    assert first != [optimizer.complete(5, prompt, 1.0, (1,), index) for index in range(8)]
