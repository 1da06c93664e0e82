"""What a report says of a session, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.events import iso
from opro_tui.core.protocols import Split
from opro_tui.core.waste import waste
from opro_tui.engine.exchange.sections import money, points, sections_of, tokens
from opro_tui.engine.exchange.text import one_line
from opro_tui.engine.picture import picture_if_any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opro_tui.core.picture import Picture
    from opro_tui.core.solution import Score
    from opro_tui.core.state import State
    from opro_tui.engine.exchange.sections import Section
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store

SIMULATED = "Simulated models: nothing here is evidence about language models."


@dataclass(frozen=True, slots=True)
class Point:
    """One finished step, for charts.

    Attributes:
        step: Its number.
        best: The best score so far.
        low: Lower end of the best's 95 % interval.
        high: Upper end of it.
        mean: The mean score of the step's own candidates.
        spent: What was used up to here, in the chart's unit.
    """

    step: int
    best: float | None
    low: float | None
    high: float | None
    mean: float | None
    spent: float


@dataclass(frozen=True, slots=True)
class Report:
    """A session, told.

    Attributes:
        name: The session's name.
        facts: What it is, as name and value.
        simulated: Whether any of its models is.
        headline: The best score with its uncertainty, and of how many tries.
        best: The best solution's text; None before there is one.
        points: The steps, for charts.
        percent: Whether scores are shares, shown in hundredths.
        unit: What `Point.spent` counts: `dollars` or `tokens`.
        sections: The tables.
        picture: What its task draws of it; None where it draws nothing.
    """

    name: str
    facts: tuple[tuple[str, str], ...]
    simulated: bool
    headline: str
    best: str | None
    points: tuple[Point, ...]
    percent: bool
    unit: str
    sections: tuple[Section, ...]
    picture: Picture | None = None


async def report_of(store: Store, session: Session) -> Report:
    """Put a session's report together from what is stored."""
    state, record = session.state, session.record
    parent = record.imported.parent if record.imported else ""
    if record.parent is not None:
        parent = (await store.session_by_id(record.parent)).name
    best = state.best()
    unit = _unit(state)
    return Report(
        name=record.name,
        facts=tuple(_facts(session, parent)),
        simulated=record.simulated,
        headline=_headline(state),
        best=best.text if best else None,
        points=tuple(_points(state, unit)),
        percent=state.facts.bounded,
        unit=unit,
        sections=await sections_of(session),
        picture=await picture_if_any(session.task, session.state),
    )


def _facts(session: Session, parent: str) -> Iterable[tuple[str, str]]:
    state, record = session.state, session.record
    yield "Task", session.task.name
    yield "Optimizer", state.settings.optimizer
    if session.task.examples:
        yield "Scorer", state.settings.scorer
    if session.task.judge is not None:
        yield "Judge", f"{state.settings.judge}, {state.settings.judge_repeats} × an answer"
        yield "Rubric", one_line(state.settings.rubric or "")
    yield "Steps", f"{state.finished_steps:,} ({session.status})"
    if parent:
        yield "Fork of", parent
    yield "Spent", f"{money(state.usage().cost_usd)}, {tokens(state.usage())} tokens"
    yield "Made", f"{iso(record.created)[:16].replace('T', ' ')} UTC"
    if advice := waste(state).advice:
        yield "Advice", advice


def _headline(state: State) -> str:
    best = state.best()
    if best is None or best.score is None:
        return "Nothing is fully scored yet."
    said = f"{points(best.score.value, state)}{_plus_minus(best.score, state)}"
    tries = state.scored_count()
    text = f"Best of {tries:,}: {said} on the training examples (solution {best.id})"
    looks = (e for e in reversed(state.measured) if e.candidate == best.id and e.score.full)
    held = next((event for event in looks if event.split == Split.TEST), None)
    if held is not None:
        score = f"{points(held.score.value, state)}{_plus_minus(held.score, state)}"
        return f"Held out: {score} on {held.score.n:,} test examples. {text}."
    if tries > 1 and state.facts.bounded:
        text += "; the best of several tries is flattered by chance, so look at held-out examples"
    return f"{text}."


def _plus_minus(score: Score, state: State) -> str:
    return f" ± {points(score.half_width, state)}" if score.half_width else ""


def _unit(state: State) -> str:
    return "dollars" if state.usage().cost_usd else "tokens"


def _points(state: State, unit: str) -> Iterable[Point]:
    spent = 0.0
    for step in state.steps:
        used = state.usage(step=step.number)
        if unit == "dollars":
            spent += used.cost_usd or 0.0
        else:
            spent += (used.input_tokens or 0) + (used.output_tokens or 0)
        if not step.finished_seq:
            continue
        best = state.candidates.get(step.best) if step.best is not None else None
        score = best.score if best else None
        yield Point(
            step=step.number,
            best=score.value if score else None,
            low=score.low if score else None,
            high=score.high if score else None,
            mean=step.mean,
            spent=spent,
        )
