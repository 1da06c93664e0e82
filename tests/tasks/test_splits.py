"""The split: exact, seeded, stratified, repeats together."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Example, Split
from opro_tui.tasks.splits import (
    default_test,
    default_train,
    size_of,
    split,
    split_again,
    split_files,
)

PAIRS = st.lists(
    st.tuples(st.integers(0, 40).map(lambda n: f"q  {n} "), st.sampled_from("abcd")),
    min_size=1,
    max_size=80,
)


def run(pairs, train, test=None, seed=0):
    return split(pairs, train=train, test=test, seed=seed, where="data")


def unique(count, labels="ab"):
    return [(f"q{i}", labels[i % len(labels)]) for i in range(count)]


@given(pairs=PAIRS, share=st.floats(0, 1), seed=st.integers(0, 5))
def test_repeats_stay_together_and_no_side_is_too_big(pairs, share, seed):
    wanted = max(1, int(share * len(pairs)))
    try:
        sides = run(pairs, wanted, seed=seed)
    except BadInput:
        assert min(Counter(text for text, _ in pairs).values()) > wanted
        return
    by_input = {}
    for (text, _), side in zip(pairs, sides, strict=True):
        by_input.setdefault(" ".join(text.split()), set()).add(side)
    assert all(len(each) == 1 for each in by_input.values())
    assert sides.count(Split.TRAIN) <= wanted
    assert sides == run(pairs, wanted, seed=seed)


@given(pairs=PAIRS, data=st.data())
def test_the_size_is_the_best_that_whole_groups_permit(pairs, data):
    wanted = data.draw(st.integers(1, len(pairs)))
    reachable = {0}
    for size in Counter(text for text, _ in pairs).values():
        reachable |= {total + size for total in reachable}
    best = max(total for total in reachable if total <= wanted)
    if best:
        assert run(pairs, wanted).count(Split.TRAIN) == best


@given(
    count=st.integers(4, 120),
    train=st.integers(1, 60),
    test=st.integers(0, 60),
    labels=st.text("abc", min_size=1),
)
def test_sizes_are_exact_where_inputs_differ(count, train, test, labels):
    pairs = unique(count, labels)
    if train + test > count:
        with pytest.raises(BadInput, match=f"There are {count}"):
            run(pairs, train, test)
        return
    sides = run(pairs, train, test)
    assert sides.count(Split.TRAIN) == train
    assert sides.count(Split.TEST) == test
    assert sides.count(Split.REST) == count - train - test


def test_few_labels_are_stratified():
    pairs = [(f"q{i}", "rare" if i % 10 == 0 else "common") for i in range(200)]
    for seed in range(20):
        sides = run(pairs, 50, 50, seed)
        for side in (Split.TRAIN, Split.TEST):
            labels = Counter(
                label for (_, label), each in zip(pairs, sides, strict=True) if each is side
            )
            assert labels == {"rare": 5, "common": 45}


def test_the_seed_decides_and_the_file_s_order_doesn_t():
    pairs = unique(60, "abcdefghijklmnop")
    chosen = {
        text for (text, _), side in zip(pairs, run(pairs, 20), strict=True) if side is Split.TRAIN
    }
    turned = pairs[::-1]
    again = {
        text for (text, _), side in zip(turned, run(turned, 20), strict=True) if side is Split.TRAIN
    }
    assert chosen == again
    assert run(pairs, 20, seed=1) != run(pairs, 20, seed=2)


def test_twins_can_make_an_odd_count_impossible():
    pairs = [(f"q{i // 2}", "x") for i in range(20)]
    assert run(pairs, 7).count(Split.TRAIN) == 6
    with pytest.raises(BadInput, match="stay together"):
        run(pairs, 1)


@pytest.mark.parametrize(
    ("asked", "available", "size"),
    [(0.035, 7473, 261), (0.2, 250, 50), (0.2, 187, 37), (0.29, 100, 29), (1.0, 7, 7), (1, 7, 1)],
)
def test_ratios_are_floored_as_written(asked, available, size):
    assert size_of(asked, available) == size


def test_own_data_trains_on_half_up_to_a_hundred():
    assert [default_train(count) for count in (1, 2, 7, 200, 1000)] == [1, 1, 3, 100, 100]


def test_two_files_keep_their_sides():
    train, test = unique(30), [(f"t{i}", "a") for i in range(10)] + [("q0", "a")]
    sides = split_files(train, test, train=30, test=None, seed=0, where="data")
    assert sides[0] is Split.REST
    assert set(sides[1:30]) == {Split.TRAIN}
    assert set(sides[30:]) == {Split.TEST}
    with pytest.raises(BadInput, match="There are 11"):
        split_files(train, test, train=3, test=12, seed=0, where="data")


def divided(pairs, sides):
    examples = zip(pairs, sides, strict=True)
    return [Example(i, text, label, side) for i, ((text, label), side) in enumerate(examples)]


def again(examples, *, train=None, test=None, seed=0, redraw=False, boundary=None):
    return split_again(
        examples,
        train=train,
        test=test,
        seed=seed,
        redraw=redraw,
        boundary=boundary,
        where="data",
    )


def on(sides, side):
    return {index for index, each in enumerate(sides) if each is side}


@given(
    pairs=PAIRS,
    first=st.integers(1, 30),
    held=st.integers(0, 30),
    train=st.none() | st.integers(1, 40),
    test=st.none() | st.integers(0, 40),
    redraw=st.booleans(),
    seed=st.integers(0, 3),
)
def test_dividing_again_never_holds_out_what_was_trained_on(
    pairs, first, held, train, test, redraw, seed
):
    try:
        old = run(pairs, first, held)
        new = again(divided(pairs, old), train=train, test=test, seed=seed, redraw=redraw)
    except BadInput:
        return
    assert not on(new, Split.TEST) & on(old, Split.TRAIN)
    if test is None:
        assert on(new, Split.TEST) == on(old, Split.TEST)
    else:
        assert len(on(new, Split.TEST)) <= test
    if train is None and not redraw:
        assert on(new, Split.TRAIN) == on(old, Split.TRAIN)
    elif train is not None:
        assert len(on(new, Split.TRAIN)) <= train
        nested = (on(new, Split.TRAIN), on(old, Split.TRAIN))
        assert redraw or nested[0] <= nested[1] or nested[1] <= nested[0]
    by_input = {}
    for (text, _), side in zip(pairs, new, strict=True):
        by_input.setdefault(" ".join(text.split()), set()).add(side)
    assert all(len(sides) == 1 for sides in by_input.values())


def test_a_larger_training_set_holds_the_smaller_one_and_a_seed_draws_another():
    examples = divided(unique(100), run(unique(100), 20, 30))
    small, large = (on(again(examples, train=size), Split.TRAIN) for size in (10, 40))
    now = {e.index for e in examples if e.split is Split.TRAIN}
    assert small < now < large
    assert len(small) == 10
    assert len(large) == 40
    other = again(examples, seed=8, redraw=True)
    assert len(on(other, Split.TRAIN)) == 20
    assert on(other, Split.TRAIN) != now
    assert on(other, Split.TEST) == {e.index for e in examples if e.split is Split.TEST}
    grown = again(examples, test=80)
    assert len(on(grown, Split.TEST)) == 80
    freed = again(examples, train=60, test=10)
    assert (len(on(freed, Split.TRAIN)), len(on(freed, Split.TEST))) == (60, 10)
    half = again(examples, train=0.5)
    assert len(on(half, Split.TRAIN)) == 50


def test_two_files_stay_apart_when_divided_again():
    train_file, test_file = unique(30), [(f"t{i}", "a") for i in range(19)] + [("q3", "a")]
    sides = split_files(train_file, test_file, train=10, test=5, seed=0, where="data")
    examples = divided(train_file + test_file, sides)
    new = again(examples, train=20, test=15, boundary=30)
    assert all(index < 30 for index in on(new, Split.TRAIN))
    assert all(index >= 30 for index in on(new, Split.TEST))
    assert 3 not in on(new, Split.TRAIN)
    with pytest.raises(BadInput, match="40 training examples are asked for, and 29 are not held"):
        again(examples, train=40, boundary=30)


@pytest.mark.parametrize(
    ("available", "train", "test"),
    [
        (120, 60, 40),
        (120, 0.5, 40),
        (50, 25, None),
        (1000, 100, 600),
        (10, 10, None),
        (9, 20, None),
    ],
)
def test_of_much_data_a_third_of_the_rest_stays_fresh(available, train, test):
    assert default_test(available, train) == test
