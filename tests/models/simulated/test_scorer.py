"""The scorer: answers in sentences, as good as the wording deserves."""

from __future__ import annotations

import json
import re
from statistics import fmean
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opro_tui.core.protocols import Completion, Example, Message
from opro_tui.models.simulated import answers, judge, scorer
from opro_tui.models.simulated.ability import ability, is_right, probability
from opro_tui.models.simulated.draws import Dice
from opro_tui.tasks.judging import Judging
from tests.models.simulated.reference import EXAMPLES, POPULATION, START

GOOD = "List the facts. Set up an equation. Work in short, visible steps. Check the result."
SUM = Example(0, "Ann has 12 apples and buys 30. How many has she now?", "42")


def _messages(instruction: str, example: Example, position: str = "Q_begin") -> tuple[Message, ...]:
    question = example.input
    if position == "system":
        return (Message("system", instruction), Message("user", f"Q: {question}\n\nA:"))
    forms = {
        "before_Q": f"{instruction}\nQ: {question}\n\nA:",
        "Q_begin": f"Q: {instruction}\n{question}\n\nA:",
        "Q_end": f"Q: {question}\n{instruction}\n\nA:",
        "A_begin": f"Q: {question}\n\nA: {instruction}",
        "bare": f"{instruction}\n{question}",
    }
    return (Message("user", forms[position]),)


@pytest.mark.parametrize("position", ["before_Q", "Q_begin", "Q_end", "A_begin", "system"])
def test_the_instruction_is_found_in_every_position(position: str) -> None:
    placed = scorer.find_instruction(_messages("Be kind.", SUM, position), SUM)
    assert placed == ("Be kind.", position)
    assert scorer.find_instruction(_messages("", SUM, position), SUM).text == ""


def test_the_instruction_is_found_without_a_frame_and_among_columns() -> None:
    assert scorer.find_instruction(_messages("Be kind.", SUM, "bare"), SUM).text == "Be kind."
    fields = MappingProxyType({"ticket": "Printer on fire", "user": "Ann", "queue": "hardware"})
    example = Example(0, "", "hardware", fields=fields)
    message = Message("user", "From Ann: Printer on fire\nName the queue.")
    found = scorer.find_instruction((message,), example).text
    assert "Name the queue." in found
    assert "Printer" not in found


@pytest.mark.parametrize(
    ("question", "target", "pattern"),
    [
        ("What is 12 and 30?", "42", r"answer is -?\d+\.$"),
        ("Price?", "$1,234.50", r"answer is \$[\d.,]+\.$"),
        ("Which?\n(A) red\n(B) blue\n(C) green", "(B)", r"answer is \([AC]\)$"),
        ("Which?\nA) red\nB) blue", "B", r"answer is A\.$"),
        ("Is it?", "Yes", r"answer is No\.$"),
        ("Is it?", "FALSE", r"answer is TRUE\.$"),
        ("Sort: b a c", "a b c", r"answer is .*[a-z]\.$"),
        ("Close: [ (", ") ]", r"answer is "),
    ],
)
def test_right_and_wrong_are_of_one_kind(question: str, target: str, pattern: str) -> None:
    for number in range(20):
        dice = Dice(number)
        wrong = answers.wrong(question, target, "", {}, dice)
        assert re.search(pattern, wrong), wrong
        assert not re.search(rf"answer is {re.escape(target)}(\.|$)", wrong)
        assert target in answers.right(question, target, START, dice)


def test_arithmetic_is_shown_where_it_works_out() -> None:
    assert answers.right(SUM.input, "42", START, Dice(1)) == "12 + 30 = 42. The answer is 42."


def test_json_stays_json() -> None:
    target = '{"queue": "hardware", "urgent": true}'
    assert json.loads(answers.right("q", target, "", Dice(1))) == json.loads(target)
    wrong = json.loads(answers.wrong("q", target, "", {}, Dice(1)))
    assert wrong.keys() == json.loads(target).keys()
    assert wrong != json.loads(target)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=80))
