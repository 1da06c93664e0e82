"""What a person can do in the list of sessions."""

from __future__ import annotations

from opro_tui.tui.commands import Command

SESSION_COMMANDS: tuple[Command, ...] = (
    Command("help", "question_mark,f1", "help", "Help", "Show every key with what it does."),
    Command("session_open", "o", "open", "Open", "Open the selected session's workbench."),
    Command("quit", "q", "quit", "Quit", "Leave; every session is kept."),
    Command("session_new", "n", "new", "New", "Make a session on a task of your choice, priced."),
    Command(
        "session_demo",
        "d",
        "demo",
        "Demo",
        "Make a session on simulated models: no key, no network, no cost.",
    ),
    Command("replay", "P", "replay", "Replay", "Play the selected session again, at no cost."),
    Command("costs", "B,dollar_sign", "costs", "Costs", "Show what its steps cost.", footer=False),
    Command(
        "compare",
        "W",
        "compare",
        "Compare",
        "Compare two sessions: those marked with space, or the selected one with the marked.",
    ),
    Command(
        "ablation",
        "A",
        "ablation",
        "Ablation",
        "Show the ablation that the selected session is an arm of: its arms' curves and table.",
    ),
    Command("session_search", "slash,Q", "search", "Search", "Show only sessions that match."),
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
        footer=False,
    ),
    Command(
        "session_delete",
        "x,delete",
        "delete",
        "Delete",
        "Delete the marked sessions, or the selected one; says first what is lost.",
    ),
    Command(
        "session_undelete",
        "u",
        "undelete",
        "Undelete",
        "Bring back a deleted session, of those whose time isn't over.",
        footer=False,
    ),
    Command("session_mark", "space", "mark", "Mark", "Mark the selected session, to delete many."),
    Command("session_sort", "s", "sort", "Sort", "Sort by the next column."),
    Command("session_reverse", "S", "reverse", "Reverse", "Turn the order round.", footer=False),
    Command("session_reload", "R", "reload", "Reload", "Read the sessions again.", footer=False),
    Command(
        "copy",
        "y",
        "copy",
        "Copy",
        "Copy the session's name, its row, or the table of all that are shown.",
        footer=False,
    ),
    Command(
        "mouse",
        "M",
        "mouse",
        "Mouse",
        "Give the mouse back to the terminal, to select text, or take it again.",
        footer=False,
    ),
    Command(
        "palette",
        "colon,L",
        "palette",
        "Palette",
        "Find any action by its name.",
        footer=False,
    ),
)
"""The keys of the list of sessions; those with an id of the workbench follow its keymap."""
