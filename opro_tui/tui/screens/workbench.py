"""The workbench: three panes over one session, and the keys that steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.containers import Container

from opro_tui.core.errors import OproError
from opro_tui.tui import bindings, screens, terminal, watching
from opro_tui.tui.actions.candidates import CandidateActions
from opro_tui.tui.actions.history import HistoryActions
from opro_tui.tui.actions.picture import PictureActions
from opro_tui.tui.actions.prompt import PromptActions
from opro_tui.tui.actions.screen import ScreenActions
from opro_tui.tui.actions.settings import SettingsActions
from opro_tui.tui.commands import COMMANDS, FROM_LIST
from opro_tui.tui.format import safe
from opro_tui.tui.later import Later
from opro_tui.tui.messages import Edited, Failed, LeaveAsked, StopAsked
from opro_tui.tui.panes.candidates import CandidatesPane
from opro_tui.tui.panes.chart import ChartPane
from opro_tui.tui.panes.meta_prompt import MetaPromptPane
from opro_tui.tui.panes.trajectory import TrajectoryPane
from opro_tui.tui.parts import Part
from opro_tui.tui.widgets.key_bar import KeyBar
from opro_tui.tui.widgets.line import Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.edits import Edits
    from opro_tui.core.state import State
    from opro_tui.tui import view
    from opro_tui.tui.panes.pane import Pane
    from opro_tui.tui.steering import Steering
    from opro_tui.tui.widgets.row_list import RowList
else:
    view = Later("opro_tui.tui.view")

STREAM_FRAMES = 8
"""How often a second what streams in is drawn at most; keys and edits are drawn at once."""


class Workbench(
    PromptActions,
    CandidateActions,
    SettingsActions,
    HistoryActions,
    PictureActions,
    ScreenActions,
):
    """A session on the bench.

    Args:
        steering: The session; it may still be opening.
        keymap: Keys that the person chose, by command.
        chart: Which characters draw the chart.
        from_list: Whether the list of sessions lies below, to go back to.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(bindings.bindings())
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares no ClassVar
        (0, "-tiny"),
        (40, "-slim"),
        (72, "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares no ClassVar
        (0, "-flat"),
        (10, "-low"),
        (32, "-tall"),
    ]

    header = getters.query_one("#header", Line)
    status = getters.query_one("#status", Line)
    prompt_pane = getters.query_one(MetaPromptPane)
    candidates = getters.query_one(CandidatesPane)
    trajectory = getters.query_one(TrajectoryPane)

    def __init__(
        self,
        steering: Steering,
        keymap: Mapping[str, str],
        *,
        chart: str = "blocks",
        from_list: bool = False,
    ) -> None:
        super().__init__()
        self.chart = chart
        self.steering = steering
        self.keymap = keymap
        self.table = FROM_LIST if from_list else COMMANDS
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Line(id="header")
        with Container(id="panes"):
            yield MetaPromptPane()
            yield CandidatesPane()
            yield TrajectoryPane()
            yield ChartPane(self.chart)
        yield Line(id="status")
        yield KeyBar()

    def on_mount(self) -> None:
        """Look for changes a few times a second; between them nothing is drawn."""
        self.header.show([Part(f"opening {self.steering.name!r}…", "muted")])
        frames = min(STREAM_FRAMES, terminal.frames_per_second())
        self.set_interval(1 / frames, self.draw_if_changed)

    def start(self) -> None:
        """Draw the session for the first time."""
        self.draw()
        self.watch_candidates()
        pane = self.trajectory if self.state.best_id is not None else self.candidates
        pane.rows.focus()

    @property
    def state(self) -> State:
        """The session's state now."""
        return self.steering.state

    def draw_if_changed(self) -> None:
        """Draw what changed since it was drawn last."""
        steering = self.steering
        if not steering.opened:
            return
        self.candidates.show_whole()
        self.trajectory.show_whole()
        if steering.prompt_stale and steering.prompt is not None:
            self.post_message(Edited())
        if self._drawn and self._drawn[0] is steering.state and not steering.running:
            return
        self.draw()

    def draw(self) -> None:
        """Draw the state as it is now."""
        # A meta-prompt may arrive while the program closes and some panes are gone already.
        if not self.steering.opened or not self.is_mounted or not self.app.is_running:
            return
        state, now = self.state, self.steering.situation()
        self.header.show(view.header(state, now))
        self.status.show(self.status_line(now))
        self.draw_prompt(state, now)
        self.draw_candidates(now)
        self.chart_pane.draw(state)
        self.draw_picture()
        keys = (
            now.status,
            now.stopping,
            bool(state.waiting()),
            state.best_id is None,
            len(state.edits),
        )
        if not self._drawn or self._drawn[1:] != keys:
            self.refresh_bindings()
        self._drawn = (state, *keys)

    # What is possible now

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave out of the footer what can't be done now."""
        command = bindings.BY_ACTION.get(action)
        if command is None:
            return True
        if not self.steering.opened:
            return action in ("help", "quit", "palette")
        if command.writes and self.steering.readonly:
            return False
        match action:
            case "step" | "run_steps":
                return not self.steering.running
            case "stop_run":
                return self.steering.running
            case "undo" | "history" | "fork":
                return self.possible_settings_action(action)
            case "replay" | "new_eyes" | "compare" | "confirm" | "evaluate" | "null_arm":
                return self.possible_history_action(action)
            case "exemplars" | "older_prompt" | "newer_prompt":
                return self.possible_prompt_action(action)
            case "picture" | "nearer" | "farther":
                return self.possible_picture_action(action)
        return self.possible_candidate_action(action)

    def on_key(self, event: events.Key) -> None:
        """Say why a key does nothing in a session that can only be looked at."""
        asked = self._bindings.key_to_bindings.get(event.key, ())
        commands = (bindings.BY_ACTION.get(each.action) for each in asked)
        if self.steering.readonly and any(each and each.writes for each in commands):
            self.say(watching.sentence(self.steering.readonly))

    # Panes

    @property
    def panes(self) -> list[Pane]:
        """The panes, in the order of Tab."""
        return [self.prompt_pane, self.candidates, self.trajectory, self.chart_pane]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Mark the pane that has the focus; it stays marked under a layer."""
        for pane in self.panes:
            pane.set_class(pane in event.widget.ancestors_with_self, "-active")

    def _go_to_pane(self, by: int) -> None:
        if self.has_class("-chart"):
            self.close_chart()
        wide = self.has_class("-normal") or self.has_class("-wide")
        panes = [pane for pane in self.panes if wide or pane is not self.chart_pane]
        active = next((i for i, pane in enumerate(panes) if pane.has_class("-active")), 0)
        panes[(active + by) % len(panes)].body.focus()

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._go_to_pane(1)

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self._go_to_pane(-1)

    def action_zoom(self) -> None:
        """Show only the active pane, or all again."""
        if self.has_class("-chart"):
            self.close_chart()
            return
        self.toggle_class("-zoomed")

    @property
    def list_in_focus(self) -> RowList:
        """The list that keys for a solution mean: the active one, else the trajectory."""
        if self.candidates.has_class("-active"):
            return self.candidates.rows
        return self.trajectory.rows

    # Layers

    def say(self, text: str, *, severe: bool = False) -> None:
        """A short notice, never read as markup."""
        self.notify(safe(text, 200), markup=False, severity="warning" if severe else "information")

    # Runs

    def action_step(self) -> None:
        """Run the next step."""
        self.ask_for_steps(1)

    def action_run_steps(self) -> None:
        """Ask how many steps to run, and run them."""

        def answered(value: str | None) -> None:
            if value is not None:
                self.ask_for_steps(int(value))

        self.app.push_screen(screens.ask.steps(), answered)

    def action_stop_run(self) -> None:
        """Stop; pressed again, break off."""
        self.post_message(StopAsked())

    def action_quit(self) -> None:
        """Leave, after asking when a step runs."""
        self.post_message(LeaveAsked())

    # Edits

    async def make(self, edits: Edits) -> bool:
        """Make edits; whether they could be made. What can't is said."""
        try:
            made = await self.steering.edit(edits)
        except OproError as error:
            self.post_message(Failed("This edit can't be made", self.steering.what_failed(error)))
            return False
        self.draw()
        self.post_message(Edited())
        if not made:
            self.say("Nothing changed.")
        return bool(made)
