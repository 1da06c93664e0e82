"""`doctor`: what the program uses, and whether it works."""

from __future__ import annotations

import math
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import wait_for
from opro_tui.core.errors import BadInput
from opro_tui.paths import exists

if TYPE_CHECKING:
    from collections.abc import Callable

    from opro_tui.cli.root import App
    from opro_tui.config import Config
    from opro_tui.engine.doctor import Check

_SIGNS = {"ok": "✓", "note": "–", "wrong": "✗"}
_WORDS = {"ok": "", "note": "", "wrong": "wrong: "}
_SECONDS = 3.0


@click.command("doctor", cls=Command, example="opro-tui doctor\nopro-tui doctor --offline --json")
@click.option("--offline", is_flag=True, help="Ask no endpoint.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    default=_SECONDS,
    show_default=True,
    metavar="N",
    help="How long an endpoint may take.",
)
@click.option("--fetch", is_flag=True, help="Download the tokenizer files that are missing.")
@click.option(
    "--repair", is_flag=True, help="Mend the database; says first what it would do, and asks."
)
@click.option("--yes", is_flag=True, help="With --repair: do not ask.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def doctor_command(
    app: App, offline: bool, seconds: float, fetch: bool, repair: bool, yes: bool, as_json: bool
) -> int:
    """Print every path in use, and check keys, endpoints, tokenizers, prices and the database.

    Keys are never shown, nothing is billed and nothing is changed. Exit code 1: something is wrong.

    With --repair only the database is looked at, and what can be mended is: a damaged one is left
    as it is, and what can be read of it is saved into a new file.
    """
    if math.isnan(seconds):
        raise BadInput("is no number", where="--seconds", todo="Give seconds from 0.1 to 60.")
    if repair:
        from opro_tui.cli.repairing import repaired

        return repaired(app.db, yes=yes, as_json=as_json)
    from opro_tui.cli import output
    from opro_tui.engine.doctor import Verdict

    paths = _paths(app)
    checks = wait_for(_checks(app, offline=offline, seconds=seconds, fetch=fetch))
    wrong = sum(check.verdict is Verdict.WRONG for check in checks)
    if as_json:
        output.document(_document(paths, checks, ok=not wrong))
        return 1 if wrong else 0
    for line in [*_about(paths), *_lines(checks)]:
        output.say(line)
    output.say()
    output.say(f"{wrong} of {len(checks)} checks: something is wrong" if wrong else "all is well")
    return 1 if wrong else 0


def _paths(app: App) -> dict[str, str]:
    from opro_tui.config import default_path, log_path
    from opro_tui.models.tokens import cache_dir

    named = os.environ.get("OPRO_TUI_CONFIG")
    return {
        "database": str(app.db.absolute()),
        "config": named or str(default_path()),
        "log": str(log_path()),
        "tokenizers": str(cache_dir()),
        "program": str(Path(__file__).parents[2]),
        "python": sys.executable,
    }


async def _checks(app: App, *, offline: bool, seconds: float, fetch: bool) -> list[Check]:
    from opro_tui.engine import doctor
    from opro_tui.engine.database_checks import check_database

    config, checks = _config()
    checks += await doctor.check_keys(config)
    if not offline:
        checks += await doctor.check_endpoints(config, seconds)
    checks += await doctor.check_counting(fetch=fetch)
    checks += await check_database(app.db)
    return [*checks, _log(), *_terminal()]


def _config() -> tuple[Config, list[Check]]:
    """The configuration, and what is wrong with it; a wrong one is looked past."""
    from opro_tui.config import Config
    from opro_tui.config_file import load_config
    from opro_tui.engine.doctor import Check, Verdict
    from opro_tui.tui.keymap import keymap
    from opro_tui.tui.options import options

    try:
        config = load_config()
    except BadInput as error:
        return Config(), [
            Check("config", "file", Verdict.WRONG, f"{error.where}: {error.what}", error.todo)
        ]
    if config.path is None:
        return config, [Check("config", "file", Verdict.NOTE, "none; the defaults hold")]
    checks = [Check("config", "file", Verdict.OK, f"{config.path} is read")]
    if detail := _open_to_others(config, Path(config.path).stat().st_mode):
        todo = f"chmod 600 {config.path}"
        checks.append(Check("config", "permissions", Verdict.NOTE, detail, todo))
    read: tuple[tuple[str, Callable[[Config], Any]], ...] = (("keymap", keymap), ("ui", options))
    for name, reader in read:
        try:
            reader(config)
        except BadInput as error:
            detail = f"{error.where}: {error.what}"
            checks.append(Check("config", name, Verdict.WRONG, detail, error.todo))
    return config, checks


