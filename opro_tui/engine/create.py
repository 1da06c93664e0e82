"""New sessions: settings, data and starting solutions, checked before anything is stored."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opro_tui.config import url_problem
from opro_tui.core.errors import BadInput
from opro_tui.core.events import CandidateRejected, CandidateSampled, CandidateScored, Event
from opro_tui.core.names import check_name
from opro_tui.core.protocols import Split
from opro_tui.core.settings import OF_JUDGE, Settings, find
from opro_tui.core.solution import Origin, Score
from opro_tui.core.usage import ROLES
from opro_tui.engine.budget import check_affordable
from opro_tui.engine.pool import ModelPool, models_of, roles_of
from opro_tui.engine.provenance import sources_of, versions
from opro_tui.models import registry
from opro_tui.paths import at_home
from opro_tui.tasks import factory
from opro_tui.tasks.stand_in import complete_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.config import Config
    from opro_tui.core.protocols import Task
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord

FILE_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".toml")
_OPTIONS = ("input", "target", "header", "metric", "train", "test", "rubric")


@dataclass(frozen=True, slots=True)
class Start:
    """A starting solution that the user brought; `score` is None when it is to be scored."""

    text: str
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A session that is to be made.

    Attributes:
        name: What it shall be called.
        values: Settings by name; the task's own defaults hold for the others.
        initial: Starting solutions to be scored in step 0, instead of the task's.
        warm: A warm start: solutions with their scores where known.
        template: Texts of the meta-prompt that replace the built-in ones.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    initial: tuple[str, ...] = ()
    warm: tuple[Start, ...] = ()
    template: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A draft that was found good: what `create` stores."""

    draft: Draft
    settings: Settings
    loaded: factory.Loaded

    @property
    def task(self) -> Task:
        """What will be optimized."""
        return self.loaded.task


def prepare(draft: Draft, config: Config) -> Prepared:
    """Read the data and check everything; nothing is stored.

    Raises:
        BadInput: Something in it can't be used.
    """
    check_name(draft.name)
    asked = Settings().with_values(draft.values)
    given = {find(name).name for name in draft.values}
    _check_for_files(asked, given)
    loaded = factory.load(
        factory.TaskOptions(
            task=asked.task,
            data_dir=at_home(asked.data_dir) if asked.data_dir else None,
            position=asked.position if "position" in given else None,
            qa=asked.qa if "qa" in given else None,
            seed=asked.seed if "seed" in given else None,
            initial=draft.initial or None,
            **{name: getattr(asked, name) for name in _OPTIONS},
        )
    )
    defaults = {name: value for name, value in loaded.task.defaults.items() if name not in given}
    settings = asked.with_values(
        defaults | {"seed": loaded.seed} | _counts(loaded.task) | _judge(asked, given, loaded.task)
    )
    check_models(settings, loaded.task, config)
    prepared = Prepared(draft, settings, loaded)
    starting_events(prepared)
    loaded.task.template(settings.meta_style).with_texts(draft.template)
    return prepared


def _check_for_files(asked: Settings, given: set[str]) -> None:
    """Refuse settings that speak of a data file's columns where there is no such file."""
    if Path(asked.task).suffix.lower() in FILE_SUFFIXES:
        return
    for name in ("input", "target", "header"):
        if name in given:
            raise BadInput(
                "is for data files only",
                where=find(name).flag,
                todo=f"Leave it out for {asked.task}.",
            )


def _judge(asked: Settings, given: set[str], task: Task) -> dict[str, Any]:
    """The judge's settings as they hold: the rubric as a text, and no real model unasked for.

    Raises:
        BadInput: They are given where there is nothing to judge.
    """
    if task.judge is not None:
        free = asked.judge is None and asked.optimizer == asked.scorer == "simulated"
        judge = {"judge": "simulated"} if free else {}
        return judge | {"rubric": task.defaults["rubric"]}
    for name in OF_JUDGE:
        if name in given and getattr(asked, name) != getattr(Settings(), name):
            raise BadInput(
                "is for the judge metric only",
                where=find(name).flag,
                todo="Add --metric judge, or leave it out.",
            )
    return {}


def _counts(task: Task) -> dict[str, int]:
    """The sides of the split as they came out, for the settings to say what holds."""
    if not task.examples:
        return {}
    sides = [example.split for example in task.examples]
    test = sides.count(Split.TEST)
    return {"train": sides.count(Split.TRAIN)} | ({"test": test} if test else {})


