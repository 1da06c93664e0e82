"""`fork`: another session that shares a session's past, or its solutions under other conditions."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import Command
from opro_tui.cli.flags import given_settings, settings_flags
from opro_tui.cli.opening import database, opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.engine.fork import Plan
    from opro_tui.engine.fork_price import ForkPrice


@settings_flags(starred_only=False, defaults=False)
@click.command(
    "fork",
    cls=Command,
    example="opro-tui fork triage --at 3 --as triage-cooler --temperature 0.7\n"
    "opro-tui fork triage --as triage-mini --scorer openai/gpt-5-mini",
)
@click.argument("name")
@click.option("--at", "step", type=int, metavar="STEP", help="The last step both share.")
@click.option("--as", "new", required=True, metavar="NEW", help="The fork's name.")
@click.option("--note", default="", metavar="TEXT", help="Why, kept with what is changed.")
@click.pass_obj
def fork_command(
    app: App,
    /,
    name: str,
    step: int | None,
    new: str,
    note: str,
    **flags: Any,  # noqa: ANN401 - one for each setting
) -> int:
    """Go on from a step's results in another session, before any edit made later.

    The fork reads its parent's past and shares the answers bought there; numbering goes on. Under
    another scorer, metric, position, frame, training set or seed the scores would not compare:
    such a fork takes the solutions over and scores them anew, and says what that costs. Without
    --at it takes them as they are now.
    """
    return wait_for(_fork(app, name, step, new, given_settings(flags), note))


async def _fork(
    app: App, name: str, step: int | None, new: str, values: dict[str, Any], note: str
) -> int:
    from opro_tui.core.names import check_name
    from opro_tui.engine.fork import make, plan
    from opro_tui.engine.fork_price import price

    check_name(new)
    async with opened(app, name) as (_, session), database(app, readonly=False) as store:
        planned = await plan(store, session, step, values, note)
        priced = await price(store, planned, app.config)
        await make(store, planned, new)
    _tell(name, new, planned, priced)
    return 0


def _tell(name: str, new: str, planned: Plan, priced: ForkPrice) -> None:
    from opro_tui.cli.output import one_line, say

    typed = quote(new)
    where = name if planned.step is None else f"step {planned.step} of {name}"
    for setting, (before, after) in planned.changed.items():
        flag = setting.replace("_", "-")
        say(f"{flag}: {one_line(_plain(before))} → {one_line(_plain(after))}")
    if planned.afresh:
        say(f"{new} takes the solutions of {where} over; none of its scores")
        say(_price(priced))
    else:
        say(f"{new} goes on from {where}; nothing is spent yet")
    say(f"  opro-tui edit {typed} …     what shall differ")
    say(f"  opro-tui run {typed}        the next step")


def _price(priced: ForkPrice) -> str:
    """What step 0 will buy, in one line."""
    from opro_tui.cli.figures import forecast_line, plural

    what = f"step 0 scores {plural(priced.solutions, 'solution')} on {priced.examples:,} examples"
    if not priced.missing and not priced.judgements:
        return f"{what}: every answer is there already, so that it costs nothing"
    there = f", {priced.stored:,} of them there already" if priced.stored else ""
    answers = f"{plural(priced.answers, 'answer')}{there}"
    if priced.judgements:
        answers += f" and {plural(priced.judgements, 'judgement')} to buy"
    return f"{what}: {answers}; {forecast_line(priced.forecast)}. Nothing is spent yet"


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{role}={text}" for role, text in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
