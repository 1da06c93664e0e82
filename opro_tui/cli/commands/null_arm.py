"""`null-arm`: the control of a session, which samples everything at once."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import database, opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.engine.arms import NullArm


@click.command("null-arm", cls=Command, example="opro-tui null-arm triage --as triage-control")
@click.argument("name")
@click.option(
    "--at", type=int, default=0, metavar="STEP", help="The last step both share [default: 0]."
)
@click.option("--as", "new", required=True, metavar="NEW", help="The control's name.")
@click.option(
    "--steps",
    type=int,
    metavar="N",
    help="Stand against the N steps after it [default: all so far].",
)
@click.pass_obj
def null_arm_command(app: App, name: str, at: int, new: str, steps: int | None) -> int:
    """Make the control of a session: did iterating and steering pay at all?

    A fork from before the first step (or from STEP) whose one step samples as many candidates as
    the session's steps did, from one meta-prompt, with the settings of then, and that stops at what
    those steps spent. Making it spends nothing; `run` does, and `compare` then sets them against
    each other.
    """
    return wait_for(_null_arm(app, name, at, new, steps))


async def _null_arm(app: App, name: str, at: int, new: str, steps: int | None) -> int:
    from opro_tui.core.names import check_name
    from opro_tui.engine.arms import null_arm
    from opro_tui.engine.fork import make

    check_name(new)
    async with opened(app, name) as (_, session), database(app, readonly=False) as store:
        found = await null_arm(store, session, at, steps)
        await make(store, found.plan, new)
        simulated = session.record.simulated
    _tell(name, new, found, simulated=simulated)
    return 0


def _tell(name: str, new: str, found: NullArm, *, simulated: bool) -> None:
    from opro_tui.cli.figures import count, forecast_line, money, plural
    from opro_tui.cli.output import say
    from opro_tui.cli.report import SIMULATED
    from opro_tui.core.money_report import tokens

    if simulated:
        say(SIMULATED)
    first, last = found.steps[0], found.steps[-1]
    stood = f"step {first}" if first == last else f"steps {first}–{last}"
    size = plural(found.per_request, "candidate")
    say(
        f"{new} is the control of {name}: it goes on from step {found.at}, and its one step samples"
    )
    say(
        f"  {plural(found.candidates, 'candidate')}, as many as {stood} did,"
        f" at most {size} a request"
    )
    say(f"{stood} used {money(found.spent.cost_usd)}, {count(tokens(found.spent))} tokens;")
    say(f"  the control's step stops there, and will use {forecast_line(found.forecast)}")
    say("nothing is spent yet")
    say(f"  opro-tui run {quote(new)}        samples and scores them")
    say(f"  opro-tui compare {quote(name)} {quote(new)}        what that says")
