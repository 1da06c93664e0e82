"""`costs`: the table, what stands below it, and the same for programs and spreadsheets."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Cli
from tests.support.loopback import LoopbackServer
from tests.support.sessions import write_examples
from tests.support.wire import MESSAGES

if TYPE_CHECKING:
    from pathlib import Path


def test_table_csv_and_json_agree(small: Cli) -> None:
    small.ok("run", "s", "--steps", 3)
    data = small.ok("costs", "s", "--json").json
    summary, total = data["summary"], data["total"]
    assert summary["forecast_steps"] == 4
    assert summary["forecast_error"] > 0
    assert summary["retries"] == 0
    tokens = sum(used["input_tokens"] + used["output_tokens"] for used in total.values())
    assert [point["step"] for point in summary["cumulative"]] == [0, 1, 2, 3]
    assert summary["cumulative"][-1]["tokens"] == tokens
    rows = list(csv.DictReader(io.StringIO(small.ok("costs", "s", "--csv").out)))
    assert (rows[-1]["step"], rows[-1]["role"]) == ("all", "all")
    assert int(rows[-1]["input_tokens"]) + int(rows[-1]["output_tokens"]) == tokens
    parts = [row for row in rows if row["step"] != "all"]
    assert sum(int(row["calls"]) for row in parts) == int(rows[-1]["calls"])
    out = small.ok("costs", "s").out
    error = f"{100 * summary['forecast_error']:.1f}"
    assert f"forecast: off by {error} % of the tokens (median over 4 steps)" in out
    assert re.search(r"^prices: list of 20\d\d-\d\d-\d\d .*config come first$", out, re.MULTILINE)
    assert "from the store:" in out
    assert "sent again; answers took" in out
    assert re.search(r"^gained: .* over the best start, in training", out, re.MULTILINE)


def test_one_of_csv_and_json(small: Cli) -> None:
    assert "--csv" in small.refused("costs", "s", "--csv", "--json")


def test_a_session_that_used_nothing(small: Cli) -> None:
    assert small.ok("costs", "s").out.endswith("nothing was used yet\n")
    assert small.ok("costs", "s", "--json").json["summary"]["forecast_error"] is None


def test_what_the_providers_cache_did_is_told_everywhere(cli: Cli, tmp_path: Path) -> None:
    long = "Work through every part of the question in order. " * 250
    write_examples(tmp_path / "sums.jsonl")
    with LoopbackServer(cache_from=2048) as server:
        data = ("--input", "question", "--target", "answer", "--metric", "numeric")
        urls = ("--optimizer-url", server.url, "--scorer-url", server.url)
        cli.ok("new", "s", "--task", tmp_path / "sums.jsonl", *data, *urls, "--headless",
               "--optimizer", "anthropic/claude-sonnet-4-6", "--scorer", "openai/gpt-4o-mini",
               "--train", 6, "--candidates", 4, "--initial", long)  # fmt: skip
        cli.ok("run", "s")
        asked = server.records(MESSAGES)
    written, read = sum(r.cache_write for r in asked), sum(r.cached for r in asked)
    assert (written > 2048, read) == (True, 3 * written)
    saved = (read * (3_000_000 - 300_000) - written * 750_000) / 1e12
    data = cli.ok("costs", "s", "--json").json
    for used in (data["steps"][1]["usage"]["optimizer"], data["total"]["optimizer"]):
        assert used["cached_tokens"] == read
        assert used["cache_write_tokens"] == written
        assert used["cache_saved_usd"] == saved
    # The scorer's endpoint caches by itself, and bills no writing.
    scorer = data["total"]["scorer"]
    assert scorer["cache_write_tokens"] == 0
    assert scorer["cache_saved_usd"] == scorer["cached_tokens"] * 75_000 / 1e12
    whole = data["summary"]["cache_saved_usd"]
    assert whole == pytest.approx(saved + scorer["cache_saved_usd"], abs=1e-12)
    out = cli.ok("costs", "s").out
    assert f"tokens read from it, {written:,} written to it; ${whole:.4f} saved" in out
    assert "to cache" in out.splitlines()[0]
    rows = list(csv.DictReader(io.StringIO(cli.ok("costs", "s", "--csv").out)))
    mine = next(r for r in rows if (r["step"], r["role"]) == ("1", "optimizer"))
    assert (mine["cache_write_tokens"], float(mine["cache_saved_usd"])) == (str(written), saved)
    cli.ok("export", "s", "--format", "jsonl", "-o", tmp_path / "s.jsonl")
    assert "To cache" in cli.ok("export", "s", "--format", "md").out
    again = Cli(cli._capture, tmp_path)
    again.ok("--db", tmp_path / "other.db", "import", tmp_path / "s.jsonl")
    there = again.ok("--db", tmp_path / "other.db", "costs", "s", "--json").json
    assert there["total"] == data["total"]
    with closing(sqlite3.connect(cli.db)) as db:
        query = "SELECT cache_write_tokens, cache_saved_usd FROM step_costs WHERE role = ?"
        assert db.execute(query, ("optimizer",)).fetchall() == [(written, saved)]
