"""`critique`: the critique of the next step, written now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.events import Stopped


@click.command(
    "critique",
    cls=Command,
    example="opro-tui critique triage\n"
    'opro-tui edit triage --critique-text "Too long: ask for less."',
)
@click.argument("name")
@click.pass_obj
def critique_command(app: App, name: str) -> int:
    """Have the optimizer write the critique of the next step now, and print it.

    With the setting critique each step begins with this call; asked for by itself, its words can be
    read and changed before the step. It is paid for once: the step takes what is there.
    """
    return wait_for(_critique(app, name))


async def _critique(app: App, name: str) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.signals import stoppable
    from opro_tui.core.events import Stopped
    from opro_tui.engine.loop import EXIT_CODES

    async with opened(app, name, readonly=False) as (_, session):
        ended: Stopped | None = None
        with stoppable(session):
            async for event in session.criticize():
                ended = event if isinstance(event, Stopped) else None
        if ended is not None:
            output.note(f"stopped: {output.one_line(ended.message)}")
            return EXIT_CODES.get(ended.code, 0)
        output.exact(session.state.critique_of(session.state.edit_step) or "")
    return 0
