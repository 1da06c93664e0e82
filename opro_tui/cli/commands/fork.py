"""`fork`: another session that shares a session's past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import database, opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App


@click.command("fork", cls=Command, example="opro-tui fork triage --at 3 --as triage-cooler")
@click.argument("name")
@click.option(
    "--at", "step", type=int, required=True, metavar="STEP", help="The last step both share."
)
@click.option("--as", "new", required=True, metavar="NEW", help="The fork's name.")
@click.pass_obj
def fork_command(app: App, name: str, step: int, new: str) -> int:
    """Go on from a step's results in another session, before any edit made later.

    The fork reads its parent's past and shares the answers bought there; numbering goes on.
    """
    return wait_for(_fork(app, name, step, new))


async def _fork(app: App, name: str, step: int, new: str) -> int:
    from opro_tui.cli.output import say
    from opro_tui.engine.fork import fork

    async with opened(app, name) as (_, session), database(app, readonly=False) as store:
        await fork(store, session, step, new)
    say(f"{new} goes on from step {step} of {name}; nothing is spent yet")
    say(f"  opro-tui edit {new} …     what shall differ")
    say(f"  opro-tui run {new}        the next step")
    return 0
