"""What the costs screen says, as plain data: no widget, no event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.money_report import tokens
from opro_tui.core.usage import PICO
from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell, Part
from opro_tui.tui.widgets.row_list import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.money_report import Line, Report
    from opro_tui.core.state import State
    from opro_tui.core.usage import Usage
    from opro_tui.core.waste import Waste
    from opro_tui.tui.archive import Costs
    from opro_tui.tui.charting import Run
    from opro_tui.tui.parts import Row

COLUMNS = (
    Column("step", 4, right=True),
    Column("role", 9),
    Column("calls", 6, right=True),
    Column("stored", 6, right=True, from_width=76),
    Column("failed", 6, right=True, from_width=84),
    Column("unknown", 7, right=True, from_width=92),
    Column("in", 7, right=True),
    Column("cached", 6, right=True, from_width=96),
    Column("to cache", 8, right=True, from_width=104),
    Column("saved", 8, right=True, from_width=104),
    Column("out", 7, right=True),
    Column("thought", 7, right=True, from_width=96),
    Column("cost", 8, right=True),
    Column("s/call", 6, right=True, from_width=92),
    Column("retries", 7, right=True, from_width=92),
    Column("  off the forecast", 0),
)
SELDOM = ("stored", "failed", "unknown", "cached", "to cache", "saved", "thought", "retries")
"""Columns that are empty in most sessions; they are left out then."""
EMPTY = "Nothing was used yet. s runs a step."
BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " ..::--=#"
UNKNOWN = "?"


def columns(lines: Sequence[Line]) -> tuple[Column, ...]:
    """The columns that say something; what went wrong is shown wherever there is room."""
    rows = [row(line) for line in lines]
    return tuple(
        column.unless(column.label in SELDOM and not any(cells[place].text for cells in rows))
        for place, column in enumerate(COLUMNS)
    )


def row(line: Line) -> Row:
    """A line of the report."""
    used, effort = line.used, line.effort
    step = "all" if line.step is None else str(line.step)
    whole = not line.role
    tone = "strong" if whole else ""
    seconds = f"{effort.milliseconds / effort.calls / 1000:.1f}" if effort.calls else ""
    stored = fmt.count(used.from_store) if used.from_store else ""
    return (
        Cell(step if whole or line.step is None else "", tone),
        Cell("all roles" if whole else line.role, tone),
        Cell(fmt.count(used.calls), tone),
        Cell(stored, "muted"),
        Cell(_bad(used.failed), "error"),
        Cell(_bad(used.unknown), "warning"),
        Cell(_count(used.input_tokens), tone),
        Cell(_short(used.cached_tokens), "muted"),
        Cell(_short(used.cache_write_tokens), "muted"),
        Cell(fmt.dollars(used.cache_saved_usd) if used.used_cache else "", "muted"),
        Cell(_count(used.output_tokens), tone),
        Cell(_short(used.reasoning_tokens), "muted"),
        Cell(fmt.dollars(used.cost_usd), tone),
        Cell(seconds, "muted"),
        Cell(_bad(effort.retries), "warning"),
        Cell(_forecast(line), "muted" if line.role else tone),
    )


def _count(figure: int | None) -> str:
    return UNKNOWN if figure is None else _fits(figure)


def _fits(figure: int) -> str:
    return fmt.count(figure) if figure < 1_000_000 else fmt.short_count(figure)


def _short(figure: int) -> str:
    return fmt.short_count(figure) if figure else ""


def _bad(figure: int) -> str:
    return fmt.count(figure) if figure else ""


def _forecast(line: Line) -> str:
    if line.said is None:
        return ""
    price = f", {fmt.dollars(line.said_pico / PICO)}" if line.said_pico else ""
    said = f"{fmt.short_count(line.said)} tok{price}"
    if line.error is None:
        return f"≈ {said}"
    return f"{percent(line.error):>7} of {said}"


def percent(share: float) -> str:
    """A signed share, with a true minus."""
    sign = "−" if share < 0 else "+"
    size = abs(100 * share)
    return f"{sign}{size:.0f} %" if size >= 10 else f"{sign}{size:.1f} %"


def facts(costs: Costs) -> list[tuple[str, str]]:
    """The figures above the table, as name and words."""
    found, whole = costs.report, costs.report.whole
    return [
        ("spent", _spent(whole.used)),
        ("stored", _stored(found)),
        *([("cache", _cache(whole.used))] if whole.used.used_cache else ()),
        ("trouble", _trouble(whole)),
        ("forecast", _forecast_words(found)),
        ("per point", _per_point(found, costs.state)),
        ("waste", waste_words(costs.waste, costs.state)),
        ("advice", costs.waste.advice or "none: go on"),
        ("prices", f"list of {fmt.safe(costs.prices, 60)}; prices in your config come first"),
    ]


def _spent(used: Usage) -> str:
    cost = "unknown: a price or a token count is missing"
    if used.cost_usd is not None:
        cost = fmt.dollars(used.cost_usd)
    cached = f" ({fmt.count(used.cached_tokens)} cached)" if used.cached_tokens else ""
    thought = f" ({fmt.count(used.reasoning_tokens)} reasoning)" if used.reasoning_tokens else ""
    read, written = _count(used.input_tokens), _count(used.output_tokens)
    calls = fmt.plural(used.calls, "call")
    return f"{cost} · {calls} · {read} tokens in{cached}, {written} out{thought}"


def _stored(found: Report) -> str:
    count = found.whole.used.from_store
    if not count:
        return "no answer came from the store"
    worth = f", ≈ {fmt.dollars(found.saved_pico / PICO)} saved" if found.saved_pico else ""
    return f"{fmt.plural(count, 'answer')} from the store at $0{worth}"


def _cache(used: Usage) -> str:
    """What the provider's prompt cache did."""
    said = f"{fmt.count(used.cached_tokens)} tokens read from the provider's cache"
    if used.cache_write_tokens:
        said += f", {fmt.count(used.cache_write_tokens)} written to it"
    saved = used.cache_saved_usd
    if saved is None:
        return f"{said}; what that saved is unknown"
    if saved < 0:
        return f"{said}: {fmt.dollars(-saved)} more than it saved"
    return f"{said}: {fmt.dollars(saved)} saved"


