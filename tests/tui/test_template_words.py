from __future__ import annotations

from dataclasses import fields

import pytest

from opro_tui.core.meta_prompt import Template
from opro_tui.tasks.meta_prompts import prompt_template
from opro_tui.tui import template_words as words
from tests.tui.states import HOSTILE

TEXTS = prompt_template("tuned").to_json()


def said(name: str, text: str, *, exemplars: bool = True) -> words.Problem | None:
    return words.problem(name, TEXTS | {name: text}, exemplars=exemplars)


def test_every_text_of_a_template_can_be_edited() -> None:
    assert {field.name for field in words.FIELDS} == {field.name for field in fields(Template)}


@pytest.mark.parametrize("style", ["tuned", "pretrained"])
def test_the_built_in_texts_are_fine(style: str) -> None:
    texts = prompt_template(style).to_json()
    for field in words.FIELDS:
        assert words.problem(field.name, texts, exemplars=style == "tuned") is None


@pytest.mark.parametrize("name", ["placeholder", "proposal_open", "proposal_close"])
def test_empty_tags_block(name: str) -> None:
    found = said(name, "")
    assert found is not None
    assert found.blocks


@pytest.mark.parametrize(
    ("name", "text", "missing"),
    [
        ("instructions", "<INS>", "Without {trajectory} and {exemplars}"),
        ("solution_format", "{solution}", "Without {score}"),
        ("exemplar_format", "", "Without {input} and {target}"),
        ("several_format", "many", "Without {count}"),
    ],
)
def test_missing_slots_are_said_and_do_not_block(name: str, text: str, missing: str) -> None:
    found = said(name, text)
    assert found is not None
    assert missing in found.words
    assert not found.blocks


def test_unknown_braces_are_fine_and_tasks_without_examples_need_no_exemplars() -> None:
    assert said("solution_format", "{x} {solution} {score} {}") is None
    assert said("instructions", "{trajectory} <INS>", exemplars=False) is None


def test_tags_that_can_not_work_are_said() -> None:
    assert "not named" in str(said("instructions", "{trajectory}{exemplars}"))
    assert "the same" in str(said("proposal_close", TEXTS["proposal_open"]))


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_judged(text: str) -> None:
    for field in words.FIELDS:
        found = said(field.name, text)
        if "\ud800" in text:
            assert found is not None
            assert found.blocks
