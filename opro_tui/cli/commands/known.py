"""`known`: the instructions that the paper names, with its accuracies."""

from __future__ import annotations

import click

from opro_tui.cli.command import Command

_EXAMPLE = """\
opro-tui known
opro-tui new math --task gsm8k --data-dir data --solutions known:gsm8k"""


@click.command("known", cls=Command, example=_EXAMPLE)
@click.option("--task", metavar="TASK", help="Only those for this task.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def known_command(task: str | None, as_json: bool) -> int:
    """List the instructions that the paper names, with the accuracies that it measured.

    The figures are the paper's, on its own models: none is taken for a score here. As a warm start,
    `--solutions known:TASK`, the texts are scored like any other.
    """
    from opro_tui.cli import output
    from opro_tui.cli.figures import table
    from opro_tui.engine.known import known

    found = known(task)
    if as_json:
        output.document([each.to_json() for each in found])
        return 0
    rows = [
        (
            each.task,
            f"{100 * each.accuracy:.1f}",
            each.scorer,
            each.position,
            each.text or "(empty)",
        )
        for each in found
    ]
    head = ("task", "paper's test accuracy", "paper's scorer", "position", "instruction")
    for line in table(head, rows, left=(0, 2, 3, 4)):
        output.say(line)
    output.say("the paper's figures, on its models; none of them is a score of yours")
    return 0
