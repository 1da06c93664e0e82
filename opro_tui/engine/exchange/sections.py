"""The tables of a report, section by section."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.events import TRANSFER, iso
from opro_tui.core.settings import Settings
from opro_tui.core.usage import ROLES, Usage
from opro_tui.engine.provenance import provenance

if TYPE_CHECKING:
    from opro_tui.core.forecast import RoleForecast
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session

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


def tokens(used: Usage) -> str:
    """Tokens read and written; unknown where either is."""
    if used.input_tokens is None or used.output_tokens is None:
        return "unknown"
    return f"{used.input_tokens + used.output_tokens:,}"


async def sections_of(session: Session) -> tuple[Section, ...]:
    """The sections of a session's report that have something to show."""
    state = session.state
    found = (
        _trajectory(state),
        _by_step(state),
        _edits(state),
        _costs(state),
        _held_out(state),
        _settings(state),
        await _provenance(session),
    )
    return tuple(section for section in found if section.table.rows)


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
    return (step, role, *read, *more, money(used.cost_usd), said, tokens(used), dollars)


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
