from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.events import CandidateSampled, CandidateScored
from opro_tui.core.reducer import fold
from opro_tui.core.solution import Origin
from opro_tui.tui.search import Filter, Order, listed, parse
from tests.tui.states import HOSTILE, empty, scored, steps

BASE = (
    [("Solve the problem.", 20)],
    [("Think [first].", 18), ("Write down each quantity.", 36)],
    [("Write each quantity down, 汉字", 35), ("far", 5)],
)


@pytest.fixture
def state():
    made = steps(empty(), *BASE)
    own = CandidateSampled(step=3, id=6, text="Mine.", origin=Origin.PERSON)
    partial = replace(scored(3, 6, 30).score, n=10, value=0.9, unparsed=2)
    made = fold(made, [own, CandidateScored(step=3, candidate=6, score=partial)])
    return replace(made, pinned=frozenset({2}), dropped=frozenset({5}))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", [3, 4, 1, 2, 5, 6]),
        ("QUANTITY", [3, 4]),
        ("quantity down", [3, 4]),
        ('"down each"', [3]),
        ("[first]", [2]),
        ("汉字", [4]),
        ("step:1", [3, 2]),
        ("step:0-1", [3, 1, 2]),
        ("step:", [3, 4, 1, 2, 5, 6]),
        ("origin:person", [6]),
        ("origin:you", [6]),
        ("origin:sta", [1]),
        ("pinned", [2]),
        ("dropped", [5]),
        ("partial", [6]),
        ("unread", [6]),
        ("tied", [3, 4]),
        ("shown", [4]),
        ("#4", [4]),
        ("#4 #5", [4, 5]),
        ("step:2 far", [5]),
        ('"pinned"', []),
        ("no such text", []),
    ],
)
def test_a_filter_lists_what_it_says(state, text, ids) -> None:
    assert listed(state, parse(text), Order.RANK, shown={4}) == ids


def test_orders_sort_and_ties_keep_their_rank(state) -> None:
    assert listed(state, Filter(), Order.ID, ()) == [6, 5, 4, 3, 2, 1]
    assert listed(state, Filter(), Order.STEP, ()) == [6, 4, 5, 3, 2, 1]
    assert listed(state, Filter(), Order.SCORE, ())[:2] == [5, 2]
    assert listed(state, Filter(), Order.LENGTH, ())[:2] == [5, 6]
    order = Order.RANK
    for _ in Order:
        order = order.next()
    assert order is Order.RANK


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_filters_do_no_harm(state, text) -> None:
    found = listed(state, parse(text), Order.RANK, ())
    assert set(found) <= set(state.candidates)
    assert len(set(found)) == len(found)


@given(st.text(max_size=60))
def test_any_text_is_a_filter(text) -> None:
    assert isinstance(parse(text), Filter)
