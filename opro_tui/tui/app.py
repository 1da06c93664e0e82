"""The Textual app: it wires the session, the workers and the screens together."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from rich.text import Text
from textual.worker import WorkerState

from opro_tui.config import log_path
from opro_tui.core.errors import OproError
from opro_tui.core.waste import waste
from opro_tui.tui import advice, bindings, caution, notices, themes
from opro_tui.tui.format import harmless, safe
from opro_tui.tui.host import Host
from opro_tui.tui.jobs import Jobs
from opro_tui.tui.keymap import keymap
from opro_tui.tui.messages import (
    Failed,
    ForkAsked,
    ForkMade,
    MeasureAsked,
    MeasureEnded,
    OpenFailed,
    RunEnded,
    ScoreAsked,
    SessionAsked,
    StepsAsked,
)
from opro_tui.tui.options import options
from opro_tui.tui.palette import commands
from opro_tui.tui.resume import how_to_resume
from opro_tui.tui.screens import ask
from opro_tui.tui.screens.compare import CompareScreen
from opro_tui.tui.screens.measure import MeasureScreen
from opro_tui.tui.screens.problem import RETRY, Problem
from opro_tui.tui.screens.sessions import SessionsScreen
from opro_tui.tui.screens.workbench import Workbench
from opro_tui.tui.session_commands import SESSION_COMMANDS
from opro_tui.tui.shelf import Shelf
from opro_tui.tui.steering import Steering

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from textual.app import SystemCommand
    from textual.screen import Screen
    from textual.worker import Worker

    from opro_tui.config import Config
    from opro_tui.core.waste import Waste
    from opro_tui.tui.measuring import Measuring

LEAVE_SECONDS = 2.0
"""How soon a second Ctrl+C has to come to quit."""


class OproApp(Host):
    """OPRO TUI over one session, or over the sessions of a database.

    Args:
        database: The database file.
        name: The session's name; None begins with the list of sessions and comes back to it.
        config: Providers, prices, keymap and look.
    """

    TITLE = "OPRO TUI"
    CSS_PATH = [  # noqa: RUF012 - Textual declares no ClassVar
        "styles/tones.tcss",
        "styles/workbench.tcss",
        "styles/layers.tcss",
        "styles/detail.tcss",
        "styles/prompt.tcss",
        "styles/sessions.tcss",
        "styles/new_session.tcss",
        "styles/history.tcss",
    ]

    def __init__(self, database: Path, name: str | None, config: Config) -> None:
        super().__init__(options(config))
        self.keys = keymap(config)
        self.shelf = Shelf(database, config)
        self.sessions = SessionsScreen(self.shelf, self.keys) if name is None else None
        self._put_on_bench(name or "")
        self.measuring: Measuring | None = None
        self._leaving = False
        self._quitting = False
        self._interrupted_at = 0.0
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = self.options.theme

    def _put_on_bench(self, name: str) -> None:
        """Make all that belongs to one session, not opened yet."""
        self._advised = 0
        self.steering = Steering(self.shelf.database, name, self.shelf.config)
        self.jobs = Jobs(self, self.steering)
        self.workbench = Workbench(self.steering, self.keys, chart=self.options.chart)

    def on_mount(self) -> None:
        """Show the sessions, or the workbench at once; the session opens behind it."""
        self.set_keymap(self.keys)
        self.catch_kills()
        self.begin()

    def begin(self) -> None:
        """Show the first screen."""
        if self.sessions is not None:
            self.push_screen(self.sessions)
        else:
            self._show_bench()

    def _show_bench(self) -> None:
        self.push_screen(self.workbench)
        self.jobs.open()

    def on_session_asked(self, message: SessionAsked) -> None:
        """Open a session of the list, unless one is on the bench already."""
        # The stack and not `is_attached`: a second key may come before the screen is attached.
        if self.workbench not in self.screen_stack:
            self._put_on_bench(message.name)
            self._show_bench()

    def on_open_failed(self, message: OpenFailed) -> None:
        """Without a list to go back to there is nothing to show: end with the error."""
        if self.sessions is None:
            self.exit(return_code=message.code, message=Text(harmless(message.text)))
            return
        self._leave()
        self.post_message(Failed(f"{self.steering.name!r} can't be opened", message.text))

    def _leave(self) -> None:
        """Go back to the list of sessions; quit where there is none."""
        self._leaving = False
        if self.sessions is None or self._quitting:
            self.exit()
            return
        self._clear_bench("")

    def _clear_bench(self, name: str) -> None:
        """Let go of the session on the bench, and make ready for another."""
        self.jobs.end()
        steering = self.steering
        while self.workbench in self.screen_stack:
            self.pop_screen()
        self._put_on_bench(name)
        self.run_worker(self._put_back(steering), group="back", exit_on_error=False)

    async def _put_back(self, steering: Steering) -> None:
        """Let go of a session that was left, then show what has become of it."""
        await steering.close()
        if self.sessions is not None:
            self.sessions.reload(steering.name)

    def on_session_opened(self) -> None:
        """Draw it, and follow it where another process writes it."""
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

    async def on_unmount(self) -> None:
        """Let go of the session and of the terminal."""
        self.restore_terminal()
        await self.steering.close()

    def on_edited(self) -> None:
        """Work the next meta-prompt out again."""
        self.jobs.renew_prompt()

    def on_prompt_changed(self) -> None:
        """Draw it."""
        self.workbench.draw()

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

        self.push_screen(ask.dear(why), answered)

    def _run_steps(self, steps: int) -> None:
        self.run_begins(self.steering.name)
        self.jobs.run_steps(steps)

    def on_fork_made(self, message: ForkMade) -> None:
        """Go on in a fork, or offer to."""
        self.go_on(message.name)

    def go_on(self, name: str) -> None:
        """Open a fork over the list; over the workbench offer it."""
        if self.sessions is not None and self.workbench not in self.screen_stack:
            self.sessions.reload(name)
            self.post_message(SessionAsked(name))
            return
        self._offer_fork(name)

    def on_measure_asked(self, message: MeasureAsked) -> None:
        """Measure solutions outside of a step."""
        self.measuring = message.job
        self.jobs.measure(message.job)

    def on_measure_ended(self, message: MeasureEnded) -> None:
        """Tell who has left its screen what became of a measurement."""
        if self._leaving:
            self._leave()
        elif not isinstance(self.screen, (MeasureScreen, CompareScreen)):
            self.notify(safe(message.text, 200), markup=False, timeout=10)

    async def on_fork_asked(self, message: ForkAsked) -> None:
        """Make a fork of the session on the bench, and offer to open it."""
        name = self.steering.name
        try:
            await self.shelf.fork(name, message.step, message.name)
        except OproError as error:
            text = self.steering.what_failed(error)
            self.post_message(Failed("The fork can't be made", text))
            return
        self._offer_fork(message.name)

    def _offer_fork(self, name: str) -> None:
        """Offer to go on in a fork that was made."""

        def answered(answer: str | None) -> None:
            if answer == "open" and not self.steering.running:
                self._go_on_in(name)

        self.push_screen(ask.fork_made(name, running=self.steering.running), answered)

    def _go_on_in(self, name: str) -> None:
        """Put another session on the bench instead of this one."""
        self._clear_bench(name)
        self._show_bench()

    def on_score_asked(self, message: ScoreAsked) -> None:
        """Score candidates without a step."""
        self.run_begins(self.steering.name)
        self.jobs.score(message.ids)

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
        if self._leaving:
            self._leave()
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
        steering.waste = meter = await asyncio.to_thread(waste, steering.state)
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

    def on_failed(self, message: Failed) -> None:
        """Show what went wrong, to be read, copied and tried again."""

        def answered(answer: str | None) -> None:
            if answer == RETRY and message.again == "run":
                self.run_begins(self.steering.name)
                self.jobs.run_again()
            elif answer == RETRY:
                self.jobs.renew_prompt()

        log = log_path()
        problem = Problem(
            message.title,
            message.text,
            todo=advice.advice(message.code, message.text),
            log=log if log.exists() else None,
            again="tries again" if message.again else "",
        )
        self.push_screen(problem, answered)

    def on_leave_asked(self) -> None:
        """Leave; when a step runs, ask what shall become of it."""
        if self.busy:
            self.push_screen(ask.leave(), self._answered)
        else:
            self._leave()

    def _answered(self, answer: str | None) -> None:
        if answer not in ("stop", "now"):
            self._quitting = False
            return
        self._leaving = True
        if not self.busy or (answer == "now" and not self.steering.running):
            self._leave()
        elif answer == "stop":
            self._stop()
        else:
            self.jobs.break_off()

    @property
    def busy(self) -> bool:
        """Whether something is being bought: a step, or a measurement outside of the bench."""
        measuring = self.measuring is not None and not self.measuring.finished
        return self.steering.running or measuring

    def _stop(self) -> None:
        """Ask what runs to end after the calls in flight."""
        if self.steering.running:
            self.steering.stop()
        elif self.measuring is not None:
            self.measuring.stop()

    async def action_quit(self) -> None:
        """Ctrl+Q: as `q`, and not back to the list."""
        self._quitting = True
        self.on_leave_asked()

    def action_help_quit(self) -> None:
        """Ctrl+C: stop a run; twice while idle, quit."""
        now = time.monotonic()
        if self.steering.running:
            self.on_stop_asked()
        elif self.busy:
            self._stop()
            self.notify("Stopping; what is paid for is kept.", markup=False)
        elif now - self._interrupted_at < LEAVE_SECONDS:
            self.exit()
        else:
            self._interrupted_at = now
            self.notify("Press Ctrl+C again to quit.", markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers."""
        own = super().get_system_commands(screen)
        if screen is self.workbench:
            return commands(self.workbench, own)
        if screen is self.sessions:
            return commands(self.sessions, own, SESSION_COMMANDS)
        return commands(screen, own, bindings.commands_of(type(screen)))


def run_workbench(database: Path, name: str, config: Config) -> int:
    """Open a session on the screen and stay until the person leaves.

    Args:
        database: The database file.
        name: The session's name.
        config: Providers, prices, keymap and look.

    Returns:
        The exit code.
    """
    return run(OproApp(database, name, config))


def run_browser(database: Path, config: Config) -> int:
    """Show the sessions of a database until the person leaves.

    Args:
        database: The database file.
        config: Providers, prices, keymap and look.

    Returns:
        The exit code.
    """
    return run(OproApp(database, None, config))


def run(app: OproApp) -> int:
    """Run the app, then say how to go on with what stood on its bench."""
    app.run(mouse=app.options.mouse)
    if app.steering.opened:
        print(how_to_resume(app.steering.database, app.steering.name))
    return app.return_code or 0
