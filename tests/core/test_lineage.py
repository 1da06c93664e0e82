"""Where words came from: exact histories, and what holds for any."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opro_tui.core.copied import COPIED, copies
from opro_tui.core.edits import Edits, plan
from opro_tui.core.events import (
    CandidateSampled,
    CandidateScored,
    PromptBuilt,
    StepFinished,
    StepStarted,
)
from opro_tui.core.lineage import Came, came_with
from opro_tui.core.meta_prompt import ShownExemplar, ShownSolution, build
from opro_tui.core.protocols import Example
from opro_tui.core.reducer import fold
from opro_tui.core.settings import Settings
from opro_tui.core.solution import Origin
from opro_tui.core.state import Facts, State
from opro_tui.core.statistics import score_of
from opro_tui.core.tracing import trace
from opro_tui.core.word_sources import Source, is_content, overlap, words_of
from opro_tui.tasks.linear_regression import LinearRegression, Problem
from opro_tui.tasks.meta_prompts import prompt_template
from tests.tui.states import HOSTILE

N = 12
TRAIN = tuple(range(N))
FACTS = Facts(minimize=False, bounded=True, binary=True, train=TRAIN)
EXAMPLES = [
    Example(i, f"A farmer sells {i} brown eggs and {i + 40} speckled hens.", str(1000 + 37 * i))
    for i in TRAIN
]
TASK = LinearRegression(Problem())


def started() -> State:
    return State(FACTS, Settings(), prompt_template("tuned"))


def numbered(state, events):
    return [replace(event, seq=state.last_seq + i) for i, event in enumerate(events, 1)]


def step(state, *texts, exemplars=(), origin=None):
    """A whole step: (text, right answers) each."""
    number = state.next_step
    events = [StepStarted(step=number, settings=state.settings, template=state.template)]
    if number:
        shown = [ShownSolution(c.id, c.text, "50") for c in state.shown()]
        seen = [ShownExemplar(i, EXAMPLES[i].input, EXAMPLES[i].target) for i in exemplars]
        prompt = build(state.template, shown, seen)
        events.append(
            PromptBuilt(
                step=number, text=prompt.text, regions=prompt.regions, tokens=1, temperature=1.0
            )
        )
    who = origin or (Origin.OPTIMIZER if number else Origin.START)
    for id_, (text, right) in enumerate(texts, state.next_candidate):
        events.append(
            CandidateSampled(
                step=number, id=id_, text=text, origin=who, draw=id_ if number else None
            )
        )
        values = [float(i < right) for i in TRAIN]
        score = score_of(values, binary=True, bounded=True, seed=0)
        events.append(CandidateScored(step=number, candidate=id_, score=score))
    events.append(StepFinished(step=number))
    return fold(state, numbered(state, events))


def edit(state, **edits):
    return fold(state, numbered(state, plan(state, TASK, Edits(**edits))))


def came(state, id_):
    """The text, word group by word group, with where each came in."""
    text, found = state.candidates[id_].text, trace(state, EXAMPLES, id_)
    return [(text[s.start : s.end].strip(" .,"), s.entry) for s in found.spans]


@pytest.fixture
def story():
    state = step(started(), ("Let's think step by step.", 3), ("Solve it.", 2))
    state = step(state, ("Think step by step about each quantity.", 9), ("Go slowly.", 1))
    template = state.template.instructions
    state = edit(state, template={"instructions": template + "\nAsk to verify units.\n"})
    return step(
        state,
        ("Think step by step about each quantity and verify units.", 8),
        ("Banana sandwich tomorrow.", 1),
    )


def test_each_word_is_followed_to_where_it_first_stood(story):
    found = came(story, 5)
    assert [(text, e.came, e.solution, e.step) for text, e in found] == [
        ("Think step by step", Came.START, 1, 0),
        ("about each quantity and", Came.NEW, 3, 1),
        ("verify units", Came.EDIT, 5, 2),
    ]
    assert found[2][1].said == "step 2 (#5), the edit of the meta-prompt before step 2"
    assert found[1][1].said == "new in step 1 (#3)"


def test_the_chain_goes_back_to_the_start_with_what_each_change_did(story):
    found = trace(story, EXAMPLES, 5)
    assert found.chain == (1, 3, 5)
    assert found.root is Came.START
    first, second = found.links
    assert (first.exchange.fixed, first.exchange.broken) == ((3, 4, 5, 6, 7, 8), ())
    assert first.difference.p == pytest.approx(2 / 2**6)
    assert first.gain == pytest.approx(0.5)
    assert second.exchange.broken == (8,)
    assert [e.kind for e in second.edits] == ["meta_prompt"]
    assert (first.shown, second.shown) == (2, 4)


def test_what_is_near_nothing_begins_its_own_chain(story):
    found = trace(story, EXAMPLES, 6)
    assert found.chain == (6,)
    assert found.root is Came.NEW
    assert [span.entry.came for span in found.spans] == [Came.NEW]


def test_starts_and_persons_have_no_ancestors(story):
    assert trace(story, EXAMPLES, 1).root is Came.START
    state = step(story, ("Think step by step.", 4), origin=Origin.PERSON)
    found = trace(state, EXAMPLES, 7)
    assert (found.links, found.root) == ((), Came.PERSON)


def test_words_of_two_parents_are_told_apart():
    state = step(
        started(), ("Read the ticket with care and name one queue.", 9), ("Mind sarcasm.", 2)
    )
    state = step(state, ("Read the ticket with care and name one queue. Mind sarcasm.", 9))
    found = trace(state, EXAMPLES, 3)
    assert found.chain == (1, 3)
    assert found.links[0].others == (2,)
    assert [span.entry.solution for span in found.spans] == [1, 2]


def test_equally_near_goes_by_score_then_by_id():
    state = step(started(), ("alpha beta", 2), ("beta alpha", 5), ("alpha beta!", 5))
    state = step(state, ("alpha gamma beta", 6))
    assert trace(state, EXAMPLES, 4).chain[0] == 2


def test_a_pinned_parent_says_so(story):
    state = edit(story, pin=(2,))
    state = step(state, ("Solve it now.", 3))
    (link,) = trace(state, EXAMPLES, 7).links
    assert (link.parent, link.pinned) == (2, True)
    assert [e.kind for e in link.edits] == ["pin"]


def test_words_of_instructions_and_exemplars_are_named_as_such():
    state = step(started(), ("Let's think.", 3))
    state = step(
        state,
        ("Let's think of brown eggs and speckled hens.", 5),
        ("Let's think: the highest score wins.", 1),
        exemplars=(2,),
    )
    entries = [e for _, e in came(state, 2)]
    assert [(e.came, e.number) for e in entries] == [(Came.START, None), (Came.EXEMPLAR, 2)]


def test_values_that_differ_only_in_numbers_go_by_the_nearest_value():
    facts = Facts(minimize=True, bounded=False, binary=False, train=(-1,))
    state = State(facts, Settings(), TASK.template("tuned"))
    events = [StepStarted(step=0, settings=state.settings, template=state.template)]
    for id_, text, value in ((1, "w=1, b=1", 90.0), (2, "w=20, b=20", 95.0)):
        events.append(CandidateSampled(step=0, id=id_, text=text, origin=Origin.START))
        score = score_of([value], binary=False, bounded=False, seed=0)
        events.append(CandidateScored(step=0, candidate=id_, score=score))
    state = fold(state, numbered(state, [*events, StepFinished(step=0)]))
    state = step(state, ("w=18, b=19", 0))
    (link,) = trace(state, (), 3).links
    assert link.parent == 2
    assert link.difference is None


def test_copying_needs_an_unbroken_run_of_telling_words():
    text = "Sum it up: brown eggs and 43 speckled hens, then answer."
    (copy,) = [c for c in copies(text, EXAMPLES, {3}) if c.part == "question"]
    assert (copy.example, copy.shown, copy.telling, copy.words) == (3, True, 5, 6)
    assert text[copy.start : copy.end] == "brown eggs and 43 speckled hens"
    assert copy.telling >= COPIED
    assert not copies("Count brown eggs, then the speckled hens.", EXAMPLES, {3})


def test_a_target_in_the_solution_is_a_leak_but_a_label_is_none():
    (leak,) = copies("The answer is often 1111.", EXAMPLES, ())
    assert (leak.part, leak.example, leak.shown) == ("target", 3, False)
    labels = [Example(i, f"ticket {i}", ("billing", "sales")[i % 2]) for i in TRAIN]
    assert not copies("Answer billing or sales.", labels, {0})


def test_short_targets_count_only_when_they_were_shown():
    own = [Example(i, f"q{i}", str(10 + i)) for i in TRAIN]
    assert not copies("Give 2 digits, such as 12.", own, ())
    assert [c.example for c in copies("Give 2 digits, such as 12.", own, {2})] == [2]


def test_a_leak_says_with_which_solution_it_came_in():
    state = step(started(), ("Let's think.", 3))
    state = step(state, ("Let's think. The answer is 1111.", 9), exemplars=(3,))
    state = step(state, ("Let's think hard. The answer is 1111.", 9))
    found = trace(state, EXAMPLES, 3)
    leak = next(c for c in found.copies if c.part == "target")
    assert came_with(found, leak) == 2


WORDS = ("check", "units", "the", "each", "quantity", "step", "by", "Step!", "\u202e", "汉字", "7")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join) | st.sampled_from(HOSTILE)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_what_holds_of_every_history(steps):
    state = started()
    for number, texts in enumerate(steps):
        state = step(state, *((text, (7 * number + len(text)) % N) for text in texts))
    for id_, candidate in state.candidates.items():
        found = trace(state, EXAMPLES, id_)
        assert found == trace(state, EXAMPLES, id_)
        assert "".join(candidate.text[s.start : s.end] for s in found.spans) == candidate.text
        assert list(found.chain) == sorted(found.chain)
        assert found.chain[-1] == id_
        for link in found.links:
            assert state.candidates[link.parent].step < state.candidates[link.child].step
            assert 0.2 <= link.likeness <= 1
        for entry in found.entries:
            assert entry.solution <= id_
            assert entry.step == state.candidates[entry.solution].step
            assert entry.said


@given(st.text(max_size=80), st.text(max_size=80))
def test_overlap_is_a_share_and_the_same_both_ways(one, other):
    first, second = Source(one), Source(other)
    assert overlap(first, second) == overlap(second, first)
    assert 0 <= overlap(first, second) <= 1
    assert overlap(first, first) == (1 if first.words else 0)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.text("abc ", max_size=30))
def test_a_run_stands_in_both_texts(keys, text):
    source = Source(text)
    for at in range(len(keys)):
        first, last, place = source.run(keys, at)
        if keys[at] not in source.keys:
            assert (first, last) == (at, at)
            continue
        assert first <= at < last
        start = place - (at - first)
        assert list(source.keys[start : start + last - first]) == keys[first:last]


def test_words_keep_their_places():
    text = "Let's DO it, step by step!"
    assert [text[w.start : w.end] for w in words_of(text)] == [
        "Let",
        "s",
        "DO",
        "it",
        "step",
        "by",
        "step",
    ]
    assert [is_content(k) for k in ("the", "step", "7", "x")] == [False, True, True, False]
