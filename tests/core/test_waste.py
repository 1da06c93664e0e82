from __future__ import annotations

from dataclasses import replace

from opro_tui.core.events import CandidateRejected, CandidateSampled, PromptBuilt
from opro_tui.core.meta_prompt import Region
from opro_tui.core.reducer import fold
from opro_tui.core.solution import Origin
from opro_tui.core.waste import waste
from tests.core.test_state import new_state, numbered, run_step


def test_nothing_is_wasted_while_things_get_better():
    state = run_step(run_step(new_state(), [2]), [12])
    meter = waste(state)
    assert (meter.idle_steps, meter.advice, meter.spent.calls) == (0, "", 0)
    assert waste(new_state()).share is None


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


def test_an_unchanged_meta_prompt_is_said():
    state = new_state()
    for rights in ([12], [1], [2], [1]):
        state = run_step(state, rights)
    prompt = PromptBuilt(
        step=0, text="x", regions=(Region(0, 1, "solution", 1),), tokens=1, temperature=1.0
    )
    steps = tuple(replace(step, prompt=prompt) for step in state.steps)
    meter = waste(replace(state, steps=steps))
    assert meter.changed == 0
    assert "sees the same solutions" in meter.advice
