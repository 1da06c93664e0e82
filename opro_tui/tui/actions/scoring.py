"""Scoring one candidate as a person wants it: ended early, completed, repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters
from textual.screen import Screen

from opro_tui.core.errors import OproError
from opro_tui.tui import screens
from opro_tui.tui.later import Later
from opro_tui.tui.messages import Failed, ScoreAsked
from opro_tui.tui.panes.candidates import CandidatesPane

if TYPE_CHECKING:
    from opro_tui.core import edits as editing
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.tui import review
    from opro_tui.tui.scoring import Scoring
    from opro_tui.tui.steering import Steering
else:
    editing = Later("opro_tui.core.edits")
    review = Later("opro_tui.tui.review")


class ScoringActions(Screen[None]):
    """The workbench's actions on one candidate's scoring."""

    candidates = getters.query_one(CandidatesPane)

    steering: Steering
    _scoring: Scoring | None = None

    if TYPE_CHECKING:

        @property
        def state(self) -> State:
            """The session's state now."""

        async def make(self, edits: editing.Edits) -> bool:
            """Make edits."""

        def say(self, text: str, *, severe: bool = False) -> None:
            """A short notice."""

        def _selected(self) -> int | None:
            """The selected solution; that there is none is said."""

    @property
    def scoring(self) -> Scoring:
        """What can be asked about the candidates."""
        if self._scoring is None:
            from opro_tui.tui.scoring import Scoring

            self._scoring = Scoring(self.steering)
        return self._scoring

    def _waiting(self, verb: str) -> Candidate | None:
        key = self.candidates.rows.key
        candidate = None if key is None else self.state.candidates[key]
        if candidate is None or not candidate.waiting:
            self.say(f"Choose a candidate that waits to be scored, then {verb} it.")
            return None
        return candidate

    async def action_halt(self) -> None:
        """End the selected candidate's scoring where it is."""
        candidate = self._waiting("stop")
        if candidate is None:
            return
        if await self.make(editing.Edits(halt=(candidate.id,))):
            now = self.state.candidates[candidate.id]
            if now.vetoed:
                self.say(f"#{now.id} had no answer yet and will not be scored.")
            elif now.score is not None:
                so_far = f"{now.score.n} of {now.score.of} answers"
                self.say(f"#{now.id} stays at {so_far}; c scores it to the end.")

    async def action_complete(self) -> None:
        """Score what the selected candidate lacks, now."""
        candidate = self._scorable()
        if candidate is None:
            return
        if not candidate.waiting and candidate.score is not None and candidate.score.full:
            self.say(f"#{candidate.id} is fully scored; R scores it again on new answers.")
            return
        missing = review.answers_missing(self.state, (candidate.id,))
        edits = editing.Edits() if candidate.waiting else editing.Edits(complete=(candidate.id,))
        await self._buy(candidate, f"Score #{candidate.id} to the end?", missing, edits)

    async def action_rescore(self) -> None:
        """Score the selected solution again on new answers."""
        candidate = self._scorable()
        if candidate is None:
            return
        if not self.scoring.has_scorer:
            self.say("This task computes its scores: again they would be the same.")
        elif candidate.waiting or candidate.score is None:
            self.say(f"#{candidate.id} waits for its score already; c scores it now.")
        else:
            count = review.answers_missing(self.state, (candidate.id,), again=True)
            edits = editing.Edits(rescore=(candidate.id,))
            await self._buy(candidate, f"Score #{candidate.id} again?", count, edits)

    async def action_cancel_batch(self) -> None:
        """End what is in a batch at the provider, after asking."""
        session = self.steering.session
        live = await self.steering.store.batches(session.record.id, live=True)
        named = [batch.remote for batch in live if batch.remote is not None]
        if not named:
            self.say("No batch is under way; the setting scoring sends them.")
            return

        def answered(answer: str | None) -> None:
            if answer == "cancel":
                # The provider may take its time; the screen goes on.
                self.run_worker(self._cancel_batch(), group="cancel", exit_on_error=False)

        requests = sum(batch.open for batch in live)
        self.app.push_screen(screens.ask.cancel_batch(named, requests), answered)

    async def _cancel_batch(self) -> None:
        from opro_tui.engine.batch_report import cancel

        try:
            await cancel(self.steering.session)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            words = self.steering.what_failed(error)
            self.post_message(Failed("The batch can't be cancelled", words))
            return
        said = "The provider was asked to end the batch."
        self.say(said if self.steering.running else f"{said} s takes in what is through.")

    def _scorable(self) -> Candidate | None:
        """The selected solution if it can be scored outside of a step; why not is said."""
        key = self._selected()
        if key is None:
            return None
        candidate = self.state.candidates[key]
        if not self.state.steps:
            self.say("s scores it with the starting solutions; nothing ran yet.")
        elif candidate.rejected is not None or candidate.vetoed:
            why = "vetoed" if candidate.vetoed else f"rejected: {candidate.rejected}"
            self.say(f"#{key} was {why}; w makes a candidate of your own of it.")
        else:
            return candidate
        return None

    async def _buy(
        self, candidate: Candidate, title: str, answers: int, edits: editing.Edits
    ) -> None:
        """Ask before answers are bought, then score."""
        try:
            price = await self.scoring.price(answers)
        except OproError as error:
            words = self.steering.what_failed(error)
            self.post_message(Failed("The price can't be worked out", words))
            return

        async def answered(answer: str | None) -> None:
            if answer != "score":
                return
            if edits == editing.Edits() or await self.make(edits):
                self.post_message(ScoreAsked((candidate.id,)))

        words = review.price_words(answers, price)
        again = bool(edits.rescore)
        self.app.push_screen(screens.ask.score(title, words, again=again), answered)
