"""From the tables of commands to Textual's bindings, and keys as a person reads them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from textual.actions import parse
from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS

from opro_tui.tui.commands import COMMANDS, Command
from opro_tui.tui.session_commands import SESSION_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.screen import Screen

BY_ID = {command.id: command for command in (*SESSION_COMMANDS, *COMMANDS)}
BY_ACTION = {command.action: command for command in COMMANDS}

LIST_KEYS: tuple[tuple[str, str], ...] = (
    ("↑ ↓ k j", "Move in a list or scroll the meta-prompt."),
    ("PgUp PgDn", "Move by a page."),
    ("/ Q", "Show only the rows that hold what is typed; Escape shows all again."),
    ("g G", "Go to the first or the last row; Home and End as well."),
    ("n N", "In the meta-prompt: go to the next or the previous region; ] and [ as well."),
    ("Enter", "Show all that is known of the selected row."),
    ("Escape", "Close the layer on top; it never quits."),
    ("Ctrl+P", "Open the palette: every action by its name."),
    ("Ctrl+C", "Copy what is selected; else stop a run; twice while nothing runs, quit."),
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


def commands_of(screen: type[Screen[Any]]) -> tuple[Command, ...]:
    """A screen's bindings as a table: those that explain themselves, in their order.

    Args:
        screen: A screen's class; what it inherits counts as well.
    """
    found: dict[str, Command] = {}
    for base in reversed(screen.__mro__):
        for binding in base.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.tooltip:
                found[binding.action] = Command(
                    binding.id or binding.action,
                    binding.key,
                    binding.action,
                    binding.description,
                    binding.tooltip,
                    footer=binding.show,
                )
    return tuple(found.values())


def possible(screen: Screen[Any], command: Command) -> bool:
    """Whether a command can be done on a screen now."""
    place, name, parameters = parse(command.action)
    return place == "app" or bool(screen.check_action(name, parameters))


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
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "full_stop": ".",
    "plus": "+",
    "minus": "−",
    "escape": "Esc",
    "enter": "Enter",
    "f1": "F1",
    "f2": "F2",
    "f4": "F4",
    "f5": "F5",
    "f8": "F8",
    "home": "Home",
    "end": "End",
    "left": "←",
    "right": "→",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
}


UNICODE_NAMES = {name: given for given, name in KEY_NAME_REPLACEMENTS.items()}


def spelled(keys: str) -> str:
    """Keys as a person reads them."""
    return " ".join(_spelled(key.strip()) for key in keys.split(","))


def _spelled(key: str) -> str:
    """A key's sign, whatever Textual or Unicode calls it."""
    if key in NAMES:
        return NAMES[key]
    *modifiers, last = key.split("+")
    try:
        sign = unicodedata.lookup(UNICODE_NAMES.get(last, last).replace("_", " "))
    except KeyError:
        sign = last
    return "+".join([*modifiers, NAMES.get(last, sign if sign.isprintable() else last)])
