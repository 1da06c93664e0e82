"""The palette: every command that is possible now, then Textual's own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand

from opro_tui.tui import bindings
from opro_tui.tui.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.screen import Screen

    from opro_tui.tui.commands import Command

REPLACED = frozenset({"Quit", "Keys", "Maximize", "Minimize"})
"""Textual's own commands that ours stand for."""


def commands(
    screen: Screen[Any], own: Iterable[SystemCommand], table: Iterable[Command] = COMMANDS
) -> Iterable[SystemCommand]:
    """The commands of a screen that are possible now.

    Args:
        screen: Where they act.
        own: Textual's own commands.
        table: All of the screen's.
    """
    for command in table:
        if command.action != "palette" and bindings.possible(screen, command):
            run = partial(screen.run_action, command.action)
            yield SystemCommand(command.label.rstrip("…"), command.tooltip, run)
    yield from (command for command in own if command.title not in REPLACED)
