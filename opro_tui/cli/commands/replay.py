"""`replay`: a stored session's story, at no cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import existing_database, must_have, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.events import EditMade


@click.command("replay", cls=Command, example="opro-tui replay triage --step 3")
@click.argument("name")
@click.option("--step", type=int, help="Only up to this step's results.")
@click.pass_obj
def replay_command(app: App, name: str, step: int | None) -> int:
    """Play a session again from what is stored: no model, no cost.

    In a terminal this is a screen; with --step, or without a terminal, it is the story as text.
    """
    from opro_tui.cli.output import interactive

    if step is None and interactive():
        must_have(app, name)
        from opro_tui.tui.replay_app import run_replay

        return run_replay(app.db, name, app.config)
    return wait_for(_replay(app, name, step))


async def _replay(app: App, name: str, step: int | None) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.report import SIMULATED, StepPrinter, ranked_table
    from opro_tui.core.events import EditMade, Stopped
    from opro_tui.engine.replay import Replay

    async with existing_database(app, name) as store:
        replay = await Replay.open(store, name, fine=False)
    end = len(replay.events) if step is None else replay.after_step(step)
    if replay.record.simulated:
        output.say(SIMULATED)
    printer = StepPrinter(replay)
    for place in range(1, end + 1):
        event = replay.events[place - 1]
        replay.seek(place)
        if isinstance(event, EditMade):
            output.say(f"  edit: {_edit(event)}")
        elif isinstance(event, Stopped):
            output.say(f"  stopped: {output.one_line(event.message)}")
        else:
            printer.show(event)
    if replay.state.ranked():
        output.say()
        for line in ranked_table(replay.state):
            output.say(line)
    return 0


def _edit(event: EditMade) -> str:
    from opro_tui.cli.output import one_line

    before = "" if event.before is None else f"{_plain(event.before)} → "
    note = f" ({event.note})" if event.note else ""
    return one_line(f"{event.kind.replace('_', ' ')} {before}{_plain(event.after)}{note}")[:300]


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