def _trouble(line: Line) -> str:
    used, effort = line.used, line.effort
    parts = [
        f"{fmt.count(used.failed)} failed" if used.failed else "",
        f"{fmt.plural(used.unknown, 'outcome')} unknown, may be billed" if used.unknown else "",
        fmt.plural(effort.retries, "retry", "retries") if effort.retries else "",
    ]
    said = ", ".join(part for part in parts if part) or "none failed, none was sent twice"
    return f"{said} · answers took {fmt.duration(effort.milliseconds / 1000)} in all"


def _forecast_words(found: Report) -> str:
    if found.error is None:
        return "no finished step had one yet"
    steps = fmt.plural(found.errors, "step")
    return f"off by {100 * found.error:.1f} % of the tokens (median over {steps})"


def _per_point(found: Report, state: State) -> str:
    if found.gain is None:
        return "known once step 0 and a best solution are scored"
    unit = "points" if state.facts.bounded else ""
    change = fmt.change(found.gain, state.facts)
    gained = f"{change} {unit} over the best start".replace("  ", " ")
    if found.gain <= 0:
        return f"nothing gained yet ({gained})"
    if found.per_point is None:
        return f"unknown ({gained})"
    each = "point" if state.facts.bounded else "unit"
    return f"{fmt.dollars(found.per_point)} per {each} gained ({gained}, on the training examples)"


def waste_words(meter: Waste, state: State) -> str:
    """The waste meter in a line."""
    return " · ".join(_waste_parts(meter, state))


