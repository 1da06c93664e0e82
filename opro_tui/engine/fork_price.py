"""What a fork under other conditions has to buy before its first step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opro_tui.core.forecast import Forecast
from opro_tui.engine import forecast as forecasting
from opro_tui.engine.asking import scorer_request
from opro_tui.engine.caller import Job
from opro_tui.engine.pool import ModelPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opro_tui.config import Config
    from opro_tui.core.protocols import Model
    from opro_tui.engine.fork import Plan
    from opro_tui.store.database import Store


@dataclass(frozen=True, slots=True)
class ForkPrice:
    """What a fork's step 0 takes.

    Attributes:
        solutions: How many it scores.
        examples: On how many examples each.
        answers: Answers that takes.
        stored: How many of them are there already, whoever bought them.
        forecast: What the others will cost.
    """

    solutions: int
    examples: int
    answers: int
    stored: int
    forecast: Forecast

    @property
    def missing(self) -> int:
        """Answers that have to be bought."""
        return self.answers - self.stored


async def price(store: Store, planned: Plan, config: Config) -> ForkPrice:
    """Price a planned fork's step 0; nothing is spent, and no key is needed.

    A fork that shares its parent's past has nothing to score.
    """
    waiting, train = planned.state.waiting(), planned.state.facts.train
    if not planned.afresh or not planned.task.examples:
        return ForkPrice(0, len(train), 0, 0, Forecast())
    pool = ModelPool(config, planned.settings.seed)
    try:
        scorer = await pool.prepare("scorer", planned.settings, preview=True)
        learned = await store.traits(scorer.endpoint, scorer.name)
        traits = {**scorer.known_traits, **learned}
        keys = [job.key(traits) for job in _jobs(planned, scorer)]
        stored = await store.find_answers(list(dict.fromkeys(keys)))
        different = len(set(keys))
        # What the parent learned of the same scorer holds for the fork too.
        state = replace(planned.state, steps=planned.past.steps, ledger=planned.past.ledger)
        forecast = forecasting.of_scoring(
            state, planned.task, scorer=scorer, calls=different - len(stored), config=config
        )
    finally:
        await pool.aclose()
    return ForkPrice(len(waiting), len(train), different, len(stored), forecast)


def _jobs(planned: Plan, scorer: Model) -> Iterator[Job]:
    """Every answer that step 0 asks for."""
    task, settings = planned.task, planned.settings
    for candidate in planned.state.waiting():
        for index in planned.state.facts.train:
            example = task.examples[index]
            yield Job(
                model=scorer,
                request=scorer_request(task, settings, scorer, candidate.text, example),
                role="scorer",
                purpose="score",
                step=0,
                replicate=settings.replicate,
            )
