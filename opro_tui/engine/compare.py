"""Two sessions side by side: their best solutions on the same examples, and what each arm cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.events import EditMade
from opro_tui.core.grades import unpack
from opro_tui.core.protocols import Split
from opro_tui.core.settings import OF_JUDGE
from opro_tui.core.statistics import Difference, difference
from opro_tui.core.usage import Usage, total
from opro_tui.engine import conditions
from opro_tui.engine.arms import CONTROL

if TYPE_CHECKING:
    from opro_tui.core.events import Measured
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.conditions import Condition
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the two sessions.

    Attributes:
        name: Its name.
        best: Its best solution by the training score.
        held_out: The best's measurement on the test split; None when it wasn't looked at.
        spent: What it used since the two parted.
        edits: The edits it made since.
        label: What it is in a comparison, as its setting `arm` says; empty for nothing.
        sampled: Candidates that its optimizer gave since the two parted.
        finished: Whether its last step is finished.
    """

    name: str
    best: Candidate
    held_out: Measured | None
    spent: Usage
    edits: tuple[EditMade, ...]
    label: str = ""
    sampled: int = 0
    finished: bool = True

    @property
    def control(self) -> bool:
        """Whether it is a null arm: everything sampled at once, nothing steered."""
        return self.label.startswith(CONTROL)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms, the second against the first.

    Attributes:
        first: One arm.
        second: The other.
        parted: The last step both share, or after which a fork under other conditions left the
            other; None when neither is a fork of the other's past.
        afresh: Whether one is such a fork, so that they share no scores.
        conditions: What their scores depend on beside the solutions, and differs.
        held_out: The paired difference on held-out examples both have; the headline.
        training: The same on the training examples, which flatter both.
    """

    first: Arm
    second: Arm
    parted: int | None
    afresh: bool
    conditions: tuple[Condition, ...]
    held_out: Difference | None
    training: Difference | None

    @property
    def same_grading(self) -> bool:
        """Whether a point means the same in both; else nothing is paired."""
        return _same_grading(self.conditions)


CONTROL_MEANS = (
    "The control samples as many candidates at once, from one meta-prompt, with at most the same"
    " spending. If the other arm is better beyond noise on held-out examples, taking steps and"
    " steering paid for this session; if they can't be told apart, that it paid isn't shown. It is"
    " one run of each: it says nothing of other tasks, models or seeds, nor which of your edits"
    " helped."
)


def _same_grading(found: tuple[Condition, ...]) -> bool:
    graded_by = ("metric", "max_output_tokens.judge", "reasoning_effort.judge", *OF_JUDGE)
    return not any(condition.name in graded_by for condition in found)


async def compare(store: Store, first: Session, second: Session) -> Comparison:
    """Compare two sessions by what is stored; nothing is bought.

    Raises:
        BadInput: One of them has no scored solution.
    """
    parting = await _parting(store, first, second)
    one, other = _arm(first, parting.first), _arm(second, parting.second)
    facts = first.state.facts
    found = conditions.differing(first, second)
    pairs = _same_grading(found)
    seed = first.state.settings.seed
    same_data = _same_training(first, second)
    training = None
    if same_data and pairs and one.best.score and other.best.score:
        grades = unpack(one.best.score.grades), unpack(other.best.score.grades)
        if len(grades[0]) == len(grades[1]):
            training = difference(*grades, binary=facts.binary, seed=seed)
    held_out = None
    if (
        pairs
        and one.held_out
        and other.held_out
        and _same_examples(first, second, one.held_out, other)
    ):
        held_out = difference(
            unpack(one.held_out.score.grades),
            unpack(other.held_out.score.grades),
            binary=facts.binary,
            seed=seed,
        )
    return Comparison(one, other, parting.step, parting.afresh, found, held_out, training)


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
    sampled = sum(c.step > last and c.draw is not None for c in state.candidates.values())
    label = state.settings.arm or ""
    finished = state.current is None
    return Arm(session.name, best, held_out, spent, edits, label, sampled, finished)


@dataclass(frozen=True, slots=True)
class _Parting:
    """Where two sessions parted.

    Attributes:
        first: The last event in the first one's own numbering before that; 0 for none.
        second: The same in the second's.
        step: The last finished step before that.
        afresh: Whether a fork under other conditions lies between.
    """

    first: int = 0
    second: int = 0
    step: int | None = None
    afresh: bool = False


@dataclass(frozen=True, slots=True)
class _Ancestor:
    """How far a session goes back to one of its ancestors.

    Attributes:
        upto: The last event of the ancestor that it goes on from.
        own: The same in the session's own numbering; 0 behind a fork under other conditions.
    """

    upto: int
    own: int


async def _parting(store: Store, first: Session, second: Session) -> _Parting:
    one, other = await _ancestry(store, first), await _ancestry(store, second)
    common = next((id_ for id_ in one if id_ in other), None)
    if common is None:
        return _Parting()
    upto = min(one[common].upto, other[common].upto)
    ends = [min(upto, line[common].own) for line in (one, other)]
    if all(ends):
        return _Parting(ends[0], ends[1], _last_step(first.state, ends[0]))
    nearer = first.state if ends[0] else second.state if ends[1] else None
    if nearer is None:
        return _Parting(afresh=True)
    return _Parting(ends[0], ends[1], _last_step(nearer, max(ends)), afresh=True)


async def _ancestry(store: Store, session: Session) -> dict[int, _Ancestor]:
    """A session and its ancestors by id, nearest first."""
    record = session.record
    last = session.state.last_seq
    found = {record.id: _Ancestor(last, last)}
    reads, limit = True, last
    while record.parent is not None:
        afresh = record.fork_seq == 0
        reads = reads and not afresh
        taken = await _taken_at(store, record) if afresh else record.fork_seq
        limit = taken if afresh else min(limit, taken)
        record = await store.session_by_id(record.parent)
        found[record.id] = _Ancestor(limit, limit if reads else 0)
    return found


async def _taken_at(store: Store, record: SessionRecord) -> int:
    """The event of its parent after which a fork under other conditions was made."""
    for event in await store.events(record.id):
        if isinstance(event, EditMade) and event.kind == "fork":
            return int(event.after["seq"])
    return 0


def _last_step(state: State, upto: int) -> int | None:
    steps = [s.number for s in state.steps if 0 < s.finished_seq <= upto]
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
