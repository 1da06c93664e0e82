"""`run`: steps without the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.flags import MOST_STEPS
from opro_tui.cli.opening import opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App


@click.command(
    "run",
    cls=Command,
    example="opro-tui run triage --steps 5\nopro-tui run triage --json | jq .type",
)
@click.argument("name")
@click.option("--steps", type=MOST_STEPS, default=1, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="One event a line, for programs.")
@click.pass_obj
def run_command(app: App, name: str, steps: int, as_json: bool) -> int:
    """Run steps of a session, with the forecast before each and progress on stderr.

    An unfinished step is finished first and counts as one. ^C stops and keeps what was paid for.
    """
    return wait_for(_run(app, name, steps, as_json))


async def _run(app: App, name: str, steps: int, as_json: bool) -> int:
    from opro_tui.cli.output import say
    from opro_tui.cli.report import SIMULATED
    from opro_tui.cli.running import run_steps

    async with opened(app, name, readonly=False) as (_, session):
        if session.record.simulated and not as_json:
            say(SIMULATED)
        return await run_steps(session, steps, as_json=as_json)
