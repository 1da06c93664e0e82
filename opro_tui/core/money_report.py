"""What a session cost and how well that was foretold: figures for the costs screen and its CSV."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from opro_tui.core.usage import PICO, ROLES, Usage, total

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.forecast import RoleForecast
    from opro_tui.core.state import State


@dataclass(frozen=True, slots=True)
class Effort:
    """What calls took beside tokens and dollars.

    Attributes:
        calls: Calls with an outcome.
        milliseconds: From first sending to the outcome, summed over the calls.
        retries: Sendings after the first.
        extra_tokens: Tokens of calls that no step forecasts: trials, confirm and evaluate.
    """

    calls: int = 0
    milliseconds: int = 0
    retries: int = 0
    extra_tokens: int = 0

    def __add__(self, other: Effort) -> Effort:
        return Effort(
            self.calls + other.calls,
            self.milliseconds + other.milliseconds,
            self.retries + other.retries,
            self.extra_tokens + other.extra_tokens,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the report: a step's role, a step, a role over all steps, or everything.

    Attributes:
        step: The step; None for all of them.
        role: The role; empty for all of them.
        used: What it used.
        effort: What its calls took.
        said: The forecast's tokens; None where nothing was forecast.
        said_pico: The forecast's picodollars; None where that is unknown.
    """

    step: int | None
    role: str
    used: Usage
    effort: Effort
    said: int | None = None
    said_pico: int | None = None

    @property
    def tokens(self) -> int | None:
        """Tokens read and written; None when unknown."""
        return tokens(self.used)

    @property
    def error(self) -> float | None:
        """How far the actual tokens lay above the forecast, as a share of it; None if unknown."""
        if self.tokens is None or not self.said:
            return None
        return (self.tokens - self.effort.extra_tokens) / self.said - 1

    @property
    def saved_pico(self) -> int | None:
        """What the answers from the store would have cost at this line's price per call."""
        if self.used.cost_pico is None or not self.used.calls:
            return None
        return self.used.cost_pico * self.used.from_store // self.used.calls


def tokens(used: Usage) -> int | None:
    """Tokens read and written; None when unknown."""
    if used.input_tokens is None or used.output_tokens is None:
        return None
    return used.input_tokens + used.output_tokens


@dataclass(frozen=True, slots=True)
class Report:
    """A session's costs.

    Attributes:
        steps: For each step its line and then one of each role.
        roles: Each role over all steps.
        whole: Everything.
        cumulative: Step to all that was used until it ended.
        error: The median of the steps' forecast errors without their sign; None before there is
            a finished step with a forecast.
        errors: Over how many steps that median is.
        per_point: Dollars per point gained, a hundredth for bounded scores; None without a gain
            or with an unknown price.
        gain: What the best has gained over the best of step 0, in the direction of the task.
    """

    steps: tuple[Line, ...]
    roles: tuple[Line, ...]
    whole: Line
    cumulative: tuple[tuple[int, Usage], ...]
    error: float | None
    errors: int
    per_point: float | None
    gain: float | None

    @property
    def saved_pico(self) -> int | None:
        """What the answers from the store would have cost; None when a price is unknown."""
        saved = [line.saved_pico for line in self.roles if line.used.from_store]
        known = [pico for pico in saved if pico is not None]
        return sum(known) if len(known) == len(saved) else None


def report(state: State, efforts: Mapping[tuple[int, str], Effort]) -> Report:
    """Work out a session's costs.

    Args:
        state: The session now.
        efforts: (Step, role) to what its calls took, from the store.
    """
    said = {(s.number, r.role): r for s in state.steps for r in s.started.forecast.roles}
    numbers = sorted({n for n, _ in (*state.ledger, *said)} | {s.number for s in state.steps})
    lines: list[Line] = []
    wholes: list[Line] = []
    for number in numbers:
        parts = _parts(number, state, efforts, said)
        wholes.append(_sum(number, "", parts))
        lines += [wholes[-1], *parts]
    roles = tuple(
        _sum(None, role, own)
        for role in ROLES
        if (own := [line for line in lines if line.role == role])
    )
    finished = {step.number for step in state.steps if step.finished_seq}
    errors = [abs(w.error) for w in wholes if w.step in finished and w.error is not None]
    gain = _gain(state)
    whole = _sum(None, "", wholes)
    return Report(
        steps=tuple(lines),
        roles=roles,
        whole=whole,
        cumulative=_cumulative(wholes),
        error=median(errors) if errors else None,
        errors=len(errors),
        per_point=_per_point(whole.used, gain, bounded=state.facts.bounded),
        gain=gain,
    )


