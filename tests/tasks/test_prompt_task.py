"""Prompt tasks: the scorer's request to the byte, exemplars, vetting and the meta-prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput
from opro_tui.core.meta_prompt import ShownExemplar, ShownSolution, build
from opro_tui.core.protocols import Example, Grade, Message, Split, Task
from opro_tui.tasks import TaskOptions, load, python_references, restore
from opro_tui.tasks.prompt_task import (
    POSITIONS,
    PromptSpec,
    PromptTask,
    check_position,
    drop_slot,
)

ITEM = Example(0, "How many?\nCount them.", "7", fields={"ticket": "T {instruction}", "x": "X"})


def task(**spec):
    return PromptTask(PromptSpec(name="t", metric="numeric", **spec), [ITEM])


def content(instruction, **spec):
    (message,) = task(**spec).messages(instruction, ITEM)
    assert message.role == "user"
    return message.content


@pytest.mark.parametrize(
    ("position", "qa", "expected"),
    [
        ("before_Q", True, "Think {q}.\nQ: How many?\nCount them.\n\nA:"),
        ("Q_begin", True, "Q: Think {q}.\nHow many?\nCount them.\n\nA:"),
        ("Q_end", True, "Q: How many?\nCount them.\nThink {q}.\n\nA:"),
        ("A_begin", True, "Q: How many?\nCount them.\n\nA: Think {q}."),
        ("before_Q", False, "Think {q}.\nHow many?\nCount them."),
        ("Q_begin", False, "Think {q}.\nHow many?\nCount them."),
        ("Q_end", False, "How many?\nCount them.\nThink {q}."),
        ("A_begin", False, "How many?\nCount them.\nThink {q}."),
    ],
)
def test_the_request_to_the_byte(position, qa, expected):
    assert content("Think {q}.", position=position, qa=qa) == expected
    made = task(position=position, qa=qa)
    assert made.exemplar(ITEM, "<INS>") == (expected.replace("Think {q}.", "<INS>"), "7")


@pytest.mark.parametrize("position", [name for name in POSITIONS if name != "system"])
def test_an_empty_instruction_leaves_nothing_behind(position):
    assert content("", position=position) == "Q: How many?\nCount them.\n\nA:"
    assert content("", position=position, qa=False) == "How many?\nCount them."


def test_the_system_position_has_its_own_message():
    framed = "Q: How many?\nCount them.\n\nA:"
    made = task(position="system")
    assert made.messages("Go.", ITEM) == (Message("system", "Go."), Message("user", framed))
    assert made.messages("", ITEM) == (Message("user", framed),)
    assert made.exemplar(ITEM, "<INS>") == (f"System: <INS>\n\n{framed}", "7")


@pytest.mark.parametrize(
    ("template", "full", "empty"),
    [
        ("{x}: {y}\n{instruction}", "X: {y}\n{x} Go.", "X: {y}"),
        ("{instruction}\n{x}", "{x} Go.\nX", "X"),
        ("{x}\n\n{instruction}\n\nA:", "X\n\n{x} Go.\n\nA:", "X\n\n\nA:"),
        ("Please {instruction} {x}", "Please {x} Go. X", "Please X"),
        ("{ticket} {instruction}", "T {instruction} {x} Go.", "T {instruction}"),
        ("{instruction} {x} {instruction}", "{x} Go. X {x} Go.", "X"),
    ],
)
def test_a_template_is_filled_in_one_pass(template, full, empty):
    assert content("{x} Go.", template=template) == full
    assert content("", template=template) == empty


def test_a_template_works_with_the_system_position():
    made = task(template="Ticket: {x}", position="system")
    assert made.messages("Go.", ITEM) == (Message("system", "Go."), Message("user", "Ticket: X"))


@given(before=st.text("ab \n"), after=st.text("ab \n"))
def test_dropping_the_slot_only_takes_white_space_with_it(before, after):
    dropped = drop_slot(before + "{instruction}" + after)
    assert "{instruction}" not in dropped
    assert "".join(dropped.split()) == "".join((before + after).split())


@given(instruction=st.text(), position=st.sampled_from(POSITIONS), qa=st.booleans())
def test_any_instruction_arrives_whole(instruction, position, qa):
    messages = task(position=position, qa=qa).messages(instruction, ITEM)
    assert any(instruction in message.content for message in messages)
    assert [message.role for message in messages][-1] == "user"


def test_positions_are_forgiving_about_case_only():
    assert check_position("a_BEGIN") == "A_begin"
    with pytest.raises(BadInput, match="Did you mean 'Q_begin'"):
        check_position("Qbegin")


def test_blank_answers_are_flagged():
    assert task().grade(ITEM, " \n") == Grade(0.0, None, ("empty",))
    assert task().grade(ITEM, "seven") == Grade(1.0, "7")


def test_scores_are_shown_in_buckets():
    assert [task().show_score(score, 100) for score in (0, 0.57, 0.815, 1)] == [
        "0",
        "57",
        "82",
        "100",
    ]
    assert task().show_score(0.57, 20) == "11"


def test_it_is_a_task_that_computes_nothing():
    made = task(initial=(" Go. ", "Go.", ""))
    assert isinstance(made, Task)
    assert made.starting_solutions() == ("Go.", "")
    assert made.clean("\n Go. ") == "Go."
    assert made.reject("") is None
    assert not made.solved(1.0)
    assert made.describe()["examples"] == {"train": 1}
    with pytest.raises(LookupError):
        made.compute("Go.")


@pytest.mark.parametrize("style", ["tuned", "pretrained"])
@pytest.mark.parametrize("name", ["sums", "linear-regression"])
def test_the_built_in_meta_prompts_hold_what_they_must(style, name):
    template = load(TaskOptions(task=name)).task.template(style)
    shown = build(
        template,
        [ShownSolution(1, "first\nline", "61"), ShownSolution(2, "second", "75")],
        [ShownExemplar(0, "Q: <INS>\nx", "7")],
    ).text
    assert shown.index("first\nline") < shown.index("second")
    assert "61" in shown
    assert template.proposal_open in shown
    assert ("Q: <INS>\nx" in shown) == (name == "sums" and style == "tuned")
    assert shown.endswith(template.proposal_open) == (style == "pretrained")
    hidden = build(template, [ShownSolution(1, "first", None)], []).text
    assert "61" not in hidden
    assert "{" not in hidden
    assert "None" not in hidden


def test_formats_end_in_a_new_line():
    for name in ("sums", "linear-regression"):
        for style in ("tuned", "pretrained"):
            template = load(TaskOptions(task=name)).task.template(style)
            assert template.solution_format.endswith("\n")
            assert template.solution_format_without_score.endswith("\n")
            assert template.exemplar_format.endswith("\n")


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"kind": "tsp"},
        {"kind": "prompt"},
        {"kind": "prompt", "name": "x", "metric": "numeric", "initial": None},
        {"kind": "prompt", "name": "x", "metric": "numeric", "initial": [], "extra": 1},
        {"kind": "prompt", "name": "x", "metric": "nope", "initial": ["a"]},
        {"kind": "python"},
        {"kind": "python", "reference": "os:sep", "seed": 0},
        {"kind": "linear-regression", "name": "x"},
    ],
)
def test_a_damaged_spec_is_bad_input(spec):
    with pytest.raises(BadInput):
        restore(spec, ())


def test_user_code_in_a_spec_is_named_before_it_runs():
    spec = PromptSpec(name="t", metric="python:nowhere:f").to_json()
    assert python_references(spec) == ("python:nowhere:f",)
    own = {"kind": "python", "reference": "nowhere:C", "seed": 0}
    assert python_references(own) == ("python:nowhere:C",)
    assert python_references(task().spec()) == ()


def test_rest_is_left_over_for_confirming():
    sides = [item.split for item in load(TaskOptions(task="sums", train=20)).task.examples]
    assert (sides.count(Split.TRAIN), sides.count(Split.TEST)) == (20, 100)
    assert Split.REST in sides
    everything = load(TaskOptions(task="sums", train=1.0)).task.examples
    assert {item.split for item in everything} == {Split.TRAIN}
