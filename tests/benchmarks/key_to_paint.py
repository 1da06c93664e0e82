"""How long a key takes to the paint, while results stream in and while nothing happens.

Run `python -m tests.benchmarks.key_to_paint [--solutions N] [--rate R] [--keys K]`. It drives the
real app over a stored session; both cases are measured in one run, for only their ratio can be
compared between machines. What it costs to turn the paint into escape sequences is included.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from textual import events

from opro_tui.config import Config
from opro_tui.core.events import Evaluation, StepStarted
from opro_tui.core.reducer import fold
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from tests.tui.states import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opro_tui.core.state import State

SIZE = (120, 40)
PER_STEP = 50
TRAIN = 40
TICK = 0.02
BUDGET_MS = 50.0


async def make_session(path: Path, solutions: int) -> None:
    """A session whose past is told, and in whose last step many candidates wait to be scored."""
    source = random.Random(1)
    steps = max(1, solutions // PER_STEP)
    lists: list[list[tuple[str, int | None]]] = [[("Solve the problem.", 10)]]
    for step in range(1, steps + 1):
        words = ("Write down each quantity", "then work through them", "and check the unit")
        texts = [f"{', '.join(words)}; way {step}.{place}." for place in range(PER_STEP)]
        lists.append([(text, source.randint(8, 36)) for text in texts])
    lists.append([(f"Candidate {place} that waits.", 0) for place in range(PER_STEP)])
    store = await Store.open(path)
    try:
        values = {"task": "sums", "seed": 1, "train": TRAIN}
        draft = Draft(name="demo", values=values, initial=("Solve the problem.",))
        record = await create(store, prepare(draft, Config()))
        story = told(record.settings, record.template, *lists)
        del story[1]
        last = max(i for i, event in enumerate(story) if isinstance(event, StepStarted))
        unscored = story[: last + 1 + PER_STEP + 1]
        for start in range(0, len(unscored), 1000):
            await store.append(record.id, unscored[start : start + 1000])
    finally:
        await store.close()


class Stream:
    """Stands in for the engine's run: results at a steady rate, through the real reducer."""

    def __init__(self, app: OproApp, rate: int) -> None:
        self.session = app.steering.session
        self.rate = rate
        self.sent = 0
        self.over = False

    async def run(self, steps: int) -> AsyncIterator[Any]:
        """Yield evaluations until told to end."""
        session = self.session
        session.running = True
        waiting = [candidate.id for candidate in session.state.waiting()]
        examples = session.state.facts.train
        began = time.perf_counter()
        start = session.state
        while not self.over:
            wanted = int((time.perf_counter() - began) * self.rate)
            batch = []
            while self.sent < wanted:
                place = self.sent % (len(waiting) * len(examples))
                if place == 0 and self.sent:
                    session.state = start
                example = examples[place // len(waiting)]
                batch.append(self._result(start, waiting[place % len(waiting)], example))
                self.sent += 1
            session.state = fold(session.state, batch)
            for event in batch:
                yield event
            await asyncio.sleep(TICK)
        session.running = False

    def _result(self, state: State, candidate: int, example: int) -> Evaluation:
        seq = state.last_seq + 1 + self.sent
        score = float(self.sent % 3 > 0)
        step = state.steps[-1].number
        return Evaluation(step=step, seq=seq, candidate=candidate, example=example, score=score)


async def one_key(app: OproApp, key: str) -> float:
    """Press a key that moves the cursor; milliseconds until that is painted."""
    rows = app.workbench.trajectory.rows
    before = rows.cursor
    painted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    display = type(app)._display

    def watched(screen: Any, renderable: Any) -> None:
        display(app, screen, renderable)
        if renderable is not None and hasattr(renderable, "render_segments"):
            renderable.render_segments(app.console)
        if rows.cursor != before and not painted.done():
            painted.set_result(time.perf_counter())

    app._display = watched  # type: ignore[method-assign]
    start = time.perf_counter()
    app._driver.send_message(events.Key(key, key))  # type: ignore[union-attr]
    try:
        return (await asyncio.wait_for(painted, 5) - start) * 1000
    finally:
        del app._display


async def keys(app: OproApp, count: int) -> list[float]:
    """Press keys up and down at the pace of a quick person."""
    source = random.Random(2)
    times = []
    for number in range(count):
        times.append(await one_key(app, "j" if number % 40 < 30 else "k"))
        await asyncio.sleep(source.uniform(0.03, 0.08))
    return times


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def measure(solutions: int, rate: int, count: int) -> tuple[list[float], list[float], int]:
    """Idle times, times under the stream, and how many results came meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.db"
        await make_session(path, solutions)
        app = OproApp(path, "demo", Config())
        async with app.run_test(size=SIZE) as pilot:
            while not app.steering.opened or app.steering.prompt is None:
                await pilot.pause(0.05)
            app.workbench.trajectory.rows.focus()
            await pilot.pause(0.5)
            await keys(app, 10)
            idle = await keys(app, count)
            stream = Stream(app, rate)
            app.steering.session.run = stream.run  # type: ignore[method-assign, assignment]
            app.jobs.run_steps(1)
            await pilot.pause(1)
            before, began = stream.sent, time.perf_counter()
            busy = await keys(app, count)
            reached = round((stream.sent - before) / (time.perf_counter() - began))
            stream.over = True
            await pilot.pause(0.1)
        return idle, busy, reached


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--solutions", type=int, default=5000)
    parser.add_argument("--rate", type=int, default=500, help="results a second")
    parser.add_argument("--keys", type=int, default=200)
    given = parser.parse_args()
    idle, busy, reached = asyncio.run(measure(given.solutions, given.rate, given.keys))
    print(f"{given.solutions} solutions, {reached} results/s reached, {given.keys} keys, {SIZE}")
    print(f"{'':12}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for name, times in (("idle", idle), ("streaming", busy)):
        figures = (percentile(times, 0.5), percentile(times, 0.95), max(times))
        print(f"{name:12}" + "".join(f"{figure:9.1f}" for figure in figures))
    ratios = [percentile(busy, share) / percentile(idle, share) for share in (0.5, 0.95)]
    print(f"{'ratio':12}" + "".join(f"{ratio:9.2f}" for ratio in ratios))
    p95 = percentile(busy, 0.95)
    print(f"p95 while streaming is {'below' if p95 < BUDGET_MS else 'ABOVE'} {BUDGET_MS:g} ms")


if __name__ == "__main__":
    main()
