"""The workbench: three panes over one session, and the keys that steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Footer

from opro_tui.core.edits import Edits
from opro_tui.core.errors import OproError
from opro_tui.core.meta_prompt import split_slots
from opro_tui.tui import bindings, rows, view
from opro_tui.tui.format import safe
from opro_tui.tui.messages import Edited, Failed, LeaveAsked, StepsAsked, StopAsked
from opro_tui.tui.panes.candidates import CandidatesPane
from opro_tui.tui.panes.meta_prompt import MetaPromptPane
from opro_tui.tui.panes.trajectory import TrajectoryPane
from opro_tui.tui.screens import ask
from opro_tui.tui.screens.editor import Editor, Written
from opro_tui.tui.screens.help import help_layer
from opro_tui.tui.screens.layers import Reader
from opro_tui.tui.widgets.line import Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.state import State
    from opro_tui.tui.panes.pane import Pane
    from opro_tui.tui.steering import Steering
    from opro_tui.tui.widgets.row_list import RowList

FRAMES_PER_SECOND = 15


class Workbench(Screen[None]):
    """A session on the bench.

    Args:
        steering: The session; it may still be opening.
        keymap: Keys that the person chose, by command.
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

    def __init__(self, steering: Steering, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self.steering = steering
        self.keymap = keymap
        self.drafts: dict[str, str] = {}
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Line(id="header")
        with Container(id="panes"):
            yield MetaPromptPane()
            yield CandidatesPane()
            yield TrajectoryPane()
        yield Line(id="status")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Look for changes as often as an eye can follow; between them nothing is drawn."""
        self.header.show([view.Part(f"opening {self.steering.name!r}…", "muted")])
        self.set_interval(1 / FRAMES_PER_SECOND, self.draw_if_changed)

    def start(self) -> None:
        """Draw the session for the first time."""
        self.draw()
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
        if steering.prompt_stale and steering.prompt is not None:
            self.post_message(Edited())
        if self._drawn and self._drawn[0] is steering.state and not steering.running:
            return
        self.draw()

    def draw(self) -> None:
        """Draw the state as it is now."""
        if not self.steering.opened or not self.is_mounted:
            return
        state, now = self.state, self.steering.situation()
        self.header.show(view.header(state, now))
        self.status.show(view.status_line(state, now))
        self.prompt_pane.draw(state, now, self.steering.prompt)
        self.candidates.draw(state, now)
        self.trajectory.draw(state)
        keys = (now.status, now.stopping, bool(state.waiting()), state.best_id is None)
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
            case "veto":
                proposed = any(candidate.step for candidate in self.state.waiting())
                return proposed and not self.steering.running
            case "pin" | "drop":
                return True if self.state.candidates else None
        return True

    # Panes

    @property
    def panes(self) -> list[Pane]:
        """The panes, in the order of Tab."""
        return [self.prompt_pane, self.candidates, self.trajectory]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Mark the pane that has the focus; it stays marked under a layer."""
        for pane in self.panes:
            pane.set_class(event.widget is pane.body, "-active")

    def _go_to_pane(self, by: int) -> None:
        active = next((i for i, pane in enumerate(self.panes) if pane.has_class("-active")), 0)
        self.panes[(active + by) % len(self.panes)].body.focus()

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._go_to_pane(1)

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self._go_to_pane(-1)

    def action_zoom(self) -> None:
        """Show only the active pane, or all again."""
        self.toggle_class("-zoomed")

    @property
    def list_in_focus(self) -> RowList:
        """The list that keys for a solution mean: the active one, else the trajectory."""
        if self.candidates.has_class("-active"):
            return self.candidates.rows
        return self.trajectory.rows

    def _selected(self) -> int | None:
        key = self.list_in_focus.key
        if key is None:
            self.say("No solution is selected. Step first, then choose one with ↑ and ↓.")
        return key

    # Layers

    def say(self, text: str, *, severe: bool = False) -> None:
        """A short notice, never read as markup."""
        self.notify(safe(text, 200), markup=False, severity="warning" if severe else "information")

    def action_help(self) -> None:
        """Show every key."""
        self.app.push_screen(help_layer(self.keymap))

    def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def action_messages(self) -> None:
        """Show every warning so far."""
        warnings = self.state.warnings
        text = "\n\n".join(f"step {item.step}: {item.message}" for item in warnings)
        self.app.push_screen(Reader("Messages", text or "There are no warnings."))

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show the whole of a row."""
        self._show(event.key)

    def action_details(self) -> None:
        """Show the whole text of the selected solution."""
        key = self._selected()
        if key is not None:
            self._show(key)

    def _show(self, key: int) -> None:
        candidate = self.state.candidates[key]
        facts = rows.describe(self.state, key)
        self.app.push_screen(Reader(f"#{key}", candidate.text or "(empty)", facts))

    # Runs

    def action_step(self) -> None:
        """Run the next step."""
        self.post_message(StepsAsked(1))

    def action_run_steps(self) -> None:
        """Ask how many steps to run, and run them."""

        def answered(value: str | None) -> None:
            if value is not None:
                self.post_message(StepsAsked(int(value)))

        self.app.push_screen(ask.steps(), answered)

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

    async def action_pin(self) -> None:
        """Pin the selected solution, or let it go."""
        key = self._selected()
        if key is None:
            return
        if key not in self.state.pinned and self.state.candidates[key].score is None:
            self.say(f"#{key} has no score yet; only scored solutions can be pinned.")
            return
        unpin = key in self.state.pinned
        await self.make(Edits(unpin=(key,)) if unpin else Edits(pin=(key,)))

    async def action_drop(self) -> None:
        """Drop the selected solution, or take it back."""
        key = self._selected()
        if key is not None:
            back = key in self.state.dropped
            await self.make(Edits(undrop=(key,)) if back else Edits(drop=(key,)))

    async def action_veto(self) -> None:
        """Keep the selected candidate from being scored."""
        key = self.candidates.rows.key
        if key is None or not self.state.candidates[key].waiting:
            self.say("Choose a candidate that waits to be scored, then veto it.")
            return
        await self.make(Edits(veto=(key,)))

    async def action_review(self) -> None:
        """Switch the review of candidates on or off."""
        on = not self.state.settings.review
        if await self.make(Edits(settings={"review": on})):
            self.say(f"Review is {'on' if on else 'off'} from the next step on.")

    def action_temperature(self) -> None:
        """Ask for the temperature."""

        async def answered(value: str | None) -> None:
            if value is not None:
                await self.make(Edits(settings={"temperature": value}))

        self.app.push_screen(ask.temperature(self.state.settings), answered)

    def action_edit(self) -> None:
        """Edit the meta-instructions."""

        async def save(text: str) -> bool:
            return await self.make(Edits(template={"instructions": text}))

        self._write(
            "instructions",
            "Meta-instructions",
            self.state.template.instructions,
            "{trajectory} and {exemplars} stand for the solutions and the examples; they may stand "
            "anywhere, more than once, or not at all. The next step uses what you save.",
            save,
            check=missing_slots,
        )

    def action_add(self) -> None:
        """Write a solution of one's own."""

        async def save(text: str) -> bool:
            return await self.make(Edits(add=(text,)))

        hint = "A solution of your own. It is scored with the next candidates."
        self._write("add", "Add a solution", "", hint, save)

    def _write(
        self, name: str, title: str, text: str, hint: str, save: ask.Save, **more: ask.Check
    ) -> None:
        """Open an editor; what isn't saved, or can't be, is kept as a draft."""

        async def closed(written: Written | None) -> None:
            if written is None:
                return
            if not written.saved:
                if written.text != text:
                    self.drafts[name] = written.text
                    self.say("Your draft is kept; the same key opens it again.")
                else:
                    self.drafts.pop(name, None)
                return
            self.drafts[name] = written.text
            if written.text == text or await save(written.text):
                self.drafts.pop(name, None)

        self.app.push_screen(Editor(title, text, hint, draft=self.drafts.get(name), **more), closed)


def missing_slots(text: str) -> str:
    """What a meta-prompt would go without."""
    present = {name for is_slot, name in split_slots(text, ("trajectory", "exemplars")) if is_slot}
    missing = [f"{{{name}}}" for name in ("trajectory", "exemplars") if name not in present]
    if not missing:
        return ""
    return f"Without {' and '.join(missing)}: the optimizer will not see what stands there."
