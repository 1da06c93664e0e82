"""With the tasks that ship: their templates are read, and answers pass their parser and metric."""

from __future__ import annotations

from statistics import fmean

import pytest

from opro_tui.core.meta_prompt import ShownExemplar, ShownSolution, build
from opro_tui.core.protocols import Example, Request
from opro_tui.models.simulated import answers, create_simulated
from opro_tui.models.simulated.draws import Dice
from opro_tui.models.simulated.reader import read
from opro_tui.tasks.factory import TaskOptions, load
from opro_tui.tasks.metrics import make_metric

TEXTS = [
    "Let's solve the problem.",
    "List the facts: all of them.",
    "Check the result. Be precise.",
]


@pytest.mark.parametrize("style", ["tuned", "pretrained"])
@pytest.mark.parametrize("shown", [1, 3])
def test_the_prompt_templates_are_read(style: str, shown: int) -> None:
    task = load(TaskOptions(task="sums")).task
    template = task.template(style)
    exemplars = [
        ShownExemplar(example.index, *task.exemplar(example, template.placeholder))
        for example in task.examples[:3]
    ]
    solutions = [ShownSolution(i, text, str(50 + i)) for i, text in enumerate(TEXTS[:shown])]
    brief = read(build(template, solutions, exemplars).text)
    assert [item.text for item in brief.shown] == TEXTS[:shown]
    assert [item.score for item in brief.shown] == [50 + i for i in range(shown)]
    assert brief.tags == (template.proposal_open, template.proposal_close)
    assert not brief.minimize


@pytest.mark.parametrize("style", ["tuned", "pretrained"])
def test_the_linear_regression_templates_are_read(style: str) -> None:
    task = load(TaskOptions(task="linear-regression")).task
    starts = task.starting_solutions()
    solutions = [
        ShownSolution(i, text, task.show_score(task.compute(text).score, 100))
        for i, text in enumerate(starts)
    ]
    template = task.template(style)
    brief = read(build(template, solutions, (), proposals=3).text)
    assert [item.text for item in brief.shown] == list(starts)
    assert brief.scored
    assert (brief.kind, brief.minimize, brief.count) == ("pair", True, 3)
    assert brief.tags == ("[", "]")


async def test_answers_pass_the_real_parser_and_metric() -> None:
    task = load(TaskOptions(task="sums")).task
    model = create_simulated("scorer", 1)
    grades = []
    for example in task.examples[:80]:
        request = Request(task.messages(TEXTS[0], example), temperature=0.0, oracle=example)
        answer = (await model.complete(request, {})).completions[0].text
        grades.append(task.grade(example, answer))
    assert 0.3 < fmean(grade.score for grade in grades) < 0.75
    assert 0 < sum(grade.parsed is None for grade in grades) < 12


@pytest.mark.parametrize(
    ("metric", "question", "target"),
    [
        ("numeric", "What are 3 and 4?", "1,234.5"),
        ("boolean", "Is it?", "yes"),
        ("multiple-choice", "Which?\nOptions:\n(A) red\n(B) blue\n(C) green", "(B)"),
        ("exact", "Name the queue.", "hardware"),
        ("contains", "Sort them.", "apple banana cherry"),
        ("json", "Extract it.", '{"name": "Ann", "age": 3}'),
    ],
)
def test_each_metric_tells_right_from_wrong(metric: str, question: str, target: str) -> None:
    example = Example(0, question, target)
    grader = make_metric(metric)
    grader.prepare([example])
    for number in range(30):
        dice = Dice(metric, number)
        told = TEXTS[number % 3]
        assert grader.grade(example, answers.right(question, target, told, dice)).score == 1
        assert grader.grade(example, answers.wrong(question, target, told, {}, dice)).score < 1
        rambling = answers.rambling(dice)
        assert not rambling or grader.grade(example, rambling).score == 0
