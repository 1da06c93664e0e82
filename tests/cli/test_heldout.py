"""`confirm`, `evaluate`, `fork` and `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def played(cli: Cli) -> Cli:
    cli.ok("demo", "--headless", "--steps", 2, "--seed", 3, "--name", "s")
    return cli


def test_confirm_reports_the_tie_group_on_fresh_examples(played: Cli) -> None:
    rows = played.ok("confirm", "s", "--examples", 20, "--json").json
    assert {row["split"] for row in rows} == {"rest"}
    assert all(row["n"] == row["of"] == 20 for row in rows)
    best = played.ok("show", "s", "--json").json["best"]["id"]
    assert best in [row["id"] for row in rows]
    out = played.ok("confirm", "s", "--examples", 20).out
    assert "best of" in out
    assert "simulated" in out


def test_evaluate_says_train_beside_test_and_counts_the_looks(played: Cli) -> None:
    first = played.ok("evaluate", "s", "--top", 2, "--json").json
    assert len(first) == 2
    for row in first:
        assert row["split"] == "test"
        assert row["drop"] == pytest.approx(row["train_score"] - row["score"])
        assert row["looks"] == 2
    assert "looks at the test split so far: 3" in played.ok("evaluate", "s").out
    costs = played.ok("costs", "s", "--json").json["total"]["scorer"]
    played.ok("evaluate", "s")
    assert played.ok("costs", "s", "--json").json["total"]["scorer"] == costs


def test_forks_share_the_past_and_are_compared(played: Cli) -> None:
    said = played.ok("fork", "s", "--at", 1, "--as", "arm").out
    assert "goes on from step 1 of s" in said
    shown = played.ok("show", "arm", "--json").json
    assert (shown["parent"], shown["steps"], shown["edits"]) == ("s", 1, [])
    played.ok("edit", "arm", "--temperature", "0.2")
    played.ok("run", "arm")
    assert (
        "`opro-tui evaluate s` and `opro-tui evaluate arm` first"
        in played.ok("compare", "s", "arm").out
    )
    played.ok("evaluate", "s")
    played.ok("evaluate", "arm")
    found = played.ok("compare", "s", "arm", "--json").json
    assert found["parted"] == 1
    assert found["held_out"]["n"] == 100
    assert found["held_out"]["low"] <= found["held_out"]["gain"] <= found["held_out"]["high"]
    assert found["b"]["edits"] == 1
    assert "held out: arm − s = " in played.ok("compare", "s", "arm").out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("fork", "s", "--at", 9, "--as", "x"), "step 9 is not finished. Steps 0 to 2 are"),
        (("fork", "s", "--at", 1, "--as", "s"), "there is a session 's' already"),
        (("fork", "s", "--at", 1), "Missing option '--as'"),
        (("evaluate", "s", "--solution", 99), "there is no solution #99"),
        (("evaluate", "s", "--solution", 1, "--top", 2), "goes without --top"),
        (("compare", "s", "nobody"), "there is no session 'nobody'"),
    ],
)
def test_bad_input_is_one_line(played: Cli, argv: tuple[object, ...], words: str) -> None:
    assert words in played.refused(*argv)


def test_a_fork_under_other_conditions_is_priced_scored_anew_and_compared(played: Cli) -> None:
    said = played.ok("fork", "s", "--at", 1, "--as", "exact", "--metric", "exact", "--note", "x")
    assert "metric: numeric → exact" in said.out
    assert "exact takes the solutions of step 1 of s over; none of its scores" in said.out
    assert "every answer is there already" in said.out
    found = played.ok("show", "exact", "--json").json
    assert found["parent"] == "s"
    assert found["status"] == "new"
    assert found["best"] is None
    assert found["trajectory"] == []
    assert [edit["kind"] for edit in found["edits"]] == ["fork"]
    played.ok("run", "exact")
    usage = played.ok("costs", "exact", "--json").json["steps"][0]["usage"]["scorer"]
    assert usage["calls"] == 0
    assert usage["from_store"] > 0
    out = played.ok("compare", "s", "exact").out
    assert "they parted after step 1, with all solutions scored anew" in out
    assert "not the same conditions: metric numeric / exact" in out
    assert "held out: not compared" in out
    assert "training (flatters" not in out
    data = played.ok("compare", "s", "exact", "--json").json
    assert data["conditions"] == [{"name": "metric", "a": "numeric", "b": "exact"}]
    assert data["held_out"] is data["training"] is None


def test_a_fork_with_more_training_says_what_it_buys(played: Cli) -> None:
    said = played.ok("fork", "s", "--as", "more", "--train", 70).out
    assert "of them there already" in said
    played.ok("run", "more")
    out = played.ok("compare", "s", "more").out
    assert "training set 60 / 70 examples, 60 of them in both" in out
    assert "training scores don't compare" in out
    data = played.ok("compare", "s", "more", "--json").json
    assert data["conditions"] == [{"name": "training set", "a": 60, "b": 70}]


def test_a_shared_fork_takes_settings_along(played: Cli) -> None:
    said = played.ok("fork", "s", "--at", 1, "--as", "arm", "--temperature", 0.4).out
    assert "temperature: 1.0 → 0.4" in said
    assert "arm goes on from step 1 of s; nothing is spent yet" in said
    found = played.ok("show", "arm", "--json").json
    assert found["settings"]["temperature"] == 0.4
    assert found["steps"] == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--task", "tsp"), "make a new session for another task"),
        (("--input", "x"), "a fork keeps the stored examples"),
        (("--train", 9999), "are not held out. Give at most"),
        ((), "--at: is missing. Give a finished step"),
    ],
)
def test_a_fork_that_can_not_be_is_one_line(
    played: Cli, flags: tuple[object, ...], words: str
) -> None:
    assert words in played.refused("fork", "s", "--as", "x", *flags)
    assert len(played.ok("list", "--json").json) == 1
