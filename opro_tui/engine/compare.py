"""Two sessions side by side: their best solutions on the same examples, and what each arm cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.grades import unpack
from opro_tui.core.protocols import Split
from opro_tui.core.statistics import Difference, difference
from opro_tui.core.usage import Usage, total

if TYPE_CHECKING:
    from opro_tui.core.events import EditMade, Measured
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the two sessions.

    Attributes:
        name: Its name.
        best: Its best solution by the training score.
        held_out: The best's measurement on the test split; None when it wasn't looked at.
        spent: What it used since the two parted.
        edits: The edits it made since.
    """

    name: str
    best: Candidate
    held_out: Measured | None
    spent: Usage
    edits: tuple[EditMade, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms, the second against the first.

    Attributes:
        first: One arm.
        second: The other.
        parted: The last step both share; None when neither is a fork of the other's past.
        held_out: The paired difference on held-out examples both have; the headline.
        training: The same on the training examples, which flatter both.
    """

    first: Arm
    second: Arm
    parted: int | None
    held_out: Difference | None
    training: Difference | None


async def compare(store: Store, first: Session, second: Session) -> Comparison:
    """Compare two sessions by what is stored; nothing is bought.

    Raises:
        BadInput: One of them has no scored solution.
    """
    shared = await _shared_seq(store, first, second)
    one, other = _arm(first, shared), _arm(second, shared)
    facts = first.state.facts
    seed = first.state.settings.seed
    same_data = _same_training(first, second)
    training = None
    if same_data and one.best.score and other.best.score:
        grades = unpack(one.best.score.grades), unpack(other.best.score.grades)
        if len(grades[0]) == len(grades[1]):
            training = difference(*grades, binary=facts.binary, seed=seed)
    held_out = None
    if one.held_out and other.held_out and _same_examples(first, second, one.held_out, other):
        held_out = difference(
            unpack(one.held_out.score.grades),
            unpack(other.held_out.score.grades),
            binary=facts.binary,
            seed=seed,
        )
    parted = _parted(first.state, shared) if shared else None
    return Comparison(one, other, parted, held_out, training)


def _arm(session: Session, shared: int) -> Arm:
    state = session.state
    best = state.best()
    if best is None:
        raise BadInput("has no scored solution", where=session.name, todo="Run a step first.")
    held_out = next(
        (
            event
            for event in reversed(state.measured)
            if event.candidate == best.id and event.split == Split.TEST and event.score.full
        ),
        None,
    )
    last = max((s.number for s in state.steps if 0 < s.finished_seq <= shared), default=-1)
    spent = total(used for (step, _), used in state.ledger.items() if step > last)
    edits = tuple(edit for edit in state.edits if edit.seq > shared)
    return Arm(session.name, best, held_out, spent, edits)


async def _shared_seq(store: Store, first: Session, second: Session) -> int:
    """The last event that both sessions' histories hold; 0 when they share none."""
    one, other = await _ancestry(store, first), await _ancestry(store, second)
    return max((min(one[id_], other[id_]) for id_ in one.keys() & other.keys()), default=0)


async def _ancestry(store: Store, session: Session) -> dict[int, int]:
    """A session and its ancestors by id, with the last event that is read of each."""
    record = session.record
    found = {record.id: session.state.last_seq}
    limit = record.fork_seq
    while record.parent is not None:
        record = await store.session_by_id(record.parent)
        found[record.id] = limit
        limit = min(limit, record.fork_seq)
    return found


def _parted(state: State, shared: int) -> int | None:
    steps = [s.number for s in state.steps if 0 < s.finished_seq <= shared]
    return steps[-1] if steps else None


def _same_training(first: Session, second: Session) -> bool:
    return _inputs(first, first.state.facts.train) == _inputs(second, second.state.facts.train)


def _same_examples(first: Session, second: Session, held: Measured, other: Arm) -> bool:
    assert other.held_out is not None  # noqa: S101 - the caller looked
    return _inputs(first, held.examples) == _inputs(second, other.held_out.examples)


def _inputs(session: Session, indexes: tuple[int, ...]) -> list[tuple[str, str]]:
    examples = session.task.examples
    if not examples:
        return [(session.task.name, "")]
    return [(examples[index].input, examples[index].target) for index in indexes]
