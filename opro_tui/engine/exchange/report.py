"""What a report says of a session, whatever it is written as."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.events import TRANSFER, iso
from opro_tui.core.protocols import Split
from opro_tui.core.settings import Settings
from opro_tui.core.usage import ROLES, Usage
from opro_tui.core.waste import waste
from opro_tui.engine.exchange.text import one_line
from opro_tui.engine.picture import picture_if_any
from opro_tui.engine.provenance import provenance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opro_tui.core.forecast import RoleForecast
    from opro_tui.core.picture import Picture
    from opro_tui.core.solution import Candidate, Score
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store

SIMULATED = "Simulated models: nothing here is evidence about language models."
_SHOWN = 400
"""Characters of a value that a table shows."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts.

    Attributes:
        head: The columns' names.
        rows: The cells; they may hold anything.
        left: Columns of words; the others are numbers, flush right.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a table, and a sentence where there is something to say."""

    title: str
    table: Table
    note: str = ""


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
    sections = (
        _trajectory(state),
        _by_step(state),
        _edits(state),
        _costs(state),
        _held_out(state),
        _settings(state),
        await _provenance(session),
    )
    return Report(
        name=record.name,
        facts=tuple(_facts(session, parent)),
        simulated=record.simulated,
        headline=_headline(state),
        best=best.text if best else None,
        points=tuple(_points(state, unit)),
        percent=state.facts.bounded,
        unit=unit,
        sections=tuple(section for section in sections if section.table.rows),
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
    yield "Spent", f"{money(state.usage().cost_usd)}, {_tokens(state.usage())} tokens"
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


def points(value: float | None, state: State) -> str:
    """A score: in hundredths where it is a share, else the raw value."""
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if state.facts.bounded else f"{value:.6g}"


def money(usd: float | None) -> str:
    """Dollars; what is unknown is called so."""
    if usd is None:
        return "unknown"
    if usd < 0:
        return f"−{money(-usd)}"
    return "$0" if usd == 0 else f"${usd:,.2f}" if usd >= 1 else f"${usd:.4g}"


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def _tokens(used: Usage) -> str:
    if used.input_tokens is None or used.output_tokens is None:
        return "unknown"
    return f"{used.input_tokens + used.output_tokens:,}"


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


def _trajectory(state: State) -> Section:
    rows = tuple(_solution(state, candidate) for candidate in state.ranked())
    head = ("Solution", "Score", "±", "Examples", "Step", "By", "Marks", "Text")
    note = "Best first; ± is half of the 95 % interval."
    return Section("Solutions", Table(head, rows, frozenset({5, 6, 7})), note)


def _solution(state: State, candidate: Candidate) -> tuple[str, ...]:
    score = candidate.score
    assert score is not None  # noqa: S101 - ranked ones are scored
    marks = [
        word
        for word, holds in (
            ("best", candidate.id == state.best_id),
            ("pinned", candidate.id in state.pinned),
            ("dropped", candidate.id in state.dropped),
            ("partial", not score.full),
        )
        if holds
    ]
    if score.unparsed:
        marks.append(f"{score.unparsed:,} unread")
    if candidate.behind is not None and not score.full:
        marks.append(f"behind #{candidate.behind}")
    return (
        str(candidate.id),
        points(score.value, state),
        points(score.half_width, state) if score.half_width else "",
        f"{score.n:,}" if score.full else f"{score.n:,} of {score.of:,}",
        str(candidate.step),
        str(candidate.origin),
        ", ".join(marks),
        candidate.text or "(empty)",
    )


def _by_step(state: State) -> Section:
    rows = []
    for step in state.steps:
        own = [c for c in state.candidates.values() if c.step == step.number]
        best = state.candidates.get(step.best) if step.best is not None else None
        rows.append(
            (
                str(step.number),
                points(best.score.value, state) if best and best.score else "–",
                "" if best is None else str(best.id),
                points(step.mean, state),
                f"{sum(1 for c in own if c.score):,}",
                f"{sum(1 for c in own if c.rejected or c.vetoed):,}",
                "" if step.prompt is None else f"{step.prompt.temperature:g}",
                "" if step.finished_seq else "not finished",
            )
        )
    head = ("Step", "Best so far", "Solution", "Mean", "Scored", "Rejected", "Temperature", "")
    note = "Best so far is by the scores known now."
    return Section("Score by step", Table(head, tuple(rows), frozenset({7})), note)


def _edits(state: State) -> Section:
    rows = tuple(
        (
            str(edit.step),
            edit.kind.replace("_", " "),
            _value(edit.before),
            _value(edit.after),
            edit.note,
            iso(edit.at),
        )
        for edit in state.edits
    )
    head = ("For step", "Edit", "Before", "After", "Note", "When")
    return Section("Edits", Table(head, rows, frozenset({1, 2, 3, 4, 5})))


def _value(value: Any) -> str:  # noqa: ANN401 - any JSON data
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _costs(state: State) -> Section:
    forecasts = {
        (step.number, role.role): role
        for step in state.steps
        for role in step.started.forecast.roles
    }
    rows = []
    for number in sorted({number for number, _ in (*forecasts, *state.ledger)}):
        for role in ROLES:
            used, forecast = state.usage(role, number), forecasts.get((number, role))
            if used != Usage() or (forecast is not None and forecast.calls):
                rows.append(_cost(str(number), role, used, forecast))
    if rows:
        rows += [
            _cost("all", role, state.usage(role), None)
            for role in ROLES
            if state.usage(role) != Usage()
        ]
        rows.append(_cost("all", "all", state.usage(), None))
    head = ("Step", "Role", "Calls", "From store", "Failed", "Unknown", "Input", "Cached",
            "To cache", "Cache saved", "Output", "Reasoning", "Cost", "Forecast tokens",
            "Actual tokens", "Forecast cost")  # fmt: skip
    note = "Tokens and dollars; an answer from the store had been bought before and cost nothing."
    return Section("Costs by step and role", Table(head, tuple(rows), frozenset({1})), note)


def _cost(step: str, role: str, used: Usage, forecast: RoleForecast | None) -> tuple[str, ...]:
    said = dollars = ""
    if forecast is not None:
        said = f"{forecast.low:,}–{forecast.high:,}"
        dollars = money(forecast.to_json()["usd"])
    counts = (used.calls, used.from_store, used.failed, used.unknown, used.input_tokens)
    cached = (used.cached_tokens, used.cache_write_tokens)
    saved = money(used.cache_saved_usd) if used.used_cache else ""
    written = (used.output_tokens, used.reasoning_tokens)
    read = tuple(_count(number) for number in (*counts, *cached))
    more = (saved, *(_count(number) for number in written))
    return (step, role, *read, *more, money(used.cost_usd), said, _tokens(used), dollars)


def _held_out(state: State) -> Section:
    rows = []
    for number, event in enumerate(state.measured, start=1):
        candidate = state.candidates.get(event.candidate)
        train = candidate.score if candidate else None
        elsewhere = event.kind == TRANSFER
        if elsewhere:
            train = None
        drop = "" if train is None else points(train.value - event.score.value, state)
        rows.append(
            (
                str(number),
                event.kind,
                event.split,
                str(event.candidate),
                "" if elsewhere else points(train.value if train else None, state),
                points(event.score.value, state),
                points(event.score.half_width, state) if event.score.half_width else "",
                drop,
                f"{event.score.n:,}",
                iso(event.at),
            )
        )
    head = (
        "Look",
        "Kind",
        "Split",
        "Solution",
        "Training",
        "Here",
        "±",
        "Drop",
        "Examples",
        "When",
    )
    note = (
        "Each look at the test split makes it a little less fresh, so they are counted. A look "
        "'on' another task says what a solution found here is worth there."
    )
    return Section("Fresh and held-out looks", Table(head, tuple(rows), frozenset({1, 2, 9})), note)


def _settings(state: State) -> Section:
    plain, now = Settings().to_json(), state.settings.to_json()
    rows = tuple(
        (name, _value(value) or "none", "" if value == plain[name] else "changed")
        for name, value in now.items()
    )
    return Section("Settings", Table(("Setting", "Value", ""), rows, frozenset({0, 1, 2})))


async def _provenance(session: Session) -> Section:
    found = await provenance(session)
    rows = [(name, _value(words)) for name, words in found.lines()]
    facts = session.task.describe()
    rows += [("task", f"{name}: {_value(value)}") for name, value in facts.items()]
    note = "What the session was made with and went on under, and the data it stands on."
    return Section("Provenance", Table(("What", "Value"), tuple(rows), frozenset({0, 1})), note)
