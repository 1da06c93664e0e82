"""Measuring solutions on examples of no step: what it costs, and the work itself, to be watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.events import TRANSFER, CallFinished, Measured, Stopped
from opro_tui.core.protocols import Split
from opro_tui.engine import heldout, transfer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.forecast import Forecast
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session
    from opro_tui.engine.transfer import Elsewhere
    from opro_tui.tui.archive import Archive

CONFIRM, EVALUATE = "confirm", "evaluate"


@dataclass(frozen=True, slots=True)
class Offer:
    """A measurement that could be made, with its price.

    Attributes:
        name: The session's name.
        kind: confirm, evaluate or transfer.
        candidates: The solutions' ids, best first.
        examples: The examples' numbers.
        answers: Answers that are not there yet.
        price: What those cost; None when they can't be priced or there are none.
        why_not: Why it can't be made; empty when it can.
        there: The other task, for transfer.
    """

    name: str
    kind: str
    candidates: tuple[int, ...] = ()
    examples: tuple[int, ...] = ()
    answers: int = 0
    price: Forecast | None = None
    why_not: str = ""
    there: Elsewhere | None = None


def looks(state: State) -> int:
    """How often solutions were measured on the test split."""
    return sum(event.split == Split.TEST for event in state.measured)


async def offer(session: Session, kind: str, wanted: Sequence[int] = ()) -> Offer:
    """What a measurement would take.

    Args:
        session: The session.
        kind: confirm (on fresh examples) or evaluate (on the test split).
        wanted: The solutions; none means those that can't be told from the best for confirm, and
            the best for evaluate.
    """
    state = session.state
    try:
        examples = (
            heldout.fresh(session, None)
            if kind == CONFIRM
            else heldout.indexes(session, Split.TEST)
        )
        chosen = _chosen(state, kind, wanted)
    except BadInput as error:
        return Offer(session.name, kind, why_not=str(error))
    missing = [c for c in chosen if heldout.known(state, c.id, examples) is None]
    answers = len(missing) * len(examples)
    price = await session.scoring_forecast(answers) if answers else None
    ids = tuple(candidate.id for candidate in chosen)
    return Offer(session.name, kind, ids, examples, answers, price)


async def offer_elsewhere(session: Session, task: str) -> Offer:
    """What it would take to measure the best on another task's held-out examples."""
    state = session.state
    try:
        there = await transfer.elsewhere(session, task)
        chosen = _chosen(state, TRANSFER, ())
    except BadInput as error:
        return Offer(session.name, TRANSFER, why_not=str(error).replace("--on: ", ""))
    missing = [c for c in chosen if transfer.known(state, c.id, there) is None]
    answers = len(missing) * len(there.examples)
    price = await session.scoring_forecast(answers) if answers else None
    ids = tuple(candidate.id for candidate in chosen)
    return Offer(session.name, TRANSFER, ids, there.numbers, answers, price, there=there)


def _chosen(state: State, kind: str, wanted: Sequence[int]) -> tuple[Candidate, ...]:
    if wanted:
        return tuple(state.candidates[id_] for id_ in wanted)
    if kind == CONFIRM:
        return heldout.tied(state)
    best = state.best()
    if best is None:
        raise BadInput("there is no scored solution yet", todo="Run a step first.")
    return (best,)


class Measuring:
    """A measurement under way, or done; screens look at it while a worker of the app runs it.

    Attributes:
        offers: What is measured, one session after the other.
        done: Answers that came in.
        total: Answers that were to be bought.
        current: The session under way.
        found: What was measured.
        stopped: Why it ended early; None when it didn't.
        finished: Whether it is over.
    """

    def __init__(self, archive: Archive, offers: Sequence[Offer]) -> None:
        self.archive = archive
        self.offers = tuple(offers)
        self.done = 0
        self.total = sum(offer.answers for offer in offers)
        self.current = ""
        self.found: list[Measured] = []
        self.stopped: Stopped | None = None
        self.finished = False
        self.stopping = False
        self._session: Session | None = None

    @property
    def on_bench(self) -> bool:
        """Whether the session on the bench takes part."""
        return any(self.archive.on_bench(offer.name) for offer in self.offers)

    @property
    def words(self) -> str:
        """What became of it, in a line."""
        names = ", ".join(offer.name for offer in self.offers)
        if self.stopped is not None or self.stopping:
            return f"The measurement of {names} was stopped; what is paid for is kept."
        return f"{names}: {len(self.found)} measured."

    def stop(self) -> None:
        """Ask for its end: no new call is sent, what is paid for is kept."""
        self.stopping = True
        if self._session is not None:
            self._session.stop()

    async def run(self) -> Stopped | None:
        """Measure; returns why it ended early.

        Raises:
            OproError: A session can't be written.
        """
        self.done, self.found, self.stopped = 0, [], None
        self.finished = self.stopping = False
        try:
            for each in self.offers:
                if self.stopping or self.stopped is not None:
                    break
                self.current = each.name
                async with self.archive.session(each.name, write=True) as session:
                    self._session = session
                    await self._measure(session, each)
        finally:
            self._session = None
            self.finished = True
        return self.stopped

    async def _measure(self, session: Session, each: Offer) -> None:
        candidates = [session.state.candidates[id_] for id_ in each.candidates]
        examples = each.examples if each.there is None else each.there
        async for event in session.measure(candidates, examples, each.kind):
            if isinstance(event, CallFinished):
                self.done += 1
            elif isinstance(event, Measured):
                self.found.append(event)
            elif isinstance(event, Stopped):
                self.stopped = event
