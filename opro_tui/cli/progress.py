"""The line on stderr that says how far a step is and how long it will take."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

from opro_tui.cli.figures import clock, cut, duration, money, plural
from opro_tui.cli.output import is_terminal, to_stream
from opro_tui.cli.watching import REDRAW, RedrawnLine

if TYPE_CHECKING:
    from opro_tui.engine.session import Session
    from opro_tui.engine.traffic import Batched

_LINE_EVERY = 5.0
_RATE_OVER = 0.5
"""Seconds after which a rate says something."""


class Progress:
    """Progress on stderr: one line redrawn in place on a terminal, else a line now and then.

    Use it as an asynchronous context manager around a run.
    """

    def __init__(self, session: Session, stream: TextIO | None = None) -> None:
        self._session = session
        self._stream = stream or sys.stderr
        self._live = is_terminal(self._stream)
        self._drawn = RedrawnLine(self._stream)
        self._last = ""
        self._phase: tuple[int, str] = (-1, "")
        self._since = time.monotonic()
        self._from = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.clear()

    def clear(self) -> None:
        """Take the line off the terminal, to print something else."""
        self._drawn.clear()

    def line(self) -> str:
        """How far the step under way is; empty between steps."""
        state = self._session.state
        step = state.current
        if step is None:
            return ""
        phase, done, wanted = "sampling", 0, step.started.settings.candidates
        if step.sampled or not step.number:
            phase = "scoring"
            done, wanted = state.scoring_progress()
        else:
            own = (c for c in state.candidates.values() if c.step == step.number)
            done = min(wanted, sum(1 for candidate in own if candidate.draw is not None))
        if self._phase != (step.number, phase):
            self._phase, self._since, self._from = (step.number, phase), time.monotonic(), done
        parts = [f"step {step.number}", f"{phase} {done:,} of {wanted:,}"]
        batched = self._session.traffic.batched
        parts += self._pace(done, wanted) if batched is None else self._batch(batched)
        parts.append(f"spent {money(state.usage().cost_usd)}")
        traffic = self._session.traffic
        if traffic.retries:
            parts.append(plural(traffic.retries, "retry").replace("retrys", "retries"))
        held = traffic.held_back
        if held is not None:
            parts.append(held.words(duration))
        pause = traffic.waiting_until - time.monotonic()
        if pause > 1 and traffic.last_error:
            parts.append(traffic.last_error)
        if self._session.stopping:
            parts.append(f"stopping: {plural(traffic.in_flight, 'call')} in flight")
        return " · ".join(parts)

    def _batch(self, batched: Batched) -> list[str]:
        """What is in batches; when they are looked at again only where that can be redrawn."""
        parts = [batched.words(clock)]
        wait = batched.next_look - time.monotonic()
        if self._live and wait > 0:
            parts.append(f"next look in {duration(wait)}")
        return [*parts, *([batched.trouble] if batched.trouble else [])]

    def _pace(self, done: int, wanted: int) -> list[str]:
        elapsed, made = time.monotonic() - self._since, done - self._from
        if elapsed < _RATE_OVER or made <= 0:
            return []
        rate = made / elapsed
        return [f"{rate:.1f}/s", f"{duration((wanted - done) / rate)} left"]

    def draw(self) -> None:
        """Write the line as it is now."""
        line = self.line()
        if not line or (not self._live and line == self._last):
            return
        self._last = line
        if self._live:
            self._drawn.draw(line)
        else:
            to_stream(self._stream, f"{cut(line, None)}\n")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(REDRAW if self._live else _LINE_EVERY)
            self.draw()


class Counter:
    """How far some work of one kind is, on stderr where that is a terminal; silent elsewhere."""

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what = what
        self._stream = stream or sys.stderr
        self._live = is_terminal(self._stream)
        self._drawn = RedrawnLine(self._stream)
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Say how much is done, a few times a second."""
        now = time.monotonic()
        if not self._live or now < self._next:
            return
        self._next = now + REDRAW
        self._drawn.draw(f"{done:,} of {total:,} {self._what}")

    def __exit__(self, *_: object) -> None:
        self._drawn.clear()
