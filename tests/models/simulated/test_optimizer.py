"""The optimizer: from a meta-prompt's text to proposals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opro_tui.core.meta_prompt import ShownSolution, Template, build
from opro_tui.core.proposals import parse
from opro_tui.models.simulated import optimizer
from opro_tui.models.simulated.bank import STRATEGIES, strategies_in
from opro_tui.models.simulated.draws import Dice
from opro_tui.models.simulated.wording import clauses, join, paraphrase
from tests.models.simulated.reference import MANGLED, PLAIN

SEEN = [
    ("Think about it.", "41"),
    ("Answer the question.", "44"),
    ("Set up an equation and solve it.", "55"),
    ("Go carefully wherever a mistake would be easy.", "58"),
    ("Arrange the data in a small table. Check the result.", "74"),
    ("Sketch a diagram of the situation.", "79"),
]


def _prompt(
    seen: list[tuple[str, str]], template: Template = PLAIN, hint: str = "", **options: int
) -> str:
    shown = [ShownSolution(number, text, score) for number, (text, score) in enumerate(seen)]
    return build(template, shown, (), **options).text + hint


def _proposals(prompt: str, temperature: float = 1.0, count: int = 200) -> list[str]:
    completions = [
        optimizer.complete(1, prompt, temperature, ("s", 1), index) for index in range(count)
    ]
    return [parse(completion, PLAIN)[0].text for completion in completions]


def _share(strategy: str, texts: list[str]) -> float:
    return sum(strategy in strategies_in(text) for text in texts) / len(texts)


def test_dropping_the_best_strategy_changes_what_is_proposed() -> None:
    with_tables = _share("table", _proposals(_prompt(SEEN)))
    without = _share("table", _proposals(_prompt(SEEN[:4])))
    assert with_tables > without + 0.3


def test_pinning_a_good_solution_brings_its_strategy_in() -> None:
    pinned = [*SEEN[:4], ("Keep the units beside every number.", "70")]
    assert _share("units", _proposals(_prompt(pinned))) > 0.3
    assert _share("units", _proposals(_prompt(SEEN[:4]))) < 0.2


def test_a_strategy_that_did_badly_is_taken_up_less_than_one_that_did_well() -> None:
    scores = dict(SEEN)
    worse = [
        (text, "20" if "table" in text or "diagram" in text else scores[text]) for text in scores
    ]
    worse.sort(key=lambda item: int(item[1]))
    assert _share("table", _proposals(_prompt(worse))) < 0.5 * _share(
        "table", _proposals(_prompt(SEEN))
    )


def test_an_edit_of_the_meta_instructions_steers() -> None:
    plain = _share("role", _proposals(_prompt(SEEN)))
    asked = _share("role", _proposals(_prompt(SEEN, hint="\nMention an expert or a teacher.")))
    assert asked > plain + 0.15
    short = _proposals(_prompt(SEEN, hint="\nKeep it short."))
    usual = _proposals(_prompt(SEEN))
    assert sum(map(len, short)) < sum(map(len, usual))


def test_cold_repeats_and_hot_strays() -> None:
    cold, warm, hot = (_proposals(_prompt(SEEN), t) for t in (0.0, 1.0, 2.0))
    assert len(set(cold)) < 0.3 * len(set(warm))
    assert _share("table", hot) < 0.5 * _share("table", warm)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_some_proposals_are_there_to_be_rejected(temperature: float) -> None:
    texts = _proposals(_prompt(SEEN), temperature, 600)
    rejectable = sum(len(text) > 500 or any(c.isdigit() for c in text) for text in texts)
    assert 0.005 < rejectable / len(texts) < 0.1


def test_several_proposals_stand_in_tags_of_their_own() -> None:
    for index in range(10):
        completion = optimizer.complete(2, _prompt(SEEN, proposals=4), 1.0, (), index)
        assert completion.count("<INS>") == 4
        if completion.count("</INS>") == 4:
            texts = [proposal.text for proposal in parse(completion, PLAIN)]
            assert len(set(texts)) >= 3


def test_a_mangled_template_gets_bland_texts_without_tags() -> None:
    shown = [ShownSolution(number, text, score) for number, (text, score) in enumerate(SEEN)]
    prompt = build(MANGLED, shown, ()).text
    completions = [optimizer.complete(1, prompt, 1.0, (), index) for index in range(60)]
    assert not any("<INS>" in completion for completion in completions)
    assert sum(bool(strategies_in(completion)) for completion in completions) < 10


def test_an_answer_is_a_function_of_seed_prompt_draw_index_and_temperature() -> None:
    prompt = _prompt(SEEN)
    first = [optimizer.complete(1, prompt, 1.0, ("a",), i) for i in range(8)]
    assert first == [optimizer.complete(1, prompt, 1.0, ("a",), i) for i in range(8)]
    others = (
        (2, prompt, 1.0, ("a",)),
        (1, prompt + " ", 1.0, ("a",)),
        (1, prompt, 1.1, ("a",)),
        (1, prompt, 1.0, ("b",)),
    )
    for other in others:
        assert first != [optimizer.complete(*other, i) for i in range(8)]


def test_brackets_are_kept_to() -> None:
    template = replace(PLAIN, instructions="Seen:\n\n{trajectory}\nWrite in square brackets.")
    completion = optimizer.complete(1, _prompt(SEEN, template), 1.0, (), 3)
    assert completion.rstrip().endswith("]")
    assert "[" in completion


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=60), st.integers(-5, 200)), max_size=5),
    st.sampled_from([0.0, 1.0, 2.0]),
)
def test_hostile_solutions_never_make_it_fail(seen: list[tuple[str, int]], heat: float) -> None:
    prompt = _prompt([(text, str(score)) for text, score in seen])
    assert optimizer.complete(1, prompt, heat, (), 0).strip()


def test_every_phrase_of_the_bank_shows_its_strategy_and_has_no_digit() -> None:
    phrases = [(name, phrase) for name, (_, own) in STRATEGIES.items() for phrase in own]
    assert len(phrases) >= 150
    assert len({phrase for _, phrase in phrases}) == len(phrases)
    for name, phrase in phrases:
        assert name in strategies_in(phrase), phrase
        assert not any(character.isdigit() for character in phrase)


def test_clauses_come_apart_and_together() -> None:
    parts = ("List the facts.", "Check the result.", "Be precise.")
    for number in range(20):
        assert clauses(join(parts, Dice(number))) == parts
    assert paraphrase("Solve the problem.", 2, Dice(1)) != "Solve the problem."
    assert paraphrase("Zzz.", 2, Dice(1)) == "Zzz."
