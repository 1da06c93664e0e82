from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput
from opro_tui.core.undo import last_undoable, reverse
from tests.core.test_state import TRAIN, edit, new_state, run_step

CHOICES = st.sampled_from(
    [
        {"pin": (1,)},
        {"unpin": (1,)},
        {"drop": (1,)},
        {"undrop": (1,)},
        {"pin_exemplar": (TRAIN[0],)},
        {"drop_exemplar": (TRAIN[0],)},
        {"undrop_exemplar": (TRAIN[0],)},
        {"settings": {"temperature": 0.3}},
        {"settings": {"temperature": 1.7}},
        {"settings": {"budget": 2}},
        {"template": {"instructions": "Other {trajectory}"}},
        {"settings": {"meta_style": "pretrained"}},
    ]
)


def what_it_is(state):
    return (
        state.settings,
        state.template,
        state.pinned,
        state.dropped,
        state.exemplars_pinned,
        state.exemplars_dropped,
    )


def undo(state):
    return edit(state, **fields(reverse(state)))


def fields(edits):
    return {name: getattr(edits, name) for name in edits.__slots__}


@given(st.lists(CHOICES, max_size=6))
def test_undoing_one_edit_after_the_other_leads_back_to_the_start(choices):
    start = state = run_step(new_state(), [3, 5])
    for choice in choices:
        state = edit(state, **choice)
    while last_undoable(state) is not None:
        state = undo(state)
    assert what_it_is(state) == what_it_is(start)


def test_undoing_a_style_keeps_the_texts_that_were_written_before_it():
    state = edit(run_step(new_state(), [3]), template={"instructions": "Mine {trajectory}"})
    styled = edit(state, settings={"meta_style": "pretrained"})
    assert what_it_is(undo(undo(styled))) == what_it_is(state)


def test_an_undo_is_an_edit_that_says_so():
    state = edit(run_step(new_state(), [3]), pin=(1,), note="good")
    back = undo(state)
    assert back.pinned == frozenset()
    assert back.edits[-1].note == f"undo of edit {state.edits[-1].seq}"


def test_there_may_be_nothing_to_undo():
    with pytest.raises(BadInput, match="no edit to undo"):
        reverse(new_state())
