"""`costs`: tokens and dollars by step and role, the forecast beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.forecast import RoleForecast
    from opro_tui.core.money_report import Report
    from opro_tui.core.state import State
    from opro_tui.core.usage import Usage

_HEAD = (
    "step",
    "role",
    "calls",
    "stored",
    "failed",
    "unknown",
    "in",
    "cached",
    "to cache",
    "cache saved",
    "out",
    "reasoning",
    "cost",
    "forecast",
)
_SELDOM = ("to cache", "cache saved")
"""Columns that are left out where they would stay empty."""


@click.command(
    "costs",
    cls=Command,
    example="opro-tui costs triage\nopro-tui costs triage --csv > costs.csv",
)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--csv", "as_csv", is_flag=True, help="The whole table for spreadsheets.")
@click.pass_obj
def costs_command(app: App, name: str, as_json: bool, as_csv: bool) -> int:
    """Show tokens and dollars by step and role, with what was forecast, and the waste meter.

    `stored` counts evaluations answered from the store at no cost. The waste meter says what was
    spent since the best last got better beyond noise. Below the table stand the forecast's median
    error, what the store saved, time and retries, dollars per point gained, and the day of the
    price list; prices in the config file come before those of the list. Where a provider's prompt
    cache was used: tokens read from it (`cached`), written to it, and the dollars it saved against
    the plain price, below 0 where writing cost more.
    """
    if as_json and as_csv:
        raise BadInput("goes without --json", where="--csv", todo="Give one of the two.")
    return wait_for(_costs(app, name, as_json, as_csv))


async def _costs(app: App, name: str, as_json: bool, as_csv: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.figures import table
    from opro_tui.cli.report import SIMULATED
    from opro_tui.core.money_report import report
    from opro_tui.engine.report import costs_json
    from opro_tui.models.prices import prices_date

    async with opened(app, name) as (store, session):
        state = session.state
        found = report(state, await store.efforts(session.record.id))
        if as_json:
            summary = {"summary": _summary(found) | {"prices": prices_date()}}
            output.document(costs_json(state) | summary)
            return 0
        if as_csv:
            output.exact(_csv(found))
            return 0
        rows, meter = _rows(state), [*_facts(found, state), *_waste(state)]
        if session.record.simulated:
            output.say(SIMULATED)
    if not rows:
        output.say("nothing was used yet")
        return 0
    shown = [
        place
        for place, name in enumerate(_HEAD)
        if name not in _SELDOM or any(row[place] for row in rows)
    ]
    head = tuple(_HEAD[place] for place in shown)
    rows = [tuple(row[place] for place in shown) for row in rows]
    for line in (*table(head, rows, left=(1,)), *meter):
        output.say(line)
    return 0


def _csv(found: Report) -> str:
    import csv
    import io

    from opro_tui.core.money_report import table

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table(found))
    return text.getvalue().removesuffix("\n")


def _summary(found: Report) -> dict[str, Any]:
    """What `costs --json` says beside the steps."""
    from opro_tui.core.money_report import tokens
    from opro_tui.core.usage import PICO

    saved = found.saved_pico
    return {
        "forecast_error": found.error,
        "forecast_steps": found.errors,
        "saved_usd": None if saved is None else saved / PICO,
        "cached_tokens": found.whole.used.cached_tokens,
        "cache_write_tokens": found.whole.used.cache_write_tokens,
        "cache_saved_usd": found.whole.used.cache_saved_usd,
        "seconds": found.whole.effort.milliseconds / 1000,
        "retries": found.whole.effort.retries,
        "gain": found.gain,
        "usd_per_point": found.per_point,
        "cumulative": [
            {"step": step, "cost_usd": used.cost_usd, "tokens": tokens(used)}
            for step, used in found.cumulative
        ],
    }


def _facts(found: Report, state: State) -> list[str]:
    """The figures below the table."""
    from opro_tui.cli.figures import duration, money, plural, points
    from opro_tui.core.usage import PICO
    from opro_tui.models.prices import prices_date

    used, effort = found.whole.used, found.whole.effort
    said = "no finished step had one yet"
    if found.error is not None:
        steps = plural(found.errors, "step")
        said = f"off by {100 * found.error:.1f} % of the tokens (median over {steps})"
    stored = plural(used.from_store, "answer") + " at $0"
    if used.from_store and found.saved_pico:
        stored += f", ≈ {money(found.saved_pico / PICO)} saved"
    trouble = (
        f"{plural(used.failed, 'failed call')}, {plural(used.unknown, 'unknown outcome')},"
        f" {effort.retries:,} sent again; answers took {duration(effort.milliseconds / 1000)}"
    )
    bounded = state.facts.bounded
    lines = [f"forecast: {said}", f"from the store: {stored}"]
    if used.used_cache:
        lines.append(f"prompt cache: {_cache(used)}")
    lines.append(f"trouble: {trouble}")
    if found.gain is not None:
        each = "unknown" if found.gain > 0 else "nothing gained yet"
        if found.per_point is not None:
            each = f"{money(found.per_point)} per point"
        gained = points(found.gain, bounded=bounded)
        lines.append(f"gained: {gained} over the best start, in training ({each})")
    return [*lines, f"prices: list of {prices_date()}; prices in your config come first"]


def _cache(used: Usage) -> str:
    """What the provider's cache did, in words."""
    from opro_tui.cli.figures import money

    said = f"{used.cached_tokens:,} tokens read from it"
    if used.cache_write_tokens:
        said += f", {used.cache_write_tokens:,} written to it"
    saved = used.cache_saved_usd
    if saved is None:
        return f"{said}; what that saved is unknown, for a price is"
    if saved < 0:
        return f"{said}; writing cost {money(-saved)} more than reading saved"
    return f"{said}; {money(saved)} saved"


