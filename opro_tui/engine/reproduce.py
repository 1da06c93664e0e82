"""The paper's mathematical experiments, repeated here: every repetition a kept session."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.events import StepFinished, Stopped
from opro_tui.core.usage import total
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.engine.pool import ModelPool
from opro_tui.engine.repetition import Repetition, measure, spread, value_of
from opro_tui.engine.session import Session
from opro_tui.tasks import factory

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from opro_tui.config import Config
    from opro_tui.engine.create import Prepared
    from opro_tui.engine.paper import Experiment, Row
    from opro_tui.store.database import Store

REPETITIONS = 5
INSTANCES = 20
"""Problems that the heuristics are measured on; the paper's five say little of a mean."""
NOT_AN_LLM = "simulated: a local search, not an LLM"
_SOLVERS = 2
_FAILED = ("error", "missing", "budget")
"""How a run ends that has not done what it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be repeated, and how.

    Attributes:
        experiment: With the rows that are wanted.
        optimizer: `provider/model` or `simulated`.
        optimizer_url: Its endpoint, where that isn't the provider's own.
        repetitions: Sessions per row, each with a problem of its own.
        steps: The most steps of a repetition.
        seed: The first repetition's seed; each further one's is one higher.
        instances: Problems that heuristics are measured on; 0 leaves them out.
    """

    experiment: Experiment
    optimizer: str = "simulated"
    optimizer_url: str | None = None
    repetitions: int = REPETITIONS
    steps: int
    seed: int = 0
    instances: int = INSTANCES

    @property
    def simulated(self) -> bool:
        """Whether what is measured is no evidence about LLMs."""
        return self.optimizer == "simulated"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row with what was measured for it.

    Attributes:
        row: Which one.
        repetitions: Ours, in order.
        baselines: Heuristic to its gap on each problem, in %.
        unproven: Of these problems, how many optima are not proven.
    """

    row: Row
    repetitions: tuple[Repetition, ...]
    baselines: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    unproven: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reproduction is.

    Attributes:
        row: The row under way.
        number: The repetition, from 1; 0 while heuristics are measured.
        step: Its step.
        done: Repetitions that are finished.
        wanted: Repetitions in all.
        finished: The repetition that just ended; None while one is under way.
    """

    row: Row
    number: int
    step: int
    done: int
    wanted: int
    finished: Repetition | None = None


