"""The app's workers: opening, running, following, and working out the next meta-prompt.

They belong to the app, so that a step outlives any layer, and they report by messages; whatever
goes wrong in one becomes a notice, never the end of the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, cast

from opro_tui.core.errors import OproError
from opro_tui.tui.format import safe
from opro_tui.tui.later import Later
from opro_tui.tui.messages import (
    Failed,
    MeasureEnded,
    OpenFailed,
    PromptChanged,
    PromptReadable,
    RunEnded,
    SessionOpened,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from textual.app import App
    from textual.worker import Worker, WorkType

    from opro_tui.core import events
    from opro_tui.core.events import Stopped
    from opro_tui.tui.measuring import Measuring
    from opro_tui.tui.steering import Steering
else:
    events = Later("opro_tui.core.events")

FOLLOW_SECONDS = 0.5
PAINT_SECONDS = 0.5
"""How long a paint is waited for; where nothing is painted, the rest goes on without."""
TITLES = {"insecure": "Not encrypted", "imported": "A stranger's address"}
log = logging.getLogger(__name__)


class Jobs:
    """Starts and ends the workers of an app.

    Attributes:
        run: The worker that runs steps, or ran the last ones.
    """

    def __init__(self, app: App[None], steering: Steering) -> None:
        self.app = app
        self.steering = steering
        self.run: Worker[None] | None = None
        self._warned = 0
        self._again: Callable[[], None] = self.renew_prompt

    def open(self) -> None:
        """Open the session."""
        self._start("open", self._open)

    def follow(self) -> None:
        """Follow what another process writes."""
        self._start("follow", self._follow)

    def look_back(self) -> None:
        """Note data files and versions that are not what they were when the session was made."""
        self._start("look back", self._look_back)

    def warn_of_edit(self) -> None:
        """Say what the last edit led to that is to be minded."""
        state = self.steering.state
        since = state.edits[-1].seq if state.edits else 0
        self._warn(w for w in state.warnings if w.seq > since and w.code == "insecure")

    def renew_prompt(self) -> None:
        """Work out the next meta-prompt and its forecast; a later wish overtakes an earlier."""
        self.steering.prompt_stale = True
        self._start("prompt", self._renew_prompt)

    def run_steps(self, steps: int) -> None:
        """Run steps, unless some run already."""
        if not self.steering.running and not self.steering.readonly:
            wanted = self.steering.state.finished_steps + steps
            self._again = partial(self._run_until, wanted)
            self.run = self._start("run", partial(self._run_steps, steps))

    def _run_until(self, step: int) -> None:
        self.run_steps(max(1, step - self.steering.state.finished_steps))

    def run_again(self) -> None:
        """Do again what failed: the steps that are left of a run, or the scoring."""
        self._again()

    def score(self, ids: tuple[int, ...]) -> None:
        """Score candidates without a step, unless something runs already."""
        if not self.steering.running and not self.steering.readonly:
            self._again = partial(self.score, ids)
            self.run = self._start("run", partial(self._score, ids))

    def criticize(self) -> None:
        """Have the next step's critique written, unless something runs already."""
        if not self.steering.running and not self.steering.readonly:
            self._again = self.criticize
            self.run = self._start("run", self._criticize)

    def measure(self, job: Measuring) -> None:
        """Measure solutions outside of a step; on the bench this is a run like any other."""
        if not job.on_bench:
            self._start("measure", partial(self._measure, job))
        elif not self.steering.running and not self.steering.readonly:
            self._again = partial(self.measure, job)
            self.run = self._start("run", partial(self._measure, job))

    def stop(self) -> bool:
        """Ask the run to stop; asked again, break it off. Whether it was broken off."""
        if self.steering.stopping:
            self.break_off()
            return True
        if self.steering.running:
            self.steering.stop()
        return False

    def break_off(self) -> None:
        """End the run without waiting for the calls in flight."""
        if self.run is not None:
            self.run.cancel()

    def end(self) -> None:
        """End every worker; what a run got back is kept."""
        for group in ("open", "look back", "follow", "prompt", "run"):
            self.app.workers.cancel_group(self.app, group)

    def _start(self, group: str, job: Callable[[], Awaitable[None]]) -> Worker[None]:
        work = cast("WorkType[None]", job)
        return self.app.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    def _fail(self, title: str, error: Exception, again: str = "") -> None:
        if not isinstance(error, OproError):
            log.error("%s", title, exc_info=error)
        self.app.post_message(Failed(title, self.steering.what_failed(error), again=again))

    async def _open(self) -> None:
        try:
            await self.steering.open()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            code = error.exit_code if isinstance(error, OproError) else 1
            self.app.post_message(OpenFailed(self.steering.what_failed(error), code))
            return
        self._warned = self.steering.state.last_seq
        self.app.post_message(SessionOpened())

    async def _look_back(self) -> None:
        try:
            noted = await self.steering.session.look_back()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self._fail("The data files can't be looked at", error)
            return
        self._warn(event for event in noted if isinstance(event, events.Warned))

    def _warn(self, found: Iterable[events.Warned]) -> None:
        for event in [event for event in found if event.seq > self._warned]:
            self._warned = event.seq
            words = f"{safe(event.message, 600)} (m shows it again)"
            title = TITLES.get(event.code, "The data changed")
            self.app.notify(words, title=title, severity="warning", timeout=12, markup=False)

    async def _follow(self) -> None:
        try:
            while True:
                await asyncio.sleep(FOLLOW_SECONDS)
                await self.steering.follow()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self._fail("The session can't be followed any more", error)

    async def _renew_prompt(self) -> None:
        try:
            await self.steering.work_out_prompt(self._prompt_readable)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self._fail("The next meta-prompt can't be worked out", error, again="prompt")
        self.app.post_message(PromptChanged())

    async def _prompt_readable(self) -> None:
        """Have the first meta-prompt drawn, and wait until it is, or something else is amiss."""
        painted = asyncio.Event()
        self.app.post_message(PromptReadable(painted.set))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(painted.wait(), PAINT_SECONDS)

    async def _score(self, ids: tuple[int, ...]) -> None:
        stopped: Stopped | None = None
        try:
            stopped = await self.steering.score(ids)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self._fail("The scoring could not go on", error, again="run")
        self.app.post_message(RunEnded(stopped))

    async def _criticize(self) -> None:
        stopped: Stopped | None = None
        try:
            stopped = await self.steering.criticize()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self._fail("The critique can't be written", error, again="run")
        self.app.post_message(RunEnded(stopped))

    async def _measure(self, job: Measuring) -> None:
        stopped: Stopped | None = None
        try:
            stopped = await job.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self._fail("The measurement could not go on", error)
        if job.on_bench:
            self.app.post_message(RunEnded(stopped))
        self.app.post_message(MeasureEnded(job.words))

    async def _run_steps(self, steps: int) -> None:
        stopped: Stopped | None = None
        try:
            stopped = await self.steering.run(steps)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self._fail("The step could not go on", error, again="run")
        self.app.post_message(RunEnded(stopped))
