"""`delete`, `undelete` and `vacuum`: hidden, brought back, and gone for good."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import existing_database, wait_for
from opro_tui.cli.output import visible

if TYPE_CHECKING:
    from opro_tui.cli.root import App


@click.command("delete", cls=Command, example="opro-tui delete demo --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--now", is_flag=True, help="For good: it can't be brought back.")
@click.pass_obj
def delete_command(app: App, name: str, yes: bool, now: bool) -> int:
    """Delete a session; in a terminal it asks first.

    For 30 days `undelete` brings it back with all that was paid for in it; then it goes with the
    next deletion or `vacuum`.
    """
    from opro_tui.cli.output import attended, say

    what = wait_for(_what_is_lost(app, name))
    # The question isn't asked inside of the event loop, which would keep ^C from interrupting it.
    question = f"Delete {what}{', for good' if now else ''}?"
    if not yes and attended() and not click.confirm(visible(question)):
        say("nothing was deleted")
        return 0
    until = wait_for(_delete(app, name, now))
    if until:
        say(f"deleted {what}; until {until} `opro-tui undelete {quote(name)}` brings it back")
    else:
        say(f"deleted {what}, for good")
    return 0


async def _what_is_lost(app: App, name: str) -> str:
    from opro_tui.cli.figures import money, plural

    async with existing_database(app, name) as store:
        record = await store.session(name)
        # Not the session itself: one whose own task is gone must be deletable too.
        data = record.summary
        if data is None:
            return name
        scored = plural(data["of"], "scored solution")
        return f"{name}: {plural(data['steps'], 'step')}, {scored}, {money(data['cost_usd'])} spent"


async def _delete(app: App, name: str, now: bool) -> str:
    """Until when it can be brought back; empty where it can't."""
    from opro_tui.core.events import iso
    from opro_tui.engine.listing import delete

    async with existing_database(app, name, readonly=False) as store:
        until = await delete(store, name, now=now)
    return iso(until)[:10] if until else ""


@click.command("undelete", cls=Command, example="opro-tui undelete demo\nopro-tui list --deleted")
@click.argument("name")
@click.option("--as", "new", metavar="NAME", help="Under another name.")
@click.pass_obj
def undelete_command(app: App, name: str, new: str | None) -> int:
    """Bring back a deleted session: of several with that name, the one deleted last."""
    return wait_for(_undelete(app, name, new))


async def _undelete(app: App, name: str, new: str | None) -> int:
    from opro_tui.cli.output import say
    from opro_tui.core.names import check_name

    if new is not None:
        check_name(new)
    async with existing_database(app, name, readonly=False) as store:
        record = await store.undelete(name, new or "")
    say(f"{record.name} is back" if record.name == name else f"{name} is back as {record.name}")
    return 0


@click.command("vacuum", cls=Command, example="opro-tui vacuum\nopro-tui vacuum --deleted")
@click.option("--deleted", is_flag=True, help="Also remove what `undelete` could still bring back.")
@click.pass_obj
def vacuum_command(app: App, deleted: bool) -> int:
    """Give the room of what was deleted back to the disk; nothing else may have the database open.

    What is removed is overwritten: nothing of it is left in the file. Backups from before updates
    are files of their own; `doctor` names them.
    """
    import asyncio

    return asyncio.run(_vacuum(app, deleted))


async def _vacuum(app: App, deleted: bool) -> int:
    import asyncio

    from opro_tui.cli.opening import database
    from opro_tui.cli.output import say
    from opro_tui.core.errors import BadInput
    from opro_tui.store.backup import megabytes
    from opro_tui.store.upkeep import vacuum

    if not app.db.exists():
        raise BadInput("there is no such database", where=str(app.db))
    async with database(app):
        pass  # it is ours, and of this schema
    done = await asyncio.to_thread(vacuum, app.db, all_deleted=deleted)
    gone = f"{done.sessions:,} deleted session{'s'[: done.sessions != 1]} removed for good; "
    say(
        f"{gone if done.sessions else ''}{megabytes(done.before)} before,"
        f" {megabytes(done.after)} now"
    )
    return 0
