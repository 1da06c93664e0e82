from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.tui import format as fmt
from opro_tui.tui.differences import compare, lay_out, summary
from tests.tui.states import HOSTILE

texts = st.text(st.sampled_from("ab \n"), max_size=60)


def side(comparison, sign: str) -> str:
    """One side of a comparison, put together again."""
    lines = ["".join(r.text for r in runs) for mark, runs in comparison.lines if mark in ("", sign)]
    return "\n".join(line.replace(fmt.NEWLINE, "") for line in lines)


@given(texts, texts)
def test_both_texts_can_be_read_from_a_comparison(old: str, new: str) -> None:
    found = compare(old, new)
    assert side(found, "−") == old.removesuffix("\n")
    assert side(found, "+") == new.removesuffix("\n")
    assert (found.count == 0) == (old == new)


def test_every_change_has_a_sign_and_the_changed_words_a_mark() -> None:
    found = compare("keep\nSolve it now.\nend\n", "keep\nSolve it slowly.\nend\nmore\n")
    signed = [(sign, "".join(run.text for run in runs)) for sign, runs in found.lines]
    assert signed == [
        ("", "keep"),
        ("−", "Solve it now."),
        ("+", "Solve it slowly."),
        ("", "end"),
        ("+", "more"),
    ]
    marked = {(run.text, run.tone) for _, runs in found.lines for run in runs if "word" in run.tone}
    assert marked == {("now", "removed-word"), ("slowly", "added-word")}
    assert found.count == 2
    assert summary(found) == "2 differences · +2 −1 lines"


def test_a_lost_line_end_is_seen() -> None:
    found = compare("a\n", "a")
    assert found.count == 1
    assert any(fmt.NEWLINE in run.text for _, runs in found.lines for run in runs)


def test_a_blank_line_that_came_is_seen_with_its_sign() -> None:
    drawn = lay_out(compare("a\nb\n", "a\n\nb\n"), 20)
    assert [(line.label, line.text) for line in drawn] == [("", "a"), ("+", "⏎"), ("", "b")]


def test_wrapped_lines_all_carry_the_sign() -> None:
    drawn = lay_out(compare("", "word " * 30), 20)
    assert len(drawn) > 3
    assert {line.label for line in drawn} == {"+"}


def test_equal_texts_say_so() -> None:
    assert summary(compare("same", "same")) == "no difference"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_drawn_harmlessly(text: str) -> None:
    for line in lay_out(compare("plain\n", text + "\nplain\n"), 30):
        assert all(character.isprintable() for character in line.text)


def test_long_changed_blocks_do_not_freeze() -> None:
    started = time.perf_counter()
    compare("a b " * 40_000, "b a " * 40_000)
    compare("".join(f"{i} a\n" for i in range(2000)), "".join(f"{i} b\n" for i in range(2000)))
    assert time.perf_counter() - started < 3
