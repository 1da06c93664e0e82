"""Every key of the workbench in one table: footer, help, palette and keymap read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding

from opro_tui.core.errors import BadInput, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can do.

    Attributes:
        id: Its stable name, for keymaps.
        keys: The keys it comes with, separated by commas.
        action: The screen's action.
        label: For the footer.
        tooltip: A sentence for help, palette and mouse.
        footer: Whether the footer shows it.
        writes: Whether it changes the session, so that a read-only screen leaves it out.
    """

    id: str
    keys: str
    action: str
    label: str
    tooltip: str
    footer: bool = True
    writes: bool = False


COMMANDS: tuple[Command, ...] = (
    Command("help", "question_mark,f1", "help", "Help", "Show every key with what it does."),
    Command(
        "step",
        "s",
        "step",
        "Step",
        "Run the next step, finish the one that is unfinished, or score what you reviewed.",
        writes=True,
    ),
    Command(
        "run", "r", "run_steps", "Run…", "Run several steps in a row; asks how many.", writes=True
    ),
    Command(
        "stop",
        "x,S",
        "stop_run",
        "Stop",
        "Stop after the calls in flight; once more breaks them off. What came back is kept.",
        writes=True,
    ),
    Command(
        "veto",
        "v",
        "veto",
        "Veto",
        "Keep the selected candidate, which waits to be scored, from being scored.",
        writes=True,
    ),
    Command(
        "edit", "e", "edit", "Edit", "Edit the meta-instructions of the next step.", writes=True
    ),
    Command(
        "pin",
        "p",
        "pin",
        "Pin",
        "Always show the selected solution to the optimizer, or no longer.",
        writes=True,
    ),
    Command(
        "drop",
        "d",
        "drop",
        "Drop",
        "Never show the selected solution to the optimizer, or show it again.",
        writes=True,
    ),
    Command(
        "temperature",
        "t",
        "temperature",
        "Temp",
        "Set the optimizer's temperature from the next step on.",
        writes=True,
    ),
    Command(
        "add",
        "a",
        "add",
        "Add",
        "Add a solution of your own, to be scored with the next candidates.",
        writes=True,
    ),
    Command(
        "review",
        "V",
        "review",
        "Review",
        "Switch on or off that each step waits for your review before it scores.",
        footer=False,
        writes=True,
    ),
    Command(
        "details",
        "i",
        "details",
        "Details",
        "Show the whole text of the selected solution.",
        footer=False,
    ),
    Command("zoom", "z", "zoom", "Zoom", "Show only the focused pane, or all again.", footer=False),
    Command("next_pane", "tab", "next_pane", "Next pane", "Go to the next pane.", footer=False),
    Command(
        "previous_pane",
        "shift+tab",
        "previous_pane",
        "Previous pane",
        "Go to the pane before.",
        footer=False,
    ),
    Command("messages", "m", "messages", "Messages", "Show every warning so far.", footer=False),
    Command("palette", "colon", "palette", "Palette", "Find any action by its name.", footer=False),
    Command("quit", "q", "quit", "Quit", "Leave; the session is kept and can be opened again."),
)

SESSION_COMMANDS: tuple[Command, ...] = (
    Command("help", "question_mark,f1", "help", "Help", "Show every key with what it does."),
    Command("session_open", "o", "open", "Open", "Open the selected session's workbench."),
    Command("session_new", "n", "new", "New", "Make a session on a task of your choice, priced."),
    Command(
        "session_demo",
        "d",
        "demo",
        "Demo",
        "Make a session on simulated models: no key, no network, no cost.",
    ),
    Command("session_search", "slash", "search", "Search", "Show only sessions that match."),
    Command("session_rename", "r", "rename", "Rename", "Give the selected session another name."),
    Command(
        "session_fork",
        "f",
        "fork",
        "Fork",
        "Go on from one of its steps in a session of its own.",
    ),
    Command(
        "session_duplicate",
        "D",
        "duplicate",
        "Duplicate",
        "Make a session with the same task and settings, and no steps yet.",
    ),
    Command(
        "session_delete",
        "x,delete",
        "delete",
        "Delete",
        "Delete the marked sessions, or the selected one; says first what is lost.",
    ),
    Command("session_mark", "space", "mark", "Mark", "Mark the selected session, to delete many."),
    Command("session_sort", "s", "sort", "Sort", "Sort by the next column."),
    Command("session_reverse", "S", "reverse", "Reverse", "Turn the order round.", footer=False),
    Command("session_reload", "R", "reload", "Reload", "Read the sessions again.", footer=False),
    Command("palette", "colon", "palette", "Palette", "Find any action by its name.", footer=False),
    Command("quit", "q", "quit", "Quit", "Leave; every session is kept."),
)
"""The keys of the list of sessions; those with an id of the workbench follow its keymap."""

BY_ID = {command.id: command for command in (*SESSION_COMMANDS, *COMMANDS)}
BY_ACTION = {command.action: command for command in COMMANDS}

LIST_KEYS: tuple[tuple[str, str], ...] = (
    ("↑ ↓ k j", "Move in a list or scroll the meta-prompt."),
    ("PgUp PgDn", "Move by a page."),
    ("g G", "Go to the first or the last row; Home and End as well."),
    ("Enter", "Show the whole text of the selected row."),
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


def keymap(table: Mapping[str, object]) -> dict[str, str]:
    """The config file's `[keymap]`: command id to keys.

    Raises:
        BadInput: An id is unknown, or its keys are no text.
    """
    for name, keys in table.items():
        if name not in BY_ID:
            todo = nearest(name, BY_ID) or f"The commands are {', '.join(BY_ID)}."
            raise BadInput(f"unknown command {name!r}", where="config: keymap", todo=todo)
        if not isinstance(keys, str) or not keys.strip():
            raise BadInput(
                f"{name} has no keys", where="config: keymap", todo=f'Write {name} = "ctrl+n".'
            )
    return {name: str(keys) for name, keys in table.items()}
