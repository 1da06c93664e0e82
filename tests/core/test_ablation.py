"""Labels, values of `--vary`, and curves over repetitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.ablation import (
    Label,
    Walk,
    check_name,
    join_values,
    mean_curve,
    split_values,
)
from opro_tui.core.errors import BadInput
from opro_tui.core.statistics import mean_interval, student_t

NAMES = st.from_regex(r"[\w.-]{1,40}", fullmatch=True)


@given(st.text(min_size=1).map(str.strip).filter(bool), NAMES, st.integers(1, 10**6 - 1))
def test_a_label_is_read_back_whatever_the_arm_is_called(arm, name, repetition):
    label = Label(arm, name, repetition)
    assert Label.read(label.text) == label


@pytest.mark.parametrize("text", [None, "", "control of x", "base [ablation , repetition 1]"])
def test_other_sessions_belong_to_no_ablation(text):
    assert Label.read(text) is None


@given(st.lists(st.text(), min_size=1))
def test_values_come_back_as_they_were_joined(values):
    assert split_values(join_values(values)) == tuple(values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a,b", ("a", "b")),
        ("a, b", ("a", "b")),
        ("", ("",)),
        (",a", ("", "a")),
        ("a,", ("a", "")),
        ('"First, think.",x', ("First, think.", "x")),
        ('say "hi",x', ('say "hi"', "x")),
        ('"a ""b"""', ('a "b"',)),
    ],
)
def test_values_as_they_are_typed(text, values):
    assert split_values(text) == values


@pytest.mark.parametrize("name", ["", "a b", "a]", "x" * 41, "a\n"])
def test_names_that_nothing_could_be_found_by(name):
    with pytest.raises(BadInput, match="no name for an ablation"):
        check_name(name)


def test_the_mean_curve_never_jumps_because_a_repetition_is_missing():
    whole = Walk(((0, 0.2), (1, 0.4), (2, 0.6)), 2, over=True)
    behind = Walk(((0, 0.4), (1, 0.8)), 1, over=False)
    assert mean_curve([whole, behind]) == ((0, pytest.approx(0.3)), (1, pytest.approx(0.6)))
    assert mean_curve([whole, Walk((), -1, over=False)]) == whole.curve
    assert mean_curve([]) == ()


def test_a_repetition_that_ended_early_keeps_what_it_found():
    short = Walk(((0, 5.0), (1, 1.0)), 1, over=True)
    long = Walk(((0, 9.0), (1, 7.0), (2, 3.0)), 2, over=True)
    assert mean_curve([short, long])[-1] == (2, 2.0)


WALKS = st.builds(
    lambda first, values, over: Walk(
        tuple(enumerate(values, first)), first + len(values) - 1, over=over
    ),
    st.integers(0, 2),
    st.lists(st.floats(0, 1), min_size=1, max_size=6),
    st.booleans(),
)


@given(st.lists(WALKS, min_size=1, max_size=5))
def test_a_mean_curve_lies_between_its_repetitions(walks):
    for step, value in mean_curve(walks):
        own = [walk.at(step) for walk in walks]
        assert None not in own
        assert min(own) - 1e-9 <= value <= max(own) + 1e-9


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (29, 2.0452), (99, 1.9842)],
)
def test_quantiles_of_student_s_t(freedom, quantile):
    assert student_t(freedom) == pytest.approx(quantile, abs=5e-5)
    assert student_t(freedom, 0.99) > student_t(freedom)


def test_an_interval_of_a_mean_needs_three_values_that_differ():
    assert mean_interval([1.0, 2.0]) is None
    assert mean_interval([1.0, 1.0, 1.0]) is None
    low, high = mean_interval([1.0, 2.0, 3.0])
    assert (low, high) == (
        pytest.approx(2 - 4.30265 / 3**0.5, abs=1e-4),
        pytest.approx(4.4841, abs=1e-3),
    )


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=20), st.floats(-1e3, 1e3))
def test_the_interval_holds_the_mean_and_moves_with_it(values, shift):
    found = mean_interval(values)
    if found is None:
        return
    low, high = found
    centre = sum(values) / len(values)
    assert low <= centre + 1e-6
    assert centre - 1e-6 <= high
    moved = mean_interval([value + shift for value in values])
    if moved is not None:
        assert moved[0] == pytest.approx(low + shift, abs=1e-3)
