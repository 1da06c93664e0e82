"""`export`: a session as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import FILE, Command
from opro_tui.cli.opening import existing_database, wait_for
from opro_tui.paths import at_home

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.cli.root import App

_FORMATS = ("json", "jsonl", "csv", "md", "html", "promptfoo", "dspy")


@click.command(
    "export",
    cls=Command,
    example="opro-tui export triage --format html -o triage.html\n"
    "opro-tui export triage --format jsonl -o triage.jsonl",
)
@click.argument("name")
@click.option(
    "--format",
    "kind",
    type=click.Choice(_FORMATS),
    required=True,
    help="json and jsonl hold the whole session and can be imported; csv, md and html are for"
    " reading; promptfoo and dspy carry the best solution over.",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=FILE,
    metavar="FILE",
    help="Where to write [default: stdout]",
)
@click.pass_obj
def export_command(app: App, name: str, kind: str, path: Path | None) -> int:
    """Write a session as plain data; a fork's file stands on its own."""
    target = None if path is None else at_home(path)
    return wait_for(_export(app, name, kind, target))


async def _export(app: App, name: str, kind: str, path: Path | None) -> int:
    from opro_tui.cli import output
    from opro_tui.engine.exchange.files import write_file
    from opro_tui.engine.exchange.formats import export

    async with existing_database(app, name) as store:
        pieces = export(store, name, app.config, kind)
        if path is not None:
            await write_file(path, pieces, database=app.db)
            return 0
        start = ""
        async for piece in pieces:
            # A piece may end within a line; what follows the last line break waits for the rest.
            lines, end, start = (start + piece).rpartition("\n")
            if end:
                output.exact(lines)
    return 0