def _open_to_others(config: Config, mode: int) -> str:
    """What others than its owner can do with the config file; empty for nothing."""
    if os.name != "posix" or not mode & 0o077:
        return ""
    shown = f"(mode {mode & 0o777:o})"
    if mode & 0o022:
        return f"others on this machine can change it {shown}, and with it where keys are sent"
    if any(provider.headers for provider in config.providers.values()):
        return f"others on this machine can read it {shown}, and its headers may hold keys"
    return f"others on this machine can read it {shown}: addresses, and where keys are kept"


def _log() -> Check:
    from opro_tui.config import log_path
    from opro_tui.engine.doctor import Check, Verdict

    path = log_path()
    place = next((each for each in (path, *path.parents) if exists(each)), path)
    if os.access(place, os.W_OK):
        return Check("log", "file", Verdict.OK, str(path))
    return Check("log", "file", Verdict.NOTE, f"{place} can't be written, so nothing is logged")


def _terminal() -> list[Check]:
    """What the terminal around it can do, as far as it says."""
    from opro_tui.cli.output import interactive
    from opro_tui.engine.doctor import Check, Verdict

    term = os.environ.get("TERM", "")
    if not interactive():
        why = "TERM is dumb" if term == "dumb" else "no terminal at both ends"
        return [Check("terminal", "screen", Verdict.NOTE, f"{why}: commands print plain lines")]
    size = shutil.get_terminal_size()
    colours = "none (NO_COLOR)" if os.environ.get("NO_COLOR") else _colours(term)
    detail = f"{size.columns}×{size.lines}, TERM {term or 'unset'}, colours: {colours}"
    return [Check("terminal", "screen", Verdict.OK, detail), _clipboard()]


def _colours(term: str) -> str:
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256color" in term else "16"


def _clipboard() -> Check:
    from opro_tui.engine.doctor import Check, Verdict
    from opro_tui.tui.terminal import clipboard_tool

    tool = clipboard_tool()
    detail = f"through the terminal (OSC 52){f' and {tool[0]}' if tool else ''}"
    if os.environ.get("TMUX"):
        todo = "In tmux: set -g allow-passthrough on, set -g set-clipboard on."
        return Check("terminal", "clipboard", Verdict.NOTE, detail, todo)
    return Check("terminal", "clipboard", Verdict.OK, detail)


def _about(paths: dict[str, str]) -> list[str]:
    from opro_tui import __version__

    width = max(len(name) for name in paths)
    system = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    lines = [f"opro-tui {__version__}, {system}", "", "PATHS"]
    return [*lines, *(f"  {name:<{width}}  {path}" for name, path in paths.items())]


def _lines(checks: list[Check]) -> list[str]:
    lines: list[str] = []
    group = ""
    width = max(len(check.name) for check in checks)
    for check in checks:
        if check.group != group:
            group = check.group
            lines += ["", group.upper()]
        sign, word = _SIGNS[check.verdict], _WORDS[check.verdict]
        lines.append(f"{sign} {check.name:<{width}}  {word}{check.detail}")
        if check.todo and check.verdict != "ok":
            lines.append(f"  {'':<{width}}  → {check.todo}")
    return lines


def _document(paths: dict[str, str], checks: list[Check], *, ok: bool) -> dict[str, Any]:
    from opro_tui import __version__

    return {
        "ok": ok,
        "version": __version__,
        "paths": paths,
        "checks": [
            {
                "group": check.group,
                "name": check.name,
                "verdict": str(check.verdict),
                "detail": check.detail,
                "todo": check.todo,
            }
            for check in checks
        ],
    }
