"""What a person does with the past: replay it, count its costs, compare it, measure its best."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from textual.screen import Screen

from opro_tui.core.errors import OproError
from opro_tui.tui import screens
from opro_tui.tui.later import Later
from opro_tui.tui.messages import Failed, MeasureAsked

if TYPE_CHECKING:
    from opro_tui.core.state import State
    from opro_tui.engine.arms import NullArm
    from opro_tui.tui import control, measuring
    from opro_tui.tui.archive import Archive
    from opro_tui.tui.steering import Steering
else:
    control = Later("opro_tui.tui.control")
    measuring = Later("opro_tui.tui.measuring")


class HistoryActions(Screen[None]):
    """The actions on a session's past."""

    steering: Steering
    chart: str

    if TYPE_CHECKING:

        @property
        def state(self) -> State:
            """The session's state now."""

        def say(self, text: str, *, severe: bool = False) -> None:
            """A short notice."""

    @property
    def archive(self) -> Archive:
        """All sessions of the database, the one on the bench among them."""
        from opro_tui.tui.archive import Archive

        return Archive(self.steering.database, self.steering.config, self.steering)

    def possible_history_action(self, action: str) -> bool:
        """Whether an action of this area can do anything now."""
        match action:
            case "replay":
                return bool(self.state.steps or self.state.edits)
            case "new_eyes":
                return self.state.best_id is not None or len(self.state.steps) > 1
            case "confirm" | "evaluate":
                has_examples = bool(self.steering.session.task.examples)
                return has_examples and self.state.best_id is not None
            case "compare":
                return self.state.best_id is not None
            case "null_arm":
                return self.state.finished_steps > 0
        return True

    def action_replay(self) -> None:
        """Play this session again from its first event."""
        self.app.push_screen(
            screens.ReplayScreen(self.archive, self.steering.name, chart=self.chart)
        )

    def action_new_eyes(self) -> None:
        """Grade the stored answers with another metric, or rebuild the meta-prompts."""
        self.app.push_screen(screens.NewEyesScreen(self.archive, self.steering.name))

    def action_costs(self) -> None:
        """Show what every step cost."""
        self.app.push_screen(
            screens.CostsScreen(self.archive, self.steering.name, chart=self.chart)
        )

    def action_confirm(self) -> None:
        """Score what can't be told from the best on fresh examples."""
        self._measure(measuring.CONFIRM)

    def action_evaluate(self) -> None:
        """Look at the test split."""
        self._measure(measuring.EVALUATE)

    def _measure(self, kind: str) -> None:
        if not self.steering.session.task.examples:
            self.say("This task computes its scores: they are exact, and nothing is held out.")
        elif self.state.best_id is None:
            self.say("There is no scored solution yet; run a step first.")
        else:
            self.app.push_screen(screens.MeasureScreen(self.archive, self.steering.name, kind))

    async def action_compare(self) -> None:
        """Choose another session, and compare this one with it."""
        name = self.steering.name
        others = await self.archive.others(name)
        if not others:
            self.say("There is no other session. A fork (f) makes one that shares this past.")
            return

        def chosen(other: str | None) -> None:
            if other is not None:
                self.app.push_screen(
                    screens.CompareScreen(self.archive, name, other, chart=self.chart)
                )

        self.app.push_screen(screens.Choose("Compare with", others, label="session"), chosen)

    def action_null_arm(self) -> None:
        """Work the session's control out, and ask with its price whether to make it."""
        if not any(candidate.draw is not None for candidate in self.state.candidates.values()):
            self.say("A control stands against steps that were run; run one first.")
            return
        self.run_worker(self._offer_control(), group="offer", exclusive=True, exit_on_error=False)

    async def _offer_control(self) -> None:
        name = self.steering.name
        try:
            found, new = await control.work_out(self.archive, name)
        except OproError as error:
            words = self.steering.what_failed(error)
            self.post_message(Failed("The control can't be made", words))
            return
        text = control.words(found, new, simulated=self.steering.session.record.simulated)

        async def answered(answer: str | None) -> None:
            if answer in ("make", "run"):
                await self._make_control(found, new, run=answer == "run")

        answers = (
            ("back", "n", "Back"),
            ("make", "k", "Make it, and run it later"),
            ("run", "s", "Make it and run it now"),
        )
        question = screens.Question("Control: everything sampled at once", text, answers)
        self.app.push_screen(question, answered)

    async def _make_control(self, found: NullArm, new: str, *, run: bool) -> None:
        name = self.steering.name
        try:
            await control.make(self.archive, found, new)
        except OproError as error:
            words = self.steering.what_failed(error)
            self.post_message(Failed("The control can't be made", words))
            return
        if not run:
            self.say(f"{new} is made, and nothing spent. To run it: opro-tui run {quote(new)}")
            return
        job = control.ControlRun(self.archive, new, name, found.candidates)
        self.app.post_message(MeasureAsked(job))
        self.say(f"{new} runs beside this session; you are told when it is done.")
