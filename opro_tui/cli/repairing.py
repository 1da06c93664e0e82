"""`doctor --repair`: what would be done is said, then it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli import output
from opro_tui.cli.opening import wait_for
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.engine.repair import Job


def repaired(path: Path, *, yes: bool) -> int:
    """Mend a database.

    Args:
        path: Its file.
        yes: Don't ask before.

    Returns:
        The exit code.
    """
    from opro_tui.engine.repair import plan

    if not path.exists():
        raise BadInput("there is no such database", where=str(path))
    jobs = wait_for(plan(path))
    if not jobs:
        output.say(f"{path}: nothing needs to be repaired")
        return 0
    output.say(f"{path}: this will")
    for job in jobs:
        output.say(f"  {job.what}")
    if not yes and output.attended() and not click.confirm("Go on?"):
        output.say("nothing was changed")
        return 0
    wait_for(_do(jobs))
    return 0


async def _do(jobs: list[Job]) -> None:
    for job in jobs:
        for line in await job.do():
            output.say(line)
