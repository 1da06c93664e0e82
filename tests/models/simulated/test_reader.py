"""Solutions and scores are read out of templates that nobody announced."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opro_tui.core.meta_prompt import ShownExemplar, ShownSolution, Template, build
from opro_tui.models.simulated.extract import as_pair, extract
from opro_tui.models.simulated.reader import read
from tests.models.simulated.reference import PLAIN

SOLUTIONS = (
    ("Let's solve the problem.", 52.0),
    ("Work step by step, with care: nothing is skipped.", 61.0),
    ("List the facts. Then set up an equation.", 72.0),
)
EXEMPLARS = (
    ShownExemplar(0, "Ann has 3 apples and buys 4. How many?", "7"),
    ShownExemplar(1, "The cost is 40. What is it in value: 30?", "12"),
    ShownExemplar(2, "A rope of length 9 is cut in 3.", "3"),
)
FORMATS = {
    "label lines": "text:\n{solution}\nscore:\n{score}\n\n",
    "labels": "Instruction: {solution}\nScore: {score}\n\n",
    "one line": "text: {solution} score: {score}\n",
    "tags, number behind": "<INS>{solution}</INS> {score}\n",
    "tags, label below": "<INS>{solution}</INS>\nscore: {score}\n",
    "tags, number in front": "precision: {score} <INS>{solution}</INS>\n",
    "nested tags": "<item><text>{solution}</text><score>{score}</score></item>\n",
    "score first": "Score: {score}\nText: {solution}\n\n",
    "list": "- {solution} ({score})\n",
    "numbers in front": "{score}: {solution}\n",
    "table": "| {solution} | {score} |\n",
    "percent": "{solution} - {score}%\n",
    "number below": "input\n{solution}\n{score}\n\n",
    "dense": "{solution}\n{score}\n",
    "json": '{"text": "{solution}", "score": {score}}\n',
    "json lists": '["{solution}", {score}],\n',
}


def _shown(count: int = 3, *, hidden: bool = False) -> list[ShownSolution]:
    return [
        ShownSolution(number, text, None if hidden else str(round(score)))
        for number, (text, score) in enumerate(SOLUTIONS[:count])
    ]


def _prompt(template: Template, count: int = 3, **options: int) -> str:
    return build(template, _shown(count), EXEMPLARS, **options).text


@pytest.mark.parametrize("name", FORMATS)
def test_pairs_are_read_whatever_the_format(name: str) -> None:
    brief = read(_prompt(replace(PLAIN, solution_format=FORMATS[name])))
    assert [(shown.text, shown.score) for shown in brief.shown] == list(SOLUTIONS)
    assert brief.tags == ("<INS>", "</INS>")
    assert not brief.minimize
    assert brief.kind == "phrase"
    assert brief.topic == "number"


@pytest.mark.parametrize("name", list(FORMATS)[:8])
def test_one_solution_is_not_mistaken_for_the_exemplars(name: str) -> None:
    brief = read(_prompt(replace(PLAIN, solution_format=FORMATS[name]), 1))
    assert [(shown.text, shown.score) for shown in brief.shown] == [SOLUTIONS[0]]


@pytest.mark.parametrize(
    "form", ["text:\n{solution}\n\n", "<INS>{solution}</INS>\n", "- {solution}\n"]
)
def test_hidden_scores_leave_the_texts(form: str) -> None:
    template = replace(PLAIN, solution_format_without_score=form)
    brief = read(build(template, _shown(hidden=True), EXEMPLARS).text)
    assert [shown.text for shown in brief.shown] == [text for text, _ in SOLUTIONS]
    assert not brief.scored


def test_an_empty_solution_is_one_too() -> None:
    template = replace(PLAIN, solution_format=FORMATS["labels"])
    shown = [ShownSolution(0, "", "34"), *_shown()]
    read_back = read(build(template, shown, EXEMPLARS).text).shown
    assert [item.text for item in read_back] == ["", *(text for text, _ in SOLUTIONS)]


@pytest.mark.parametrize(
    ("ask", "tags"),
    [
        ("Write it between <prompt> and </prompt>.", ("<prompt>", "</prompt>")),
        ("Begin with <A> and end with </A>.", ("<A>", "</A>")),
        ("Answer like this: <new>your instruction</new>", ("<new>", "</new>")),
        ("Put it in square brackets.", ("[", "]")),
        ("Give it as [w, b].", ("[", "]")),
        ("Write it between << and >>.", ("<<", ">>")),
        ("Go on: <INS>", ("<INS>", "</INS>")),
        ("Just write it.", None),
    ],
)
def test_the_tags_asked_for_are_found(ask: str, tags: tuple[str, str] | None) -> None:
    template = replace(PLAIN, instructions="Old ones:\n\n{trajectory}\n" + ask)
    assert read(_prompt(template)).tags == tags


def test_how_many_and_in_which_direction() -> None:
    assert read(_prompt(PLAIN, proposals=4)).count == 4
    assert read(_prompt(PLAIN)).count == 1
    lower = replace(PLAIN, instructions="A lower value is better.\n\n{trajectory}\nGo.")
    assert read(_prompt(lower)).minimize
    unsaid = replace(PLAIN, instructions="Seen:\n\n{trajectory}\nGo.")
    assert not read(_prompt(unsaid)).minimize
    assert read(build(unsaid, _shown()[::-1], ()).text).minimize


def test_wishes_of_the_meta_instructions_are_read() -> None:
    wished = replace(PLAIN, instructions=INSTRUCTION_WITH_WISHES)
    brief = read(_prompt(wished))
    assert "units" in brief.wished
    assert "equation" in brief.shunned
    assert brief.short


INSTRUCTION_WITH_WISHES = (
    "Seen:\n\n{trajectory}\nMention the units. Avoid equations. Be concise."
    " Write between <INS> and </INS>."
)


@pytest.mark.parametrize(
    "form",
    [
        "w={w}, b={b}\nvalue:\n{score}\n\n",
        "input:\nw={w}, b={b}\nvalue:\n{score}\n\n",
        "[{w}, {b}] {score}\n",
        "w = {w}, b = {b}, loss = {score}\n",
        "Loss {score}: [w={w}, b={b}]\n",
        "pair w={w}, b={b} has loss {score}\n",
        "<pair>{w}, {b}</pair> value: {score}\n",
    ],
)
def test_integer_pairs_are_read(form: str) -> None:
    points = [(15, 14, 91234), (12, -3, 4567), (17, 11, 890)]
    trajectory = "".join(form.format(w=w, b=b, score=score) for w, b, score in points)
    brief = read(f"A lower loss is better.\n\n{trajectory}\nGive a new pair, like this: [w, b]\n")
    found = [(*(as_pair(shown.text) or ()), shown.score) for shown in brief.shown]
    assert found == points
    assert brief.kind == "pair"
    assert brief.minimize
    assert brief.tags == ("[", "]")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.lists(st.sampled_from(list(FORMATS.values())), max_size=3))
def test_no_text_makes_it_fail(noise: str, forms: list[str]) -> None:
    text = noise.join([*forms, "72", "<INS>", "</INS>", '{"a": NaN, "b": "x"}', "[1, 2] 3"])
    brief = read(text)
    assert all(0 <= shown.start <= shown.end <= len(text) for shown in brief.shown)


@pytest.mark.parametrize(
    "piece",
    ["<INS>", "<a></a>", "[", "[1,", "{", '["', " ", "\n", "1 ", "w=1 ", "score: ", "a\n1\n",
     "between ", "<INS>a</INS> 1\n", "- a (1)\n", "\t 1 |", "avoid "],
)  # fmt: skip
def test_long_hostile_texts_are_read_in_time(piece: str) -> None:
    began = time.perf_counter()
    extract(piece * (20_000 // len(piece)))
    read(piece * (20_000 // len(piece)) + "x")
    assert time.perf_counter() - began < 2
