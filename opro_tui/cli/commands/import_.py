"""`import`: a session from a file."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import FILE, Command
from opro_tui.cli.opening import database, wait_for
from opro_tui.paths import at_home

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.cli.root import App
    from opro_tui.engine.exchange.importing import Import


@click.command("import", cls=Command, example="opro-tui import triage.jsonl")
@click.argument("file", type=FILE)
@click.option(
    "--allow-python",
    is_flag=True,
    help="Let opening the session run the user code that its task names.",
)
@click.pass_obj
def import_command(app: App, file: Path, allow_python: bool) -> int:
    """Store a session that `export` wrote as json or jsonl, under its name or the next free one.

    It is checked first; a file that can't be used changes nothing. No code that it names is run
    until you allow it.
    """
    return wait_for(_import(app, at_home(file), allow_python))


async def _import(app: App, file: Path, allow_python: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.engine.exchange.importing import import_file

    async with database(app) as store:
        done = await import_file(store, file, allow_python=allow_python)
    for line in _lines(done, allow_python):
        output.say(line)
    return 0


def _lines(done: Import, allow_python: bool) -> list[str]:
    from opro_tui.cli.output import one_line

    name = done.record.name
    renamed = f" ({done.wanted!r} is taken)" if name != done.wanted else ""
    lines = [f"imported as {name}{renamed}: `opro-tui show {quote(name)}`"]
    if done.references and not allow_python:
        named = ", ".join(map(one_line, done.references))
        lines.append(
            f"it names the code {named}, which will not run until you allow it:"
            " import it again with --allow-python if you trust that code"
        )
    lines += [
        f"its requests go to {one_line(address)}, with your key for that provider if you run it"
        for address in done.addresses
    ]
    return lines
