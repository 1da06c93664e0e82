"""A user's own task from the command line, as the README shows it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "data" / "smoothing.py"
TASK = "python:smoothing:Smoothing"


@pytest.fixture(autouse=True)
def _beside_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLE.parent)


def test_the_readme_shows_the_file_that_is_run() -> None:
    code = EXAMPLE.read_text(encoding="utf-8")
    assert len(code.splitlines()) < 60
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    if "class Smoothing" not in readme:
        pytest.skip("the README does not show it yet")
    assert f"```python\n{code}```" in readme


def test_the_example_gets_better_and_is_drawn(cli: Cli) -> None:
    cli.ok("demo", "--task", TASK, "--headless", "--steps", 3)
    shown = cli.ok("show", "demo", "--json").json
    starts = [each["score"] for each in shown["trajectory"] if each["step"] == 0]
    assert len(starts) == 3
    assert shown["best"]["score"] < min(starts)
    drawn = cli.ok("picture", "demo", "--chart", "ascii").out
    assert "error: emptier is lower" in drawn
    assert "*" in drawn


OWN = """
from opro_tui.core.protocols import Grade
from opro_tui.tasks.base import BaseTask

class Numbers(BaseTask):
    name = "numbers"
    def starting_solutions(self):
        return ("one",)
    def compute(self, solution):
        return {kind}
"""


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("3.5", "gave float and no Grade"),
        ("Grade('high')", "a score that is no number (str)"),
        ("Grade(float('nan'))", "a score that is no number (nan)"),
        ("1 / 0", "failed: ZeroDivisionError"),
    ],
)
def test_a_class_that_gives_no_grade_is_told(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, kind: str, said: str
) -> None:
    (cli.folder / "own_numbers_x.py").write_text(OWN.replace("{kind}", kind))
    monkeypatch.chdir(cli.folder)
    sys.modules.pop("own_numbers_x", None)
    cli.ok("new", "n", "--task", "python:own_numbers_x:Numbers", "--headless")
    failed = cli("run", "n")
    assert failed.code == 1
    assert said in failed.out + failed.err
    assert "Traceback" not in failed.out + failed.err
