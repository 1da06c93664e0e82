"""`examples`: the examples with their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import existing_database, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.protocols import Example


@click.command(
    "examples", cls=Command, example="opro-tui examples triage --search refund --split train"
)
@click.argument("name")
@click.option("--search", metavar="TEXT", help="Only those with this text, in any case.")
@click.option("--split", type=click.Choice(["train", "test"]), help="Only this side.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def examples_command(
    app: App, name: str, search: str | None, split: str | None, as_json: bool
) -> int:
    """List a session's examples with the numbers that `edit --pin-exemplar` takes."""
    return wait_for(_examples(app, name, search, split, as_json))


async def _examples(
    app: App, name: str, search: str | None, split: str | None, as_json: bool
) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.figures import cut, table

    async with existing_database(app, name) as store:
        found = await store.examples((await store.session(name)).id)
    chosen = [example for example in found if _wanted(example, search, split)]
    if as_json:
        output.document(
            [
                {"index": e.index, "split": str(e.split), "input": e.input, "target": e.target}
                for e in chosen
            ]
        )
        return 0
    rows = [(str(e.index), str(e.split), cut(e.target, 24), e.input) for e in chosen]
    if rows:
        for line in table(("#", "split", "target", "input"), rows, left=(1, 2)):
            output.say(line)
    else:
        output.say("no such examples" if found else "this task has no examples")
    return 0


def _wanted(example: Example, search: str | None, split: str | None) -> bool:
    if split is not None and str(example.split) != split:
        return False
    if not search:
        return True
    return any(search.casefold() in text.casefold() for text in (example.input, example.target))
