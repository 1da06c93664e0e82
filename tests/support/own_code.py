"""Sessions whose own code is gone: a metric and a task of the user's, from a module that was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.support.sessions import make_and_run, own_data

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

METRIC = "python:eyes_own_code:half"
TASK = "python:eyes_own_code:Shortest"
_MODULE = """
from opro_tui.core.protocols import Grade
from opro_tui.tasks.base import BaseTask

def half(answer, target):
    return 0.5 if target in answer else 0.0

class Shortest(BaseTask):
    name = "shortest"
    minimize = True
    description = "Find a short word."
    def starting_solutions(self):
        return ("a longer one", "short")
    def compute(self, solution):
        return Grade(float(len(solution)), solution)
    def show_score(self, score, buckets):
        return f"{score:.0f} letters"
"""


async def run_and_forget(
    path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, steps: int = 2
) -> None:
    """A session `s` with a metric or a task of the user's, whose module is then gone.

    Args:
        path: The database.
        kind: `metric` or `task`.
        monkeypatch: Moves to the module's folder.
        steps: How many to run.
    """
    module = path.parent / "eyes_own_code.py"
    module.write_text(_MODULE, encoding="utf-8")
    monkeypatch.chdir(path.parent)
    sys.modules.pop("eyes_own_code", None)
    values = own_data(path.parent, metric=METRIC)
    if kind == "task":
        values = {"task": TASK, "candidates": 3}
    await make_and_run(path, values, steps)
    forget(path)


def forget(path: Path) -> None:
    """Remove the module, as if it had never been imported."""
    (path.parent / "eyes_own_code.py").unlink()
    sys.modules.pop("eyes_own_code", None)
