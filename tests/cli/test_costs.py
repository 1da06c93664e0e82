"""`costs`: the table, what stands below it, and the same for programs and spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


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
