"""The reducer, edits and stopping conditions, on generated and hand-made sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.edits import Edits, plan
from opro_tui.core.errors import BadInput
from opro_tui.core.events import (
    CallFinished,
    CandidateRejected,
    CandidateSampled,
    CandidateScored,
    Evaluation,
    Outcome,
    SamplingFinished,
    StepFinished,
    StepStarted,
    Stopped,
)
from opro_tui.core.reducer import fold, reduce
from opro_tui.core.settings import Settings
from opro_tui.core.solution import Origin
from opro_tui.core.state import Facts, State
from opro_tui.core.statistics import score_of
from opro_tui.core.stopping import conditions, first_reason, steps_since_improvement
from opro_tui.core.trajectory import rank_key
from opro_tui.core.usage import Usage, total
from opro_tui.tasks.linear_regression import LinearRegression, Problem

TRAIN = tuple(range(10, 22))
TASK = LinearRegression(Problem())
TEMPLATE = TASK.template("tuned")
FACTS = Facts(minimize=False, bounded=True, binary=True, train=TRAIN)


def new_state(**settings):
    return State(FACTS, Settings(**settings), TEMPLATE)


def grades(right):
    return [1.0] * right + [0.0] * (len(TRAIN) - right)


def scored(id_, right, step):
    score = score_of(grades(right), binary=True, bounded=True, seed=0)
    return CandidateScored(step=step, candidate=id_, score=score)


def step_events(state, rights):
    """A whole step whose candidates get so many right."""
    number = state.next_step
    first = state.next_candidate
    events = [StepStarted(step=number, settings=state.settings, template=state.template)]
    for offset, right in enumerate(rights):
        id_ = first + offset
        events.append(
            CandidateSampled(step=number, id=id_, text=f"solution {id_}", origin=Origin.OPTIMIZER)
        )
        for index, grade in zip(TRAIN, grades(right), strict=True):
            events.append(
                Evaluation(step=number, candidate=id_, example=index, score=grade, parsed="1")
            )
            usage = Usage(calls=1, input_tokens=7, output_tokens=3, cost_pico=5)
            events.append(
                CallFinished(
                    step=number,
                    call=1,
                    role="scorer",
                    purpose="score",
                    outcome=Outcome.ANSWERED,
                    usage=usage,
                    candidate=id_,
                )
            )
        events.append(scored(id_, right, number))
    return events


def finish(state):
    usage = tuple((step, role, used) for (step, role), used in state.ledger.items())
    number = state.steps[-1].number
    return fold(state, numbered(state, [StepFinished(step=number, usage=usage)]))


def numbered(state, events):
    return [replace(event, seq=state.last_seq + i) for i, event in enumerate(events, 1)]


def run_step(state, rights):
    return finish(fold(state, numbered(state, step_events(state, rights))))


def edit(state, **edits):
    return fold(state, numbered(state, plan(state, TASK, Edits(**edits))))


@pytest.fixture
def two_steps():
    return run_step(run_step(new_state(), [3, 5]), [8, 2, 12])


def test_a_session_in_order(two_steps):
    assert two_steps.next_step == 2
    assert two_steps.finished_steps == 1
    assert two_steps.best().id == 5
    assert two_steps.best_id == 5
    assert [c.id for c in two_steps.ranked()] == [5, 3, 2, 1, 4]
    assert two_steps.steps[0].best == 2
    assert two_steps.steps[1].mean == pytest.approx((8 + 2 + 12) / 36)
    assert two_steps.usage("scorer", 1).calls == 36
    assert two_steps.usage().calls == 60
    assert two_steps.status() == "ready"


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 12), min_size=1, max_size=4))
def test_the_order_of_completion_does_not_matter(random, rights):
    state = new_state()
    events = step_events(state, rights)
    head = [e for e in events if isinstance(e, (StepStarted, CandidateSampled))]
    rest = [e for e in events if isinstance(e, (Evaluation, CallFinished))]
    scores = [e for e in events if isinstance(e, CandidateScored)]
    shuffled = list(rest)
    random.shuffle(shuffled)
    assert fold(state, head + rest) == fold(state, head + shuffled)
    reordered = list(scores)
    random.shuffle(reordered)
    assert finish(fold(state, head + shuffled + reordered)) == finish(fold(state, events))


@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=4), max_size=4))
def test_one_by_one_is_the_same_as_all_at_once(steps):
    state = new_state()
    for rights in steps:
        events = numbered(state, step_events(state, rights))
        at_once = fold(state, events)
        one_by_one = state
        for event in events:
            one_by_one = reduce(one_by_one, event)
        assert one_by_one == at_once
        state = finish(at_once)


@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_coarse_fold_equals_the_fine_one(steps):
    fine, coarse = new_state(), new_state()
    for rights in steps:
        events = numbered(fine, step_events(fine, rights))
        fine = finish(fold(fine, events))
        kept = [e for e in events if not isinstance(e, (Evaluation, CallFinished))]
        usage = tuple((step, role, used) for (step, role), used in fine.ledger.items())
        last = StepFinished(step=fine.steps[-1].number, usage=usage, seq=fine.last_seq)
        coarse = fold(coarse, [*kept, last])
    assert coarse == fine


def kept(state):
    """What a state keeps about its candidates, counted anew from the candidates alone."""
    every = state.candidates.values()
    scored = sorted((c for c in every if c.score), key=lambda c: rank_key(c, minimize=False))
    best = next((c.id for c in scored if c.score.full and c.id not in state.dropped), None)
    steps = {step: tuple(sorted(c.id for c in every if c.step == step)) for step in range(99)}
    return (
        tuple(c.id for c in scored),
        {c.id for c in every if c.waiting},
        {step: own for step, own in steps.items() if own},
        best,
        sum(1 for c in scored if c.score.full),
    )


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_what_a_state_keeps_is_what_its_candidates_say(random, steps):
    state = new_state()
    for _ in range(steps):
        state = run_step(state, [random.randint(0, 12) for _ in range(3)])
        chosen = random.choice(sorted(state.candidates))
        kind = random.choice(["pin", "drop", "rescore", "add", "veto"])
        if kind == "add":
            state = edit(state, add=(f"w={len(state.candidates)}, b=1",))
        elif kind in ("pin", "drop") and state.candidates[chosen].score:
            state = edit(state, **{kind: (chosen,)})
        elif kind == "rescore" and state.candidates[chosen].score:
            state = edit(state, rescore=(chosen,))
            part = score_of([*grades(5)[:9], None, None, None], binary=True, bounded=True, seed=0)
            event = CandidateScored(step=state.next_step, candidate=chosen, score=part)
            state = fold(state, numbered(state, [event]))
        found = (
            state.ranking,
            state.waiting_ids,
            state.by_step,
            state.best_id,
            state.scored_count(),
        )
        assert found == kept(state)


def test_answers_leave_what_is_kept_about_candidates_untouched(two_steps):
    events = step_events(two_steps, [4, 9])
    head = [event for event in events if isinstance(event, (StepStarted, CandidateSampled))]
    start = fold(two_steps, numbered(two_steps, head))
    answers = [event for event in events if isinstance(event, (Evaluation, CallFinished))]
    state = fold(start, numbered(start, answers))
    assert len(state.partial) == 2
    for name in ("candidates", "ranking", "waiting_ids", "by_step", "steps"):
        assert getattr(state, name) is getattr(start, name), f"{name} was copied"


def test_a_partial_score_is_n_of_n_and_no_best():
    state = new_state()
    events = step_events(state, [12])[:8]
    state = fold(state, events)
    score = state.partial_score(1)
    assert (score.n, score.of, score.value) == (3, 12, 1.0)
    assert state.best() is None
    assert state.scoring_progress() == (3, 12)
    assert state.status() == "incomplete"
    assert state.status(running=True) == "running"


def test_an_evaluation_that_came_twice_counts_once():
    state = fold(new_state(), step_events(new_state(), [12])[:8])
    again = Evaluation(step=0, candidate=1, example=TRAIN[0], score=0.0)
    assert reduce(state, again).partial_score(1) == state.partial_score(1)


def test_failed_calls_are_missing_evaluations_not_wrong_answers():
    state = fold(new_state(), step_events(new_state(), [12])[:4])
    failed = CallFinished(
        step=0,
        call=9,
        role="scorer",
        purpose="score",
        outcome=Outcome.FAILED,
        usage=Usage(failed=1),
        candidate=1,
    )
    state = reduce(state, failed)
    assert state.partial[1].failed == 1
    assert state.partial_score(1).value == 1.0
    assert state.usage().failed == 1


def test_pins_and_drops_exclude_each_other(two_steps):
    state = edit(two_steps, pin=(1,))
    assert state.pinned == {1}
    state = edit(state, drop=(1,))
    assert (state.pinned, state.dropped) == (frozenset(), {1})
    state = edit(state, pin=(1,))
    assert (state.pinned, state.dropped) == ({1}, frozenset())
    assert edit(state, unpin=(1,)).pinned == frozenset()


def test_dropping_the_best_makes_another_the_best_and_undropping_restores_it(two_steps):
    state = edit(two_steps, drop=(5,))
    assert state.best().id == 3
    assert edit(state, undrop=(5,)).best().id == 5


def test_edits_that_change_nothing_are_left_out(two_steps):
    assert plan(two_steps, TASK, Edits(unpin=(1,), settings={"temperature": "1.0"})) == ()


def test_an_edit_says_what_was_before_and_after_and_why(two_steps):
    (event,) = plan(two_steps, TASK, Edits(settings={"temperature": "0.5"}, note="too wild"))
    assert (event.kind, event.before, event.after) == (
        "set",
        {"temperature": 1.0},
        {"temperature": 0.5},
    )
    assert (event.note, event.step) == ("too wild", 2)


def test_template_texts_and_styles(two_steps):
    state = edit(two_steps, template={"instructions": "New {trajectory}"})
    assert state.template.instructions == "New {trajectory}"
    assert state.template.solution_format == TEMPLATE.solution_format
    back = edit(state, settings={"meta_style": "pretrained"})
    assert back.template == TASK.template("pretrained")


def test_ones_own_candidate_waits_for_the_next_step(two_steps):
    state = edit(two_steps, add=("w=3, b=4",))
    added = state.candidates[6]
    assert (added.origin, added.step, added.waiting) == (Origin.PERSON, 2, True)
    vetoed = edit(state, veto=(6,))
    assert not vetoed.candidates[6].waiting


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ({"pin": (99,)}, "there is no solution #99. Ids go from 1 to 5"),
        ({"veto": (1,)}, "#1 does not wait to be scored"),
        ({"pin_exemplar": (3,)}, "example 3 is not in the training set"),
        ({"add": ("no pair",)}, "--add"),
        ({"add": ("w=3, b=4", "w=3, b=4")}, "the same as #6"),
        ({"settings": {"scorer": "openai/x"}}, "scorer cannot change within a session"),
        ({"settings": {"max_output_tokens": "scorer=9"}}, "max_output_tokens for the scorer"),
        ({"settings": {"temperatur": "1"}}, "Did you mean 'temperature'?"),
        ({"template": {"instruction": "x"}}, "unknown text"),
    ],
)
def test_edits_that_cannot_be_made(two_steps, edits, words):
    with pytest.raises(BadInput) as caught:
        plan(two_steps, TASK, Edits(pin=(1,), **edits) if "pin" not in edits else Edits(**edits))
    assert words in str(caught.value)


def test_only_scored_solutions_can_be_pinned(two_steps):
    state = edit(two_steps, add=("w=3, b=4",))
    with pytest.raises(BadInput, match="#6 has no score"):
        plan(state, TASK, Edits(pin=(6,)))


def reviewing_state():
    state = run_step(new_state(review=True), [3])
    head = [
        StepStarted(step=1, settings=state.settings, template=state.template),
        CandidateSampled(step=1, id=2, text="a", origin=Origin.OPTIMIZER),
        CandidateSampled(step=1, id=3, text="b", origin=Origin.OPTIMIZER),
        CandidateRejected(step=1, id=3, reason="empty"),
        SamplingFinished(step=1),
    ]
    return fold(state, numbered(state, head))


def test_review_waits_for_a_person():
    state = reviewing_state()
    assert state.reviewing
    assert state.status() == "reviewing"
    added = edit(state, add=("w=3, b=4",))
    assert added.candidates[4].step == 1
    assert [c.id for c in added.waiting()] == [2, 4]


def test_settings_of_the_next_step_do_not_change_the_one_under_way():
    state = edit(reviewing_state(), settings={"temperature": "0.2"})
    assert state.settings.temperature == 0.2
    assert state.current.started.settings.temperature == 1.0


def test_stopping_conditions():
    state = new_state(max_steps=2, patience=2)
    for rights in ([3], [12], [12]):
        state = run_step(state, rights)
    reason = first_reason(conditions(state.settings, TASK), state)
    assert reason.code == "max_steps"
    longer = replace(state, settings=Settings(patience=2))
    assert first_reason(conditions(longer.settings, TASK), longer) is None
    idle = run_step(longer, [11])
    reason = first_reason(conditions(idle.settings, TASK), idle)
    assert (reason.code, steps_since_improvement(idle)) == ("patience", 2)


def test_a_gain_within_noise_is_no_improvement():
    state = new_state()
    for rights in ([6], [7], [8]):
        state = run_step(state, rights)
    assert steps_since_improvement(state) == 2


def test_budgets_end_a_run():
    state = run_step(new_state(budget=1e-12), [3])
    assert first_reason(conditions(state.settings, TASK), state).code == "budget"
    state = run_step(new_state(budget_tokens=50), [3])
    assert first_reason(conditions(state.settings, TASK), state).code == "budget"
    state = run_step(new_state(budget=1.0, budget_tokens=500), [3])
    assert first_reason(conditions(state.settings, TASK), state) is None


def test_a_stopped_session_says_so_until_it_goes_on():
    state = run_step(new_state(), [3])
    stopped = reduce(state, Stopped(step=0, code="patience", message="enough"))
    assert stopped.status() == "stopped"
    assert edit(stopped, settings={"patience": "9"}).status() == "ready"
    assert reduce(state, Stopped(step=0, code="person", message="x")).status() == "ready"


usages = st.builds(
    Usage,
    calls=st.integers(0, 3),
    input_tokens=st.none() | st.integers(0, 50),
    cost_pico=st.none() | st.integers(0, 50),
)
uses = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["optimizer", "scorer"]), usages, st.booleans()),
    max_size=12,
)


@given(uses)
def test_the_totals_are_the_ledgers_sums_whatever_a_step_says_of_itself(told):
    state = new_state()
    for step, role, used, finished in told:
        if finished:
            event = StepFinished(step=step, usage=((step, role, used),))
        else:
            event = CallFinished(
                step=step, call=1, role=role, purpose="score", outcome=Outcome.ANSWERED, usage=used
            )
        state = fold(state, numbered(state, [event]))
        for who in ("optimizer", "scorer"):
            own = [each for (_, name), each in state.ledger.items() if name == who]
            assert state.usage(who) == total(own)
        assert state.usage() == total(state.ledger.values())
        assert state.usage(step=step) == total(
            each for (number, _), each in state.ledger.items() if number == step
        )


def test_unknown_usage_is_unknown_and_not_zero():
    known, unknown = Usage(calls=1, cost_pico=5), Usage(calls=1, cost_pico=None, input_tokens=None)
    both = total([known, unknown, known])
    assert (both.calls, both.cost_usd, both.input_tokens) == (3, None, None)
    assert Usage.from_json(both.to_json()) == both
    assert Usage.from_json(known.to_json()) == known


@given(st.permutations([1, 10**11 + 7, 3, 10**14, 77]))
def test_costs_add_up_in_any_order(costs):
    parts = [Usage(cost_pico=cost) for cost in costs]
    assert total(parts) == total(sorted(parts, key=lambda usage: usage.cost_pico))


def test_a_scoring_that_is_ended_leaves_a_partial_score():
    state = fold(new_state(), numbered(new_state(), step_events(new_state(), [12])[:8]))
    halted = edit(state, halt=(1,))
    assert not halted.candidates[1].waiting
    assert (halted.candidates[1].score.n, halted.candidates[1].score.of) == (3, 12)
    assert halted.best() is None
    again = edit(halted, complete=(1,))
    assert again.candidates[1].waiting
    assert again.partial_score(1) == state.partial_score(1)


def test_scoring_again_keeps_the_old_score_until_the_new_one_is_there(two_steps):
    state = edit(two_steps, rescore=(5,))
    assert state.candidates[5].waiting
    assert state.candidates[5].replicate == 1
    assert state.best().id == 5
    old = Evaluation(step=1, candidate=5, example=TRAIN[0], score=1.0, replicate=0)
    new = Evaluation(step=1, candidate=5, example=TRAIN[0], score=0.0, replicate=1)
    state = fold(state, numbered(state, [old, new]))
    assert dict(state.partial[5].grades) == {TRAIN[0]: 0.0}
    kept = edit(state, halt=(5,))
    assert kept.candidates[5].score == two_steps.candidates[5].score
    done = fold(state, numbered(state, [scored(5, 1, 1)]))
    assert done.best().id == 3
    assert not done.candidates[5].waiting


def test_what_is_full_cannot_be_completed(two_steps):
    with pytest.raises(BadInput, match="#5 is fully scored"):
        plan(two_steps, TASK, Edits(complete=(5,)))
