"""Texts as long as some models and files make them, on screens: a key is answered all the same."""

from __future__ import annotations

import time

import pytest

from opro_tui.core.meta_prompt import MetaPrompt, Region
from opro_tui.tui.answers import LONGEST, MOST_LINES, beginning, long_difference, long_text
from opro_tui.tui.regions import lay_out
from tests.support.hostile import LARGE


@pytest.mark.parametrize("text", LARGE.values(), ids=list(LARGE))
def test_what_is_drawn_of_a_long_text_is_bounded_and_counted(text: str) -> None:
    started = time.process_time()
    shown = long_text(text).plain
    long_difference(text, f"{text[:-1]}?")
    assert time.process_time() - started < 1.5
    kept = beginning(text)
    assert text.startswith(kept)
    assert len(kept) <= LONGEST
    assert kept.count("\n") < MOST_LINES
    assert f"{len(text) - len(kept):,} characters more" in shown


def test_a_very_long_part_of_a_meta_prompt_is_drawn_in_its_beginning() -> None:
    text = "x" * 400_000
    regions = (Region(0, len(text), "instructions"),)
    started = time.process_time()
    drawn = "".join(line.text for line in lay_out(MetaPrompt(text, regions), 60))
    assert time.process_time() - started < 1
    assert drawn.startswith("x" * 50_000)
    assert "350,000 more characters are not drawn" in drawn


def test_a_text_of_usual_length_is_drawn_whole() -> None:
    text = "A line.\n" * (MOST_LINES - 1)
    assert beginning(text) == text
    assert long_text(text).plain == text
    assert "compared" not in long_difference(text, f"{text}more").plain
