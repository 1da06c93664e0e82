"""What a person can do with a session's past, from the workbench."""

from __future__ import annotations

from opro_tui.tui.command import Command

HISTORY_COMMANDS: tuple[Command, ...] = (
    Command(
        "fork",
        "f",
        "fork",
        "Fork",
        "Go on from one of this session's steps in a session of its own.",
        footer=False,
    ),
    Command(
        "costs",
        "B,dollar_sign",
        "costs",
        "Costs",
        "Show what every step cost beside its forecast, what was wasted, and what a point costs.",
    ),
    Command(
        "replay",
        "P",
        "replay",
        "Replay",
        "Play this session again, event by event: no model, no cost; a fork goes on from any step.",
        footer=False,
    ),
    Command(
        "new_eyes",
        "N",
        "new_eyes",
        "New eyes",
        "Grade the stored answers with another metric, or rebuild the meta-prompts: no cost.",
        footer=False,
        panes=("candidates", "trajectory"),
    ),
    Command(
        "compare",
        "W",
        "compare",
        "Compare",
        "Compare this session with another: held-out difference, curves, best solutions, edits.",
        footer=False,
    ),
    Command(
        "confirm",
        "F",
        "confirm",
        "Confirm",
        "Score what can't be told from the best on fresh examples; shows the price first.",
        footer=False,
    ),
    Command(
        "evaluate",
        "X",
        "evaluate",
        "Evaluate",
        "Look at the held-out test split, train beside test; shows the price and the looks so far.",
        footer=False,
    ),
    Command(
        "lineage",
        "L",
        "lineage",
        "Lineage",
        "Show where the selected solution's words came from, and what each change fixed and broke.",
        footer=False,
        panes=("candidates", "trajectory"),
    ),
    Command(
        "null_arm",
        "A",
        "null_arm",
        "Null arm",
        "Make this session's control, which samples everything at once; asks with the price.",
        footer=False,
    ),
)
