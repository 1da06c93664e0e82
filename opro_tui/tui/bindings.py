"""From the tables of commands to Textual's bindings, and keys as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

from opro_tui.tui.commands import COMMANDS, Command
from opro_tui.tui.session_commands import SESSION_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable

BY_ID = {command.id: command for command in (*SESSION_COMMANDS, *COMMANDS)}
BY_ACTION = {command.action: command for command in COMMANDS}

LIST_KEYS: tuple[tuple[str, str], ...] = (
    ("↑ ↓ k j", "Move in a list or scroll the meta-prompt."),
    ("PgUp PgDn", "Move by a page."),
    ("g G", "Go to the first or the last row; Home and End as well."),
    ("n N", "In the meta-prompt: go to the next or the previous region; ] and [ as well."),
    ("Enter", "Show all that is known of the selected row."),
    ("Escape", "Close the layer on top; it never quits."),
    ("Ctrl+P", "Open the palette: every action by its name."),
    ("Ctrl+C", "Stop a running step; pressed twice while nothing runs, quit."),
)
"""Keys that belong to the lists and to Textual, for help."""


def bindings(table: Iterable[Command] = COMMANDS) -> list[Binding]:
    """A table as Textual wants it."""
    return [
        Binding(
            command.keys,
            command.action,
            command.label,
            show=command.footer,
            key_display="?" if command.id == "help" else None,
            tooltip=command.tooltip,
            id=command.id,
        )
        for command in table
    ]


NAMES = {
    "question_mark": "?",
    "colon": ":",
    "comma": ",",
    "equals_sign": "=",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "Space",
    "dollar_sign": "$",
    "delete": "Del",
    "f1": "F1",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
}


def spelled(keys: str) -> str:
    """Keys as a person reads them."""
    return " ".join(NAMES.get(key.strip(), key.strip()) for key in keys.split(","))
