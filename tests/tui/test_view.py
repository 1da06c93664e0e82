from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from opro_tui.core.events import (
    CallFinished,
    CandidateSampled,
    EditMade,
    Evaluation,
    Outcome,
    SamplingFinished,
    StepFinished,
    StepStarted,
    Stopped,
)
from opro_tui.core.forecast import Forecast, RoleForecast
from opro_tui.core.reducer import fold
from opro_tui.core.solution import Origin
from opro_tui.core.state import Partial
from opro_tui.core.usage import PICO, Usage
from opro_tui.core.waste import waste
from opro_tui.tui import rows, view
from opro_tui.tui.panes import candidates
from opro_tui.tui.parts import SEPARATOR, Part, Row, fitting
from opro_tui.tui.view import Situation
from tests.tui.states import FACTS, HOSTILE, LOSS, empty, scored, steps

if TYPE_CHECKING:
    from opro_tui.core.state import State

THREE = (
    [("start", 20)],
    [("worse", 18), ("start", None), ("better", 36)],
    [("close", 35), ("far", 5)],
)


def said(parts: list[Part]) -> str:
    return SEPARATOR.join(part.text for part in parts if part.text)


def texts(row: Row) -> list[str]:
    return [cell.text for cell in row]


def forecast(low: int | None, high: int | None) -> Forecast:
    role = RoleForecast("scorer", 480, 100, 200, 36_000, 49_000, low, low, high, 100, 200)
    return Forecast((role,))


def under_way(state: State, *, sampled: bool = True) -> State:
    number = state.next_step
    first = state.next_candidate
    events = [
        StepStarted(step=number, settings=state.settings, template=state.template),
        CandidateSampled(step=number, id=first, text="one", origin=Origin.OPTIMIZER),
        CandidateSampled(step=number, id=first + 1, text="two", origin=Origin.OPTIMIZER),
    ]
    if sampled:
        events.append(SamplingFinished(step=number))
    return fold(state, events)


def test_the_header_says_where_the_session_stands() -> None:
    state = steps(empty(), *THREE)
    now = Situation("sums-v2", status="ready", forecast=forecast(55_000_000_000, 66_000_000_000))
    assert said(view.header(state, now)) == (
        "sums-v2 · step 2 · best of 5: 90.0 ±9.5 (#4) · spent $0 · next ≈ $0.055–0.066 · T 1"
        " · gpt-x → gpt-y"
    )


def test_simulated_and_read_only_are_said_in_words() -> None:
    now = Situation("demo", simulated=True, readonly="run by process 12 on host")
    text = said(view.header(empty(), now))
    assert "SIMULATED" in text
    assert "read-only: run by process 12 on host" in text
    assert "no step yet" in text


def test_an_unknown_price_is_not_zero() -> None:
    text = said(view.header(steps(empty(), *THREE), Situation("s", forecast=forecast(None, None))))
    assert "next ≈ 36k–49k tok, price unknown" in text


@pytest.mark.parametrize("width", [10, 40, 60, 80, 120])
def test_the_header_fits_and_keeps_its_name_longest(width: int) -> None:
    parts = view.header(steps(empty(), *THREE), Situation("sums", simulated=True))
    fitted = fitting(parts, width)
    assert sum(cell_len(p.text) for p in fitted) + 3 * (len(fitted) - 1) <= width
    assert fitted[0].text == "sums"


def test_before_the_first_step_the_line_says_which_key_starts() -> None:
    now = Situation("s", forecast=forecast(0, 0))
    assert said(view.status_line(empty(), now)) == (
        "s scores the starting solutions and runs step 1 · ≈ 480 calls, $0"
        " · T tries a few examples first"
    )


def test_where_scores_are_computed_nothing_is_tried_first() -> None:
    state = replace(empty(), facts=replace(FACTS, train=(-1,)))
    assert "tries" not in said(view.status_line(state, Situation("s", forecast=forecast(0, 0))))


