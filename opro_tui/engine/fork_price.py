"""What a fork under other conditions has to buy before its first step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opro_tui.core.forecast import Forecast
from opro_tui.engine import forecast as forecasting
from opro_tui.engine.asking import scorer_request
from opro_tui.engine.grading import flagged
from opro_tui.engine.job import Job
from opro_tui.engine.judging import judge_jobs
from opro_tui.engine.pool import ModelPool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opro_tui.config import Config
    from opro_tui.core.protocols import Model, Traits
    from opro_tui.engine.fork import Plan
    from opro_tui.store.database import Store
    from opro_tui.store.records import StoredAnswer


@dataclass(frozen=True, slots=True)
class ForkPrice:
    """What a fork's step 0 takes.

    Attributes:
        solutions: How many it scores.
        examples: On how many examples each.
        answers: Answers that takes.
        stored: How many of them are there already, whoever bought them.
        forecast: What the others will cost, with what their judge takes.
        judgements: Replies of the judge that have to be bought; 0 where there is none.
    """

    solutions: int
    examples: int
    answers: int
    stored: int
    forecast: Forecast
    judgements: int = 0

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
        models = await pool.looked_at(planned.task, planned.settings)
        scorer, judge = models["scorer"], models.get("judge")
        traits = await _traits(store, scorer)
        jobs = [(job.key(traits), job) for job in _jobs(planned, scorer)]
        stored = await store.find_answers(list(dict.fromkeys(key for key, _ in jobs)))
        different = len({key for key, _ in jobs})
        judgements = 0
        if judge is not None:
            judgements = await _unjudged(store, planned, judge, jobs, stored)
        # What the parent learned of the same scorer holds for the fork too.
        past = planned.past
        state = replace(planned.state, steps=past.steps, ledger=past.ledger, totals=past.totals)
        forecast = forecasting.of_scoring(
            state,
            planned.task,
            scorer=scorer,
            judge=judge,
            calls=different - len(stored),
            judged=-(-judgements // planned.settings.judge_repeats),
            config=config,
            batch=planned.settings.scoring == "batch",
        )
    finally:
        await pool.aclose()
    return ForkPrice(len(waiting), len(train), different, len(stored), forecast, judgements)


async def _traits(store: Store, model: Model) -> Traits:
    return {**model.known_traits, **await store.traits(model.endpoint, model.name)}


async def _unjudged(
    store: Store,
    planned: Plan,
    judge: Model,
    jobs: Sequence[tuple[bytes, Job]],
    stored: Mapping[bytes, StoredAnswer],
) -> int:
    """How many replies the judge will be paid for: all to answers that aren't there yet, too."""
    task, settings = planned.task, planned.settings
    assert task.judge is not None  # noqa: S101 - it has a judge's model
    traits = await _traits(store, judge)
    keys: set[bytes] = set()
    for key, job in jobs:
        answer = stored.get(key)
        if answer is None or job.example is None or flagged(answer.completions[0]):
            continue
        example, text = task.examples[job.example], answer.completions[0].text
        asked = judge_jobs(task.judge, settings, judge, example, text, purpose="judge", step=0)
        keys.update(each.key(traits) for each in asked)
    missing = len({key for key, _ in jobs}) - len(stored)
    known = await store.find_answers(list(keys))
    return len(keys) - len(known) + missing * settings.judge_repeats


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
                example=index,
                replicate=settings.replicate,
            )
