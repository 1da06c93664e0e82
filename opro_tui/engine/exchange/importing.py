"""A session from a file: read through and tried out first, then stored whole or not at all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, OproError
from opro_tui.core.events import (
    TRANSFER,
    CallFinished,
    CandidateRejected,
    CandidateSampled,
    CandidateScored,
    Evaluation,
    Event,
    Measured,
    PromptBuilt,
    StepStarted,
)
from opro_tui.core.protocols import Split
from opro_tui.core.reducer import fold
from opro_tui.core.state import Facts, State
from opro_tui.core.usage import ROLES
from opro_tui.engine.exchange import checks
from opro_tui.engine.exchange.events import read_event
from opro_tui.engine.exchange.reading import records
from opro_tui.engine.exchange.records import read_call, read_example, read_session
from opro_tui.engine.opening import facts_of, summary
from opro_tui.paths import is_file
from opro_tui.tasks import factory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from opro_tui.core.protocols import Example
    from opro_tui.core.settings import Settings
    from opro_tui.store.database import Store
    from opro_tui.store.records import ImportedSession, SessionRecord, StoredCall

_BATCH = 2000
_MOST = 2**62
_SPEC = {
    "name": checks.text,
    "metric": checks.text,
    "position": checks.text,
    "template": checks.text,
    "qa": checks.flag,
    "initial": checks.items(checks.text),
    "max_length": checks.optional(checks.count),
    "no_digits": checks.flag,
    "rubric": checks.text,
}


@dataclass(frozen=True, slots=True)
class Import:
    """What became of a file.

    Attributes:
        record: The session as it is stored now.
        wanted: The name that the file has for it.
        references: User code that its task names.
        addresses: Endpoints that its settings name: keys will be sent there.
    """

    record: SessionRecord
    wanted: str
    references: tuple[str, ...]
    addresses: tuple[str, ...]


async def import_file(store: Store, path: Path, *, allow_python: bool = False) -> Import:
    """Store a session from a file under its own name or the next free one.

    No code that the file names is run.

    Args:
        store: The database.
        path: The file, as json or jsonl.
        allow_python: Whether opening the session may run the code that it names.

    Raises:
        BadInput: The file is damaged, foreign, newer, or holds what no session can hold; says
            where. Nothing is stored.
    """
    tried = await asyncio.to_thread(_try, path)
    record = await store.import_session(
        session=tried.session,
        examples=tried.examples,
        rows=lambda: _rows(path),
        allow_python=allow_python,
        summary=tried.summary,
    )
    return Import(
        record=record,
        wanted=tried.session.name,
        references=tried.references,
        addresses=_addresses(tried.settings),
    )


@dataclass(frozen=True, slots=True)
class _Tried:
    """What reading a file through has shown."""

    session: ImportedSession
    examples: Sequence[Example]
    summary: dict[str, Any]
    references: tuple[str, ...]
    settings: Settings


def _rows(path: Path) -> Iterator[tuple[str, StoredCall | Event]]:
    """A file's calls and events with their places."""
    seq = 0
    for found in records(path):
        if found.kind == "call":
            yield found.where, read_call(found.value, found.where)
        elif found.kind == "event":
            seq += 1
            yield found.where, read_event(found.value, found.where, seq)


def _try(path: Path) -> _Tried:
    """Read a file through and fold its events, so that what is stored can be opened."""
    if not is_file(path):
        raise BadInput("is no file", where=str(path), todo="Check the path.")
    session: ImportedSession | None = None
    examples: list[Example] = []
    history: _History | None = None
    references: tuple[str, ...] = ()
    where = ""
    seq = 0
    for found in records(path):
        if found.kind == "session":
            session, where = read_session(found.value, found.where), found.where
            continue
        assert session is not None  # noqa: S101 - `records` gives it first
        if found.kind == "example":
            examples.append(read_example(found.value, found.where, len(examples)))
            continue
        if history is None:
            references, facts = _facts(session, examples, where)
            history = _History(session, len(examples), facts)
        if found.kind == "call":
            history.call(read_call(found.value, found.where), found.where)
        else:
            seq += 1
            history.event(read_event(found.value, found.where, seq), found.where)
    if session is None:
        raise BadInput("holds no session", where=str(path))
    if history is None:
        references, facts = _facts(session, examples, where)
        history = _History(session, len(examples), facts)
    state = history.end()
    said = summary(state)
    if references:
        # What its scores mean is only known once its own code may run.
        said |= {"best": None, "low": None, "high": None}
    return _Tried(session, tuple(examples), said, references, state.settings)


