"""Forks: sessions that go on from another's past, or from its solutions under other conditions.

A fork *shares* its parent's past where scores stay comparable: it reads the parent's rows up to a
step's results, and numbering goes on. Settings that may change between steps can change with it;
they are edits of the fork's own.

Scores that were measured with another scorer, metric, training set, position or frame don't
compare. A fork that changes one of those starts *afresh*: it reads none of its parent's rows, and
shows none of its scores. It takes over what is left to take: the task with the examples as they are
stored (no file is read again), the settings and the texts, the marks on exemplars, and, as
starting solutions without a score, what the optimizer would have been shown at that point, all
pinned ones, the best, and what the person added. Its step 0 scores them under the new conditions.
Requests that stay the same keep their key, so that their answers are not bought again: a fork that
changes the metric alone buys nothing for step 0, one that changes the training set buys the
answers to its new examples.

Only `train`, `test` and `seed` divide the examples anew. The test split stays what it is unless
`test` changes, so that both arms can be compared on it, and never takes in an example that the
solutions were chosen by.
"""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from opro_tui import __version__
from opro_tui.core.edits import Edits
from opro_tui.core.edits import plan as plan_edits
from opro_tui.core.errors import BadInput
from opro_tui.core.events import CandidateSampled, CandidateScored, EditMade, Event
from opro_tui.core.names import check_name
from opro_tui.core.protocols import Split
from opro_tui.core.reducer import fold
from opro_tui.core.settings import OF_JUDGE, Settings, find
from opro_tui.core.solution import Origin
from opro_tui.core.state import State
from opro_tui.engine import conditions
from opro_tui.engine.consent import strange_code
from opro_tui.engine.create import check_models
from opro_tui.engine.offload import offload
from opro_tui.engine.opening import facts_of, initial_state
from opro_tui.engine.pool import models_of
from opro_tui.tasks.variation import Variation, boundary_of, vary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.meta_prompt import Template
    from opro_tui.core.protocols import Task
    from opro_tui.core.solution import Candidate
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A fork that could be made.

    Attributes:
        parent: The parent's row.
        afresh: Whether it reads none of the parent's rows, for their scores would not compare.
        fork_seq: The last event that it shares with its parent; 0 where it shares none.
        step: The last finished step it goes on from; None before any.
        task: What it optimizes.
        settings: What it starts with.
        template: The texts it starts with.
        events: What happens in it first.
        changed: Setting to what it was and what it becomes.
        past: How its parent was there.
        state: How it begins.
    """

    parent: SessionRecord
    afresh: bool
    fork_seq: int
    step: int | None
    task: Task
    settings: Settings
    template: Template
    events: tuple[Event, ...]
    changed: Mapping[str, tuple[Any, Any]]
    past: State
    state: State


async def plan(
    store: Store,
    session: Session,
    step: int | None,
    values: Mapping[str, Any] | None = None,
    note: str = "",
) -> Plan:
    """Work out a fork; nothing is stored.

    Args:
        store: The database.
        session: The parent, open or read-only.
        step: Whose results are the last thing it goes on from, before any edit made later; 0 is
            before the first step. None goes on from how the parent is now, edits included; only a
            fork that starts afresh can do that.
        values: Settings that shall differ, by name; any but those of the task and its file.
        note: Why, kept with what is changed.

    Raises:
        BadInput: That step isn't finished, or one of the settings can't change.
    """
    values = values or {}
    fixed = {
        find(name).name: raw
        for name, raw in values.items()
        if conditions.is_fixed(session.state.settings, name, raw)
    }
    if not fixed:
        return await _sharing(store, session, step, values, note)
    before = await _state_at(store, session, step)
    # Another metric may be a user's module, whose import has limits of its own.
    return await offload(partial(_afresh, session, before, fixed, values, note), None)


async def _state_at(store: Store, session: Session, step: int | None) -> State:
    if step is None:
        return session.state
    events = await store.events(session.record.id, upto=_finished(session.state, step))
    return fold(initial_state(session.record, session.task), events)


def _finished(state: State, step: int | None) -> int:
    """The place of a step's end."""
    found = next((s for s in state.steps if s.number == step and s.finished_seq), None)
    if found is not None:
        return found.finished_seq
    finished = [s.number for s in state.steps if s.finished_seq]
    last = f"Steps 0 to {finished[-1]} are." if finished else "Run a step first."
    if step is None:
        raise BadInput("is missing", where="--at", todo=f"Give a finished step. {last}")
    raise BadInput(f"step {step} is not finished", where="--at", todo=last)


