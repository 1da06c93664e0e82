"""`list`, `rename`, `delete`, and what the program says without a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import database, existing_database, wait_for
from opro_tui.cli.output import visible

if TYPE_CHECKING:
    from opro_tui.cli.root import App


@click.command("list", cls=Command, example="opro-tui list --json")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_command(app: App, as_json: bool) -> int:
    """List the sessions, the one last used first."""
    return wait_for(_list(app, as_json))


async def _list(app: App, as_json: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.engine.report import list_json

    if as_json:
        rows = []
        if app.db.exists():
            async with database(app, readonly=True) as store:
                rows = await list_json(store)
        output.document(rows)
        return 0
    for line in await _table(app) or ["no sessions yet"]:
        output.say(line)
    return 0


async def _table(app: App) -> list[str]:
    from opro_tui.cli.figures import money, points, table
    from opro_tui.core.events import iso
    from opro_tui.engine.report import fresh_summary

    if not app.db.exists():
        return []
    rows = []
    async with database(app, readonly=True) as store:
        for record in await store.sessions():
            data = await fresh_summary(store, record)
            best = points(data["best"], bounded=bool(data.get("bounded")))
            models = "simulated" if record.simulated else f"{data['optimizer']} → {data['scorer']}"
            rows.append(
                (
                    record.name,
                    record.settings.task,
                    data["status"],
                    str(data["steps"]),
                    best,
                    money(data["cost_usd"]),
                    iso(record.updated)[:16].replace("T", " "),
                    models,
                )
            )
    head = ("name", "task", "status", "steps", "best", "cost", "last used (UTC)", "models")
    return table(head, rows, left=(0, 1, 2, 6)) if rows else []


def overview(app: App) -> int:
    """Print the sessions and the most useful next commands."""
    from opro_tui.cli.output import say

    lines = wait_for(_table(app))
    for line in lines or ["no sessions yet"]:
        say(line)
    say()
    if lines:
        say("  opro-tui open NAME    the workbench")
        say("  opro-tui run NAME     the next step")
        say("  opro-tui show NAME    ranked solutions")
    else:
        say("  opro-tui demo         try it on simulated models: no key, no cost")
    say("  opro-tui new NAME …   a session of your own (opro-tui new --help)")
    say("  opro-tui --help       all commands")
    return 0


@click.command("rename", cls=Command, example="opro-tui rename triage triage-v1")
@click.argument("old")
@click.argument("new")
@click.pass_obj
def rename_command(app: App, old: str, new: str) -> int:
    """Give a session another name."""
    return wait_for(_rename(app, old, new))


async def _rename(app: App, old: str, new: str) -> int:
    from opro_tui.cli.output import say
    from opro_tui.core.names import check_name

    check_name(new)
    async with existing_database(app, old, readonly=False) as store:
        await store.rename(old, new)
    say(f"{old} is now {new}")
    return 0


@click.command("delete", cls=Command, example="opro-tui delete demo --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete_command(app: App, name: str, yes: bool) -> int:
    """Delete a session and all that was paid for in it; in a terminal it asks first."""
    from opro_tui.cli.output import attended, say

    what = wait_for(_what_is_lost(app, name))
    # The question isn't asked inside of the event loop, which would keep ^C from interrupting it.
    if not yes and attended() and not click.confirm(visible(f"Delete {what}?")):
        say("nothing was deleted")
        return 0
    wait_for(_delete(app, name))
    say(f"deleted {what}")
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


async def _delete(app: App, name: str) -> None:
    from opro_tui.engine.lock import WriterLock

    async with existing_database(app, name, readonly=False) as store:
        lock = WriterLock(store.path, (await store.session(name)).id, name)
        lock.acquire()
        try:
            await store.delete(name)
        finally:
            lock.release()