def check_models(settings: Settings, task: Task, config: Config) -> None:
    """Refuse models and addresses that there are none of, and limits that don't fit the task.

    Raises:
        BadInput: One of them is refused.
    """
    if settings.threshold is not None and not task.bounded:
        raise BadInput(
            "a threshold needs scores between 0 and 1",
            where="--threshold",
            todo=f"Leave it out for {task.name}.",
        )
    for name in ROLES:
        url = getattr(settings, f"{name}_url")
        if url is not None and (problem := url_problem(url)) is not None:
            raise BadInput(f"the address {problem}", where=f"--{name}-url")
    roles = roles_of(task)
    pool = ModelPool(config, settings.seed)
    for role in roles:
        name, _ = ModelPool.name_and_url(role, settings)
        registry.validate_name(name, config, where=f"--{role}")
    models = [pool.preview(role, settings) for role in roles]
    check_affordable(settings, models, config)


def starting_events(prepared: Prepared) -> list[Event]:
    """The candidates of step 0, those with known scores scored.

    Raises:
        BadInput: A starting solution can't be scored, or a score is out of range.
    """
    draft, task = prepared.draft, prepared.task
    starts = [(start, Origin.IMPORT) for start in draft.warm]
    if draft.initial or not draft.warm:
        texts = draft.initial or task.starting_solutions()
        starts += [(Start(text), Origin.START) for text in texts]
    texts_of = [_clean_start(start, origin, task, i) for i, (start, origin) in enumerate(starts, 1)]
    scores: dict[str, float] = {}
    for text, (start, _) in zip(texts_of, starts, strict=True):
        if start.score is not None:
            scores.setdefault(text, start.score)
    events: list[Event] = []
    seen: dict[str, int] = {}
    for id_, (text, (_, origin)) in enumerate(zip(texts_of, starts, strict=True), start=1):
        events.append(CandidateSampled(step=0, id=id_, text=text, origin=origin))
        if text in seen:
            reason = f"duplicate of #{seen[text]}"
            events.append(CandidateRejected(step=0, id=id_, reason=reason, duplicate_of=seen[text]))
        elif text in scores:
            score = Score(float(scores[text]), 0, 0)
            events.append(CandidateScored(step=0, candidate=id_, score=score))
        seen.setdefault(text, id_)
    return events


def _clean_start(start: Start, origin: Origin, task: Task, number: int) -> str:
    where = f"--solutions, number {number}" if origin is Origin.IMPORT else "--initial"
    text = task.clean(start.text)
    # The empty instruction is one of the paper's starting points; the optimizer may not write it.
    reason = task.reject(text) if text else None
    if reason:
        raise BadInput(f"{start.text[:60]!r}: {reason}", where=where)
    if start.score is not None and task.bounded and not 0 <= start.score <= 1:
        raise BadInput(
            f"{start.score:g} is no score between 0 and 1",
            where=where,
            todo="Give accuracies as shares: 0.72 for 72 %.",
        )
    return text


async def create(store: Store, prepared: Prepared) -> SessionRecord:
    """Store a new session. Nothing is spent.

    Raises:
        BadInput: The name is taken.
    """
    task, settings = prepared.task, prepared.settings
    return await store.create_session(
        name=prepared.draft.name,
        # In a thread, for a task may have to solve itself to know when it is solved.
        task_spec=await asyncio.to_thread(complete_spec, task),
        settings=settings,
        template=task.template(settings.meta_style).with_texts(prepared.draft.template),
        simulated="simulated" in models_of(settings, task),
        sources=sources_of(prepared.loaded.sources),
        versions=await asyncio.to_thread(versions),
        examples=task.examples,
        events=starting_events(prepared),
    )


def start_from(row: Mapping[str, Any], where: str) -> Start:
    """A starting solution from a row of a file: `text` and, where known, `score`.

    Args:
        row: Column name to value.
        where: The file and row, for error texts.

    Raises:
        BadInput: The row has no text, or its score is no number.
    """
    text = row.get("text", row.get("instruction", row.get("solution")))
    if not isinstance(text, str):
        raise BadInput("has no text", where=where, todo="Give each row a field `text`.")
    score = row.get("score")
    if score is None or (isinstance(score, str) and not score.strip()):
        return Start(text)
    try:
        value = float(score)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(
            f"score {str(score)[:40]!r} is no number",
            where=where,
            todo="Leave it empty to have the solution scored in step 0.",
        )
    return Start(text, value)