def _waste(state: State) -> list[str]:
    """The waste meter as lines."""
    from opro_tui.cli.figures import count, money, plural
    from opro_tui.core.money_report import tokens
    from opro_tui.core.waste import waste

    if not state.finished_steps:
        return []
    meter = waste(state)
    noise = " beyond noise" if state.facts.bounded else ""
    idle = "the last step brought the first best"
    if meter.improved_over is not None:
        idle = f"the last step's best is better than #{meter.improved_over}{noise}"
    if meter.idle_steps:
        share = "" if meter.share is None else f" ({meter.share:.0%} of all)"
        idle = (
            f"{plural(meter.idle_steps, 'step')} since the best improved{noise}:"
            f" {money(meter.spent.cost_usd)}, {count(tokens(meter.spent))} tokens{share}"
        )
    lines = [f"waste: {idle}"]
    if meter.sampled:
        lines.append(
            f"  {meter.duplicates:.0%} duplicates among the last {meter.sampled} candidates"
        )
    if meter.changed is not None:
        lines.append(
            f"  {meter.changed} of the {plural(meter.shown, 'solution')} in the next meta-prompt"
            " are new since the last step"
        )
    lines.append(f"  advice: {meter.advice or 'none: go on'}")
    return lines


def _rows(state: State) -> list[tuple[str, ...]]:
    from opro_tui.core.usage import ROLES, Usage

    said = {
        (step.number, forecast.role): forecast
        for step in state.steps
        for forecast in step.started.forecast.roles
    }
    rows = []
    for number in sorted({step for step, _ in (*said, *state.ledger)}):
        for role in ROLES:
            used, forecast = state.usage(role, number), said.get((number, role))
            if used != Usage() or (forecast is not None and forecast.calls):
                rows.append(_row(str(number), role, used, forecast))
    if rows:
        rows += [
            _row("all", role, state.usage(role), None)
            for role in ROLES
            if state.usage(role) != Usage()
        ]
        rows.append(_row("all", "", state.usage(), None))
    return rows


def _row(step: str, role: str, used: Usage, forecast: RoleForecast | None) -> tuple[str, ...]:
    from opro_tui.cli.figures import count, money

    said = ""
    if forecast is not None:
        cost = forecast.to_json()["usd"]
        said = f"≈ {forecast.low:,}–{forecast.high:,} tokens, {'≈ ' if cost else ''}{money(cost)}"
    return (
        step,
        role,
        count(used.calls),
        count(used.from_store),
        count(used.failed),
        count(used.unknown),
        count(used.input_tokens),
        count(used.cached_tokens),
        count(used.cache_write_tokens) if used.cache_write_tokens else "",
        money(used.cache_saved_usd) if used.used_cache else "",
        count(used.output_tokens),
        count(used.reasoning_tokens),
        money(used.cost_usd),
        said,
    )