def test_after_a_step_the_line_sums_it_up() -> None:
    text = said(view.status_line(steps(empty(), *THREE[:2]), Situation("s", status="ready")))
    assert "step 1 done: 2 scored, 1 kept out" in text
    assert "mean 67.5" in text
    assert "new best #4" in text


def test_a_best_that_is_only_shorter_is_not_called_new() -> None:
    state = steps(empty(), [("the start", 20)], [("short", 20)])
    text = said(view.status_line(state, Situation("s", status="ready")))
    assert "best now #2, level with #1" in text
    assert "new best" not in text


def test_progress_says_done_rate_time_left_and_age() -> None:
    state = under_way(steps(empty(), *THREE))
    found = [Evaluation(step=3, candidate=7, example=i, score=1.0) for i in range(10)]
    state = fold(state, found)
    now = Situation("s", status="running", rate=5.0, reply_age=3.0)
    text = said(view.status_line(state, now))
    assert "10 of 80" in text
    assert "5/s" in text
    assert "14 s left" in text
    assert "last reply 3 s ago" in text
    assert view.candidates_title(state) == "CANDIDATES · step 3 · scored 10/80"


def test_sampling_counts_candidates() -> None:
    state = under_way(steps(empty(), *THREE), sampled=False)
    state = replace(state, steps=(*state.steps[:-1], replace(state.steps[-1], prompt=object())))
    assert "2 of 8" in said(view.status_line(state, Situation("s", status="running")))


def test_stopping_and_waiting_for_a_retry_are_visible() -> None:
    state = under_way(steps(empty(), *THREE))
    now = Situation("s", status="running", stopping=True, in_flight=1, retry_in=8, last_error="429")
    text = said(view.status_line(state, now))
    assert "stopping… 1 call in flight" in text
    assert "next try in 8 s" in text


def test_a_stop_says_why_and_how_to_go_on() -> None:
    state = under_way(steps(empty(), *THREE))
    state = fold(state, [Stopped(step=3, code="error", message="no such model. Check it.")])
    text = said(view.status_line(state, Situation("s", status="incomplete")))
    assert "! no such model. Check it." in text
    assert "s goes on with step 3, no answer is paid twice" in text
    assert "unknown" not in text
    call = CallFinished(
        step=3,
        call=1,
        role="scorer",
        purpose="score",
        outcome=Outcome.UNKNOWN,
        usage=Usage(unknown=2),
    )
    state = fold(state, [call])
    text = said(view.status_line(state, Situation("s", status="incomplete")))
    assert "2 outcomes unknown, may be billed" in text


def test_a_scored_candidate_shows_its_change_against_the_best_before_its_step() -> None:
    state = steps(empty(), *THREE)
    assert rows.candidate_ids(state) == [5, 6]
    assert texts(rows.candidate_row(state, 5))[2:4] == ["87.5 ±10.3", "▼ −2.5 ~"]
    assert texts(rows.candidate_row(state, 6))[3] == "▼ −77.5"
    early = steps(empty(), *THREE[:2])
    assert texts(rows.candidate_row(early, 4))[0] == "★"
    assert texts(rows.candidate_row(early, 4))[3] == "▲ +40.0"
    assert texts(rows.candidate_row(early, 3))[2] == "✕ duplicate of #1"


def test_a_candidate_being_scored_shows_how_far_it_is() -> None:
    state = under_way(steps(empty(), *THREE))
    state = fold(state, [Evaluation(step=3, candidate=7, example=i, score=1.0) for i in range(20)])
    assert texts(rows.candidate_row(state, 7))[2] == "━━━━──── 20/40 100.0"
    assert texts(rows.candidate_row(state, 8))[2] == "waits"


def test_a_vetoed_and_an_added_candidate_say_so() -> None:
    state = under_way(steps(empty(), *THREE))
    state = fold(
        state,
        [
            EditMade(step=3, kind="veto", after=7),
            CandidateSampled(step=4, id=9, text="mine", origin=Origin.PERSON),
        ],
    )
    assert texts(rows.candidate_row(state, 7))[2] == "✕ vetoed by you"
    assert texts(rows.candidate_row(state, 9))[:3] == ["+", "9", "waits for step 4"]


