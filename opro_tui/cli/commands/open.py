"""`open`: the workbench."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import must_have
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from opro_tui.cli.root import App


@click.command(
    "open", cls=Command, example="opro-tui open triage\nopro-tui open triage --read-only"
)
@click.argument("name")
@click.option("--read-only", "readonly", is_flag=True, help="Only watch: nothing can be changed.")
@click.pass_obj
def open_command(app: App, name: str, readonly: bool) -> int:
    """Open a session's workbench; one that another process runs is followed read-only."""
    from opro_tui.cli.output import interactive

    must_have(app, name)
    if not interactive():
        raise BadInput(
            "the workbench needs a terminal",
            where=f"open {name}",
            todo=f"Without one use `opro-tui run {quote(name)}` and `opro-tui show {quote(name)}`.",
        )
    from opro_tui.tui.app import run_workbench

    return run_workbench(app.db, name, app.config, readonly=readonly)