async def _sharing(
    store: Store, session: Session, step: int | None, values: Mapping[str, Any], note: str
) -> Plan:
    """A fork with its parent's scores, and perhaps with edits of its own at once."""
    record = session.record
    seq = _finished(session.state, step)
    state = session.state
    events: tuple[Event, ...] = ()
    if values:
        state = await _state_at(store, session, step)
        events = plan_edits(state, session.task, Edits(settings=values, note=note))
        check_models(state.settings.with_values(values), session.task, session.hands.pool.config)
    return Plan(
        parent=record,
        afresh=False,
        fork_seq=seq,
        step=step,
        task=session.task,
        settings=record.settings,
        template=record.template,
        events=events,
        changed=_changed(state.settings, fold(state, events).settings),
        past=state,
        state=fold(state, events),
    )


def _afresh(
    session: Session, before: State, fixed: Mapping[str, Any], values: Mapping[str, Any], note: str
) -> Plan:
    """A fork under other conditions, which scores its parent's solutions anew."""
    record, task = session.record, session.task
    settings = before.settings.with_values(values)
    wanted = conditions.variation(task, {name: getattr(settings, name) for name in fixed})
    if wanted != Variation():
        boundary = boundary_of(record.settings.task, record.sources, len(task.examples))
        task = vary(task, wanted, seed=before.settings.seed, boundary=boundary)
        settings = _told(settings, task, wanted)
    _check_judge(task, fixed)
    check_models(settings, task, session.hands.pool.config)
    changed = _changed(before.settings, settings)
    if not changed:
        raise BadInput(
            "nothing would differ", where=f"fork of {record.name}", todo="Give another value."
        )
    template = before.template
    unedited = template == session.task.template(before.settings.meta_style)
    if "meta_style" in changed or unedited:
        # Another metric or rubric has built-in texts of its own.
        template = task.template(settings.meta_style)
    steps = [s.number for s in before.steps if s.finished_seq]
    step = steps[-1] if steps else None
    taken = taken_over(before)
    events = [*_starts(taken), *_marks(before, taken, task, record.name)]
    events.append(_forked(record.name, before, step, taken, changed, note))
    state = fold(State(facts_of(task), settings, template), events)
    return Plan(
        parent=record,
        afresh=True,
        fork_seq=0,
        step=step,
        task=task,
        settings=settings,
        template=template,
        events=tuple(events),
        changed=changed,
        past=before,
        state=state,
    )


def _check_judge(task: Task, fixed: Mapping[str, Any]) -> None:
    """Refuse to change the judge of a task whose answers are graded without one."""
    given = [name for name in OF_JUDGE if name in fixed]
    if given and task.judge is None:
        raise BadInput(
            "is for the judge metric only",
            where=find(given[0]).flag,
            todo="Add --metric judge, or leave it out.",
        )


def _told(settings: Settings, task: Task, wanted: Variation) -> Settings:
    """Settings that say what came of a ratio or of a metric that was guessed."""
    facts = task.describe()
    values: dict[str, Any] = {"metric": facts.get("metric")}
    if task.judge is not None or settings.rubric is not None:
        values["rubric"] = facts.get("rubric")
    if wanted.divides:
        sides = [example.split for example in task.examples]
        values["train"] = sides.count(Split.TRAIN)
        values["test"] = sides.count(Split.TEST) or settings.test
    return settings.with_values(values)


def _changed(before: Settings, after: Settings) -> dict[str, tuple[Any, Any]]:
    old, new = before.to_json(), after.to_json()
    return {name: (old[name], new[name]) for name in new if old[name] != new[name]}


def taken_over(state: State) -> list[Candidate]:
    """The solutions that a fork under other conditions starts with, by id.

    What the next prompt would show, every pinned one, the best, and what waits to be scored and was
    not sampled (starting solutions, and a person's own).
    """
    ids = {candidate.id for candidate in state.shown()} | state.pinned
    if state.best_id is not None:
        ids.add(state.best_id)
    ids |= {candidate.id for candidate in state.waiting() if candidate.draw is None}
    return [
        state.candidates[id_]
        for id_ in sorted(ids - state.dropped)
        if state.candidates[id_].rejected is None and not state.candidates[id_].vetoed
    ]


