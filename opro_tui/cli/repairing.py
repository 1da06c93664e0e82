"""`doctor --repair`: what would be done is said, then it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli import output
from opro_tui.cli.opening import wait_for
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opro_tui.engine.repair import Job


def repaired(path: Path, *, yes: bool, as_json: bool) -> int:
    """Mend a database.

    Args:
        path: Its file.
        yes: Don't ask before.
        as_json: Print nothing but `{database, repairs, done}`, with lists of lines for people.

    Returns:
        The exit code.

    Raises:
        BadInput: There is no database, or a question can't be asked beside the JSON.
    """
    from opro_tui.engine.repair import plan

    if not path.exists():
        raise BadInput("there is no such database", where=str(path))
    if as_json and not yes and output.attended():
        raise BadInput("with --json nothing is asked", where="--repair", todo="Add --yes.")
    jobs = wait_for(plan(path))
    if as_json:
        repairs = [job.what for job in jobs]
        done: list[str] = []
        wait_for(_do(jobs, done.append))
        output.document({"database": str(path), "repairs": repairs, "done": done})
        return 0
    if not jobs:
        output.say(f"{path}: nothing needs to be repaired")
        return 0
    output.say(f"{path}: this will")
    for job in jobs:
        output.say(f"  {job.what}")
    if not yes and output.attended() and not click.confirm("Go on?"):
        output.say("nothing was changed")
        return 0
    wait_for(_do(jobs, output.say))
    return 0


async def _do(jobs: list[Job], tell: Callable[[str], None]) -> None:
    for job in jobs:
        for line in await job.do():
            tell(line)
