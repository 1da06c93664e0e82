"""How an ablation is told: its price, its progress on stderr, and its table."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

from opro_tui.cli import output
from opro_tui.cli.figures import (
    count,
    forecast_line,
    money,
    plural,
    points,
    short_count,
    table,
    terminal_width,
)
from opro_tui.cli.progress import Progress as StepProgress
from opro_tui.cli.watching import Watching
from opro_tui.core.ablation import BASE
from opro_tui.core.money_report import tokens
from opro_tui.core.usage import ROLES
from opro_tui.engine.ablation.table import NO_DIFFERENCE, SAYS_NOTHING, Figure, base_words, notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.forecast import Forecast
    from opro_tui.core.usage import Usage
    from opro_tui.engine.ablation.outcome import Outcome
    from opro_tui.engine.ablation.price import Price
    from opro_tui.engine.ablation.runner import Ablation, Options, Progress
    from opro_tui.engine.ablation.table import Row, Table

_WIDE = 96


class Watcher(Watching):
    """Writes an ablation's progress: a line for each session that ends, and one that is redrawn.

    Use it as an asynchronous context manager around the run.
    """

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__(plain=plain)
        self._work: Ablation | None = None
        self._steps: tuple[object, StepProgress] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.clear()

    def follow(self, work: Ablation) -> None:
        """Say which work is under way."""
        self._work = work

    def tell(self, progress: Progress) -> None:
        """Take in some progress."""
        if progress.phase != "done":
            return
        self.clear()
        output.note(self._ended(progress))

    def _ended(self, progress: Progress) -> str:
        steps = f"{progress.step} of {plural(progress.of, 'step')}"
        kept = " (kept from before)" if progress.kept else ""
        spent = money(progress.spent.cost_usd)
        return (
            f"{_place(progress)}: {steps} · {progress.done} of {progress.wanted} sessions done"
            f" · spent {spent}{kept}"
        )

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            self._draw()

    def _draw(self) -> None:
        session = self._work.current if self._work is not None else None
        if session is None:
            return
        if self._steps is None or self._steps[0] is not session:
            self._steps = (session, StepProgress(session))
        if line := self._steps[1].line():
            self.show(f"{session.name} · {line}")


def _place(progress: Progress) -> str:
    label = progress.entry.label
    return f"repetition {label.repetition}, {output.one_line(label.arm)}"


def plan_lines(name: str, surveyed: Sequence[Outcome]) -> list[str]:
    """What will be run."""
    first = surveyed[0].entry.record
    settings = first.settings
    models = settings.optimizer
    if surveyed[0].facts.train != (-1,):
        models += f" → {settings.scorer}"
    arms = list(dict.fromkeys(each.entry.label.arm for each in surveyed))
    repetitions = {each.entry.label.repetition for each in surveyed}
    lines = [f"ablation {name}: {output.one_line(settings.task)}, {output.one_line(models)}"]
    if first.simulated:
        lines.append(SAYS_NOTHING)
    lines.append(
        f"{plural(len(arms), 'arm')} × {plural(len(repetitions), 'repetition')},"
        f" {plural(surveyed[0].of, 'step')} each"
    )
    words = base_words(surveyed)
    base = f": {words}" if words else ""
    lines += [f"  {output.one_line(arm + base if arm == BASE else arm)}" for arm in arms]
    limits = ", ".join(f"{role} {limit:,}" for role, limit in settings.max_output_tokens)
    lines.append(f"longest answers, in tokens: {limits}; --max-output-tokens ROLE=N sets others")
    return lines


def price_lines(price: Price, options: Options) -> list[str]:
    """What is left to pay, by role, before it is paid."""
    if not price.left:
        return ["nothing is left to buy"]
    controls = ""
    if price.controls:
        controls = f", {plural(price.controls, 'one-shot control')} among them"
    lines = [f"left: {plural(price.left, 'session')}{controls}"]
    lines += [
        f"  {role}: {forecast_line(own)}"
        for role in ROLES
        if (own := _only(price.alone, role)).calls
    ]
    lines.append(f"at most, if no answer were shared: {forecast_line(price.alone)}")
    lines.append(f"with starting solutions scored once: {forecast_line(price.shared)}")
    if early := _ends_early(price.shared, options):
        lines.append(early)
    return lines


def _only(forecast: Forecast, role: str) -> Forecast:
    return type(forecast)(tuple(each for each in forecast.roles if each.role == role))


def _ends_early(forecast: Forecast, options: Options) -> str:
    """That a budget won't do, where even the low end of the forecast is above it."""
    cost, (least, _) = forecast.cost_range, forecast.token_range
    what = ""
    if options.usd is not None and cost is not None and options.usd < cost[0]:
        what = f"${options.usd:g}"
    elif options.tokens is not None and options.tokens < least:
        what = f"{options.tokens:,} tokens"
    return f"the budget of {what} will end it early; the same command then goes on" if what else ""