class Reproduction:
    """Runs a plan. What an earlier run of the same plan has stored is gone on with.

    Args:
        store: Where the sessions are kept.
        config: Providers and prices.
        plan: What to run.
        tell: Called with each step's progress.
    """

    def __init__(
        self, store: Store, config: Config, plan: Plan, tell: Callable[[Progress], None]
    ) -> None:
        self._store = store
        self._config = config
        self._plan = plan
        self._tell = tell
        self._open: set[Session] = set()
        self._done = 0
        self._creating = asyncio.Lock()
        self.stopping = False

    def stop(self) -> None:
        """Ask it to end: no new call starts, and those in flight are kept."""
        self.stopping = True
        for session in self._open:
            session.stop()

    @property
    def in_flight(self) -> int:
        """Calls that are under way."""
        return sum(session.traffic.in_flight for session in self._open)

    async def check(self) -> None:
        """Refuse, before anything is stored, what can't be run.

        Raises:
            BadInput: The optimizer or a task of the rows can't be.
            ModelError: The optimizer's key is missing.
        """
        for row in self._plan.experiment.rows:
            prepared = prepare(self._draft(row, "check", self._plan.seed), self._config)
        pool = ModelPool(self._config, self._plan.seed)
        await pool.get("optimizer", prepared.settings)
        await pool.aclose()

    async def run(self) -> tuple[Outcome, ...]:
        """Run every row; ends early when stopped, or when a row could not be finished.

        Raises:
            BadInput: The optimizer is no model's name.
            SessionBusy: Another process runs one of the sessions.
        """
        outcomes: list[Outcome] = []
        for row in self._plan.experiment.rows:
            numbers = range(1, self._plan.repetitions + 1)
            repetitions = await self._together([self._repeat(row, each) for each in numbers])
            if self.stopping or any(each.failed for each in repetitions):
                outcomes.append(Outcome(row, repetitions))
                break
            baselines, unproven = await self._baselines(row)
            outcomes.append(Outcome(row, repetitions, baselines, unproven))
        return tuple(outcomes)

    async def _together(
        self, work: Sequence[Coroutine[Any, Any, Repetition]]
    ) -> tuple[Repetition, ...]:
        """Side by side; when one can't go on at all the others end with what is paid for."""

        async def one(each: Coroutine[Any, Any, Repetition]) -> Repetition:
            try:
                return await each
            except Exception:
                self.stop()
                raise

        results = await asyncio.gather(*map(one, work), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return tuple(each for each in results if isinstance(each, Repetition))

    async def _repeat(self, row: Row, number: int) -> Repetition:
        """One repetition: found finished, or run to its end."""
        plan = self._plan
        seed = plan.seed + number - 1
        name = await self._session(row, number, seed)
        session = await Session.open(self._store, name, self._config, readonly=True)
        reused = self._finished(session)
        ended = None
        if not reused and not self.stopping:
            await session.close()
            session = await Session.open(self._store, name, self._config)
        try:
            if not session.readonly:
                ended = await self._advance(session, row, number)
            found = measure(session.state, session.task, plan.steps, name=name, seed=seed)
        finally:
            await session.close()
        failed = ended.message if ended is not None and ended.code in _FAILED else ""
        result = replace(found, reused=reused, failed=failed)
        if failed or self._finished(session):
            self._done += 1
            self._say(row, number, found.steps, result)
        return result

    async def _advance(self, session: Session, row: Row, number: int) -> Stopped | None:
        """Run the steps that are missing; how it ended, if before all were done."""
        ended = None
        self._open.add(session)
        try:
            async for event in session.run(self._plan.steps - session.state.finished_steps):
                ended = event if isinstance(event, Stopped) else None
                if isinstance(event, StepFinished):
                    self._say(row, number, event.step)
        finally:
            self._open.discard(session)
        return ended

    def _finished(self, session: Session) -> bool:
        state = session.state
        if state.current is not None:
            return False
        value = value_of(state, state.best_id)
        solved = value is not None and bool(state.steps) and session.task.solved(value)
        return solved or state.finished_steps >= self._plan.steps

    async def _session(self, row: Row, number: int, seed: int) -> str:
        """The session of a repetition, made where there is none with the same settings."""
        plan = self._plan
        base = f"reproduce-{plan.experiment.short}-{row.short}-{number}"
        prepared = prepare(self._draft(row, base, seed), self._config)
        async with self._creating:
            found = await self._kept(base, prepared)
            if found is not None:
                return found
            draft = replace(prepared.draft, name=await self._store.free_name(base))
            return (await create(self._store, replace(prepared, draft=draft))).name

    def _draft(self, row: Row, name: str, seed: int) -> Draft:
        plan = self._plan
        values: dict[str, Any] = {"task": row.task, "seed": seed, "optimizer": plan.optimizer}
        if plan.optimizer_url is not None:
            values["optimizer_url"] = plan.optimizer_url
        return Draft(name=name, values=values)

    async def _kept(self, base: str, prepared: Prepared) -> str | None:
        """The earlier session of a repetition; one that a person steered is none."""
        wanted = prepared.settings.to_json()
        template = prepared.task.template(prepared.settings.meta_style)
        for record in await self._store.sessions():
            suffix = record.name.removeprefix(base)
            numbered = suffix.startswith("-") and suffix[1:].isdigit()
            if record.name != base and (suffix == record.name or not numbered):
                continue
            if record.settings.to_json() != wanted or record.template != template:
                continue
            session = await Session.open(self._store, record.name, self._config, readonly=True)
            await session.close()
            if not session.state.edits and record.parent is None:
                return record.name
        return None

    async def _baselines(self, row: Row) -> tuple[dict[str, tuple[float, ...]], int]:
        """The heuristics' gaps, for tasks that have heuristics and an optimum."""
        slots = asyncio.Semaphore(_SOLVERS)

        async def facts(seed: int) -> Mapping[str, Any]:
            async with slots:
                if self.stopping:
                    return {}
                self._say(row, 0, 0)
                task = factory.load(factory.TaskOptions(task=row.task, seed=seed)).task
                if "heuristics" in task.describe():
                    await asyncio.to_thread(task.spec)
                return task.describe()

        seeds = range(self._plan.seed, self._plan.seed + self._plan.instances)
        found = [each for each in await asyncio.gather(*map(facts, seeds)) if each]
        gaps: dict[str, list[float]] = {}
        for each in found:
            for name, tour in each.get("heuristics", {}).items():
                gap = 100 * (tour["length"] / each["optimum"]["length"] - 1)
                gaps.setdefault(name, []).append(max(0.0, gap))
        unproven = sum(not each["optimum"]["proven"] for each in found if "optimum" in each)
        return {name: tuple(values) for name, values in gaps.items()}, unproven

    def _say(self, row: Row, number: int, step: int, finished: Repetition | None = None) -> None:
        wanted = self._plan.repetitions * len(self._plan.experiment.rows)
        self._tell(Progress(row, number, step, self._done, wanted, finished))


def to_json(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The document of `reproduce --json`."""
    everything = [each for outcome in outcomes for each in outcome.repetitions]
    return {
        "experiment": plan.experiment.name,
        "optimizer": plan.optimizer,
        "simulated": plan.simulated,
        "note": NOT_AN_LLM if plan.simulated else None,
        "repetitions": plan.repetitions,
        "max_steps": plan.steps,
        "seed": plan.seed,
        "complete": len(outcomes) == len(plan.experiment.rows)
        and not any(each.failed for each in everything),
        "rows": [_row_json(outcome, simulated=plan.simulated) for outcome in outcomes],
        "usage": total(each.usage for each in everything).to_json(),
    }


def _row_json(outcome: Outcome, *, simulated: bool) -> dict[str, Any]:
    own = outcome.repetitions
    found = [each for each in own if each.found_at is not None]
    gaps = [each.gap for each in own if each.gap is not None]
    ours: dict[str, Any] = {
        "label": NOT_AN_LLM if simulated else "ours",
        "found": len(found),
        "of": len(own),
        "steps": spread([each.steps for each in found]),
        "unique": spread([each.unique for each in found]),
        "sampled": sum(each.sampled for each in own),
        "duplicates": sum(each.duplicates for each in own),
        "rejected": sum(each.rejected for each in own),
    }
    if gaps:
        ours["gap"] = spread(gaps)
        ours["proven"] = sum(bool(each.proven) for each in own)
    row: dict[str, Any] = {**outcome.row.facts, "task": outcome.row.task, "ours": ours}
    if outcome.baselines:
        row["heuristics"] = {
            name: {"gap": spread(values)} for name, values in outcome.baselines.items()
        }
        row["heuristics_unproven"] = outcome.unproven
    row["paper"] = {name: line.to_json() for name, line in outcome.row.paper.items()}
    row["sessions"] = [each.to_json() for each in own]
    return row
