"""From a key to its paint, while 500 results a second stream in and while nothing happens.

It drives the real app over a stored session; both cases are measured in one run, for only their
ratio can be compared between machines. What it costs to turn the paint into escape sequences is
included. The CPU time is that of the event loop's thread between the key and the paint: what a key
waits for besides the screen's clock, whatever else the machine does.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from textual import events

from opro_tui.config import Config
from opro_tui.core.events import Evaluation, StepStarted
from opro_tui.core.reducer import fold
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from tests.benchmarks import Row, percentile
from tests.tui.states import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textual.pilot import Pilot

    from opro_tui.core.state import State

SIZE = (120, 40)
PER_STEP = 50
TRAIN = 40
SOLUTIONS = 5000
RATE = 500
KEYS = 120
TICK = 0.02
BUDGET_MS = 50.0


async def make_session(path: Path, solutions: int, train: int = TRAIN) -> None:
    """A session whose past is told, and in whose last step many candidates wait to be scored."""
    source = random.Random(1)
    steps = max(1, solutions // PER_STEP)
    lists: list[list[tuple[str, int | None]]] = [[("Solve the problem.", 10)]]
    for step in range(1, steps + 1):
        words = ("Write down each quantity", "then work through them", "and check the unit")
        texts = [f"{', '.join(words)}; way {step}.{place}." for place in range(PER_STEP)]
        lists.append([(text, source.randint(train // 5, train * 9 // 10)) for text in texts])
    lists.append([(f"Candidate {place} that waits.", 0) for place in range(PER_STEP)])
    store = await Store.open(path)
    try:
        values = {"task": "sums", "seed": 1, "train": train}
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


class Took(NamedTuple):
    """Milliseconds from a key to its paint: by the clock, and of the event loop's CPU time."""

    wall: float
    cpu: float


async def one_key(app: OproApp, key: str, seen: Callable[[], object]) -> Took:
    """Press a key; how long it takes until a paint in which what it changes has changed.

    Args:
        app: The app.
        key: The key's name.
        seen: What the key changes.
    """
    before = seen()
    painted: asyncio.Future[Took] = asyncio.get_running_loop().create_future()
    display = type(app)._display
    start, cpu = time.perf_counter(), time.thread_time()

    def watched(screen: Any, renderable: Any) -> None:
        display(app, screen, renderable)
        if renderable is not None and hasattr(renderable, "render_segments"):
            renderable.render_segments(app.console)
        if seen() != before and not painted.done():
            took = time.perf_counter() - start, time.thread_time() - cpu
            painted.set_result(Took(*(1000 * seconds for seconds in took)))

    app._display = watched  # type: ignore[method-assign]
    character = key if len(key) == 1 else None
    app._driver.send_message(events.Key(key, character))  # type: ignore[union-attr]
    try:
        return await asyncio.wait_for(painted, 30)
    finally:
        del app._display


async def keys(app: OproApp, count: int) -> list[Took]:
    """Press keys up and down at the pace of a quick person."""
    source = random.Random(2)
    rows = app.workbench.trajectory.rows
    times = []
    for number in range(count):
        times.append(await one_key(app, "j" if number % 40 < 30 else "k", lambda: rows.cursor))
        await asyncio.sleep(source.uniform(0.03, 0.08))
    return times


async def ready(app: OproApp, pilot: Pilot[None]) -> None:
    """Wait until a session is on the bench and drawn, with its prompt and forecast."""
    while not app.steering.opened or app.steering.forecast is None:
        await pilot.pause(0.05)
    app.workbench.trajectory.rows.focus()
    await pilot.pause(0.5)


async def measure(solutions: int, rate: int, count: int) -> tuple[list[Took], list[Took], int]:
    """Idle times, times under the stream, and how many results a second came meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.db"
        await make_session(path, solutions)
        app = OproApp(path, "demo", Config())
        app.freezes = True
        async with app.run_test(size=SIZE) as pilot:
            await ready(app, pilot)
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


def rows() -> list[Row]:
    """Measure."""
    idle, busy, reached = asyncio.run(measure(SOLUTIONS, RATE, KEYS))
    what = f"{SOLUTIONS:,} solutions, {reached} results/s"
    found = []
    for share, limit in ((0.5, None), (0.95, 2.0)):
        for field, words in (("wall", "clock"), ("cpu", "CPU")):
            one, other = (
                percentile([getattr(took, field) for took in times], share)
                for times in (busy, idle)
            )
            name = f"p{100 * share:.0f} by the {words}, {what}, against idle"
            # CPU alone has no floor of a screen's frame under it: two small figures have any ratio.
            found.append(Row(name, one, other, limit=limit if field == "wall" else None))
    worst = percentile([took.wall for took in busy], 0.95)
    return [*found, Row("p95 by the clock, results streaming", worst, limit=BUDGET_MS)]
