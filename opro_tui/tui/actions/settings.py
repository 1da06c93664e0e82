"""What a person changes between steps, and takes back: settings, undo, history, fork."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.screen import Screen

from opro_tui.core.errors import BadInput, OproError
from opro_tui.tui import screens
from opro_tui.tui.later import Later
from opro_tui.tui.messages import Edited, ForkAsked, ForkMade

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from opro_tui.core import edits as editing
    from opro_tui.core import events, undo
    from opro_tui.core.state import State
    from opro_tui.engine import conditions
    from opro_tui.tui import edit_words
    from opro_tui.tui.steering import Steering
else:
    editing = Later("opro_tui.core.edits")
    events = Later("opro_tui.core.events")
    undo = Later("opro_tui.core.undo")
    conditions = Later("opro_tui.engine.conditions")
    edit_words = Later("opro_tui.tui.edit_words")


class SettingsActions(Screen[None]):
    """The actions on settings and on the history of edits."""

    steering: Steering

    if TYPE_CHECKING:

        @property
        def state(self) -> State:
            """The session's state now."""

        async def make(self, edits: editing.Edits) -> bool:
            """Make edits."""

        def say(self, text: str, *, severe: bool = False) -> None:
            """A short notice."""

        def draw(self) -> None:
            """Draw the state as it is now."""

    def possible_settings_action(self, action: str) -> bool:
        """Whether an action of this area can do anything now."""
        if action == "undo":
            return undo.last_undoable(self.state) is not None
        if action == "history":
            return bool(self.state.edits)
        if action == "fork":
            return bool(self.steering.finished_steps)
        return True

    def _state(self) -> State:
        return self.state

    def action_temperature(self) -> None:
        """Ask for the temperature."""

        async def answered(value: str | None) -> None:
            if value is not None:
                await self.make(editing.Edits(settings={"temperature": value}))

        self.app.push_screen(screens.ask.temperature(self.state.settings), answered)

    def action_settings(self, start: str = "") -> None:
        """Show the settings."""

        def closed(answer: str | None) -> None:
            if answer == "history":
                self.action_history()

        layer = screens.SettingsLayer(
            self._state,
            partial(conditions.problem_of_fork, self.steering.session.task),
            self._try,
            self._undo,
            self._fork_with,
            self.steering.drafts,
            readonly=self.steering.readonly,
            start=start,
        )
        self.app.push_screen(layer, closed)

    async def _try(self, edits: editing.Edits) -> str:
        """Make edits; what is wrong with them, to be said beside the field."""
        try:
            made = await self.steering.edit(edits)
        except OproError as error:
            return self.steering.what_failed(error)
        self.draw()
        self.post_message(Edited())
        for event in made[-1:]:
            if isinstance(event, events.EditMade):
                self.say(f"{edit_words.words(event).line}, from step {event.step} on.")
        return ""

    def action_history(self) -> None:
        """Show every edit."""
        self.app.push_screen(screens.HistoryLayer(self._state, self._undo))

    async def action_undo(self) -> None:
        """Take the last edit back."""
        self.say(await self._undo())

    async def _undo(self) -> str:
        """Take the last edit back; returns what to say."""
        if self.steering.readonly:
            return "Nothing can be undone here: another process writes this session."
        edit = undo.last_undoable(self.state)
        try:
            await self.steering.edit(undo.reverse(self.state))
        except BadInput as error:
            return "There is no edit to undo." if edit is None else self.steering.what_failed(error)
        except OproError as error:
            return self.steering.what_failed(error)
        self.draw()
        self.post_message(Edited())
        return "" if edit is None else f"Undone: {edit_words.words(edit).line}."

    def _fork_with(self, values: Mapping[str, Any], note: str) -> None:
        """Show what a fork with other settings would be; make it if the person wants."""

        def made(name: str | None) -> None:
            if name is not None:
                for setting in values:
                    self.steering.drafts.keep(f"setting {setting}", None)
                steps = self.steering.finished_steps
                self.post_message(ForkMade(steps[-1] if steps else 0, name))

        self.app.push_screen(screens.ForkLayer(self.steering, values, note), made)

    def action_fork(self) -> None:
        """Ask from which step and under which name to go on, and make the fork."""
        steps = self.steering.finished_steps
        if not steps:
            self.say("A fork goes on from a finished step; run one first.")
            return

        def named(step: int, name: str | None) -> None:
            if name is not None:
                self.post_message(ForkAsked(step, name.strip()))

        def stepped(value: str | None) -> None:
            if value is not None:
                step = int(value)
                prompt = screens.ask.fork_name(self.steering.name, step)
                self.app.push_screen(prompt, lambda name: named(step, name))

        self.app.push_screen(screens.ask.fork_step(steps), stepped)