def _starts(taken: list[Candidate]) -> list[Event]:
    """The starting solutions: where they come from is kept, their scores are not."""
    return [
        CandidateSampled(
            step=0,
            id=id_,
            text=candidate.text,
            origin=Origin.START if candidate.origin is Origin.START else Origin.IMPORT,
        )
        for id_, candidate in enumerate(taken, start=1)
    ]


def _marks(before: State, taken: list[Candidate], task: Task, parent: str) -> list[Event]:
    """The parent's marks on what was taken over."""
    note = f"taken over from {parent}"
    marks = [
        EditMade(step=1, kind="pin", after=id_, note=f"{note}, #{candidate.id} there")
        for id_, candidate in enumerate(taken, start=1)
        if candidate.id in before.pinned
    ]
    train = facts_of(task).train
    for kind, indexes in (
        ("pin_exemplar", before.exemplars_pinned),
        ("drop_exemplar", before.exemplars_dropped),
    ):
        marks += [
            EditMade(step=1, kind=kind, after=index, note=note)
            for index in sorted(indexes)
            if index in train
        ]
    return list(marks)


def _forked(
    parent: str,
    before: State,
    step: int | None,
    taken: list[Candidate],
    changed: Mapping[str, tuple[Any, Any]],
    note: str,
) -> EditMade:
    """The record of what was changed by forking; undoing stops here."""
    return EditMade(
        step=1,
        kind="fork",
        before={"settings": {name: old for name, (old, _) in changed.items()}},
        after={
            "parent": parent,
            "step": step,
            "seq": before.last_seq,
            "settings": {name: new for name, (_, new) in changed.items()},
            "solutions": [candidate.id for candidate in taken],
        },
        note=note,
    )


async def make(store: Store, planned: Plan, name: str) -> SessionRecord:
    """Store a planned fork. Nothing is spent.

    Raises:
        BadInput: The name is none, or taken.
    """
    check_name(name)
    record, settings = planned.parent, planned.settings
    models = models_of(settings, planned.task)
    versions = {"opro-tui": __version__, "python": platform.python_version()}
    return await store.create_session(
        name=name,
        task_spec=await asyncio.to_thread(planned.task.spec),
        settings=settings,
        template=planned.template,
        simulated="simulated" in models if planned.afresh else record.simulated,
        sources=record.sources,
        versions=versions if planned.afresh else record.versions,
        examples=planned.task.examples if planned.afresh else (),
        parent=record.id,
        fork_seq=planned.fork_seq,
        events=planned.events,
    )


async def fork(
    store: Store,
    session: Session,
    step: int | None,
    name: str,
    values: Mapping[str, Any] | None = None,
    note: str = "",
) -> SessionRecord:
    """A session that goes on from the results of a step; arguments as for `plan`.

    Raises:
        BadInput: That step isn't finished, the name is taken, or a setting can't change.
    """
    check_name(name)
    return await make(store, await plan(store, session, step, values, note), name)


async def duplicate(store: Store, session: Session, name: str) -> SessionRecord:
    """A new session with the same task, present settings and texts, and the starting solutions.

    Raises:
        BadInput: The name is taken.
    """
    check_name(name)
    record, state = session.record, session.state
    starts = [
        candidate
        for candidate in state.candidates.values()
        if candidate.step == 0 and candidate.rejected is None and candidate.origin != Origin.PERSON
    ]
    events: list[Event] = []
    for id_, start in enumerate(starts, start=1):
        events.append(CandidateSampled(step=0, id=id_, text=start.text, origin=start.origin))
        if start.origin is Origin.IMPORT and start.score is not None and not start.score.of:
            events.append(CandidateScored(step=0, candidate=id_, score=start.score))
    return await store.create_session(
        name=name,
        task_spec=record.task_spec,
        settings=state.settings,
        template=state.template,
        simulated=record.simulated,
        sources=record.sources,
        versions=record.versions,
        examples=session.task.examples,
        events=events,
        strange=bool(await strange_code(store, record)),
    )
