"""The plain data of pictures: gaps, windows, levels, clipping."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.picture import Field, Reference, clipped, levels, percent, window

NUMBERS = st.floats(-1e9, 1e9)


def test_a_gap_is_relative_to_the_reference() -> None:
    reference = Reference(200.0, "the optimum")
    assert reference.gap(250.0) == 25.0
    assert reference.gap(150.0) == -25.0
    assert Reference(200.0, "the most", minimize=False).gap(150.0) == 25.0
    assert reference.gap(None) is None
    assert reference.gap(math.inf) is None
    assert Reference(0.0, "nothing").gap(1.0) is None


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (0.0, "0 %"),
        (1e-9, "0 %"),
        (-1e-9, "0 %"),
        (0.01, "under 0.1 %"),
        (4.44, "4.4 %"),
        (12345.6, "12,346 %"),
        (-1.26, "−1.3 %"),
    ],
)
def test_gaps_in_words(gap, words) -> None:
    assert percent(gap) == words


@given(st.lists(NUMBERS, min_size=1), st.integers(-8, 8))
def test_a_window_is_never_empty_and_without_zoom_has_everything(values, zoom) -> None:
    low, high = window(values, zoom)
    assert low < high
    if zoom <= 0:
        assert all(low <= value <= high for value in values)


@given(*[st.tuples(NUMBERS, NUMBERS)] * 2)
def test_what_is_clipped_lies_within(first, last) -> None:
    part = clipped(first, last, (-10.0, 10.0), (-5.0, 5.0))
    for x, y in part or ():
        assert -10.001 <= x <= 10.001
        assert -5.001 <= y <= 5.001
    inside = all(-10 <= x <= 10 and -5 <= y <= 5 for x, y in (first, last))
    assert not inside or part is not None


def test_levels_part_orders_of_magnitude_or_differences() -> None:
    assert levels(Field(((1.0, 10.0, 100.0, 1000.0),), log=True), 3) == ((0, 1, 2, 2),)
    assert levels(Field(((1.0, 10.0, 100.0, 1000.0),)), 3) == ((0, 0, 0, 2),)
    assert levels(Field(((7.0, 7.0),)), 4) == ((0, 0),)
    assert levels(Field(((math.nan, 0.0), (math.inf, 2.0))), 3) == ((2, 0), (2, 2))
    assert levels(Field(((math.nan,),), log=True), 3) == ((2,),)
