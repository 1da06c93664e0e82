"""An imported session that names code which lies ready to run, and says so when it does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from opro_tui.config import Config
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.exchange.writing import write_jsonl
from opro_tui.engine.fork import duplicate, fork
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from tests.support.sessions import make_and_run, own_data

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

METRIC = "python:strange_code_x:half"
OWN_METRIC = "python:strange_code_x_mine:half"
TASK = "python:strange_code_x:Shortest"
_MODULE = """
from pathlib import Path
from opro_tui.core.protocols import Grade
from opro_tui.tasks.base import BaseTask

(Path(__file__).parent / "ran").touch()

def half(answer, target):
    return 0.5 if target in answer else 0.0

class Shortest(BaseTask):
    name = "shortest"
    minimize = True
    def starting_solutions(self):
        return ("a longer one", "short")
    def compute(self, solution):
        return Grade(float(len(solution)), solution)
"""


async def strange(folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with an imported session `s` of two steps and what was made from it.

    `f` is its fork, `g` the fork's fork, `d` its duplicate and `e` the fork's; of a session with a
    metric `t` is a fork on another training set and `p` one under another position.

    Args:
        folder: Where it is to be; the module lies there, too, and is on the path.
        kind: `metric` or `task`.
        monkeypatch: Goes there.

    Returns:
        The database; `ran(folder)` says whether the code has run since.
    """
    (folder / "strange_code_x.py").write_text(_MODULE)
    (folder / "strange_code_x_mine.py").write_text(_MODULE.replace('"ran"', '"mine_ran"'))
    monkeypatch.chdir(folder)
    monkeypatch.delenv("OPRO_TUI_ALLOW_PYTHON", raising=False)
    values = own_data(folder, metric=METRIC, test=4)
    if kind == "task":
        values = {"task": TASK, "candidates": 3}
    await make_and_run(folder / "made.db", values, 2)
    made = await Store.open(folder / "made.db")
    text = "".join([piece async for piece in write_jsonl(made, "s")])
    (folder / "s.jsonl").write_text(text)
    await made.close()
    forget(folder)
    store = await Store.open(folder / "sessions.db")
    await import_file(store, folder / "s.jsonl")
    await _children(store, kind)
    await store.close()
    return folder / "sessions.db"


async def _children(store: Store, kind: str) -> None:
    for parent, child in (("s", "f"), ("f", "g")):
        session = await Session.open(store, parent, Config(), readonly=True)
        await fork(store, session, 1, child)
        await duplicate(store, session, "d" if parent == "s" else "e")
        if kind == "metric" and parent == "s":
            await fork(store, session, 1, "t", {"train": 5})
            await fork(store, session, None, "p", {"position": "A_begin"})
        await session.close()


def forget(folder: Path) -> None:
    """Have the code not have run yet."""
    (folder / "ran").unlink(missing_ok=True)
    sys.modules.pop("strange_code_x", None)


def ran(folder: Path) -> bool:
    """Whether the code ran since."""
    return (folder / "ran").exists()