def _parts(
    number: int,
    state: State,
    efforts: Mapping[tuple[int, str], Effort],
    said: Mapping[tuple[int, str], RoleForecast],
) -> list[Line]:
    """A step's roles that were called or were to be."""
    parts = []
    for role in ROLES:
        used = state.ledger.get((number, role), Usage())
        forecast = said.get((number, role))
        if used == Usage() and (forecast is None or not forecast.calls):
            continue
        effort = efforts.get((number, role), Effort())
        if forecast is None:
            parts.append(Line(number, role, used, effort))
            continue
        expected = forecast.input_tokens + forecast.output_tokens
        parts.append(Line(number, role, used, effort, expected, forecast.cost_pico))
    return parts


def _sum(step: int | None, role: str, parts: list[Line]) -> Line:
    said = [line.said for line in parts if line.said is not None]
    prices = [line.said_pico for line in parts if line.said is not None]
    known = [price for price in prices if price is not None]
    effort = Effort()
    for line in parts:
        effort += line.effort
    return Line(
        step,
        role,
        total(line.used for line in parts),
        effort,
        sum(said) if said else None,
        sum(known) if prices and len(known) == len(prices) else None,
    )


def _cumulative(wholes: list[Line]) -> tuple[tuple[int, Usage], ...]:
    found, so_far = [], Usage()
    for line in wholes:
        so_far += line.used
        found.append((line.step or 0, so_far))
    return tuple(found)


def _gain(state: State) -> float | None:
    best = state.best()
    first = next((s.best for s in state.steps if s.number == 0 and s.best is not None), None)
    start = None if first is None else state.candidates[first].score
    if best is None or best.score is None or start is None:
        return None
    gain = best.score.value - start.value
    return -gain if state.facts.minimize else gain


def _per_point(used: Usage, gain: float | None, *, bounded: bool) -> float | None:
    if used.cost_pico is None or gain is None or gain <= 0:
        return None
    return used.cost_pico / PICO / (100 * gain if bounded else gain)


COLUMNS = (
    "step",
    "role",
    "calls",
    "from_store",
    "failed",
    "unknown",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_usd",
    "milliseconds",
    "retries",
    "forecast_tokens",
    "forecast_usd",
    "forecast_error",
    "cache_write_tokens",
    "cache_saved_usd",
)
"""The names of `costs --json`, and the few that it has not."""


def table(found: Report) -> list[list[str]]:
    """The report under a row of names; what is unknown is empty, never 0."""
    parts = [line for line in found.steps if line.role]
    rows = [list(COLUMNS)]
    rows += [_row(line) for line in (*parts, *found.roles, found.whole)]
    return rows


def _row(line: Line) -> list[str]:
    used = line.used
    figures = (
        used.calls,
        used.from_store,
        used.failed,
        used.unknown,
        used.input_tokens,
        used.cached_tokens,
        used.output_tokens,
        used.reasoning_tokens,
        used.cost_usd,
        line.effort.milliseconds,
        line.effort.retries,
        line.said,
        None if line.said_pico is None else line.said_pico / PICO,
        line.error,
        used.cache_write_tokens,
        used.cache_saved_usd,
    )
    step = "all" if line.step is None else str(line.step)
    return [step, line.role or "all", *(_figure(figure) for figure in figures)]


def _figure(value: float | None) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.10g}"
