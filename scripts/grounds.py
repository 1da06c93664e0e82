"""The databases that the scenes start from, each made once and copied for every picture."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

from opro_tui.config import Config
from opro_tui.core.edits import Edits
from opro_tui.engine import caller, evaluate, fork
from opro_tui.engine.ablation import plan, stored
from opro_tui.engine.ablation.runner import Ablation, Options
from opro_tui.engine.ablation.vary import groups, variants
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.engine.session import Session
from opro_tui.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from opro_tui.engine.create import Start

SEED = 1
DATABASE = "sessions.db"


async def _new(store: Store, name: str, task: str) -> None:
    draft = Draft(name=name, values={"task": task, "seed": SEED})
    await create(store, prepare(draft, Config()))


async def _run(session: Session, steps: int) -> None:
    async for _ in session.run(steps):
        pass


async def _steer(session: Session) -> None:
    """Three steps with a pin, a drop and a temperature between them."""
    await _run(session, 2)
    ranked = [each.id for each in session.state.ranked()]
    await session.edit(Edits(pin=ranked[:1]))
    await session.edit(Edits(drop=ranked[-1:]))
    await session.edit(Edits(settings={"temperature": "0.8"}))
    await _run(session, 1)


async def _demo(store: Store) -> None:
    await _new(store, "demo", "sums")
    session = await Session.open(store, "demo", Config())
    await _steer(session)
    await session.close()


async def _fresh(store: Store) -> None:
    await _new(store, "demo", "sums")


async def _pair(store: Store) -> None:
    """The demo, a fork of it that went another way, and other tasks."""
    await _demo(store)
    session = await Session.open(store, "demo", Config())
    await fork.fork(store, session, 1, "demo-cooler")
    await session.close()
    other = await Session.open(store, "demo-cooler", Config())
    await other.edit(Edits(settings={"temperature": "0.3"}, note="less spread"))
    await _run(other, 2)
    await other.close()
    await _new(store, "tours", "tsp")
    await _new(store, "lines", "linear-regression")


async def _lines(store: Store) -> None:
    await _task(store, "linear-regression")


async def _tours(store: Store) -> None:
    await _task(store, "tsp")


async def _task(store: Store, task: str) -> None:
    await _new(store, "demo", task)
    await _run_demo(store, 3)


async def _run_demo(store: Store, steps: int) -> None:
    session = await Session.open(store, "demo", Config())
    await _run(session, steps)
    await session.close()


async def _raced(store: Store) -> None:
    """Candidates that fell behind the best."""
    values = {"task": "sums", "train": 100, "scoring": "racing", "seed": SEED}
    await create(store, prepare(Draft(name="demo", values=values), Config()))
    await _run_demo(store, 2)


async def _judged(store: Store) -> None:
    """Answers graded by a judge, twice each, and a critique in the meta-prompt."""
    values = {
        "task": "sums",
        "metric": "judge",
        "judge": "simulated",
        "judge_repeats": 2,
        "critique": True,
        "train": 20,
        "seed": SEED,
    }
    await create(store, prepare(Draft(name="demo", values=values), Config()))
    await _run_demo(store, 2)


async def _ablation(store: Store) -> None:
    """An ablation of order and temperature with its one-shot control, three times over."""
    draft = Draft(name="base", values={"task": "sums", "train": 20, "test": 20, "seed": SEED})
    base = plan.base_of(draft, Config())
    wanted = groups(["order=descending", "temperature=0"])
    arms = tuple(variants(wanted, base.settings, NoFiles()))
    wanted_plan = plan.Plan(name="order", draft=draft, variants=arms, repetitions=3, steps=4)
    await plan.make(store, plan.cells(wanted_plan, Config()))
    entries = await stored.entries(store, "order")
    await Ablation(store, Config(), entries, Options(one_shot=True), lambda _: None).run()


class NoFiles:
    """For arms that name no files."""

    def solutions(self, path: Path) -> tuple[Start, ...]:
        """Never asked for."""
        raise NotImplementedError(path)

    def template(self, path: Path) -> dict[str, str]:
        """Never asked for."""
        raise NotImplementedError(path)


async def _nothing(store: Store) -> None:
    """A database without a session."""


GROUNDS: dict[str, Callable[[Store], Awaitable[None]]] = {
    "demo": _demo,
    "fresh": _fresh,
    "pair": _pair,
    "lines": _lines,
    "tours": _tours,
    "ablation": _ablation,
    "raced": _raced,
    "judged": _judged,
    "empty": _nothing,
}


async def make(ground: str, folder: Path) -> None:
    """Make a ground's folder.

    Answers come one after the other and take no time, for a replay shows their order and the costs
    say how long they took.

    Args:
        ground: Its name in GROUNDS.
        folder: Where; it must not exist yet.
    """
    work = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    store = await Store.open(work / DATABASE)
    try:
        with (
            mock.patch.object(evaluate, "calls_at_once", return_value=1),
            mock.patch.object(caller, "time", SimpleNamespace(monotonic=lambda: 0.0)),
        ):
            await GROUNDS[ground](store)
    finally:
        await store.close()
    _write_data(work / "data")
    work.rename(folder)


def _write_data(folder: Path) -> None:
    """Files for the layer that finds one."""
    (folder / "older").mkdir(parents=True)
    tickets = [
        {"ticket": "The invoice shows the wrong address.", "queue": "billing"},
        {"ticket": "The app closes when I open a photo.", "queue": "bugs"},
        {"ticket": "How do I add a second user?", "queue": "questions"},
    ]
    lines = "".join(f"{json.dumps(row)}\n" for row in tickets)
    (folder / "tickets.jsonl").write_text(lines, encoding="utf-8")
    table = "question,answer\nWhat is 2 + 3?,5\nWhat is 6 * 7?,42\n"
    (folder / "arithmetic.csv").write_text(table, encoding="utf-8")
    (folder / "notes.txt").write_text("not for the program\n", encoding="utf-8")