def lines(found: Table) -> list[str]:
    """The table, with what it rests on."""
    arms = [f"  {row.sign}  {output.one_line(found.words(row))}" for row in found.rows]
    return ["arms:", *arms, "", *_figures(found), "", *_notes(found)]


def _figures(found: Table) -> list[str]:
    bounded = found.facts.bounded
    narrow = (terminal_width() or _WIDE) < _WIDE
    best, gain_name = found.headings
    held_out = ["held out"] if found.held_out else []
    head = ["", "done", best, *held_out, gain_name, "spent", "alone", ""]
    rows = []
    for row in found.rows:
        gain = row.held_out_gain if found.held_out else row.training_gain
        # Where there is little room the figure that flatters goes without its interval.
        training = Figure(row.training.values, row.training.mean) if narrow else row.training
        cells = [row.sign, f"{row.done}/{len(row.outcomes)}", figure(training, bounded=bounded)]
        if found.held_out:
            cells.append(figure(row.held_out, bounded=bounded))
        cells += [gained(gain, bounded=bounded), _spent(row.paid), _spent(row.alone), _state(row)]
        rows.append(cells)
    return table(head, rows, left=(0,), indent=2)


def _spent(used: Usage) -> str:
    """Dollars; where nothing costs any, tokens."""
    if used.cost_usd != 0:
        return money(used.cost_usd)
    read = tokens(used)
    return "unknown" if read is None else f"{short_count(read)} tok"


def _state(row: Row) -> str:
    left = [each for each in row.outcomes if not each.done]
    edited = sum(each.edited for each in row.outcomes)
    parts = [f"{plural(len(left), 'run')} unfinished"] if left else []
    parts += [f"{edited} edited"] if edited else []
    return ", ".join(parts)


def figure(found: Figure, *, bounded: bool) -> str:
    """A mean with its interval; the values themselves where two are too few for one."""
    if found.mean is None:
        return "–"
    if found.low is None or found.high is None:
        if _two_values(found):
            return ", ".join(_value(value, bounded=bounded) for value in found.values)
        return _value(found.mean, bounded=bounded)
    low, high = _value(found.low, bounded=bounded), _value(found.high, bounded=bounded)
    dash = "–" if bounded else " to "
    return f"{_value(found.mean, bounded=bounded)} ({low}{dash}{high})"


def gained(found: Figure, *, bounded: bool) -> str:
    """A difference with its interval; `~` where that holds 0, so that nothing is shown."""
    if found.mean is None:
        return ""
    if found.low is None or found.high is None:
        if _two_values(found):
            return ", ".join(signed(value, bounded=bounded) for value in found.values)
        return signed(found.mean, bounded=bounded)
    low, high = signed(found.low, bounded=bounded), signed(found.high, bounded=bounded)
    tied = "" if found.apart else f" {NO_DIFFERENCE}"
    return f"{signed(found.mean, bounded=bounded)} ({low} to {high}){tied}"


def _two_values(found: Figure) -> bool:
    """Whether both of two values are shown, for they are too few for an interval."""
    return len(found.values) == 2


def _value(value: float, *, bounded: bool) -> str:
    """A score in hundredths, an objective in four digits with a true minus."""
    if bounded:
        return points(value, bounded=True)
    return f"{'−' if value < 0 else ''}{_short(abs(value))}"


def _short(size: float) -> str:
    return f"{size:,.0f}" if 1000 <= size < 1e7 else f"{size:.4g}"


def signed(value: float, *, bounded: bool) -> str:
    """A difference with its sign, a true minus; nothing but 0 where it rounds to that."""
    size = points(abs(value), bounded=True) if bounded else _short(abs(value))
    if not size.strip("0.,"):
        return "0"
    return f"{'−' if value < 0 else '+'}{size}"


def _notes(found: Table) -> list[str]:
    used = found.paid
    spent = f"spent {money(used.cost_usd)} in {plural(used.calls, 'call')}"
    alone = "alone: what an arm costs without the answers of others"
    return [*notes(found), f"{spent}, {count(tokens(used))} tokens; {alone}"]
