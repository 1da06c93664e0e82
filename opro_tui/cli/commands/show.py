"""`show` and `best`: what a session has found."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.picture import Reference
    from opro_tui.core.state import State
    from opro_tui.engine.provenance import Provenance
    from opro_tui.engine.session import Session


@click.command("show", cls=Command, example="opro-tui show triage\nopro-tui show triage --json")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def show_command(app: App, name: str, as_json: bool) -> int:
    """Show a session: its ranked solutions, settings, usage and status."""
    return wait_for(_show(app, name, as_json))


async def _show(app: App, name: str, as_json: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.engine.picture import picture
    from opro_tui.engine.provenance import provenance
    from opro_tui.engine.report import show_json

    async with opened(app, name) as (store, session):
        if as_json:
            output.document(await show_json(store, session))
        else:
            drawn = await picture(session.task, session.state)
            reference = None if drawn is None else drawn.reference
            found = await provenance(session)
            for line in [*_lines(session, reference), *_provenance(found)]:
                output.say(line)
    return 0


def _lines(session: Session, reference: Reference | None) -> list[str]:
    from opro_tui.cli.figures import plural
    from opro_tui.cli.output import one_line
    from opro_tui.cli.report import SIMULATED, best_line, ranked_table
    from opro_tui.engine.pool import models_of

    state, settings = session.state, session.state.settings
    models = " → ".join(models_of(settings, session.task))
    head = (
        session.name,
        f"{one_line(session.task.name)} · {one_line(models)} · {session.status}",
        plural(state.finished_steps, "step"),
        best_line(state),
    )
    lines = [" · ".join(head)]
    if session.record.simulated:
        lines.append(SIMULATED)
    lines += ["", *ranked_table(state, reference=reference), ""]
    if reference is not None:
        lines.append(f"gaps are to {reference.words}, {reference.value:,.6g}")
    rejected = sum(1 for c in state.candidates.values() if c.rejected or c.vetoed)
    if rejected or state.waiting():
        lines.append(f"{rejected:,} rejected or vetoed, {len(state.waiting()):,} not scored yet")
    lines += _settings(state)
    lines += _usage(state)
    if state.stopped is not None:
        lines.append(f"stopped: {one_line(state.stopped.message)}")
    lines += [f"warning: {one_line(warning.message)}" for warning in state.warnings[-3:]]
    return lines


def _provenance(found: Provenance) -> list[str]:
    from opro_tui.cli.output import one_line

    return [f"{name}: {one_line(words)}" for name, words in found.lines()]


def _settings(state: State) -> list[str]:
    from opro_tui.cli.output import one_line
    from opro_tui.core.settings import Settings

    plain, now = Settings().to_json(), state.settings.to_json()
    changed = [f"{name} {_value(now[name])}" for name in now if now[name] != plain[name]]
    return [f"settings: {one_line(', '.join(changed))}"] if changed else []


def _value(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{role}={text}" for role, text in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _usage(state: State) -> list[str]:
    from opro_tui.cli.figures import count, money, plural
    from opro_tui.core.usage import ROLES

    lines = []
    for role in ROLES:
        used = state.usage(role)
        if used.calls or used.from_store or used.failed or used.unknown:
            lines.append(
                f"{role}: {plural(used.calls, 'call')}, {count(used.input_tokens)} tokens in,"
                f" {count(used.output_tokens)} out, {money(used.cost_usd)}"
            )
    return lines


@click.command("best", cls=Command, example="opro-tui best triage > instruction.txt")
@click.argument("name")
@click.pass_obj
def best_command(app: App, name: str) -> int:
    """Print the best fully scored solution's text, alone."""
    return wait_for(_best(app, name))


async def _best(app: App, name: str) -> int:
    from opro_tui.cli.output import exact

    async with opened(app, name) as (_, session):
        best = session.state.best()
        if best is None:
            raise BadInput(
                "nothing is fully scored yet",
                where=f"session {name}",
                todo=f"`opro-tui run {quote(name)}` scores the starting solutions and runs a step.",
            )
        exact(best.text)
    return 0
