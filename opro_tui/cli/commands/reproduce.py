"""`reproduce`: the paper's mathematical experiments, ours beside the paper's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.flags import MOST_STEPS
from opro_tui.cli.opening import database, wait_for
from opro_tui.cli.several import Numbers

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.engine.reproduce import Plan

_EXAMPLE = """\
opro-tui reproduce linear-regression
opro-tui reproduce tsp --n 10 20 --repetitions 3 --json"""


@click.command("reproduce", cls=Command, example=_EXAMPLE)
@click.argument("experiment", metavar="linear-regression|tsp")
@click.option(
    "--optimizer",
    default="simulated",
    show_default=True,
    metavar="MODEL",
    help="provider/model, or simulated.",
)
@click.option("--optimizer-url", metavar="URL", help="Its endpoint, where not the provider's own.")
@click.option(
    "--repetitions",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="Sessions per row, each with its own seed.",
)
@click.option(
    "--steps",
    type=MOST_STEPS,
    help="The most steps of a repetition [default: 500 for linear-regression, 200 for tsp]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The first repetition's.")
@click.option("--n", "sizes", cls=Numbers, metavar="N…", help="tsp: nodes [default: 10 15 20 50]")
@click.option(
    "--instances",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="tsp: problems per row that the heuristics are measured on.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def reproduce_command(
    app: App,
    experiment: str,
    optimizer: str,
    optimizer_url: str | None,
    repetitions: int,
    steps: int | None,
    seed: int,
    sizes: tuple[int, ...],
    instances: int,
    as_json: bool,
) -> int:
    """Run the paper's set-up several times and put our rows beside its own.

    Every repetition is kept as a session. The same command again goes on where it was stopped, and
    what is finished isn't bought again.
    """
    from opro_tui.engine import paper
    from opro_tui.engine.reproduce import Plan

    chosen = paper.experiment(experiment, sizes)
    plan = Plan(
        experiment=chosen,
        optimizer=optimizer,
        optimizer_url=optimizer_url,
        repetitions=repetitions,
        steps=steps or chosen.steps,
        seed=seed,
        instances=instances,
    )
    return wait_for(_reproduce(app, plan, as_json))


async def _reproduce(app: App, plan: Plan, as_json: bool) -> int:
    import asyncio

    from opro_tui.cli import output
    from opro_tui.cli.reproduction import Watcher, lines
    from opro_tui.cli.signals import INTERRUPTED, signals
    from opro_tui.engine.reproduce import Reproduction, to_json

    config = app.config
    watcher = Watcher(plan)
    async with database(app) as store:
        work = Reproduction(store, config, plan, watcher.tell)
        await work.check()
        watcher.begin()
        with signals(watcher.interruption(work)):
            try:
                outcomes = await work.run()
            except asyncio.CancelledError:
                if not watcher.broken_off:
                    raise
    watcher.clear()
    if work.stopping:
        output.note("stopped; what was paid for is kept, and the same command goes on")
        return INTERRUPTED
    if as_json:
        output.document(to_json(plan, outcomes))
    else:
        for line in lines(plan, outcomes):
            output.say(line)
    failures = [each for outcome in outcomes for each in outcome.repetitions if each.failed]
    for each in failures:
        output.note(f"{each.session}: {output.one_line(each.failed)}")
    if failures:
        output.note("the same command goes on where this one ended")
    return 1 if failures else 0
