"""`costs`: tokens and dollars by step and role, the forecast beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.forecast import RoleForecast
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
    "out",
    "reasoning",
    "cost",
    "forecast",
)


@click.command("costs", cls=Command, example="opro-tui costs triage --json")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def costs_command(app: App, name: str, as_json: bool) -> int:
    """Show tokens and dollars by step and role, with what was forecast, and the waste meter.

    `stored` counts evaluations answered from the store at no cost. The waste meter says what was
    spent since the best last got better beyond noise.
    """
    return wait_for(_costs(app, name, as_json))


async def _costs(app: App, name: str, as_json: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.figures import table
    from opro_tui.cli.report import SIMULATED
    from opro_tui.engine.report import costs_json

    async with opened(app, name) as (_, session):
        if as_json:
            output.document(costs_json(session.state))
            return 0
        state = session.state
        rows, meter = _rows(state), _waste(state)
        if session.record.simulated:
            output.say(SIMULATED)
    if not rows:
        output.say("nothing was used yet")
        return 0
    for line in (*table(_HEAD, rows, left=(1,)), *meter):
        output.say(line)
    return 0


def _waste(state: State) -> list[str]:
    """The waste meter as lines."""
    from opro_tui.cli.figures import count, money, plural
    from opro_tui.core.money_report import tokens
    from opro_tui.core.waste import waste

    if not state.finished_steps:
        return []
    meter = waste(state)
    noise = " beyond noise" if state.facts.bounded else ""
    idle = f"the last step improved the best{noise}"
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
        count(used.output_tokens),
        count(used.reasoning_tokens),
        money(used.cost_usd),
        said,
    )
