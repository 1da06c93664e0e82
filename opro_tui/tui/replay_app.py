"""A replay alone: nothing of the database is written, unless the person forks from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui import warming
from opro_tui.tui.app import OproApp, run
from opro_tui.tui.archive import Archive
from opro_tui.tui.messages import SessionAsked
from opro_tui.tui.screens.replay import ReplayScreen

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.config import Config


class ReplayApp(OproApp):
    """The replay of one session; closing it ends the program, forking goes on in the workbench.

    Args:
        database: The database file.
        replayed: The session's name.
        config: Providers, prices, keymap and look.
    """

    def __init__(self, database: Path, replayed: str, config: Config) -> None:
        super().__init__(database, "", config)
        self.replayed = replayed

    def begin(self) -> None:
        """Show the replay."""
        self.read_styles()
        archive = Archive(self.shelf.database, self.shelf.config)
        screen = ReplayScreen(archive, self.replayed, chart=self.options.chart)
        self.push_screen(screen, self._replay_left)

    def load(self) -> None:
        """Keep what was read; then import what waits behind the replay's keys."""
        super().load()
        warming.go_on()

    def _replay_left(self, _: None) -> None:
        # A fork that was made is told before the screen goes: it comes first.
        self.call_later(self._end)

    def _end(self) -> None:
        if not self.steering.name:
            self.exit()

    def go_on(self, name: str) -> None:
        """Open the fork that was just made."""
        if self.steering.name:
            super().go_on(name)
        else:
            self.on_session_asked(SessionAsked(name))


def run_replay(database: Path, name: str, config: Config) -> int:
    """Play a session again on the screen until the person leaves.

    Args:
        database: The database file.
        name: The session's name.
        config: Providers, prices, keymap and look.

    Returns:
        The exit code.
    """
    return run(ReplayApp(database, name, config))
