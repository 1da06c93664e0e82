"""`batch`: what of a session's scoring is at a provider."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.engine.batch_report import BatchState


@click.command(
    "batch", cls=Command, example="opro-tui batch triage\nopro-tui batch triage --cancel"
)
@click.argument("name")
@click.option("--cancel", is_flag=True, help="Ask the provider to end what is under way.")
@click.option(
    "--give-up",
    is_flag=True,
    help="Let go of a batch that can't be had any more; its requests are bought again.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def batch_command(app: App, name: str, cancel: bool, give_up: bool, as_json: bool) -> int:
    """Say how far a session's batches are (--scoring batch), or end them.

    A batch goes on at the provider while nothing runs here; `run` takes it up. What was through
    before it is cancelled is kept, and billed.
    """
    if cancel and give_up:
        raise BadInput("can't be had together", where="--cancel and --give-up")
    if cancel:
        return wait_for(_cancel(app, name))
    return wait_for(_give_up(app, name) if give_up else _show(app, name, as_json))


async def _show(app: App, name: str, as_json: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.engine.batch_report import states

    async with opened(app, name) as (_, session):
        found = await states(session)
        if as_json:
            output.document([each.to_json() for each in found])
            return 0
        for each in found:
            output.say(_line(each))
        if not found:
            output.say("no batch was sent yet; `--scoring batch` scores in batches")
        elif any(each.batch.ended is None for each in found):
            output.say(f"`opro-tui run {quote(session.name)}` takes up what is under way")
    return 0


def _line(state: BatchState) -> str:
    from opro_tui.cli.figures import clock
    from opro_tui.cli.output import one_line

    batch = state.batch
    status = state.status if batch.ended is None else f"taken in {clock(batch.ended)}"
    parts = [
        f"step {batch.step}",
        one_line(batch.remote or "name not known yet"),
        one_line(batch.model),
        f"sent {clock(batch.submitted or batch.started)}",
        f"{status}, {state.done:,} of {batch.requests:,} done",
    ]
    if batch.cancelled is not None:
        parts.append(f"cancelled {clock(batch.cancelled)}")
    if state.trouble:
        parts.append(one_line(state.trouble))
    return " · ".join(parts)


async def _cancel(app: App, name: str) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.opening import existing_database
    from opro_tui.engine.batch_report import cancel
    from opro_tui.engine.session import Session

    async with existing_database(app, name, readonly=False) as store:
        # Only looked at, so that this works while another process waits for the batch.
        session = await Session.open(store, name, app.config, readonly=True)
        try:
            for batch in await cancel(session):
                output.say(
                    f"the provider was asked to end batch {output.one_line(batch.remote or '')}"
                )
        finally:
            await session.close()
        output.say(
            "what is through by then is kept, and billed:"
            f" `opro-tui run {quote(name)}` takes it in and scores the rest;"
            f" `opro-tui edit {quote(name)} --scoring full` first scores it without a batch"
        )
    return 0


async def _give_up(app: App, name: str) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.figures import plural
    from opro_tui.engine.batch_report import let_go

    async with opened(app, name, readonly=False) as (_, session):
        count = await let_go(session)
        output.say(
            f"{plural(count, 'call')} of unknown outcome: they may have been billed, and are bought"
            " again when they are needed"
        )
    return 0
