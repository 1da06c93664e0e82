"""What one session of an ablation came to, read from what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core import stopping
from opro_tui.core.ablation import Label, Walk
from opro_tui.core.protocols import Split
from opro_tui.core.usage import Usage, total
from opro_tui.engine import heldout
from opro_tui.engine.budget import share_spent
from opro_tui.engine.session import Session

if TYPE_CHECKING:
    from opro_tui.config import Config
    from opro_tui.core.events import EditMade, Measured
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import Facts, State
    from opro_tui.engine.ablation.stored import Entry
    from opro_tui.store.database import Store


_LIMITS = {"concurrency", "budget", "budget_tokens"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One session: an arm in a repetition.

    Attributes:
        entry: Which one.
        facts: What is known about its task.
        status: The status word of `list --json`.
        steps: Finished steps.
        of: Steps that it is to take.
        over: Whether it takes no further step.
        edited: Whether a person changed something in it.
        walk: Its best score by step.
        best: Its best solution.
        scored: Of how many solutions that is the best.
        held_out: The best's measurement on the whole test split; None when it wasn't looked at.
        looks: How often the test split was looked at.
        paid: What it used itself.
        alone: What it would have used without the answers that others had bought.
        seed: What its split and its draws are made by.
        starts: Its starting solutions.
    """

    entry: Entry
    facts: Facts
    status: str
    steps: int
    of: int
    over: bool
    edited: bool
    walk: Walk
    best: Candidate | None
    scored: int
    held_out: Measured | None
    looks: int
    paid: Usage
    alone: Usage
    seed: int
    starts: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether its result stands."""
        return self.over and self.best is not None


async def outcome(store: Store, entry: Entry, config: Config) -> Outcome:
    """Read what a session came to; nothing is changed or bought.

    Raises:
        BadInput: Its task can't be had any more.
    """
    session = await Session.open(store, entry.record.name, config, readonly=True)
    try:
        return await of_session(store, session, entry)
    finally:
        await session.close()


async def of_session(store: Store, session: Session, entry: Entry) -> Outcome:
    """The same of a session that is open."""
    state = session.state
    best = state.best()
    ended = [step.number for step in state.steps if step.finished_seq]
    return Outcome(
        entry=entry,
        facts=state.facts,
        status=session.status,
        steps=state.finished_steps,
        of=state.settings.max_steps or 0,
        over=is_over(session),
        edited=edited(state, entry),
        walk=Walk(_curve(state), max(ended, default=-1), is_over(session)),
        best=best,
        scored=state.scored_count(),
        held_out=None if best is None else _held_out(session, best),
        looks=sum(event.split == Split.TEST for event in state.measured),
        paid=paid(state, entry),
        alone=await _alone(store, session, entry),
        seed=state.settings.seed,
        starts=tuple(c.text for c in state.of_step(0) if c.rejected is None),
    )


def is_over(session: Session) -> bool:
    """Whether an arm takes no further step: its steps are done, or what it may spend is spent."""
    state = session.state
    if share_spent(state) is not None:
        return True
    found = stopping.conditions(state.settings, session.task)
    done = state.current is None and bool(state.steps)
    return done and stopping.first_reason(found, state) is not None


def edited(state: State, entry: Entry) -> bool:
    """Whether a person changed something: the arm is then no longer what its label says."""
    made = [edit for edit in state.edits if not _changes_nothing(edit)]
    return any(not (entry.control and Label.read(edit.note)) for edit in made)


def _changes_nothing(edit: EditMade) -> bool:
    """Whether an edit leaves an arm what it is: how fast it runs, and when it stops."""
    return edit.kind == "set" and set(edit.after) <= _LIMITS


def paid(state: State, entry: Entry) -> Usage:
    """What a session used itself, its parent's steps left out."""
    return total(used for (step, _), used in sorted(state.ledger.items()) if step > entry.after)


def _curve(state: State) -> tuple[tuple[int, float], ...]:
    points = []
    for step in state.steps:
        best = None if step.best is None else state.candidates[step.best].score
        if step.finished_seq and best is not None:
            points.append((step.number, best.value))
    return tuple(points)


def _held_out(session: Session, best: Candidate) -> Measured | None:
    test = tuple(e.index for e in session.task.examples if e.split == Split.TEST)
    return heldout.known(session.state, best.id, test) if test else None


async def _alone(store: Store, session: Session, entry: Entry) -> Usage:
    own = await store.account(session.record.id)
    found = own.steps + own.looks + own.borrowed + await heldout.borrowed(session, store)
    if entry.control and session.record.parent is not None:
        start = await store.account(session.record.parent, upto=entry.after)
        found += start.steps + start.borrowed
    return found
