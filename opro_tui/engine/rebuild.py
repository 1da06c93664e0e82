"""Each step's meta-prompt made again under other settings, from the state that the step found."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core import regrade as rules
from opro_tui.core.errors import BadInput
from opro_tui.core.events import PromptBuilt, StepStarted
from opro_tui.core.meta_prompt import MetaPrompt
from opro_tui.core.reducer import fold
from opro_tui.core.settings import OF_META_PROMPT, find
from opro_tui.engine import errors
from opro_tui.engine import prompt as prompts
from opro_tui.engine.opening import initial_state
from opro_tui.models import prices, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from opro_tui.core.events import Event
    from opro_tui.core.regrade import Regrading
    from opro_tui.core.solution import Score
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session

    Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Changes:
    """What shall be otherwise.

    Attributes:
        settings: Names of `OF_META_PROMPT` to values, as flags or JSON give them.
        template: Names of the template's texts to texts.
    """

    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    template: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One step's meta-prompt as it was sent and as it would have been.

    Attributes:
        step: The step.
        sent: What was sent.
        built: What would have been sent.
        sent_tokens: Estimated tokens of what was sent.
        built_tokens: Estimated tokens of the other, counted the same way.
        calls: Requests that the step made of its optimizer.
        cost: Estimated dollars of input that it would have cost more (or less, below 0), before any
            discount for cached input; None where the price is unknown.
    """

    step: int
    sent: MetaPrompt
    built: MetaPrompt
    sent_tokens: int
    built_tokens: int
    calls: int
    cost: float | None

    @property
    def same(self) -> bool:
        """Whether both are the same to the byte."""
        return self.sent.text == self.built.text

    @property
    def more_tokens(self) -> int:
        """Estimated input tokens that all of the step's requests would have had more."""
        return (self.built_tokens - self.sent_tokens) * self.calls

    @property
    def solutions(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The solutions that come in and those that go."""
        return _moved(self.sent.solution_ids, self.built.solution_ids)

    @property
    def exemplars(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The exemplars that come in and those that go."""
        return _moved(self.sent.exemplar_ids, self.built.exemplar_ids)


def _moved(sent: Sequence[int], built: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    come = tuple(id_ for id_ in built if id_ not in set(sent))
    return come, tuple(id_ for id_ in sent if id_ not in set(built))


def check(session: Session, changes: Changes, step: int | None = None) -> None:
    """Refuse what can't be rebuilt.

    Raises:
        BadInput: A setting or text is unknown, out of range or no matter of the meta-prompt, or the
            step has no meta-prompt.
    """
    for name in changes.settings:
        if find(name).name not in OF_META_PROMPT:
            raise BadInput(
                "changes nothing in a meta-prompt",
                where=find(name).flag,
                todo=f"These do: {', '.join(find(known).flag for known in OF_META_PROMPT)}.",
            )
    wanted = session.state.settings.with_values(changes.settings)
    if (
        "threshold" in changes.settings
        and wanted.threshold is not None
        and not session.state.facts.bounded
    ):
        raise BadInput(
            "a threshold needs scores between 0 and 1",
            where="--threshold",
            todo=f"Leave it out for {session.task.name}.",
        )
    session.state.template.with_texts(changes.template)
    there = [s.number for s in session.state.steps if s.prompt is not None]
    if not there:
        raise BadInput("no step has sent a meta-prompt yet", where=session.name)
    if step is not None and step not in there:
        todo = f"Steps {there[0]} to {there[-1]} have one."
        raise BadInput(f"step {step} has no meta-prompt", where="--step", todo=todo)


async def rebuild(
    session: Session,
    changes: Changes,
    *,
    step: int | None = None,
    regraded: Regrading | None = None,
    watch: Watch | None = None,
) -> tuple[Rebuilt, ...]:
    """Make the meta-prompts again that a session sent.

    Args:
        session: Open, read-only or not; nothing of it changes.
        changes: What shall be otherwise; without any, what was sent must come about again.
        step: This step's alone.
        regraded: The session under another grader, whose scores shall have been known then.
        watch: Is told how many are made, of how many.

    Raises:
        BadInput: The changes, or the step, can't be.
        CodeMissing: Only the task's own code, which is missing, could say how a score is shown.
    """
    check(session, changes, step)
    events = await session.hands.store.events(session.record.id, upto=session.state.last_seq)
    state = initial_state(session.record, session.task)
    wanted = [s.number for s in session.state.steps if s.prompt and step in (None, s.number)]
    made: list[Rebuilt] = []
    for before, started, sent in _steps(events):
        state = await asyncio.to_thread(fold, state, before)
        if started.step in wanted:
            made.append(await _one(session, state, (started, sent), changes, regraded))
            if watch is not None:
                watch(len(made), len(wanted))
            if len(made) == len(wanted):
                break
    return tuple(made)


def _steps(events: Sequence[Event]) -> Iterator[tuple[list[Event], StepStarted, PromptBuilt]]:
    """For each meta-prompt: the events since the last one's step began, its step and itself."""
    before: list[Event] = []
    for place, event in enumerate(events):
        if isinstance(event, StepStarted):
            sent = events[place + 1] if place + 1 < len(events) else None
            if isinstance(sent, PromptBuilt):
                yield before, event, sent
                before = []
        before.append(event)


async def _one(
    session: Session,
    state: State,
    frozen: tuple[StepStarted, PromptBuilt],
    changes: Changes,
    regraded: Regrading | None,
) -> Rebuilt:
    started, event = frozen
    sent = MetaPrompt(event.text, event.regions)
    state, proposals = await asyncio.to_thread(_changed, session, state, frozen, changes, regraded)
    built = await asyncio.to_thread(
        prompts.build,
        state,
        session.task,
        proposals=proposals,
        step=started.step,
        errors=await errors.of_best_shown(session.hands, state, step=started.step),
    )
    model, config = started.settings.optimizer, session.hands.pool.config
    if model != "simulated":
        await asyncio.to_thread(tokens.load, model)
    sent_tokens, built_tokens = await asyncio.to_thread(
        lambda: (tokens.count(sent.text, model)[0], tokens.count(built.text, model)[0])
    )
    calls = session.state.usage("optimizer", started.step).calls
    price = await asyncio.to_thread(prices.per_million, model, config)
    more = (built_tokens - sent_tokens) * calls
    cost = None if price is None else more * price.input / 1e6
    return Rebuilt(started.step, sent, built, sent_tokens, built_tokens, calls, cost)


def _changed(
    session: Session,
    state: State,
    frozen: tuple[StepStarted, PromptBuilt],
    changes: Changes,
    regraded: Regrading | None,
) -> tuple[State, int]:
    """The state that a step's meta-prompt is made from, and how many proposals it asks for."""
    started, sent = frozen
    settings = started.settings.with_values(changes.settings)
    template = started.template
    if "meta_style" in changes.settings:
        template = session.task.template(settings.meta_style)
    template = template.with_texts(changes.template)
    proposals = sent.proposals
    if "proposals" in changes.settings:
        proposals = min(settings.proposals, settings.candidates)
    if regraded is not None:
        state = _regraded(state, regraded)
    return replace(state, settings=settings, template=template), proposals


def _regraded(state: State, regraded: Regrading) -> State:
    """The state with the new scores of the answers that it had."""
    scores: dict[int, Score] = {}
    for row in regraded.rows:
        candidate = state.candidates.get(row.candidate.id)
        if row.graded and candidate is not None and candidate.score is not None:
            scores[candidate.id] = rules.as_of(row, candidate.score, regraded.state)
    return rules.with_scores(state, scores, binary=regraded.state.facts.binary)


def signed(number: int) -> str:
    """A difference with its sign."""
    return "=" if not number else f"{'−' if number < 0 else '+'}{abs(number):,}"


def differs(item: Rebuilt, most: int | None = None) -> str:
    """What differs between a meta-prompt sent and rebuilt, in words.

    Args:
        item: Both.
        most: How many solutions and exemplars are named; None for all.
    """
    if item.same:
        return "as sent"
    parts = []
    for what, mark, (come, go) in (
        ("solutions", "#", item.solutions),
        ("exemplars", "", item.exemplars),
    ):
        signs = [f"+{mark}{id_}" for id_ in come] + [f"−{mark}{id_}" for id_ in go]
        if signs:
            more = " …" if most is not None and len(signs) > most else ""
            parts.append(f"{what} {' '.join(signs[:most])}{more}")
    if parts:
        return "; ".join(parts)
    if item.sent.solution_ids != item.built.solution_ids:
        return "the solutions' order"
    if item.sent.exemplar_ids != item.built.exemplar_ids:
        return "the exemplars' order"
    return "the wording or the scores"
