from __future__ import annotations

import time
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.difference import Change, lines, look_alikes, words
from opro_tui.core.solution import Candidate, Origin, Score


def joined(pieces, *changes):
    return "".join(piece.text for piece in pieces if piece.change in changes)


@given(st.text(max_size=200), st.text(max_size=200))
def test_both_texts_can_be_read_off_their_difference(old, new):
    for difference in (words, lines):
        pieces = difference(old, new)
        assert joined(pieces, Change.SAME, Change.REMOVED) == old
        assert joined(pieces, Change.SAME, Change.ADDED) == new


def test_words_differ_as_words():
    pieces = words("Let's think step by step.", "Let's think about it step by step.")
    assert joined(pieces, Change.ADDED).split() == ["about", "it"]
    assert joined(pieces, Change.REMOVED) == ""


def test_long_texts_are_compared_in_time():
    old = "word " * 40_000
    assert joined(words(old, old + "x"), Change.SAME, Change.ADDED) == old + "x"


def candidate(id_, text, scored=True):
    score = Score(0.5, 1, 1) if scored else None
    return Candidate(id_, text, 1, Origin.OPTIMIZER, score=score)


def test_look_alikes_are_the_nearest_scored_ones():
    own = candidate(1, "Let's work together to solve this problem step by step.")
    near = candidate(2, "Let's solve this problem step by step.")
    far = candidate(3, "Break this down.")
    unscored = candidate(4, own.text, scored=False)
    other = candidate(5, "Überlege genau.")
    found = look_alikes(own, [own, near, far, unscored, other])
    assert [item.candidate.id for item in found] == [2, 3]
    assert found[0].likeness > 0.8 > found[1].likeness


def test_texts_that_repeat_themselves_are_compared_in_time():
    began = time.process_time()
    for difference, old, new in (
        (words, "a " * 10_000, "a " * 9_999 + "b "),
        (words, "a b " * 5_000, "b a a " * 3_300),
        (words, ".," * 10_000, ",.." * 6_600),
        (lines, "x\n" * 20_000, "y\n" + "x\n" * 19_999),
    ):
        pieces = difference(old, new)
        assert joined(pieces, Change.SAME, Change.REMOVED) == old
        assert joined(pieces, Change.SAME, Change.ADDED) == new
    assert time.process_time() - began < 5


@given(st.lists(st.sampled_from("ab\n"), max_size=400), st.data())
def test_much_that_repeats_can_be_read_off_too(letters, data):
    old = " ".join(letters)
    new = "b " + " ".join(data.draw(st.permutations(letters))) + "a"
    with mock.patch("opro_tui.core.difference.MOST_WORK", data.draw(st.integers(0, 50_000))):
        for difference in (words, lines):
            pieces = difference(old, new)
            assert joined(pieces, Change.SAME, Change.REMOVED) == old
            assert joined(pieces, Change.SAME, Change.ADDED) == new
