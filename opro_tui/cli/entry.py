"""From arguments to an exit code, with every failure told in one line."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

import click

from opro_tui import garbage
from opro_tui.cli import output
from opro_tui.core.errors import OproError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
PROGRAM = "opro-tui"
_GLOBAL = ("--db", "--log-level", "--mouse", "--no-mouse", "--version")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Args:
        argv: The arguments; None takes the process's own.
    """
    garbage.let_rest()
    sys.exit(invoke(sys.argv[1:] if argv is None else argv))


def invoke(argv: Sequence[str]) -> int:
    """Run the command line.

    Returns:
        The exit code of `cli.md`.
    """
    try:
        from opro_tui.cli.root import root

        code = root.main(list(argv), prog_name=PROGRAM, standalone_mode=False)
        output.flush()
    except (click.Abort, KeyboardInterrupt):
        output.error("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        output.error(_usage(error))
        return BAD_INPUT
    except OproError as error:
        output.error(str(error))
        return error.exit_code
    except BrokenPipeError:
        _let_go_of_stdout()
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback for users
        return _unexpected(error)
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> str:
    ctx = getattr(error, "ctx", None)
    if not isinstance(error, click.NoSuchOption):
        text = error.format_message()
    elif error.option_name in _GLOBAL:
        return f"{error.option_name} stands before the command: {PROGRAM} {error.option_name} …"
    else:
        text = f"{error.message} {nearest(error.option_name, _flags(ctx))}"
    text = text.strip()
    if text[-1:] not in "?!.":
        text += "."
    return f"{text} See `{ctx.command_path} --help`." if ctx is not None else text


def _flags(ctx: click.Context | None) -> list[str]:
    options = ctx.command.params if ctx is not None else []
    return [flag for option in options for flag in (*option.opts, *option.secondary_opts)]


def _unexpected(error: Exception) -> int:
    from opro_tui import crash_report
    from opro_tui.cli import logs
    from opro_tui.models import keys

    path = logs.record(error)
    report = crash_report.write(error)
    if logs.debugging():
        sys.stderr.write(keys.masked(output.visible("".join(traceback.format_exception(error)))))
    kept = f"details are in {path}" if path else "--log-level debug shows the details"
    if report is not None:
        kept += f", and what you may attach to an issue is in {report}"
    output.error(keys.masked(f"unexpected {type(error).__name__}: {error}; {kept}"))
    return FAILED


def _let_go_of_stdout() -> None:
    """The reader of a pipe is gone; the interpreter must not fail on its last flush."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
