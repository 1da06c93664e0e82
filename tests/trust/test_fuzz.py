"""The quick part of `python -m tests.trust fuzz`: the seeds, seeded mutations, and hypothesis."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import hostile
from tests.trust import fuzz
from tests.trust.fuzz import TARGETS, limited, mutate
from tests.trust.material import Material, Mutations, encoded

BEYOND = 25
"""Mutations after the seeds."""


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_some_mutations_break_nothing(name: str) -> None:
    seeds = TARGETS[name].load()[1]
    outcome = mutate(name, 3, texts=len(seeds) + BEYOND)
    assert not outcome.failure, outcome.failure
    assert outcome.texts == len(seeds) + BEYOND


@pytest.mark.parametrize("name", TARGETS)
def test_no_mix_of_hostile_texts_breaks_anything(name: str) -> None:
    run, _ = TARGETS[name].load()

    @settings(max_examples=20, deadline=None)
    @given(st.lists(hostile.texts, min_size=1, max_size=8))
    def check(texts: list[str]) -> None:
        with limited(fuzz.SLOWEST):
            run(Material(encoded(*texts)))

    check()


@pytest.mark.parametrize("name", ["proposals", "answers", "patterns"])
@pytest.mark.parametrize("text", hostile.LARGE.values(), ids=list(hostile.LARGE))
def test_very_long_texts_are_read_in_time(name: str, text: str) -> None:
    run, _ = TARGETS[name].load()
    with limited(fuzz.SLOWEST):
        run(
            Material(
                encoded(*((r"(a|aa)+(\d)", "9", text) if name == "patterns" else (text, "9", text)))
            )
        )


def test_the_same_seed_makes_the_same_texts() -> None:
    seeds = [encoded("a", "b"), b"\xff\xfe"]
    first, second = (Mutations(seeds, 5) for _ in range(2))
    made = [first.next() for _ in range(200)]
    assert made == [second.next() for _ in range(200)]
    assert len(set(made)) > 150


def test_what_breaks_is_told_with_what_to_feed_again(monkeypatch, tmp_path, capsys) -> None:
    def broken(material: Material) -> None:
        assert "formula" not in material.text(0)

    target = fuzz.Target("fuzzed_reading", "broken", "proposal_seeds")
    monkeypatch.setattr("tests.trust.fuzzed_reading.broken", broken, raising=False)
    monkeypatch.setattr(
        "tests.trust.fuzzed_reading.proposal_seeds", lambda: [b"x", b"a formula"], raising=False
    )
    monkeypatch.setitem(TARGETS, "broken", target)
    monkeypatch.setattr(fuzz.importlib.util, "find_spec", lambda _: None)
    words = ["broken", "--seconds", "1", "--kept", str(tmp_path)]
    assert fuzz.command(words) == 1
    said = capsys.readouterr().out
    assert "seeded mutations stand in for it" in said
    assert "fed with b'a formula'" in said
    assert fuzz.command(["nothing"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_many_mutations_break_nothing(name: str) -> None:
    outcome = mutate(name, 11, seconds=60)
    assert not outcome.failure, outcome.failure
