"""`demo`: a kept session on the simulated models."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import Command
from opro_tui.cli.flags import MOST_STEPS
from opro_tui.cli.opening import database, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.config import Config

_TASK, _SEED = "sums", "0"
_STEPS = 5


@click.command(
    "demo",
    cls=Command,
    example="opro-tui demo\nopro-tui demo --headless --steps 8 --seed 1",
)
@click.option("--task", default=_TASK, show_default=True, metavar="TASK", help="What to optimize.")
@click.option("--steps", type=MOST_STEPS, default=_STEPS, show_default=True, help="How many.")
@click.option("--seed", default=_SEED, show_default=True, metavar="N", help="Fixes every choice.")
@click.option("--name", metavar="NAME", help="Its name [default: demo, demo-2, …]")
@click.option("--headless", is_flag=True, help="Run the steps here instead of opening the screen.")
@click.pass_obj
def demo_command(
    app: App, task: str, steps: int, seed: str, name: str | None, headless: bool
) -> int:
    """Make a session on simulated models: no key, no network, no cost.

    In a terminal the workbench opens; else the steps run here. The session is kept.
    """
    from opro_tui.cli.output import interactive

    config = app.config
    values = {"task": task, "seed": seed, "optimizer": "simulated", "scorer": "simulated"}
    if headless or not interactive():
        return wait_for(_run(app, config, values, name, steps))
    from opro_tui.tui.app import run_demo, run_workbench

    if (task, seed, name) == (_TASK, _SEED, None):
        # Nothing of it can be bad input, so that it need not be made before the screen is there.
        return run_demo(app.db, config)
    made = wait_for(_make(app, config, values, name))
    return run_workbench(app.db, made, config)


async def _make(app: App, config: Config, values: dict[str, Any], name: str | None) -> str:
    from opro_tui.engine.create import Draft, create, prepare

    prepared = prepare(Draft(name="demo" if name is None else name, values=values), config)
    async with database(app) as store:
        if name is None:
            draft = replace(prepared.draft, name=await store.free_name("demo"))
            prepared = replace(prepared, draft=draft)
        return (await create(store, prepared)).name


async def _run(
    app: App, config: Config, values: dict[str, Any], name: str | None, steps: int
) -> int:
    from shlex import quote

    from opro_tui.cli.opening import opened
    from opro_tui.cli.output import say
    from opro_tui.cli.report import SIMULATED, ranked_table
    from opro_tui.cli.running import run_steps

    made = await _make(app, config, values, name)
    async with opened(app, made, readonly=False) as (_, session):
        say(f"session {made}: {values['task']}, seed {session.state.settings.seed}")
        say(SIMULATED)
        code = await run_steps(session, steps)
        say()
        for line in ranked_table(session.state, limit=10):
            say(line)
        typed = quote(made)
        say(f"(simulated) `opro-tui open {typed}` shows it, `opro-tui run {typed}` goes on")
        return code
