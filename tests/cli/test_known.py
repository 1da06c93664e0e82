"""`known`: the paper's instructions listed, and as a warm start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opro_tui.engine.known import KNOWN

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

PAPER = Path(__file__).parents[2].parent / "shared" / "reference" / "opro-paper.md"


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's facts are not here")
def test_every_text_and_figure_is_the_paper_s() -> None:
    text = " ".join(PAPER.read_text(encoding="utf-8").split())
    part = text.split("**GSM8K test accuracy**")[1].split("Overfitting")[0]
    first, second = part.split("With text-bison as scorer:")
    for each in KNOWN:
        figure = f"{100 * each.accuracy:.1f}"
        if each.scorer == "text-bison":
            named = {"": f"{figure} empty"}.get(each.text, f"{figure} step by step")
            assert named in second
        else:
            named = f"empty {figure}" if not each.text else f'"{each.text}" {figure}'
            assert named in first


def test_they_are_listed_as_the_paper_s(cli: Cli) -> None:
    shown = cli.ok("known").out
    assert "80.2" in shown
    assert "none of them is a score of yours" in shown
    rows = cli.ok("known", "--task", "gsm8k", "--json").json
    assert rows[0]["paper_accuracy"] == 0.802
    assert rows[0]["paper_scorer"] == "PaLM 2-L"
    assert "score" not in rows[0]
    assert "Did you mean 'gsm8k'" in cli.refused("known", "--task", "gsm8")
    assert "There are some for gsm8k" in cli.refused("known", "--task", "bbh/navigate")


def test_as_a_warm_start_they_come_without_scores(cli: Cli) -> None:
    argv = ("new", "s", "--task", "sums", "--train", 6, "--candidates", 2, "--headless")
    said = cli.ok(*argv, "--solutions", "known:gsm8k").out
    assert "6 starting solutions: 6 to be scored in step 0" in said
    assert cli.ok("show", "s", "--json").json["trajectory"] == []
    cli.ok("run", "s")
    rows = [r for r in cli.ok("show", "s", "--json").json["trajectory"] if r["step"] == 0]
    assert len(rows) == 6
    assert {row["origin"] for row in rows} == {"import"}
    assert all(row["n"] == 6 for row in rows)
    assert "known" not in cli.refused("new", "t", *argv[2:], "--solutions", "nowhere.csv")
    refused = cli.refused("new", "t", *argv[2:], "--solutions", "known:aqua")
    assert "the paper names no instruction for 'aqua'" in refused
