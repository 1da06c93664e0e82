"""Commands whose help groups its options, and whose options may take several values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from opro_tui.cli.several import Several, spread
from opro_tui.core.errors import BadInput

GENERAL = "Options"


class _File(click.Path):
    """A file's path; no text at all, such as a script's empty variable, is none."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401 - click's own
        """Take a path."""
        if not str(value).strip():
            self.fail("is empty; give a file.", param, ctx)
        return super().convert(value, param, ctx)


FILE = _File(path_type=Path)
"""What a flag or argument that names a file takes."""


def group_of(option: click.Parameter) -> str:
    """The heading under which an option stands."""
    return str(getattr(option, "heading", GENERAL))


def headed(option: click.Option, heading: str) -> click.Option:
    """The same option, to stand under a heading of the help."""
    option.heading = heading  # type: ignore[attr-defined]
    return option


class Command(click.Command):
    """A command of opro-tui.

    Args:
        example: Command lines to show at the end of the help.
    """

    def __init__(self, *args: Any, example: str = "", **attrs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **attrs)
        self.example = example

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each of several values its flag, then parse as usual."""
        spreading = any(isinstance(param, Several) for param in self.params)
        if not spreading:
            return super().parse_args(ctx, args)
        try:
            return super().parse_args(ctx, spread(self.params, args))
        except click.MissingParameter as error:
            if isinstance(error.param, click.Argument):
                name = str(error.param.human_readable_name)
                raise BadInput(
                    f"{name} is missing",
                    where=ctx.command_path,
                    todo=f"Put it first: {ctx.command_path} {name} …",
                ) from None
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings, in order of first appearance."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if isinstance(param, click.Argument):
                continue
            record = param.get_help_record(ctx)
            if record is not None:
                groups.setdefault(group_of(param), []).append(record)
        groups[GENERAL] = groups.pop(GENERAL, [])
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are."""
        super().format_epilog(ctx, formatter)
        if self.example:
            with formatter.section("Example" if "\n" not in self.example else "Examples"):
                for line in self.example.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
