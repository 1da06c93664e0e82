"""The judge metric from the command line, on simulated models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def letters(cli: Cli) -> str:
    path = cli.folder / "letters.csv"
    path.write_text("letter\n" + "".join(f"Complaint number {n}\n" for n in range(12)))
    (cli.folder / "kind.md").write_text("Is it kind?")
    return str(path)


def test_new_try_run_and_show_tell_what_the_judge_said(cli: Cli, letters: str) -> None:
    rubric = str(cli.folder / "kind.md")
    made = cli.ok(
        *("new", "j", "--task", letters, "--input", "letter", "--metric", "judge"),
        *("--rubric", rubric, "--judge-repeats", 2, "--train", 4, "--headless"),
    ).out
    assert "simulated → simulated → simulated" in made
    assert "rubric: Is it kind?" in made
    assert "at --judge-temperature 0 many models give the same grade each time" in made
    tried = cli.ok("try", "j", "--examples", 1).out
    for words in ("Is it kind?", "[judge's user message]", "[judge's reply]", "[grade] 0."):
        assert words in tried
    assert "over 2 judgements, standard deviation" in tried
    assert "mean grade" in tried
    (again,) = cli.ok("try", "j", "--examples", 1, "--json").json
    assert len(again["judge"]) == 2
    assert again["judge"][0]["from_store"]
    assert again["judge"][0]["reason"].startswith("Simulated judge: ")
    events = [json.loads(line) for line in cli.ok("run", "j", "--json").out.splitlines()]
    graded = [event for event in events if event["type"] == "evaluation"]
    assert graded[0]["judgements"][0].keys() == {"call", "score", "reason", "from_store"}
    shown = cli.ok("show", "j", "--json").json
    assert shown["settings"]["rubric"] == "Is it kind?"
    assert shown["usage"]["judge"]["calls"]
    assert len(shown["best"]["judgements"]) == 4
    costs = cli.ok("costs", "j", "--json").json
    assert costs["steps"][1]["forecast"]["judge"]["tokens"]
    cli.ok("evaluate", "j")
    forked = cli.ok("fork", "j", "--as", "k", "--judge-repeats", 1).out
    assert "judge-repeats: 2 → 1" in forked
    assert "it costs nothing" in forked
    other = cli.ok("fork", "j", "--as", "l", "--rubric", "Is it short?").out
    assert "judgements to buy" in other
    exported = cli.ok("export", "j", "--format", "promptfoo").out
    assert '"llm-rubric"' in exported
    report = cli.ok("export", "j", "--format", "md").out
    assert "- **Judge**: simulated, 2 × an answer" in report
    assert "- **Rubric**: Is it kind?" in report
    assert "Is it kind?" in exported
    cli.ok("run", "l")
    compared = cli.ok("compare", "j", "l").out
    assert "rubric" in compared


def test_what_a_judge_cannot_do_is_one_line(cli: Cli, letters: str) -> None:
    new = ("new", "j", "--task", letters, "--input", "letter", "--headless")
    assert "which column" in cli.refused(*new, "--metric", "exact")
    assert "no such file" in cli.refused(*new, "--metric", "judge", "--rubric", "gone.md")
    models = ("--optimizer", "openai/m", "--scorer", "openai/m")
    refused = cli.refused(*new, "--metric", "judge", *models)
    assert "--judge: is missing" in refused
    assert "--judge openai/m" in refused
    assert "for the judge metric" in cli.refused("new", "s", "--task", "sums", "--rubric", "Kind?")
    assert "out of range" in cli.refused(*new, "--metric", "judge", "--judge-repeats", 0)
