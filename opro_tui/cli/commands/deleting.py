"""`delete`, `undelete` and `vacuum`: hidden, brought back, and gone for good."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import existing_database, wait_for
from opro_tui.cli.output import visible

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord


def _agreed(question: str, *, yes: bool, command: str, for_good: bool) -> bool:
    """Whether the person wants it: asked in a terminal, unless they said so with `--yes`.

    Raises:
        BadInput: It can't be taken back, and nobody is there to be asked.
    """
    from opro_tui.cli.output import attended
    from opro_tui.core.errors import BadInput

    if yes:
        return True
    if attended():
        return click.confirm(visible(question))
    if for_good:
        what = "can't be taken back, and without a terminal nobody can be asked"
        raise BadInput(what, where=command, todo="Add --yes; nothing was deleted.")
    return True


@click.command(
    "delete", cls=Command, example="opro-tui delete demo\nopro-tui delete 'reproduce-*' --yes"
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--now",
    is_flag=True,
    help="For good: it can't be brought back. Needs --yes where there is no terminal.",
)
@click.pass_obj
def delete_command(app: App, names: tuple[str, ...], yes: bool, now: bool) -> int:
    """Delete sessions, all or none; in a terminal it asks first.

    A * in a name stands for anything, as in 'reproduce-*'. For 30 days `undelete` brings a session
    back with all that was paid for in it; then it goes with the next deletion or `vacuum`.
    """
    from opro_tui.cli.output import say

    lost = wait_for(_what_is_lost(app, names))
    whole = next(iter(lost.values()))
    if len(lost) > 1:
        for what in lost.values():
            say(f"  {what}")
        whole = f"these {len(lost):,} sessions"
    # The question isn't asked inside of the event loop, which would keep ^C from interrupting it.
    question = f"Delete {whole}{', for good' if now else ''}?"
    if not _agreed(question, yes=yes, command="delete --now", for_good=now):
        say("nothing was deleted")
        return 0
    until = wait_for(_delete(app, tuple(lost), now))
    if not until:
        say(f"deleted {whole}, for good")
    elif len(lost) > 1:
        say(f"deleted {whole}; until {until} `opro-tui undelete NAME` brings one back")
    else:
        say(f"deleted {whole}; until {until} `opro-tui undelete {quote(*lost)}` brings it back")
    return 0


async def _what_is_lost(app: App, names: tuple[str, ...]) -> dict[str, str]:
    """The sessions meant, each with what is in it."""
    from opro_tui.cli.figures import money, plural

    lost = {}
    async with existing_database(app, names[0]) as store:
        for record in await _meant(store, names):
            # Not the session itself: one whose own task is gone must be deletable too.
            data, what = record.summary, record.name
            if data is not None:
                scored = plural(data["of"], "scored solution")
                spent = money(data["cost_usd"])
                what += f": {plural(data['steps'], 'step')}, {scored}, {spent} spent"
            lost[record.name] = what
    return lost


async def _meant(store: Store, names: tuple[str, ...]) -> list[SessionRecord]:
    """The sessions of some names; a * stands for anything, unless a session is called so.

    Raises:
        BadInput: There is no such session.
    """
    from opro_tui.core.errors import BadInput

    known = {record.name: record for record in await store.sessions()}
    found: list[SessionRecord] = []
    for name in names:
        if name in known or "*" not in name:
            found.append(await store.session(name))
            continue
        pattern = ".*".join(map(re.escape, name.split("*")))
        some = [each for own, each in known.items() if re.fullmatch(pattern, own, re.DOTALL)]
        if not some:
            todo = "`opro-tui list` shows the sessions."
            raise BadInput(f"there is no session like {name!r}", todo=todo)
        found += some
    return found


async def _delete(app: App, names: tuple[str, ...], now: bool) -> str:
    """Until when they can be brought back; empty where they can't."""
    from opro_tui.core.events import iso
    from opro_tui.engine.listing import delete

    async with existing_database(app, names[0], readonly=False) as store:
        until = await delete(store, *names, now=now)
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
@click.option(
    "--deleted",
    is_flag=True,
    help="Also remove what `undelete` could still bring back. Needs --yes where there is no"
    " terminal.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def vacuum_command(app: App, deleted: bool, yes: bool) -> int:
    """Give the room of what was deleted back to the disk; nothing else may have the database open.

    What is removed is overwritten: nothing of it is left in the file. Backups from before updates
    are files of their own; `doctor` names them.
    """
    import asyncio

    from opro_tui.cli.output import say
    from opro_tui.core.errors import BadInput

    if not app.db.exists():
        raise BadInput("there is no such database", where=str(app.db))
    question = "Remove all deleted sessions for good?"
    if deleted and not _agreed(question, yes=yes, command="vacuum --deleted", for_good=True):
        say("nothing was removed")
        return 0
    return asyncio.run(_vacuum(app, deleted))


async def _vacuum(app: App, deleted: bool) -> int:
    import asyncio

    from opro_tui.cli.opening import database
    from opro_tui.cli.output import say
    from opro_tui.store.backup import megabytes
    from opro_tui.store.upkeep import vacuum

    async with database(app):
        pass  # it is ours, and of this schema
    done = await asyncio.to_thread(vacuum, app.db, all_deleted=deleted)
    gone = f"{done.sessions:,} deleted session{'s'[: done.sessions != 1]} removed for good; "
    say(
        f"{gone if done.sessions else ''}{megabytes(done.before)} before,"
        f" {megabytes(done.after)} now"
    )
    return 0