def test_the_trajectory_marks_best_ties_pins_and_drops() -> None:
    state = steps(empty(), *THREE)
    state = fold(
        state, [EditMade(step=3, kind="pin", after=1), EditMade(step=3, kind="drop", after=2)]
    )
    shown = frozenset(c.id for c in state.shown())
    got = {id_: texts(rows.trajectory_row(state, id_, shown)) for id_ in (1, 2, 4, 5)}
    assert got[4] == ["★", "4", "90.0", "9.5", "1", "optimizer", "● shown", "better"]
    assert got[5][0] == "~"
    assert got[1][6] == "◆ pinned"
    assert got[2][6] == "✕ dropped"
    title = "TRAJECTORY · 3 of 5 shown · by step · 4 in the prompt"
    assert view.trajectory_title(state, 3, len(shown), "by step") == title


def test_details_tell_everything_in_words() -> None:
    state = steps(empty(), *THREE)
    facts = dict(rows.describe(state, 4))
    assert facts["score"] == "90.0 ±9.5 on 40 of 40 examples"
    assert facts["marks"] == "best"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_one_harmless_line_in_every_row(text: str) -> None:
    state = steps(empty(), [(text, 20)])
    for row in (rows.candidate_row(state, 1), rows.trajectory_row(state, 1, frozenset())):
        assert all(c.isprintable() for cell in row for c in cell.text)


def test_an_unfinished_state_never_breaks_the_lines() -> None:
    state = empty()
    events = [
        StepStarted(step=0, settings=state.settings, template=state.template),
        CandidateSampled(step=0, id=1, text="a", origin=Origin.START),
        SamplingFinished(step=0),
        scored(0, 1, 20),
        StepFinished(step=0, seq=9),
    ]
    for upto in range(len(events) + 1):
        now = fold(state, events[:upto])
        for status in ("new", "ready", "running", "incomplete", "reviewing", "stopped"):
            about = Situation("s", status=status)
            assert view.header(now, about)
            assert view.status_line(now, about)
            assert view.candidates_title(now)
            assert all(rows.candidate_row(now, i) for i in rows.candidate_ids(now))


def test_steps_without_a_gain_are_said_with_their_price() -> None:
    state = steps(empty(), [("a", 20)], [("b", 20)], [("c", 19)])
    meter = waste(state)
    assert meter.idle_steps == 2
    now = Situation("demo", status="ready", waste=meter)
    assert "2 steps without a gain beyond noise" in [
        part.text for part in view.status_line(state, now)
    ]
    priced = replace(meter, spent=Usage(calls=1, cost_pico=PICO))
    now = replace(now, waste=priced)
    assert "2 steps without a gain beyond noise, $1.00" in [
        part.text for part in view.status_line(state, now)
    ]
    now = replace(now, waste=waste(empty()))
    assert not any("gain" in part.text for part in view.status_line(state, now))


def test_how_far_scoring_is_fits_into_the_narrowest_list() -> None:
    for done, wanted, failed in ((7, 60, 0), (123, 200, 0), (1999, 2000, 0), (123, 200, 12)):
        facts = replace(FACTS, train=tuple(range(wanted)))
        grades = dict.fromkeys(range(done), 1.0)
        text = rows._part_text(Partial(grades=grades, failed=failed), facts)
        assert f"{done}/{wanted}" in text
        assert len(text) <= rows.PART_WIDTH
        assert not text.endswith("…")


def test_computed_scores_leave_out_what_would_stay_empty() -> None:
    seen = [
        column.label
        for column in candidates.columns(empty(LOSS), reviewing=False)
        if column.from_width < 1000
    ]
    assert seen == ["", "#", "score ±", "change", "solution"]
    labels = [c.label for c in candidates.columns(empty(), reviewing=True) if c.from_width < 1000]
    assert {"unread", "tokens", "cost"} <= set(labels)
