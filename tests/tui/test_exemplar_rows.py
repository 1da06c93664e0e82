from __future__ import annotations

import time

import pytest

from opro_tui.core.protocols import Example
from opro_tui.tui import exemplar_rows as view
from tests.tui.states import HOSTILE

EXAMPLES = [Example(i, f"What is {i} plus {i}?", str(2 * i)) for i in range(10)]
TEXTS = view.searchable(EXAMPLES)
SHELF = view.Shelf((7, 2), frozenset({7}), frozenset({5}), {2: 0.25})


def test_the_prompts_exemplars_come_first_then_dropped_then_the_rest() -> None:
    assert view.found(TEXTS, "", SHELF) == [7, 2, 5, 0, 1, 3, 4, 6, 8, 9]


@pytest.mark.parametrize(
    ("query", "hits"),
    [("plus 18", [9]), ("WHAT 3?", [3]), ("#4", [4]), ("nothing", []), ("is  is", 10)],
)
def test_the_search_wants_every_word_in_question_target_or_number(query, hits) -> None:
    found = view.found(TEXTS, query, SHELF)
    assert found == hits if isinstance(hits, list) else len(found) == hits


def test_a_row_says_place_number_and_wrong_rate() -> None:
    text = [[cell.text for cell in view.row(SHELF, EXAMPLES[i])] for i in (7, 2, 5, 0)]
    assert text[0][:3] == ["◆ pinned", "7", ""]
    assert text[1] == ["● shown", "2", "25 %", "4", "What is 2 plus 2?"]
    assert text[2][0] == "✕ dropped"
    assert text[3][0] == ""
    assert view.title(SHELF) == "Exemplars · 2 in the next prompt · 1 pinned · 1 dropped"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_examples_are_drawn_harmlessly(text: str) -> None:
    for cell in view.row(view.Shelf(), Example(0, text, text)):
        assert cell.text.isprintable()


def test_ten_thousand_examples_are_searched_while_one_types() -> None:
    texts = view.searchable(Example(i, f"question {i} " * 40, str(i)) for i in range(10_000))
    started = time.perf_counter()
    view.found(texts, "question 77", SHELF)
    assert time.perf_counter() - started < 0.5
