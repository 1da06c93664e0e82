from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput
from opro_tui.core.meta_prompt import (
    EXEMPLAR,
    INSTRUCTIONS,
    REQUEST,
    SEPARATOR,
    SOLUTION,
    ShownExemplar,
    ShownSolution,
    Template,
    build,
    fill,
)

TEMPLATE = Template(
    instructions="Known:\n{trajectory}\nFor:\n{exemplars}\nWrite one.",
    solution_format="T {solution} S {score}\n",
    solution_format_without_score="T {solution}\n",
    exemplar_format="I {input} O {target}\n",
)
SOLUTIONS = (ShownSolution(3, "Think.", "61"), ShownSolution(9, "Check {score}.", "72"))
EXEMPLARS = (ShownExemplar(5, "Q: <INS> 1+1", "2"),)


def texts(prompt, kind):
    return [prompt.text[r.start : r.end] for r in prompt.regions if r.kind == kind]


def test_it_is_built_to_the_byte():
    prompt = build(TEMPLATE, SOLUTIONS, EXEMPLARS)
    assert prompt.text == (
        "Known:\nT Think. S 61\nT Check {score}. S 72\n\nFor:\nI Q: <INS> 1+1 O 2\n\nWrite one."
    )
    assert prompt.solution_ids == (3, 9)
    assert prompt.exemplar_ids == (5,)


def test_regions_name_what_each_character_is():
    prompt = build(TEMPLATE, SOLUTIONS, EXEMPLARS)
    assert texts(prompt, INSTRUCTIONS) == ["Known:\n", "\nFor:\n", "\nWrite one."]
    assert texts(prompt, SOLUTION) == ["T Think. S 61\n", "T Check {score}. S 72\n"]
    assert texts(prompt, EXEMPLAR) == ["I Q: <INS> 1+1 O 2\n"]


def test_slots_may_repeat_or_be_absent():
    template = TEMPLATE.with_texts({"instructions": "{trajectory}--{trajectory}"})
    prompt = build(template, SOLUTIONS[:1], EXEMPLARS)
    assert prompt.text == "T Think. S 61\n--T Think. S 61\n"
    assert prompt.exemplar_ids == ()
    bare = build(TEMPLATE.with_texts({"instructions": "Nothing."}), SOLUTIONS, EXEMPLARS)
    assert bare.text == "Nothing."


def test_literal_and_unknown_braces_stay():
    template = TEMPLATE.with_texts(
        {
            "instructions": '{"a": {b}} {{trajectory}} {Trajectory} {} {trajectory',
            "solution_format": "{solution}{{score}}{x}|",
        }
    )
    prompt = build(template, SOLUTIONS[:1], ())
    assert prompt.text == '{"a": {b}} {Think.{61}{x}|} {Trajectory} {} {trajectory'


def test_what_a_slot_brings_in_is_never_searched_for_slots():
    nasty = "{trajectory}{exemplars}{solution}{score}{input}{target}<INS></INS>"
    prompt = build(
        TEMPLATE, [ShownSolution(1, nasty, "5")], [ShownExemplar(2, nasty, nasty)], proposals=1
    )
    assert prompt.text == (f"Known:\nT {nasty} S 5\n\nFor:\nI {nasty} O {nasty}\n\nWrite one.")


def test_hidden_scores_use_their_own_format():
    prompt = build(TEMPLATE, [ShownSolution(1, "Think.", None)], ())
    assert "T Think.\n" in prompt.text
    assert " S " not in prompt.text


def test_separators_stand_only_between():
    template = TEMPLATE.with_texts(
        {"solution_separator": "--\n", "exemplar_separator": "==\n", "instructions": "{trajectory}"}
    )
    prompt = build(template, SOLUTIONS, ())
    assert prompt.text == "T Think. S 61\n--\nT Check {score}. S 72\n"
    assert texts(prompt, SEPARATOR) == ["--\n"]


def test_several_proposals_are_asked_for_at_the_end():
    template = TEMPLATE.with_texts({"several_format": " Give {count}."})
    prompt = build(template, (), (), proposals=4)
    assert prompt.text.endswith("Write one. Give 4.")
    assert texts(prompt, REQUEST) == [" Give 4."]
    assert not build(template, (), (), proposals=1).text.endswith("Give 1.")


@given(
    instructions=st.text(),
    solutions=st.lists(st.tuples(st.text(), st.text() | st.none()), max_size=5),
    exemplars=st.lists(st.tuples(st.text(), st.text()), max_size=4),
    proposals=st.integers(1, 9),
)
def test_regions_cover_the_text_side_by_side(instructions, solutions, exemplars, proposals):
    template = TEMPLATE.with_texts({"instructions": instructions + "{trajectory}x{exemplars}"})
    prompt = build(
        template,
        [ShownSolution(i, text, score) for i, (text, score) in enumerate(solutions)],
        [ShownExemplar(i, *pair) for i, pair in enumerate(exemplars)],
        proposals=proposals,
    )
    position = 0
    for region in prompt.regions:
        assert region.start == position < region.end
        position = region.end
    assert position == len(prompt.text)


@given(st.text(), st.text(), st.text())
def test_filling_replaces_nothing_but_its_slots(before, value, after):
    text = before.replace("{", "") + "{a}" + after.replace("{", "")
    assert fill(text, {"a": value}) == before.replace("{", "") + value + after.replace("{", "")


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"instruction": "x"}, ["unknown text 'instruction'", "'instructions'"]),
        ({"instructions": 3}, ["instructions is no string but int"]),
        ({"proposal_open": ""}, ["proposal_open is empty"]),
    ],
)
def test_wrong_texts_are_refused_in_one_line(texts, words):
    with pytest.raises(BadInput) as caught:
        TEMPLATE.with_texts(texts, where="file.toml")
    line = str(caught.value)
    assert line.startswith("file.toml: ")
    assert "\n" not in line
    for word in words:
        assert word in line