def _waste_parts(meter: Waste, state: State) -> list[str]:
    noise = " beyond noise" if state.facts.bounded else ""
    if not meter.idle_steps:
        idle = "the last step brought the first best" if state.finished_steps else "no step yet"
        if meter.improved_over is not None:
            idle = f"the last step's best is better than #{meter.improved_over}{noise}"
        if state.current is not None and state.finished_steps:
            idle += f"; {fmt.dollars(meter.spent.cost_usd)} since"
    else:
        steps = fmt.plural(meter.idle_steps, "step")
        used = tokens(meter.spent)
        size = "" if used is None else f", {fmt.short_count(used)} tokens"
        share = "" if meter.share is None else f" ({100 * meter.share:.0f} %)"
        cost = fmt.dollars(meter.spent.cost_usd)
        idle = f"{steps} since the best improved{noise}: {cost}{size}{share}"
    parts = [idle]
    if meter.sampled:
        parts.append(f"{100 * meter.duplicates:.0f} % duplicates of the last {meter.sampled}")
    if meter.changed is not None:
        parts.append(f"next prompt: {meter.changed} of {meter.shown} shown are new")
    return parts


def status(costs: Costs) -> list[Part]:
    """The line above the keys: the waste meter, the advice first."""
    said = _waste_parts(costs.waste, costs.state)
    parts = [Part(words, "muted", 40 - place) for place, words in enumerate(said)]
    if costs.waste.advice:
        advice = costs.waste.advice[:1].upper() + costs.waste.advice[1:]
        parts.insert(0, Part(advice, "warning", 90))
    return parts


def header(name: str, costs: Costs | None) -> list[Part]:
    """The line on top."""
    parts = [Part(f"Costs of {fmt.safe(name, 40)}", "title", 100)]
    if costs is None:
        return [*parts, Part("reading…", "muted", 10)]
    if costs.simulated:
        parts.append(Part(" SIMULATED ", "badge", 95))
    used = costs.report.whole.used
    parts.append(Part(f"spent {fmt.dollars(used.cost_usd)}", "best", 90))
    settings = costs.state.settings
    if settings.budget is not None:
        parts.append(Part(f"budget ${settings.budget:g}", "", 80))
    if settings.budget_tokens is not None:
        parts.append(Part(f"budget {fmt.short_count(settings.budget_tokens)} tok", "", 80))
    return parts


def series(found: Report) -> tuple[str, list[tuple[int, float]]]:
    """What the chart draws: a title, and step to dollars so far, or tokens without prices."""
    dollars = [(step, used.cost_usd) for step, used in found.cumulative]
    known = [(step, usd) for step, usd in dollars if usd is not None]
    if len(known) == len(dollars) and any(usd for _, usd in known):
        return "DOLLARS SO FAR", known
    counts = [(step, tokens(used)) for step, used in found.cumulative]
    return "TOKENS SO FAR", [(step, float(c)) for step, c in counts if c is not None]


def bars(
    points: Sequence[tuple[int, float]], width: int, height: int, *, blocks: str = BLOCKS
) -> list[list[Run]]:
    """A block chart of a rising sum: one or more columns a step, the last value beside it."""
    if not points:
        return [[("nothing yet", "muted")]]
    top = max(value for _, value in points) or 1.0
    label = _figure(top)
    left = len(label) + 1
    room = max(1, width - left - 1)
    rows = max(1, height - 1)
    shown = list(points)
    if len(shown) > room:
        # More steps than columns: each column stands for the last step that falls there.
        shown = [shown[(place + 1) * len(shown) // room - 1] for place in range(room)]
    each = max(1, min(6, room // len(shown)))
    lines: list[list[Run]] = []
    for line in range(rows):
        floor = rows - 1 - line
        cells = ""
        for _, value in shown:
            eighths = round(8 * (value / top * rows - floor))
            cells += blocks[max(0, min(8, eighths))] * each
        edge = label if not line else "0" if line == rows - 1 else ""
        lines.append([(edge.rjust(left - 1) + "│", "muted"), (cells, "accent")])
    first, last = str(shown[0][0]), str(shown[-1][0])
    gap = max(1, len(shown) * each - len(first) - len(last))
    numbers = first + " " * gap + last if len(shown) > 1 else first
    ends = f"  {_figure(points[0][1])} → {_figure(points[-1][1])}" if len(points) > 1 else ""
    if left + len(numbers) + len(ends) > width:
        ends = ""
    lines.append([(" " * left + numbers, "muted"), (ends, "strong")])
    return lines


def _figure(value: float) -> str:
    return fmt.short_count(value) if value >= 100 else f"{value:.3g}"
