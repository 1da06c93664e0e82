from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def run(small: Cli) -> Cli:
    small.ok("run", "s", "--steps", 2)
    return small


def test_the_chain_and_the_words_are_told(run: Cli) -> None:
    best = run.ok("show", "s", "--json").json["best"]
    out = run.ok("lineage", "s").out
    assert "simulated models" in out
    assert f"#{best['id']} of step {best['step']}" in out
    assert "its words, by where they first stood:" in out
    assert "proves no cause" in out
    data = run.ok("lineage", "s", "--json").json
    assert data["solution"] == best["id"]
    assert "".join(word["text"] for word in data["words"]) == data["text"] == best["text"]
    assert [link["parent"] for link in data["links"]] == [c["id"] for c in data["chain"][:-1]]
    for link in data["links"]:
        assert f"score {'+' if link['gain'] >= 0 else '−'}" in out
        gain = (len(link["fixed"]) - len(link["broken"])) / link["both"]
        assert link["gain"] == pytest.approx(gain)


def test_a_fork_traces_through_its_parents_rows(run: Cli) -> None:
    run.ok("fork", "s", "--at", 2, "--as", "t")
    run.ok("run", "t")
    for solution in run.ok("show", "t", "--json").json["trajectory"]:
        own = run.ok("lineage", "t", "--solution", solution["id"], "--json").json
        assert own["chain"][-1]["id"] == solution["id"]
        if solution["step"] <= 2:
            other = run.ok("lineage", "s", "--solution", solution["id"], "--json").json
            assert {**own, "session": "s"} == other


def test_hostile_solutions_are_told_harmlessly(run: Cli) -> None:
    texts = [text for text in HOSTILE if text and len(text) < 1000 and "\x00" not in text]
    run.ok("edit", "s", *(word for text in texts for word in ("--add", text)))
    run.ok("run", "s")
    for solution in run.ok("show", "s", "--json").json["trajectory"]:
        out = run.ok("lineage", "s", "--solution", solution["id"]).out
        assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(out)


def test_values_are_compared_as_texts(cli: Cli) -> None:
    cli.ok("new", "w", "--task", "linear-regression", "--candidates", 4, "--headless")
    cli.ok("run", "w", "--steps", 2)
    out = cli.ok("lineage", "w").out
    assert "compares words" in out
    assert "The solutions are values" in out
    assert cli.ok("lineage", "w", "--json").json["chain"][-1]["score"] is not None


def test_what_is_not_there_is_refused(small: Cli) -> None:
    assert "nothing is fully scored yet" in small.refused("lineage", "s")
    assert "there is no solution #99" in small.refused("lineage", "s", "--solution", 99)
    assert "no session" in small.refused("lineage", "nope")


def test_the_report_says_where_the_best_came_from(run: Cli) -> None:
    for kind in ("md", "html"):
        text = run.ok("export", "s", "--format", kind).out
        assert "Where the best solution came from" in text
        assert "proves no cause" in text
