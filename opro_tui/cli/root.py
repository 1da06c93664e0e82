"""The program: global options and the commands, each imported when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opro_tui import __version__
from opro_tui.cli import logs
from opro_tui.core.errors import nearest

if TYPE_CHECKING:
    from opro_tui.config import Config

_COMMANDS = {
    "demo": "demo",
    "new": "new",
    "try": "attempt",
    "open": "open",
    "run": "run",
    "edit": "edit",
    "meta-prompt": "prompt",
    "critique": "critique",
    "examples": "examples",
    "list": "sessions",
    "show": "show",
    "best": "show",
    "picture": "picture",
    "rename": "sessions",
    "delete": "sessions",
    "costs": "costs",
    "confirm": "measure",
    "evaluate": "measure",
    "replay": "replay",
    "regrade": "regrade",
    "rebuild": "rebuild",
    "fork": "fork",
    "null-arm": "null_arm",
    "compare": "compare",
    "lineage": "lineage",
    "export": "export",
    "import": "import_",
    "reproduce": "reproduce",
    "known": "known",
    "ablate": "ablate",
    "doctor": "doctor",
}
"""Command to the module of `opro_tui.cli.commands` that has it, as `NAME_command`."""


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
        from opro_tui.config import load_config

        config = load_config()
        return config if self.mouse is None else config.with_ui(mouse=self.mouse)


class Commands(click.Group):
    """The commands of `cli.md`, imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands, in the order in which one meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; None when there is none of that name."""
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        found = import_module(f"opro_tui.cli.commands.{module}")
        command: click.Command = getattr(found, f"{cmd_name.replace('-', '_')}_command")
        return command

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
    type=click.Choice(logs.LEVELS, case_sensitive=False),
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
    logs.set_up(log_level)
    from opro_tui.config import default_database

    ctx.obj = App((db or default_database()).expanduser(), mouse)
    if ctx.invoked_subcommand is None:
        return _browse(ctx.obj)
    return None


def _browse(app: App) -> int:
    """The list of sessions as a screen, or as lines where there is no terminal."""
    from opro_tui.cli.output import interactive

    if not interactive():
        from opro_tui.cli.commands.sessions import overview

        return overview(app)
    from opro_tui.tui.app import run_browser

    return run_browser(app.db, app.config)
