"""The program: global options and the commands, each imported when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opro_tui import __version__
from opro_tui.core.errors import BadInput, nearest
from opro_tui.paths import at_home

if TYPE_CHECKING:
    from opro_tui.config import Config

_COMMANDS = {
    "demo": ("demo", "Make a session on simulated models: no key, no network."),
    "new": ("new", "Make a session, say what a step will cost, and open it."),
    "try": ("attempt", "Ask the scorer about a few examples: request, answer, verdict."),
    "open": ("open", "Open a session's workbench."),
    "run": ("run", "Run steps of a session, with the forecast before each."),
    "batch": ("batch", "Say how far a session's batches are, or end them."),
    "edit": ("edit", "Change what the optimizer sees from the next step on."),
    "meta-prompt": ("prompt", "Print the exact next meta-prompt, or one that was sent."),
    "critique": ("critique", "Have the optimizer write the next step's critique now."),
    "examples": ("examples", "List a session's examples with their numbers."),
    "list": ("sessions", "List the sessions, the one last used first."),
    "show": ("show", "Show ranked solutions, settings, usage and status."),
    "best": ("show", "Print the best fully scored solution's text, alone."),
    "picture": ("picture", "Draw a session's solutions, for tasks that can be drawn."),
    "rename": ("sessions", "Give a session another name."),
    "delete": ("deleting", "Delete sessions; for a while they can be brought back."),
    "undelete": ("deleting", "Bring back a deleted session."),
    "costs": ("costs", "Show tokens and dollars by step and role, beside the forecast."),
    "confirm": ("measure", "Score what can't be told from the best on fresh examples."),
    "evaluate": ("measure", "Score solutions on the held-out examples, each look counted."),
    "replay": ("replay", "Play a session again from what is stored, at no cost."),
    "regrade": ("regrade", "Grade the stored answers again with another metric."),
    "rebuild": ("rebuild", "Make past meta-prompts again under other settings."),
    "fork": ("fork", "Go on from a step's results in another session."),
    "null-arm": ("null_arm", "Make a session's control: did iterating and steering pay?"),
    "compare": ("compare", "Compare the best of two sessions, paired, with their costs."),
    "lineage": ("lineage", "Trace a solution back through the meta-prompts."),
    "export": ("export", "Write a session as plain data."),
    "import": ("import_", "Store a session that `export` wrote as json or jsonl."),
    "reproduce": ("reproduce", "Run the paper's set-up, our rows beside its own."),
    "known": ("known", "List the instructions that the paper names."),
    "ablate": ("ablate", "Compare settings: arms around a base, side by side."),
    "doctor": ("doctor", "Check paths, keys, endpoints and the database; repair it."),
    "vacuum": ("deleting", "Give the room of what was deleted back to the disk."),
}
"""Command to the module of `opro_tui.cli.commands` that has it, as `NAME_command`, and what it
does in a line: to list them all none is imported."""


@dataclass(frozen=True, slots=True)
class App:
    """What every command works with.

    Attributes:
        db: The database's file, which may not exist yet.
        mouse: Whether screens take the mouse; None leaves it to the config file.
    """

    db: Path
    mouse: bool | None = None

    @property
    def config(self) -> Config:
        """The user's configuration; read when it is needed.

        Raises:
            BadInput: The file is malformed.
        """
        from opro_tui.config_file import load_config

        config = load_config()
        return config if self.mouse is None else config.with_ui(mouse=self.mouse)


class Commands(click.Group):
    """The commands of `cli.md`, imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands, in the order in which one meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; None when there is none of that name."""
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        found = import_module(f"opro_tui.cli.commands.{module}")
        command: click.Command = getattr(found, f"{cmd_name.replace('-', '_')}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say the nearest."""
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            hint = nearest(args[0], _COMMANDS)
            raise click.UsageError(f"No such command {args[0][:60]!r}. {hint}".strip(), ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)
@click.option(
    "--db",
    envvar="OPRO_TUI_DB",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The database of sessions [default: $OPRO_TUI_DB, else sessions.db in your data folder]",
)
@click.option(
    "--log-level",
    type=click.Choice(("debug", "info", "warning", "error"), case_sensitive=False),
    default="warning",
    help="What goes into the log file; debug also shows tracebacks [default: warning]",
)
@click.option(
    "--mouse/--no-mouse",
    default=None,
    help="Let the screens take the mouse, or leave it to the terminal [default: as configured]",
)
@click.version_option(__version__, prog_name="opro-tui", message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context, db: Path | None, log_level: str, mouse: bool | None) -> int | None:
    """Steer prompt optimization (OPRO) step by step.

    Without a command: the list of sessions, to open them and to make new ones.
    """
    from opro_tui.cli import logs
    from opro_tui.config import default_database

    logs.set_up(log_level)

    ctx.obj = App(_usable(at_home(db or default_database())), mouse)
    if ctx.invoked_subcommand is None:
        return _browse(ctx.obj)
    return None


def _usable(db: Path) -> Path:
    """The database's path, unless the system wouldn't even look for it."""
    try:
        there = db.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"can't be used ({reason})", where="--db", todo="Check the path.") from None
    if not db.name:
        raise BadInput("names no file", where="--db", todo="Give a file, such as sessions.db.")
    if not there and db.is_symlink():
        raise BadInput("is a link that leads nowhere", where=str(db), todo="Give a file with --db.")
    if there and not db.is_file() and not db.is_dir():
        # SQLite would wait for ever for somebody to write into a pipe.
        raise BadInput(
            "is a device or a pipe, no file", where=str(db), todo="Give a file with --db."
        )
    return db


def _browse(app: App) -> int:
    """The list of sessions as a screen, or as lines where there is no terminal."""
    from opro_tui.cli.output import interactive

    if not interactive():
        from opro_tui.cli.commands.sessions import overview

        return overview(app)
    from opro_tui.tui.app import run_browser

    return run_browser(app.db, app.config)
