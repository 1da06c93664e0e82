"""`regrade`: the stored answers under another metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_the_table_the_answers_and_the_advice(small: Cli) -> None:
    small.ok("run", "s")
    before = small.ok("show", "s", "--json").json
    told = small.ok("regrade", "s", "--metric", r"regex:(\d)").out
    assert told.startswith("simulated models")
    assert r"numeric → regex:(\d); nothing is bought or changed" in told
    assert "right → wrong" in told
    assert r"opro-tui fork s --at 1 --as s-regraded --metric 'regex:(\d)'" in told
    found = small.ok("regrade", "s", "--metric", r"regex:(\d)", "--json").json
    assert set(found) == {
        "name", "simulated", "metric", "answers", "up", "down", "right_or_wrong", "best",
        "solutions", "listed",
    }  # fmt: skip
    assert found["metric"] == {"old": "numeric", "new": r"regex:(\d)"}
    assert found["down"] > 0
    assert [row["new"]["rank"] for row in found["solutions"]] == list(
        range(1, len(found["solutions"]) + 1)
    )
    assert found["listed"] == []
    row = next(row for row in found["solutions"] if row["down"])
    assert (
        f"#{row['id']}, example {row['down'][0]}: 1 → 0"
        in small.ok("regrade", "s", "--metric", r"regex:(\d)", "--solution", row["id"]).out
    )
    listed = small.ok(
        "regrade", "s", "--metric", r"regex:(\d)", "--solution", row["id"], "--json"
    ).json["listed"]
    assert [item["example"] for item in listed] == sorted(row["up"] + row["down"])
    assert small.ok("show", "s", "--json").json == before


def test_its_own_metric_changes_nothing_and_advises_nothing(small: Cli) -> None:
    small.ok("run", "s")
    told = small.ok("regrade", "s").out
    assert "by numeric again" in told
    assert "every answer gets the grade it had" in told
    assert "as before" in told
    assert "fork" not in told
    shown = small.ok("show", "s", "--json").json["trajectory"]
    found = small.ok("regrade", "s", "--json").json
    same = ("score", "n", "of", "stderr", "low", "high", "unparsed")
    for mine, theirs in zip(found["solutions"], shown, strict=True):
        assert mine["id"] == theirs["id"]
        for side in ("old", "new"):
            assert {n: mine[side][n] for n in same} == {n: theirs[n] for n in same}


def test_what_cannot_be_graded_is_one_line(small: Cli) -> None:
    assert "no session 'nope'" in small.refused("regrade", "nope", "--metric", "exact")
    assert "Did you mean 'exact'?" in small.refused("regrade", "s", "--metric", "exakt")
    assert "the judge would be asked" in small.refused("regrade", "s", "--metric", "judge")
    assert "invalid" in small.refused("regrade", "s", "--metric", "regex:(")
    assert "no scored solution #9" in small.refused("regrade", "s", "--solution", 9)
    assert small.ok("regrade", "s", "--metric", "exact").out.count("no solution is scored yet") == 1
    small.ok("new", "line", "--task", "linear-regression", "--headless")
    assert "computes its scores" in small.refused("regrade", "line", "--metric", "exact")


def test_held_out_figures_keep_their_metric_and_say_so(small: Cli) -> None:
    small.ok("run", "s")
    assert "from confirm and evaluate" not in small.ok("regrade", "s", "--metric", "exact").out
    small.ok("evaluate", "s")
    looks = small.ok("show", "s").out
    told = small.ok("regrade", "s", "--metric", "exact").out
    assert "1 figure from confirm and evaluate keeps numeric: a fork under exact measures" in told
    assert "from confirm and evaluate" not in small.ok("regrade", "s").out
    assert small.ok("show", "s").out == looks
    # A fork's look takes the answers that were bought for the first.
    small.ok("evaluate", "s", "--solution", 1)
    small.ok("fork", "s", "--at", 1, "--as", "f", "--metric", "exact")
    small.ok("run", "f")
    before = small.ok("show", "f", "--json").json["usage"]["scorer"]
    small.ok("evaluate", "f", "--solution", 1)
    after = small.ok("show", "f", "--json").json["usage"]["scorer"]
    assert after["calls"] == before["calls"]
