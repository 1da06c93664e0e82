"""The Textual app: it wires the session, the workers and the screens together."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.text import Text

from opro_tui.config import log_path
from opro_tui.core.errors import OproError
from opro_tui.paths import exists
from opro_tui.tui import background, bindings, screens, warming
from opro_tui.tui.bench import Bench
from opro_tui.tui.format import harmless, safe
from opro_tui.tui.later import Later
from opro_tui.tui.messages import (
    Failed,
    ForkAsked,
    ForkMade,
    MeasureAsked,
    MeasureEnded,
    OpenFailed,
    SessionAsked,
)
from opro_tui.tui.palette import commands
from opro_tui.tui.resume import how_to_resume
from opro_tui.tui.session_commands import SESSION_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from textual.app import SystemCommand
    from textual.screen import Screen

    from opro_tui.config import Config
    from opro_tui.models import keys
    from opro_tui.tui import advice
    from opro_tui.tui.measuring import Measuring
    from opro_tui.tui.screens import problem
    from opro_tui.tui.steering import Steering
else:
    keys = Later("opro_tui.models.keys")
    advice = Later("opro_tui.tui.advice")
    problem = Later("opro_tui.tui.screens.problem")

LEAVE_SECONDS = 2.0
"""How soon a second Ctrl+C has to come to quit."""


class OproApp(Bench):
    """OPRO TUI over one session, or over the sessions of a database.

    Args:
        database: The database file.
        name: The session's name; None begins with the list of sessions and comes back to it.
        config: Providers, prices, keymap and look.
        ablation: The ablation that is shown over the list at first; empty for none.
        watch: Whether the session is only looked at.
    """

    TITLE = "OPRO TUI"
    CSS_PATH = [  # noqa: RUF012 - Textual declares no ClassVar
        "styles/tones.tcss",
        "styles/workbench.tcss",
        "styles/sessions.tcss",
    ]

    def __init__(
        self,
        database: Path,
        name: str | None,
        config: Config,
        *,
        ablation: str = "",
        watch: bool = False,
    ) -> None:
        super().__init__(database, config)
        self.sessions = screens.SessionsScreen(self.shelf, self.keys) if name is None else None
        self.put_on_bench(name or "", watch=watch)
        self.ablation = ablation
        self.measuring: Measuring | None = None
        self._quitting = False
        self._interrupted_at = 0.0

    def on_mount(self) -> None:
        """Show the sessions, or the workbench at once; the session opens behind it."""
        self.set_keymap(self.keys)
        self.begin()
        background.after_paint(self.screen, self._painted)

    def _painted(self) -> None:
        """Make ready behind the first paint what no key could ask for before."""
        self.read_styles()
        warming.begin()

    def fill(self) -> None:
        """Do what was typed too early; a list is then complete, a session lacks its forecast."""
        super().fill()
        if self.sessions is not None:
            warming.go_on()

    def begin(self) -> None:
        """Show the first screen."""
        if self.sessions is not None:
            self.push_screen(self.sessions)
            self.early.begin(self.sessions)
            if self.ablation:
                self.read_styles()
                self.sessions.show_ablation(self.ablation)
        else:
            self.show_bench()

    def on_session_asked(self, message: SessionAsked) -> None:
        """Open a session of the list, unless one is on the bench already."""
        # The stack and not `is_attached`: a second key may come before the screen is attached.
        if self.workbench not in self.screen_stack:
            self.put_on_bench(message.name)
            self.show_bench()

    def on_open_failed(self, message: OpenFailed) -> None:
        """Without a list to go back to there is nothing to show: end with the error."""
        if self.sessions is None:
            words = harmless(keys.masked(message.text))
            self.exit(return_code=message.code, message=Text(words))
            return
        name = self.steering.name
        self.leave()
        self.post_message(Failed(f"{name!r} can't be opened", message.text))

    def leave(self) -> None:
        """Go back to the list of sessions; quit where there is none."""
        self.leaving = False
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
        self.put_on_bench(name)
        self.run_worker(self._put_back(steering), group="back", exit_on_error=False)

    async def _put_back(self, steering: Steering) -> None:
        """Let go of a session that was left, then show what has become of it."""
        await steering.close()
        self.unload()
        if self.sessions is not None:
            self.sessions.reload(steering.name)

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
        if self.leaving:
            self.leave()
        elif not isinstance(self.screen, (screens.MeasureScreen, screens.CompareScreen)):
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

        self.push_screen(screens.ask.fork_made(name, running=self.steering.running), answered)

    def _go_on_in(self, name: str) -> None:
        """Put another session on the bench instead of this one."""
        self._clear_bench(name)
        self.show_bench()

    def on_failed(self, message: Failed) -> None:
        """Show what went wrong, to be read, copied and tried again."""

        def answered(answer: str | None) -> None:
            if answer == problem.RETRY and message.again == "run":
                self.run_begins(self.steering.name)
                self.jobs.run_again()
            elif answer == problem.RETRY:
                self.jobs.renew_prompt()

        log = log_path()
        told = problem.Problem(
            message.title,
            keys.masked(message.text),
            todo=advice.advice(message.code, message.text),
            log=log if exists(log) else None,
            again="tries again" if message.again else "",
            kept=advice.kept(message.text, on_bench=self.steering.opened),
        )
        self.push_screen(told, answered)

    def on_leave_asked(self) -> None:
        """Leave; when a step runs, ask what shall become of it."""
        if self.busy:
            self.push_screen(screens.ask.leave(), self._answered)
        else:
            self.leave()

    def _answered(self, answer: str | None) -> None:
        if answer not in ("stop", "now"):
            self._quitting = False
            return
        self.leaving = True
        if not self.busy or (answer == "now" and not self.steering.running):
            self.leave()
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

    def wind_up(self) -> None:
        """Send no more calls, for steps, trials or measurements; those in flight are kept."""
        if self.steering.opened:
            self.steering.stop()
        if self.measuring is not None:
            self.measuring.stop()

    @property
    def calls_in_flight(self) -> bool:
        """Whether answers are on their way."""
        return self.busy or (self.steering.opened and self.steering.session.traffic.in_flight > 0)

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
            return commands(self.workbench, own, self.workbench.table)
        if screen is self.sessions:
            return commands(self.sessions, own, SESSION_COMMANDS)
        return commands(screen, own, bindings.commands_of(type(screen)))


def run_workbench(database: Path, name: str, config: Config, *, readonly: bool = False) -> int:
    """Open a session on the screen and stay until the person leaves.

    Args:
        database: The database file.
        name: The session's name.
        config: Providers, prices, keymap and look.
        readonly: Only look.

    Returns:
        The exit code.
    """
    return run(OproApp(database, name, config, watch=readonly))


def demo(database: Path, config: Config) -> OproApp:
    """The app over a new session on the simulated models, which is made behind the first paint."""
    app = OproApp(database, "demo", config)
    app.steering.make = app.shelf.demo
    return app


def run_demo(database: Path, config: Config) -> int:
    """Make a session on the simulated models and stay until the person leaves.

    Args:
        database: The database file.
        config: Providers, prices, keymap and look.

    Returns:
        The exit code.
    """
    return run(demo(database, config))


def run_browser(database: Path, config: Config) -> int:
    """Show the sessions of a database until the person leaves.

    Args:
        database: The database file.
        config: Providers, prices, keymap and look.

    Returns:
        The exit code.
    """
    return run(OproApp(database, None, config))


def run_ablation(database: Path, name: str, config: Config) -> int:
    """Show an ablation over the list of sessions until the person leaves.

    Args:
        database: The database file.
        name: The ablation's name.
        config: Providers, prices, keymap and look.

    Returns:
        The exit code.
    """
    return run(OproApp(database, None, config, ablation=name))


def run(app: OproApp) -> int:
    """Run the app, then say how to go on with what stood on its bench."""
    app.freezes = True
    app.run(mouse=app.options.mouse)
    if app.steering.opened:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(harmless(how_to_resume(app.steering.database, app.steering.name)), flush=True)
    return app.return_code or 0
