"""What a person does with candidates and solutions: choose, veto, add, score, look, sort."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual import getters

from opro_tui.tui import screens
from opro_tui.tui.actions.scoring import ScoringActions
from opro_tui.tui.drafts import clock
from opro_tui.tui.later import Later
from opro_tui.tui.messages import StepsAsked
from opro_tui.tui.panes.candidates import Looking
from opro_tui.tui.panes.trajectory import TrajectoryPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from opro_tui.core import edits as editing
    from opro_tui.core.forecast import Forecast
    from opro_tui.tui import compare, review, view
    from opro_tui.tui.parts import Part
    from opro_tui.tui.review import Review
    from opro_tui.tui.screens.ask import Save
    from opro_tui.tui.screens.editor import Written
    from opro_tui.tui.screens.lineage import Pair
    from opro_tui.tui.view import Situation
    from opro_tui.tui.widgets.row_list import RowList
else:
    editing = Later("opro_tui.core.edits")
    compare = Later("opro_tui.tui.compare")
    review = Later("opro_tui.tui.review")
    view = Later("opro_tui.tui.view")

TICK = 0.5
"""Seconds between looks at what isn't in the state: costs, and comparisons under way."""
WORK_SECONDS = 0.1
"""How long a thread compares scores before the screen shows what it found."""


