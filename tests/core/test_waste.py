from __future__ import annotations

import json
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.events import CandidateRejected, CandidateSampled, PromptBuilt
from opro_tui.core.meta_prompt import Region
from opro_tui.core.reducer import fold
from opro_tui.core.solution import Origin
from opro_tui.core.stopping import conditions, first_reason
from opro_tui.core.waste import waste
from tests.core.test_state import TASK, new_state, numbered, run_step, step_events


def test_nothing_is_wasted_while_things_get_better():
    state = run_step(run_step(new_state(), [2]), [12])
    meter = waste(state)
    assert (meter.idle_steps, meter.advice, meter.spent.calls) == (0, "", 0)
    assert meter.improved_over == 1
    assert waste(new_state()).improved_over is None
    assert waste(new_state()).share is None


def test_the_best_may_be_better_than_an_earlier_best_than_the_one_just_before_it():
    state = new_state()
    for rights in ([2], [7], [11]):
        state = run_step(state, rights)
    assert [step.best for step in state.steps] == [1, 2, 3]
    meter = waste(state)
    assert (meter.idle_steps, meter.improved_over) == (0, 1)


def test_idle_steps_are_counted_with_what_they_cost():
    state = new_state()
    for rights in ([2], [12], [11, 10], [11], [12]):
        state = run_step(state, rights)
    meter = waste(state)
    assert meter.idle_steps == 3
    assert meter.spent.calls == 4 * 12
    assert meter.share == 4 / 6
    assert "last 3 steps improved nothing beyond noise" in meter.advice


def sampled(state, *, duplicates, own):
    number = state.steps[-1].number
    events = []
    for offset in range(duplicates + own):
        id_ = state.next_candidate + offset
        events.append(
            CandidateSampled(
                step=number, id=id_, text=f"t{id_}", origin=Origin.OPTIMIZER, draw=offset
            )
        )
        if offset < duplicates:
            events.append(
                CandidateRejected(step=number, id=id_, reason="duplicate of #1", duplicate_of=1)
            )
    return fold(state, numbered(state, events))


def test_many_duplicates_call_for_temperature():
    state = run_step(run_step(new_state(), [2]), [12])
    meter = waste(sampled(state, duplicates=3, own=3))
    assert (meter.duplicates, meter.sampled) == (0.5, 6)
    assert "50% of the latest candidates repeat earlier ones" in meter.advice
    assert waste(sampled(state, duplicates=1, own=5)).advice == ""


def prompt(*ids):
    regions = tuple(Region(place, place + 1, "solution", id_) for place, id_ in enumerate(ids))
    return PromptBuilt(step=0, text="x" * len(ids), regions=regions, tokens=1, temperature=1.0)


def test_an_unchanged_meta_prompt_is_said():
    state = new_state()
    for rights in ([12], [1], [2], [1]):
        state = run_step(state, rights)
    sent = replace(state.steps[-1], prompt=prompt(*(c.id for c in state.shown())))
    meter = waste(replace(state, steps=(*state.steps[:-1], sent)))
    assert (meter.changed, meter.shown) == (0, 4)
    assert "the next meta-prompt shows the same solutions" in meter.advice
    sent = replace(state.steps[-1], prompt=prompt(1, 2))
    meter = waste(replace(state, steps=(*state.steps[:-1], sent)))
    assert meter.changed == 2
    assert "same solutions" not in meter.advice
    assert waste(state).changed is None


def test_a_step_under_way_counts_as_spent_since_the_last_gain():
    state = run_step(run_step(new_state(), [2]), [12])
    running = fold(state, numbered(state, step_events(state, [3])))
    meter = waste(running)
    assert (meter.idle_steps, meter.spent.calls) == (0, 12)


def test_patience_says_what_the_idle_steps_cost():
    state = new_state(patience=2)
    for rights in ([2], [12], [11], [10]):
        state = run_step(state, rights)
    reason = first_reason(conditions(state.settings, TASK), state)
    assert reason.code == "patience"
    assert "in the last 2 steps, which used 240 tokens; raise patience" in reason.message


def test_the_meter_is_plain_data():
    state = run_step(run_step(new_state(), [2]), [12])
    data = json.loads(json.dumps(waste(state).to_json()))
    assert data["idle_steps"] == 0
    assert data["spent"]["cost_usd"] == 0
    assert set(data) == {field.name for field in fields(waste(state))}


@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=3), min_size=1, max_size=6))
def test_what_was_spent_since_a_gain_is_what_the_steps_after_it_used(steps):
    state = new_state()
    for rights in steps:
        state = run_step(state, rights)
    meter = waste(state)
    idle = steps[len(steps) - meter.idle_steps :]
    assert meter.spent.calls == 12 * sum(map(len, idle))
    assert 0 <= (meter.share or 0) <= 1
