"""The palette: every command that is possible now, then Textual's own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from opro_tui.tui.bindings import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opro_tui.tui.screens.workbench import Workbench

REPLACED = frozenset({"Quit", "Keys", "Maximize", "Minimize"})
"""Textual's own commands that ours stand for."""


def commands(workbench: Workbench, own: Iterable[SystemCommand]) -> Iterable[SystemCommand]:
    """The commands of a workbench.

    Args:
        workbench: Where they act.
        own: Textual's own commands.
    """
    for command in COMMANDS:
        if command.id != "palette" and workbench.check_action(command.action, ()):
            run = partial(workbench.run_action, command.action)
            yield SystemCommand(command.label.rstrip("…"), command.tooltip, run)
    yield from (command for command in own if command.title not in REPLACED)
