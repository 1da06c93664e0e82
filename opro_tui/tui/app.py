"""The Textual app: it opens the session, runs steps in a worker and shows the workbench."""

from __future__ import annotations

import asyncio
import shlex
import time
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.app import App, SystemCommand
from textual.worker import WorkerState

from opro_tui.core.errors import OproError
from opro_tui.tui import themes
from opro_tui.tui.bindings import COMMANDS, keymap
from opro_tui.tui.messages import (
    Failed,
    PromptChanged,
    RunEnded,
    SessionOpened,
    StepsAsked,
)
from opro_tui.tui.screens import ask
from opro_tui.tui.screens.layers import Reader
from opro_tui.tui.screens.workbench import Workbench
from opro_tui.tui.steering import Steering

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from textual.screen import Screen
    from textual.worker import Worker, WorkType

    from opro_tui.config import Config
    from opro_tui.core.events import Stopped

FOLLOW_SECONDS = 0.5
LEAVE_SECONDS = 2.0
"""How soon a second Ctrl+C has to come to quit."""
BAD_ENDS = {
    "error": "The step could not go on",
    "missing": "Answers are missing",
    "budget": "The budget is reached",
}


class OproApp(App[None]):
    """OPRO TUI over one session.

    Args:
        database: The database file.
        name: The session's name.
        config: Providers, prices, keymap and look.
    """

    TITLE = "OPRO TUI"
    CSS_PATH = [  # noqa: RUF012 - Textual declares no ClassVar
        "styles/tones.tcss",
        "styles/workbench.tcss",
        "styles/layers.tcss",
    ]

    def __init__(self, database: Path, name: str, config: Config) -> None:
        super().__init__()
        self.steering = Steering(database, name, config)
        self.keys = keymap(config.keymap)
        self.workbench = Workbench(self.steering, self.keys)
        self._run: Worker[None] | None = None
        self._leaving = False
        self._interrupted_at = 0.0
        for theme in themes.THEMES:
            self.register_theme(theme)
        wanted = str(config.ui.get("theme", themes.DARK.name))
        self.theme = wanted if wanted in self.available_themes else themes.DARK.name

    def on_mount(self) -> None:
        """Show the workbench at once; the session opens behind it."""
        self.set_keymap(self.keys)
        self.push_screen(self.workbench)
        self._work("open", self._open)

    async def _open(self) -> None:
        try:
            await self.steering.open()
        except OproError as error:
            self.exit(return_code=error.exit_code, message=str(error))
            return
        self.post_message(SessionOpened())

    def on_session_opened(self) -> None:
        """Draw it, and follow it where another process writes it."""
        self.workbench.start()
        self.renew_prompt()
        if self.steering.readonly:
            self._work("follow", self._follow)

    async def on_unmount(self) -> None:
        """Let go of the session."""
        await self.steering.close()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            if await self.steering.follow() and self.steering.prompt_stale:
                self.renew_prompt()

    def on_edited(self) -> None:
        """Work the next meta-prompt out again."""
        self.renew_prompt()

    def renew_prompt(self) -> None:
        """Work out the next meta-prompt and its forecast."""
        self._work("prompt", self._renew_prompt)

    async def _renew_prompt(self) -> None:
        try:
            await self.steering.work_out_prompt()
        except OproError as error:
            self.post_message(Failed("The next meta-prompt can't be worked out", str(error)))
        self.post_message(PromptChanged())

    def on_prompt_changed(self) -> None:
        """Draw it."""
        self.workbench.draw()

    def on_steps_asked(self, message: StepsAsked) -> None:
        """Run steps, unless some run already."""
        if not self.steering.running and not self.steering.readonly:
            self._run = self._work("run", partial(self._run_steps, message.steps))

    def _work(self, group: str, job: Callable[[], Awaitable[None]]) -> Worker[None]:
        """Start a worker of the app's, which outlives any screen."""
        work = cast("WorkType[None]", job)
        return self.run_worker(work, group=group, exit_on_error=False)

    async def _run_steps(self, steps: int) -> None:
        stopped: Stopped | None = None
        try:
            stopped = await self.steering.run(steps)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            words = self.steering.what_failed(error)
            self.post_message(Failed("The step could not go on", words))
        self.post_message(RunEnded(stopped))

    def on_run_ended(self, message: RunEnded) -> None:
        """Say why when it ended badly; the session is intact behind the notice."""
        if self._leaving:
            self.exit()
            return
        self.steering.prompt_stale = True
        self.renew_prompt()
        stopped = message.stopped
        if stopped is not None and stopped.code in BAD_ENDS:
            self.post_message(Failed(BAD_ENDS[stopped.code], stopped.message))

    def on_failed(self, message: Failed) -> None:
        """Show what went wrong, to be read and copied."""
        self.push_screen(Reader(message.title, message.text, tone="-error"))

    def on_stop_asked(self) -> None:
        """Ask the run to stop; asked again, break it off."""
        if self.steering.stopping and self._run is not None:
            self._run.cancel()
            self.notify("Broken off; what came back is kept.", markup=False)
        elif self.steering.running:
            self.steering.stop()
            self.workbench.draw()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A run that was broken off has ended too."""
        if event.worker is self._run and event.state is WorkerState.CANCELLED:
            self.post_message(RunEnded(None))

    def on_leave_asked(self) -> None:
        """Quit; when a step runs, ask what shall become of it."""
        if not self.steering.running:
            self.exit()
            return

        def answered(answer: str | None) -> None:
            self._leaving = answer in ("stop", "now")
            if not self.steering.running and self._leaving:
                self.exit()
            elif answer == "stop":
                self.steering.stop()
            elif answer == "now" and self._run is not None:
                self._run.cancel()

        self.push_screen(ask.leave(), answered)

    async def action_quit(self) -> None:
        """Ctrl+Q and the palette: as `q`."""
        self.on_leave_asked()

    def action_help_quit(self) -> None:
        """Ctrl+C: stop a run; twice while idle, quit."""
        now = time.monotonic()
        if self.steering.running:
            self.on_stop_asked()
        elif now - self._interrupted_at < LEAVE_SECONDS:
            self.exit()
        else:
            self._interrupted_at = now
            self.notify("Press Ctrl+C again to quit.", markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every command that is possible now, then Textual's own."""
        if screen is self.workbench:
            for command in COMMANDS:
                if command.id != "palette" and screen.check_action(command.action, ()):
                    run = partial(self.workbench.run_action, command.action)
                    yield SystemCommand(command.label.rstrip("…"), command.tooltip, run)
        skipped = {"Quit", "Keys", "Maximize", "Minimize"}
        yield from (c for c in super().get_system_commands(screen) if c.title not in skipped)


def run_workbench(database: Path, name: str, config: Config) -> int:
    """Open a session on the screen and stay until the person leaves.

    Args:
        database: The database file.
        name: The session's name.
        config: Providers, prices, keymap and look.

    Returns:
        The exit code.
    """
    app = OproApp(database, name, config)
    app.run()
    code = app.return_code or 0
    if app.steering.opened:
        print(f"Session {name!r} is kept. Go on with: opro-tui open {shlex.quote(name)}")
    return code