def test_hostile_data_never_make_it_fail(question: str, target: str, instruction: str) -> None:
    example = Example(0, question, target, fields=MappingProxyType({"x": question}))
    for position in ("Q_begin", "A_begin", "system"):
        messages = _messages(instruction, example, position)
        assert isinstance(scorer.complete(1, messages, example, 0.0, (), 0), str)
    assert isinstance(answers.wrong(question, target, instruction, {}, Dice(1)), str)


def _accuracy(seed: int, instruction: str) -> float:
    theta = ability(seed, instruction, "Q_begin", "number")
    return fmean(probability(seed, theta, question) for question in POPULATION)


def test_a_good_instruction_beats_a_bare_one_and_none() -> None:
    good, bare, empty = (
        fmean(_accuracy(seed, text) for seed in range(20)) for text in (GOOD, START, "")
    )
    assert good > bare + 0.1
    assert bare > empty + 0.05


def test_paraphrases_differ_by_some_points_and_rarely_by_many() -> None:
    wordings = [
        "Check the result.",
        "Verify the result.",
        "Confirm the outcome.",
        "Check the answer!",
    ]
    spreads = []
    for seed in range(40):
        found = [_accuracy(seed, text) for text in wordings]
        spreads.append(max(found) - min(found))
    assert 0.03 < fmean(spreads) < 0.2
    assert max(spreads) < 0.45


def test_what_helps_depends_on_the_seed_and_the_position() -> None:
    texts = ["Keep the units beside every number.", "Draw a timeline.", "Be concise.", GOOD]
    orders = {
        tuple(sorted(texts, key=lambda text, seed=seed: _accuracy(seed, text)))
        for seed in range(10)
    }
    assert len(orders) > 2
    assert ability(1, GOOD, "Q_begin", "number") != ability(1, GOOD, "A_begin", "number")


def test_instructions_share_most_of_their_luck() -> None:
    right = {
        text: [
            is_right(1, text, ability(1, text, "Q_begin", "number"), question)
            for question in POPULATION
        ]
        for text in ("Check the result.", "Confirm the outcome.")
    }
    first, second = right.values()
    apart = fmean(a != b for a, b in zip(first, second, strict=True))
    assert 0.02 < apart < 0.35


def test_few_answers_cannot_be_read_and_fewer_where_a_format_is_asked_for() -> None:
    def unread(instruction: str) -> float:
        texts = []
        for seed in range(8):
            for number, (question, target) in enumerate(EXAMPLES):
                example = Example(number, question, str(target))
                messages = _messages(instruction, example)
                texts.append(scorer.complete(seed, messages, example, 0.0, (), 0))
        return fmean("answer is" not in text for text in texts)

    assert 0.02 < unread(START) < 0.12
    assert unread(f"{START} End with the answer alone on the last line.") < unread(START)


def test_only_temperature_makes_draws_differ() -> None:
    def drawn(temperature: float, draw: int) -> list[str]:
        return [
            scorer.complete(1, _messages(START, example), example, temperature, (draw,), 0)
            for example in (Example(i, q, str(t)) for i, (q, t) in enumerate(EXAMPLES))
        ]

    assert drawn(0.0, 1) == drawn(0.0, 2)
    assert drawn(1.0, 1) == drawn(1.0, 1)
    assert drawn(1.0, 1) != drawn(1.0, 2)


def test_without_an_oracle_it_only_rambles() -> None:
    text = scorer.complete(1, _messages(START, SUM), None, 0.0, (), 0)
    assert "42" not in text


def test_the_judge_prefers_substance() -> None:
    example = Example(0, "Reply to the complaint.", "apologise and offer a refund")
    full = "Answer: We apologise for the delay and offer a full refund within two days, and we will"
    full += " write again tomorrow with the exact date, the amount and the name of who decides."
    grades = {}
    for name, text in {
        "full": full,
        "vague": "Answer: It probably depends.",
        "none": "Answer: !",
    }.items():
        reply = judge.complete(1, (Message("user", text),), example, 0.0, (), 0)
        found = Judging("Be kind.").read(Completion(reply))
        assert found.score is not None
        assert found.reason
        grades[name] = found.score
    assert grades["full"] > grades["vague"] >= grades["none"] == 0
