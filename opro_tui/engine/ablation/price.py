"""What is left to pay for an ablation, said before it is spent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opro_tui.core.ablation import BASE
from opro_tui.core.forecast import Forecast
from opro_tui.core.protocols import Split
from opro_tui.engine import arms
from opro_tui.engine.preview import planned
from opro_tui.engine.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.config import Config
    from opro_tui.engine.ablation.outcome import Outcome
    from opro_tui.engine.ablation.runner import Options
    from opro_tui.store.database import Store


@dataclass(frozen=True, slots=True)
class Price:
    """What the steps and looks that are missing will cost.

    Attributes:
        alone: If every session paid for all of its answers itself: an upper bound.
        shared: With the starting solutions scored once a repetition, for all arms that have them.
        left: Sessions that have something left to do.
        controls: How many of those are one-shot controls that are still to be made.
    """

    alone: Forecast = field(default_factory=Forecast)
    shared: Forecast = field(default_factory=Forecast)
    left: int = 0
    controls: int = 0

    def __add__(self, other: Price) -> Price:
        return Price(
            self.alone + other.alone,
            self.shared + other.shared,
            self.left + other.left,
            self.controls + other.controls,
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """A session's share.

    Attributes:
        start: Step 0.
        steps: The steps after it.
        look: The look at the test split.
        asks: What step 0 asks the scorer.
        control: The one-shot control beside it.
    """

    start: Forecast = field(default_factory=Forecast)
    steps: Forecast = field(default_factory=Forecast)
    look: Forecast = field(default_factory=Forecast)
    asks: tuple[object, ...] = ()
    control: Forecast = field(default_factory=Forecast)


async def price(
    store: Store, surveyed: Sequence[Outcome], options: Options, config: Config
) -> Price:
    """Price what is missing; nothing is spent, and no key is needed.

    Args:
        store: Where the sessions are.
        surveyed: Those that will be run, in that order, as they are.
        options: How.
        config: Prices.
    """
    found = Price()
    fresh: dict[str, _Part] = {}
    paid: set[tuple[object, ...]] = set()
    for outcome in surveyed:
        label = outcome.entry.label
        untouched = outcome.status == "new"
        part = fresh.get(label.arm) if untouched else None
        if part is None:
            part = await _part(store, outcome, options, config)
        if untouched:
            fresh[label.arm] = part
        found += _priced(part, (label.repetition, *part.asks), paid)
        has = any(
            o.entry.control and o.entry.label.repetition == label.repetition for o in surveyed
        )
        if label.arm == BASE and options.one_shot and not has:
            found += Price(part.control, part.control, 1, 1)
    return found


def _priced(part: _Part, asks: tuple[object, ...], paid: set[tuple[object, ...]]) -> Price:
    """A session's price; step 0 is paid by the first of a repetition that asks the same."""
    rest = part.steps + part.look
    alone = part.start + rest
    shared = rest if asks in paid else alone
    if part.start.calls:
        paid.add(asks)
    return Price(alone, shared, left=int(alone.calls > 0))


async def _part(store: Store, outcome: Outcome, options: Options, config: Config) -> _Part:
    wants_control = options.one_shot and outcome.entry.label.arm == BASE
    looks = options.held_out and outcome.held_out is None
    if outcome.over and not looks and not wants_control:
        return _Part()
    session = await Session.open(store, outcome.entry.record.name, config, readonly=True)
    try:
        state = session.state
        test = sum(example.split == Split.TEST for example in session.task.examples)
        look = await session.scoring_forecast(test) if options.held_out and test else Forecast()
        if outcome.over:
            control = look
            if wants_control and any(c.draw is not None for c in state.candidates.values()):
                control = (await arms.null_arm(store, session)).forecast + look
            return _Part(look=look if looks else Forecast(), control=control)
        left = max(1, outcome.of - outcome.steps)
        whole = planned(await session.forecast(), state, left)
        waiting = len(state.waiting()) if outcome.status == "new" else 0
        start, steps = _parted(whole, waiting, state.settings.candidates * left)
        frame = (state.settings.position, state.settings.qa)
        texts = sorted(candidate.text for candidate in state.waiting())
        return _Part(start, steps, look, (*texts, *frame), steps + look)
    finally:
        await session.close()


def _parted(whole: Forecast, waiting: int, later: int) -> tuple[Forecast, Forecast]:
    """What scoring so many starting solutions takes, and all the rest."""
    share = waiting / max(1, waiting + later)
    scoring = [role for role in whole.roles if role.role != "optimizer"]
    sampling = [role for role in whole.roles if role.role == "optimizer"]
    start = Forecast(tuple(role.times(share) for role in scoring))
    return start, Forecast((*sampling, *(role.times(1 - share) for role in scoring)))
