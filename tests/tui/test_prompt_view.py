from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.meta_prompt import ShownSolution, build
from opro_tui.tasks.meta_prompts import prompt_template
from opro_tui.tui import format as fmt
from opro_tui.tui.regions import Marks, lay_out
from tests.tui.states import HOSTILE


def prompt_of(*texts: str):
    shown = [ShownSolution(id_, text, "50") for id_, text in enumerate(texts, start=1)]
    return build(prompt_template("tuned"), shown, [])


@given(st.lists(st.text(st.characters(), max_size=80), max_size=4), st.integers(8, 100))
def test_the_whole_text_is_drawn_in_order(texts: list[str], width: int) -> None:
    prompt = prompt_of(*texts)
    drawn = "".join(line.text for line in lay_out(prompt, width))
    pieces = (prompt.text[r.start : r.end] for r in prompt.regions)
    assert drawn == "".join(fmt.harmless(piece) for piece in pieces).replace("\n", "")


def test_solutions_are_named_in_the_margin_and_pins_marked() -> None:
    lines = lay_out(prompt_of("first", "second"), 60, Marks(pinned=frozenset({2})))
    labels = {line.label: line.text for line in lines if line.label[-1:].isdigit()}
    assert labels == {"#1": "Instruction: first", "◆#2": "Instruction: second"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_drawn_harmlessly(text: str) -> None:
    for line in lay_out(prompt_of(text), 30):
        assert all(character.isprintable() for character in line.text)


def test_a_hundred_kilobytes_are_laid_out_at_once() -> None:
    prompt = prompt_of("word " * 10_000, "x" * 50_000)
    started = time.perf_counter()
    lay_out(prompt, 40)
    assert time.perf_counter() - started < 2
