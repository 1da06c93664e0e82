"""Each of the paper's benchmarks runs a step on simulated models, from the real files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

DATASETS = Path(__file__).parents[2].parent / "shared" / "datasets"
TASKS = ("bbh/navigate", "gsm8k", "mmlu/abstract_algebra", "aqua", "multiarith")


@pytest.mark.skipif(not DATASETS.exists(), reason="the benchmarks' files are not here")
@pytest.mark.parametrize("task", TASKS)
def test_a_benchmark_runs_a_step(cli: Cli, task: str) -> None:
    data = ("--data-dir", DATASETS, "--train", 12, "--test", 10)
    cli.ok("new", "s", "--task", task, *data, "--candidates", 3, "--headless")
    cli.ok("run", "s")
    shown = cli.ok("show", "s", "--json").json
    assert (shown["task"], shown["steps"], shown["simulated"]) == (task, 1, True)
    assert shown["settings"]["threshold"] == 0.3
    assert shown["settings"]["max_length"] == 500
    assert shown["best"]["n"] == shown["best"]["of"] == 12
    assert len(shown["trajectory"]) >= 2
    (held,) = cli.ok("evaluate", "s", "--json").json
    assert (held["n"], held["split"]) == (10, "test")