def _facts(
    session: ImportedSession, examples: Sequence[Example], where: str
) -> tuple[tuple[str, ...], Facts]:
    """The user code that a task names, and what the reducer has to know of the task."""
    spec, where = session.task_spec, f"{where}: task_spec"
    if spec.get("kind") == "prompt":
        for name in _SPEC.keys() & spec.keys():
            checks.field(spec[name], _SPEC[name], f"{where}: {name}")
    references = factory.python_references(spec)
    if references:
        train = tuple(example.index for example in examples if example.split is Split.TRAIN)
        return references, Facts(minimize=False, bounded=False, binary=False, train=train or (-1,))
    try:
        task = factory.restore(spec, examples)
        task.starting_solutions()
        task.describe()
        return (), facts_of(task)
    except OproError as error:
        raise BadInput(error.what, where=f"{where}: {error.where}", todo=error.todo) from None
    except Exception as error:  # noqa: BLE001 - whatever a made-up description leads to
        what = f"describes no task ({type(error).__name__}: {str(error)[:80]})"
        raise BadInput(what, where=where) from None


class _History:
    """Events held against each other and folded, in pieces."""

    def __init__(self, session: ImportedSession, examples: int, facts: Facts) -> None:
        self._state = State(facts, session.settings, session.template)
        self._examples = examples
        self._waiting: list[tuple[str, Event]] = []
        self._candidates: set[int] = set()
        self._steps = 0
        self._spent = 0

    def call(self, call: StoredCall, where: str) -> None:
        """Count a call that another session paid for."""
        if call.bought is not None:
            self._spend(call.bought, where)

    def event(self, event: Event, where: str) -> None:
        """Take an event in."""
        self._check(event, where)
        self._waiting.append((where, event))
        if len(self._waiting) >= _BATCH:
            self._fold()

    def end(self) -> State:
        """The state after all events."""
        self._fold()
        return self._state

    def _check(self, event: Event, where: str) -> None:
        match event:
            case StepStarted():
                if event.step != self._steps:
                    raise BadInput(
                        f"step {event.step} stands where {self._steps} belongs", where=where
                    )
                self._steps += 1
            case PromptBuilt():
                _check_regions(event, where)
            case CandidateSampled():
                if event.id in self._candidates:
                    raise BadInput(f"candidate {event.id} is there twice", where=where)
                self._candidates.add(event.id)
            case CandidateRejected():
                self._known(event.id, where)
            case CandidateScored():
                self._known(event.candidate, where)
            case Evaluation():
                self._example(event.example, where, lowest=-1)
            case Measured():
                self._known(event.candidate, where)
                self._measured(event, where)
            case CallFinished():
                self._spend(event, where)
            case _:
                pass

    def _measured(self, event: Measured, where: str) -> None:
        """Refuse what would pass for a look at the session's own held-out examples."""
        if (event.kind == TRANSFER) == (event.split in list(Split)):
            raise BadInput(f"{event.split[:40]!r} is no split for {event.kind}", where=where)
        for index in event.examples if event.kind != TRANSFER else ():
            self._example(index, where)

    def _known(self, candidate: int, where: str) -> None:
        if candidate not in self._candidates:
            raise BadInput(f"there is no candidate {candidate} yet", where=where)

    def _example(self, index: int, where: str, lowest: int = 0) -> None:
        if not lowest <= index < self._examples:
            raise BadInput(f"there is no example {index}", where=where)

    def _spend(self, call: CallFinished, where: str) -> None:
        self._spent += call.usage.cost_pico or 0
        if self._spent > _MOST:
            raise BadInput("the costs add up to more than can be counted", where=where)

    def _fold(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            self._state = fold(self._state, (event for _, event in waiting))
            self._state.ranked()
        except Exception:  # noqa: BLE001 - whatever made-up events lead to
            self._find_fault(waiting)

    def _find_fault(self, waiting: list[tuple[str, Event]]) -> None:
        """Fold one by one, to say which event it is that can't be."""
        state = self._state
        for where, event in waiting:
            try:
                state = fold(state, (event,))
                state.ranked()
            except Exception as error:  # noqa: BLE001
                what = error.what if isinstance(error, OproError) else type(error).__name__
                raise BadInput(
                    f"can't follow what stands before it ({what})", where=where
                ) from None
        raise BadInput("the events don't make a session", where=waiting[-1][0])


def _check_regions(event: PromptBuilt, where: str) -> None:
    """The regions of a meta-prompt lie side by side and cover its text."""
    at = 0
    for region in event.regions:
        if region.start != at or region.end <= at:
            raise BadInput("the regions don't lie side by side", where=f"{where}: regions")
        at = region.end
    if at != len(event.text):
        raise BadInput("the regions don't cover the text", where=f"{where}: regions")


def _addresses(settings: Settings) -> tuple[str, ...]:
    found = [getattr(settings, f"{role}_url") for role in ROLES]
    return tuple(dict.fromkeys(url for url in found if url))
