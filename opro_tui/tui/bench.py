"""What the app does with the session on its bench: open it, run it, and say what came of it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import WorkerState

from opro_tui.tui import background, screens, warming
from opro_tui.tui.format import safe
from opro_tui.tui.host import Host
from opro_tui.tui.jobs import Jobs
from opro_tui.tui.later import Later
from opro_tui.tui.messages import Failed, PromptReadable, RunEnded, ScoreAsked, StepsAsked
from opro_tui.tui.options import options
from opro_tui.tui.shelf import Shelf
from opro_tui.tui.steering import Steering

if TYPE_CHECKING:
    from pathlib import Path

    from textual.worker import Worker

    from opro_tui.config import Config
    from opro_tui.core import waste as waste_meter
    from opro_tui.core.waste import Waste
    from opro_tui.tui import caution, keymap, notices
    from opro_tui.tui.screens.sessions import SessionsScreen
    from opro_tui.tui.screens.workbench import Workbench
else:
    keymap = Later("opro_tui.tui.keymap")
    waste_meter = Later("opro_tui.core.waste")
    caution = Later("opro_tui.tui.caution")
    notices = Later("opro_tui.tui.notices")


class Bench(Host):
    """An app with one session on its bench.

    Args:
        database: The database file.
        config: Providers, prices, keymap and look.

    Attributes:
        leaving: Whether the person leaves as soon as what runs has ended.
    """

    sessions: SessionsScreen | None = None
    _workbench: Workbench | None = None

    def __init__(self, database: Path, config: Config) -> None:
        super().__init__(options(config))
        self.keys = keymap.keymap(config) if config.keymap else {}
        self.shelf = Shelf(database, config)
        self.leaving = False

    if TYPE_CHECKING:

        def leave(self) -> None:
            """Go back to the list of sessions, or quit."""

    def put_on_bench(self, name: str, *, watch: bool = False) -> None:
        """Make all that belongs to one session, not opened yet."""
        self._advised = 0
        self.steering = Steering(self.shelf.database, name, self.shelf.config, watch=watch)
        self.jobs = Jobs(self, self.steering)
        self._workbench = None

    @property
    def workbench(self) -> Workbench:
        """The screen over the session; who only looks at the list of sessions never makes it."""
        if self._workbench is None:
            from opro_tui.tui.screens.workbench import Workbench

            self._workbench = Workbench(
                self.steering,
                self.keys,
                chart=self.options.chart,
                from_list=self.sessions is not None,
            )
        return self._workbench

    def show_bench(self) -> None:
        """Show it at once; the session opens behind it, once it is painted."""
        self.push_screen(self.workbench)
        self.early.begin(self.workbench)
        background.after_paint(self.workbench, partial(self._open, self.jobs))

    def _open(self, jobs: Jobs) -> None:
        # Whoever was quick enough may have left it already.
        if jobs is self.jobs:
            jobs.open()

    def on_session_opened(self) -> None:
        """Draw it, and follow it where another process writes it."""
        self.load()
        self.workbench.start()
        self.jobs.renew_prompt()
        self.run_worker(self._read_waste(), group="advice", exclusive=True, exit_on_error=False)
        if self.steering.missing_code:
            words = f"{self.steering.missing_code} Until then this session can only be looked at."
            self.notify(safe(words, 400), markup=False, severity="warning", timeout=15)
        if self.steering.readonly:
            self.jobs.follow()
        else:
            self.jobs.look_back()
        self.fill()

    async def on_unmount(self) -> None:
        """Let go of the session and of the terminal."""
        self.restore_terminal()
        await self.steering.close()

    def on_edited(self) -> None:
        """Work the next meta-prompt out again."""
        self.jobs.warn_of_edit()
        self.jobs.renew_prompt()

    def on_prompt_readable(self, message: PromptReadable) -> None:
        """Draw it."""
        self.workbench.draw()
        self.workbench.call_after_refresh(message.painted)

    def on_prompt_changed(self) -> None:
        """Draw it."""
        self.workbench.draw()
        warming.go_on()

    def on_steps_asked(self, message: StepsAsked) -> None:
        """Run steps; ask first when the next one is far dearer than usual."""
        if self.steering.running:
            return
        why = caution.why_ask(self.steering.state, self.steering.forecast)
        if not why:
            self._run_steps(message.steps)
            return

        def answered(answer: str | None) -> None:
            if answer == "run":
                self._run_steps(message.steps)

        self.push_screen(screens.ask.dear(why), answered)

    def _run_steps(self, steps: int) -> None:
        self.run_begins(self.steering.name)
        self.jobs.run_steps(steps)

    def on_score_asked(self, message: ScoreAsked) -> None:
        """Score candidates without a step."""
        self.run_begins(self.steering.name)
        self.jobs.score(message.ids)

    def on_critique_asked(self) -> None:
        """Have the next step's critique written."""
        self.run_begins(self.steering.name)
        self.jobs.criticize()

    def on_stop_asked(self) -> None:
        """Stop the run; asked again, break it off."""
        if self.jobs.stop():
            self.notify("Broken off; what came back is kept.", markup=False)
        self.workbench.draw()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A run that was broken off has ended too."""
        if event.worker is self.jobs.run and event.state is WorkerState.CANCELLED:
            self.post_message(RunEnded(None))

    def on_run_ended(self, message: RunEnded) -> None:
        """Say why when it ended badly; the session is intact behind the notice."""
        if self.told_to_end:
            return
        if self.leaving:
            self.leave()
            return
        self.jobs.renew_prompt()
        stopped = message.stopped
        self.run_ends(self.steering.name, notices.end_of_run(self.steering.state, stopped))
        self.run_worker(self._advise(), group="advice", exclusive=True, exit_on_error=False)
        if stopped is not None and stopped.code in notices.BAD_ENDS:
            title = notices.BAD_ENDS[stopped.code]
            failed = Failed(title, stopped.message, code=stopped.code, again="run")
            self.post_message(failed)

    async def _read_waste(self) -> Waste:
        """Read the waste meter, and show it."""
        steering = self.steering
        steering.waste = meter = await asyncio.to_thread(waste_meter.waste, steering.state)
        self.workbench.draw()
        return meter

    async def _advise(self) -> None:
        """Say once after each step when nothing changed that matters."""
        steering = self.steering
        state = steering.state
        if state.finished_steps == self._advised or state.current is not None:
            return
        meter = await self._read_waste()
        self._advised = state.finished_steps
        if meter.advice and steering is self.steering:
            self.notify(meter.advice, title="Waste meter", markup=False, timeout=10)