class CandidateActions(ScoringActions):
    """The workbench's actions on candidates and on the trajectory."""

    trajectory = getters.query_one(TrajectoryPane)

    looking: Looking = Looking()
    _price: tuple[int, Forecast | None] = (0, None)
    _used_for: tuple[object, int] | None = None

    if TYPE_CHECKING:

        @property
        def list_in_focus(self) -> RowList:
            """The list that keys for a solution mean."""

        async def mark_region(self, kind: str) -> bool:
            """Mark what is selected in the meta-prompt, if that is active."""

        def draw(self) -> None:
            """Draw the state as it is now."""

    def watch_candidates(self) -> None:
        """Begin to look after what isn't in the state, once the session is there."""
        self.set_interval(TICK, self._tick)

    def possible_candidate_action(self, action: str) -> bool | None:
        """Whether an action of this area can do anything now."""
        state, running = self.state, self.steering.running
        match action:
            case "veto":
                return any(candidate.step for candidate in state.waiting()) and not running
            case "select":
                return state.reviewing and not running
            case "halt":
                return bool(state.waiting()) and (running or bool(state.partial))
            case "complete" | "rescore":
                return bool(state.steps) and not running
            case "try_out":
                return self.scoring.has_scorer and not running
            case "pin" | "drop" | "reword":
                return True if state.candidates else None
            case "lineage":
                return bool(state.candidates)
            case "filter":
                return bool(state.candidates)
            case "look_alikes" | "sort":
                return state.best_id is not None
            case "older_step" | "newer_step":
                return len(state.steps) > 1
        return True

    # What is drawn

    def draw_candidates(self, now: Situation) -> None:
        """Draw both lists."""
        if self.looking.unselected and not self.state.reviewing:
            self.looking = replace(self.looking, unselected=frozenset())
        self.candidates.draw(self.state, now, self.looking)
        self.trajectory.compare_with(now.reference)
        self.trajectory.draw(self.state)

    def status_line(self, now: Situation) -> list[Part]:
        """The line above the keys: the review's, while candidates wait for a person."""
        found = self._review()
        if found is None or now.running or now.readonly:
            return view.status_line(self.state, now)
        return review.line(found, self._priced(found.answers))

    def _review(self) -> Review | None:
        return review.review(self.state, self.looking.unselected)

    def _priced(self, answers: int) -> Forecast | None:
        """What scoring costs, if that was worked out; else it is begun."""
        known, price = self._price
        if known == answers and price is not None:
            return price
        if known != answers:
            self._price = (answers, None)
            self.run_worker(
                self._work_out_price(answers), group="price", exclusive=True, exit_on_error=False
            )
        return None

    async def _work_out_price(self, answers: int) -> None:
        price = await self.scoring.price(answers)
        self._price = (answers, price)
        self.draw()

    def _tick(self) -> None:
        """Read costs when there are new ones, and compare scores that lists asked about."""
        busy = {worker.group for worker in self.workers if not worker.is_finished}
        step = self.looking.step if self.looking.step is not None else view.shown_step(self.state)
        old = self._used_for
        new = old is None or old[0] is not self.state.ledger or old[1] != step
        if new and step is not None and "used" not in busy:
            self._used_for = (self.state.ledger, step)
            self.run_worker(self._read_used(step), group="used", exit_on_error=False)
        if compare.pending() and "ties" not in busy:
            self.run_worker(self._compare(), group="ties", exit_on_error=False)

    async def _read_used(self, step: int) -> None:
        if await self.scoring.read_used(step):
            self._look(replace(self.looking, used=self.scoring.used))

    async def _compare(self) -> None:
        while compare.pending():
            await asyncio.to_thread(compare.work, WORK_SECONDS)
            self.trajectory.again()
            self.draw()

    def _look(self, looking: Looking) -> None:
        self.looking = looking
        self.draw()

    # Looking

    def _selected(self) -> int | None:
        key = self.list_in_focus.key
        if key is None:
            self.say("No solution is selected. Step first, then choose one with ↑ and ↓.")
        return key

    def _show(self, key: int) -> None:
        """Show all that is known of a candidate."""
        keys = self.list_in_focus.keys
        self.app.push_screen(
            screens.DetailScreen(self.steering, key, keys if key in keys else (key,))
        )

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show the whole of a row."""
        self._show(event.key)

    def action_details(self) -> None:
        """Show all that is known of the selected solution."""
        key = self._selected()
        if key is not None:
            self._show(key)

    def action_look_alikes(self) -> None:
        """Show the instructions nearest to the selected one."""
        key = self._selected()
        if key is not None:
            self.app.push_screen(screens.LookAlikes(self.steering, key), self._looked_up)

    def _looked_up(self, key: int | None) -> None:
        if key is not None:
            self._show(key)

    def action_lineage(self) -> None:
        """Show where the selected solution came from."""
        key = self._selected()
        if key is not None:
            self.app.push_screen(screens.LineageLayer(self.steering, key), self._traced)

    def _traced(self, pair: Pair | None) -> None:
        if pair is not None:
            key, beside = pair
            self.app.push_screen(screens.DetailScreen(self.steering, key, (key,), beside=beside))

    def action_freeze(self) -> None:
        """Keep the trajectory's order, or let it go."""
        self.trajectory.freeze()

    def action_sort(self) -> None:
        """Sort the trajectory in the next way."""
        self.trajectory.sort(self.trajectory.order.next())

    def action_filter(self) -> None:
        """Type what the list shall show: the candidates where they are active."""
        if self.candidates.has_class("-active"):
            self.candidates.rows.action_filter()
        else:
            self.trajectory.ask_filter()

    def action_older_step(self) -> None:
        """List the candidates of the step before."""
        self._list_step(-1)

    def action_newer_step(self) -> None:
        """List the candidates of the step after."""
        self._list_step(1)

    def _list_step(self, by: int) -> None:
        newest = view.shown_step(self.state)
        if newest is None:
            return
        listed = newest if self.looking.step is None else self.looking.step
        step = max(0, min(newest, listed + by))
        self._look(replace(self.looking, step=None if step == newest else step))

    def action_try_out(self) -> None:
        """Try an instruction on a few examples."""
        if not self.scoring.has_scorer:
            self.say("This task computes its scores: there is no scorer to try.")
            return
        key = self.list_in_focus.key
        self.app.push_screen(screens.TrialScreen(self.steering, key))

    # Marks

    async def action_pin(self) -> None:
        """Pin the selected solution, or let it go."""
        if await self.mark_region("pin"):
            return
        key = self._selected()
        if key is None:
            return
        if key not in self.state.pinned and self.state.candidates[key].score is None:
            self.say(f"#{key} has no score yet; only scored solutions can be pinned.")
            return
        unpin = key in self.state.pinned
        await self.make(editing.Edits(unpin=(key,)) if unpin else editing.Edits(pin=(key,)))

    async def action_drop(self) -> None:
        """Drop the selected solution, or take it back."""
        if await self.mark_region("drop"):
            return
        key = self._selected()
        if key is not None:
            back = key in self.state.dropped
            await self.make(editing.Edits(undrop=(key,)) if back else editing.Edits(drop=(key,)))

    # Review

    async def action_review(self) -> None:
        """Switch the review of candidates on or off."""
        on = not self.state.settings.review
        if await self.make(editing.Edits(settings={"review": on})):
            self.say(f"Review is {'on' if on else 'off'} from the next step on.")

    async def action_veto(self) -> None:
        """Keep the selected candidate from being scored."""
        candidate = self._waiting("veto")
        if candidate is not None:
            await self.make(editing.Edits(veto=(candidate.id,)))

    def action_select(self) -> None:
        """Leave the selected candidate out of what will be scored, or take it in again."""
        found = self._review()
        key = self.candidates.rows.key
        if found is None or key not in (*found.chosen, *found.left_out):
            self.say("Only candidates that wait for your review can be selected.")
            return
        self._look(replace(self.looking, unselected=self.looking.unselected ^ {key}))
        behind = [id_ for id_ in (*found.chosen, *found.left_out) if id_ > key]
        if behind:
            self.candidates.rows.move_to(min(behind))

    def ask_for_steps(self, steps: int) -> None:
        """Run steps; candidates left out of a review are vetoed first, after a question."""
        found = self._review()
        if found is None or not found.left_out:
            self.post_message(StepsAsked(steps))
            return

        async def answered(answer: str | None) -> None:
            if answer == "score" and await self.make(editing.Edits(veto=found.left_out)):
                self.post_message(StepsAsked(steps))

        price = review.price_words(found.answers, self._priced(found.answers))
        self.app.push_screen(screens.ask.selection(found, price), answered)

    def action_reword(self) -> None:
        """Write the selected candidate's text anew."""
        key = self._selected()
        if key is None:
            return
        candidate = self.state.candidates[key]

        async def save(text: str) -> bool:
            waits = self.state.candidates[key].waiting and candidate.score is None
            made = await self.make(editing.Edits(veto=(key,) if waits else (), add=(text,)))
            if made:
                self.candidates.rows.move_to(max(self.state.candidates))
            return made

        instead = candidate.waiting and candidate.score is None
        fate = "takes its place, and the original is vetoed" if instead else "is added beside it"
        hint = f"What you save is a candidate of your own; it {fate}."
        self._write(f"reword {key}", f"Reword #{key}", candidate.text, hint, save, self._refusal)

    def action_add(self) -> None:
        """Write a solution of one's own."""

        async def save(text: str) -> bool:
            made = await self.make(editing.Edits(add=(text,)))
            if made:
                key = max(self.state.candidates)
                self.candidates.rows.move_to(key)
                self.say(f"Added #{key}, scored with the next candidates.")
            return made

        hint = "A solution of your own. It is scored with the next candidates."
        self._write("add", "Add a solution", "", hint, save, self._refusal)

    def _refusal(self, text: str) -> str:
        return self.steering.refusal(editing.Edits(add=(text,))) if text else ""

    def _write(
        self,
        name: str,
        title: str,
        text: str,
        hint: str,
        save: Save,
        refuse: Callable[[str], str] = lambda _: "",
    ) -> None:
        """Open an editor; what isn't saved, or can't be, is kept as a draft."""
        drafts = self.steering.drafts

        async def closed(written: Written | None) -> None:
            if written is None:
                return
            drafts.keep(name, None if written.text == text else written.text)
            if not written.saved:
                if written.text != text:
                    self.say("Your draft is kept, also when you quit; the same key opens it again.")
            elif written.text == text or await save(written.text):
                drafts.keep(name, None)

        kept = drafts.get(name)
        editor = screens.Editor(
            title,
            text,
            hint,
            draft=None if kept is None else kept.text,
            since="" if kept is None else clock(kept),
            keep=partial(drafts.keep, name),
            refuse=refuse,
        )
        self.app.push_screen(editor, closed)
