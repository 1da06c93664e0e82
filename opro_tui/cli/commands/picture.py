"""`picture`: a session's solutions drawn in characters."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.picture import Picture

CHARTS = ("blocks", "braille", "ascii")
_WIDTH, _HEIGHT = 100, 30
_EXAMPLE = """\
opro-tui picture tours
opro-tui picture tours --solution 12 --chart braille --width 120"""


@click.command("picture", cls=Command, example=_EXAMPLE)
@click.argument("name")
@click.option("--solution", type=int, metavar="ID", help="This one [default: the best].")
@click.option("--chart", type=click.Choice(CHARTS), help="With which characters [as configured].")
@click.option(
    "--width", type=click.IntRange(20, 500), help="Cells [default: the terminal's, ≤ 100]."
)
@click.option("--height", type=click.IntRange(6, 300), help="Lines [default: 30].")
@click.option("--zoom", type=click.IntRange(-12, 12), default=0, help="Halve the window so often.")
@click.option("--json", "as_json", is_flag=True, help="The picture as data, for programs.")
@click.pass_obj
def picture_command(
    app: App,
    name: str,
    solution: int | None,
    chart: str | None,
    width: int | None,
    height: int | None,
    zoom: int,
    as_json: bool,
) -> int:
    """Draw a session's solutions, for tasks that can be drawn.

    Linear regression: the loss as a map, with every pair tried and the true one. Travelling
    salesman: the best tour, or the chosen one, beside the optimum, with its gap.
    """
    size = (width, height or _HEIGHT)
    return wait_for(_picture(app, name, solution, chart, size, zoom, as_json))


async def _picture(
    app: App,
    name: str,
    solution: int | None,
    chart: str | None,
    size: tuple[int | None, int],
    zoom: int,
    as_json: bool,
) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.figures import terminal_width
    from opro_tui.engine.picture import picture

    async with opened(app, name) as (_, session):
        if solution is not None and solution not in session.state.candidates:
            raise BadInput(f"there is no solution #{solution}", where="--solution")
        drawn = await picture(session.task, session.state, solution, zoom)
    if drawn is None:
        raise BadInput(
            "its task has no picture",
            where=f"session {name}",
            todo=f"`opro-tui show {quote(name)}` lists its solutions.",
        )
    if as_json:
        output.document(_json(drawn))
        return 0
    from opro_tui.tui.picturing import plain

    wide = size[0] or min(terminal_width() or _WIDTH, _WIDTH)
    kind = chart or str(app.config.ui.get("chart", CHARTS[0]))
    for line in plain(drawn, wide, size[1], kind if kind in CHARTS else CHARTS[0]):
        output.say(line)
    return 0


def _json(drawn: Picture) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(drawn)
