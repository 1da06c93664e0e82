"""`list`, `rename`, and what the program says without a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import database, existing_database, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App


@click.command("list", cls=Command, example="opro-tui list --json\nopro-tui list --deleted")
@click.option("--deleted", is_flag=True, help="Those that `undelete` can bring back.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_command(app: App, deleted: bool, as_json: bool) -> int:
    """List the sessions, the one last used first."""
    return wait_for(_list(app, deleted, as_json))


async def _list(app: App, deleted: bool, as_json: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.engine.report import deleted_json, list_json

    if as_json:
        rows = []
        if app.db.exists():
            async with database(app, readonly=True) as store:
                rows = await (deleted_json if deleted else list_json)(store)
        output.document(rows)
        return 0
    lines = await (_deleted_table if deleted else _table)(app)
    nothing = "no deleted sessions" if deleted else "no sessions yet"
    for line in lines or [nothing]:
        output.say(line)
    return 0


async def _deleted_table(app: App) -> list[str]:
    from opro_tui.cli.figures import table
    from opro_tui.engine.report import deleted_json

    if not app.db.exists():
        return []
    async with database(app, readonly=True) as store:
        found = await deleted_json(store)
    rows = [
        (
            each["name"],
            each["task"],
            "–" if each["steps"] is None else str(each["steps"]),
            each["deleted"][:16].replace("T", " "),
            each["until"][:10],
        )
        for each in found
    ]
    head = ("name", "task", "steps", "deleted (UTC)", "kept until")
    return table(head, rows, left=(0, 1, 3, 4)) if rows else []


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
