"""The split: exact, seeded, stratified, repeats together."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Split
from opro_tui.tasks.splits import default_train, size_of, split, split_files

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
