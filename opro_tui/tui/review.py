"""Reviewing a step's candidates before anything is spent on scoring them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Part
from opro_tui.tui.view import forecast_amount

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from opro_tui.core.forecast import Forecast
    from opro_tui.core.state import State

KEYS = "space select · v veto · w reword · a add · s score"
"""What the pane's frame says while candidates wait for a person."""


@dataclass(frozen=True, slots=True)
class Review:
    """Candidates that wait for a person's word.

    Attributes:
        step: Their step.
        chosen: Those that shall be scored.
        left_out: Those that shall not; they are vetoed when the others are scored.
        answers: How many answers of the scorer the chosen still need.
    """

    step: int
    chosen: tuple[int, ...]
    left_out: tuple[int, ...]
    answers: int


def review(state: State, unselected: Collection[int]) -> Review | None:
    """What is to be reviewed; None when nothing is."""
    step = state.current
    if step is None or not state.reviewing:
        return None
    waiting = [candidate.id for candidate in state.waiting() if candidate.step <= step.number]
    chosen = tuple(id_ for id_ in waiting if id_ not in unselected)
    left_out = tuple(id_ for id_ in waiting if id_ in unselected)
    return Review(step.number, chosen, left_out, answers_missing(state, chosen))


def answers_missing(state: State, ids: Iterable[int], *, again: bool = False) -> int:
    """How many answers the scorer has to give until candidates are fully scored.

    Args:
        state: The session now.
        ids: The candidates.
        again: Whether they are scored on new answers, so that those they have don't count.
    """
    if state.facts.computed:
        return 0
    each = len(state.facts.train)
    missing = 0
    for id_ in ids:
        candidate, part = state.candidates[id_], state.partial.get(id_)
        known = len(part.grades) if part else 0
        if not part and candidate.score is not None:
            known = candidate.score.n
        missing += each if again else max(0, each - known)
    return missing


def price_words(answers: int, forecast: Forecast | None) -> str:
    """What some answers cost, in words; the range is the forecast's."""
    if not answers:
        return "no answers to buy"
    counted = fmt.plural(answers, "answer")
    if forecast is None:
        return f"{counted}, price being worked out"
    low, high = forecast.token_range
    costs = forecast.cost_range
    amount = f"≈ {fmt.short_count(low)}–{fmt.short_count(high)} tok"
    if costs is None:
        return f"{counted} {amount}, price unknown"
    return f"{counted} {amount}, {forecast_amount(forecast)}"


def line(found: Review, forecast: Forecast | None) -> list[Part]:
    """The line that says what is decided here, what it costs, and which key goes on."""
    chosen, left_out = len(found.chosen), len(found.left_out)
    total = chosen + left_out
    parts = [Part(f"REVIEW step {found.step}: {chosen} of {total}", "accent", 100)]
    if not total:
        return [*parts, Part("nothing is left to score: a adds one, s ends the step", "accent", 90)]
    if not chosen:
        return [*parts, Part(f"s vetoes all {total} and scores none", "warning", 90)]
    parts += _price_parts(found, forecast)
    fate = f"s scores {chosen}, vetoes {left_out}" if left_out else "s scores them"
    return [*parts, Part(fate, "accent", 97)]


def _price_parts(found: Review, forecast: Forecast | None) -> list[Part]:
    if not found.answers:
        return [Part("scores are computed, at no cost", "", 80)]
    each = found.answers / len(found.chosen)
    product = f"{len(found.chosen)} × {each:.0f} examples" if each == int(each) else ""
    parts = [Part(product, "muted", 30), Part(fmt.plural(found.answers, "answer"), "", 85)]
    if forecast is None:
        return [*parts, Part("price being worked out", "muted", 60)]
    low, high = forecast.token_range
    costs = forecast.cost_range
    amount = "price unknown" if costs is None else f"≈ {fmt.dollar_range(*costs)}"
    tokens = f"{fmt.short_count(low)}–{fmt.short_count(high)} tok"
    return [*parts, Part(tokens, "", 95 if costs is None else 50), Part(amount, "", 95)]


def title(found: Review) -> str:
    """What the pane's title says."""
    return f"in review, {len(found.chosen)} of {len(found.chosen) + len(found.left_out)} selected"
