"""What a person can do on the workbench: footer, help, palette and keymap read this table."""

from __future__ import annotations

from dataclasses import dataclass


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
        panes: Ids of the panes that it belongs to; help lists it first there.
    """

    id: str
    keys: str
    action: str
    label: str
    tooltip: str
    footer: bool = True
    writes: bool = False
    panes: tuple[str, ...] = ()


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
        "edit",
        "e",
        "edit",
        "Edit",
        "Edit the texts of the next meta-prompt, with a preview.",
        writes=True,
        panes=("meta-prompt",),
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
        "exemplars",
        "E",
        "exemplars",
        "Exemplars",
        "See, pin, drop, redraw and search the examples that the meta-prompt shows.",
        panes=("meta-prompt",),
    ),
    Command(
        "differences",
        "D",
        "differences",
        "Diff",
        "Compare the edited meta-prompt with the automatic one, or with the last step's.",
        panes=("meta-prompt",),
    ),
    Command(
        "edit_outside",
        "O,ctrl+e",
        "edit_outside",
        "$EDITOR",
        "Edit the meta-instructions in your own editor, named by $VISUAL or $EDITOR.",
        footer=False,
        writes=True,
        panes=("meta-prompt",),
    ),
    Command(
        "older_prompt",
        "K,less_than_sign",
        "older_prompt",
        "Older prompt",
        "Show the meta-prompt as the step before sent it; in its pane ← as well.",
        footer=False,
        panes=("meta-prompt",),
    ),
    Command(
        "newer_prompt",
        "J,greater_than_sign",
        "newer_prompt",
        "Newer prompt",
        "Show the meta-prompt of the step after, up to the next one; in its pane → as well.",
        footer=False,
        panes=("meta-prompt",),
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
        "select",
        "space",
        "select",
        "Select",
        "In review: leave the candidate out of what will be scored, or take it in again.",
        writes=True,
        panes=("candidates",),
    ),
    Command(
        "reword",
        "w",
        "reword",
        "Reword",
        "Write the selected text anew, as a candidate of yours; one that waits gives way to it.",
        footer=False,
        writes=True,
        panes=("candidates", "trajectory"),
    ),
    Command(
        "try_out",
        "T",
        "try_out",
        "Try",
        "Ask the scorer about a few examples, and see its answers before you pay for a step.",
        writes=True,
        panes=("candidates", "trajectory"),
    ),
    Command(
        "halt",
        "h",
        "halt",
        "Halt",
        "End the selected candidate's scoring where it is; the step goes on with the others.",
        writes=True,
        panes=("candidates",),
    ),
    Command(
        "complete",
        "c",
        "complete",
        "Complete",
        "Score now what the selected candidate lacks; asks with the price.",
        footer=False,
        writes=True,
        panes=("candidates", "trajectory"),
    ),
    Command(
        "rescore",
        "R",
        "rescore",
        "Rescore",
        "Score the selected solution again on new answers; asks with the price.",
        footer=False,
        writes=True,
        panes=("candidates", "trajectory"),
    ),
    Command(
        "older_step",
        "b,left_square_bracket",
        "older_step",
        "Older step",
        "List the candidates of the step before.",
        footer=False,
        panes=("candidates",),
    ),
    Command(
        "newer_step",
        "n,right_square_bracket",
        "newer_step",
        "Newer step",
        "List the candidates of the step after.",
        footer=False,
        panes=("candidates",),
    ),
    Command(
        "sort",
        "o",
        "sort",
        "Sort",
        "Sort the trajectory by rank, number, step, score or length.",
        footer=False,
        panes=("trajectory",),
    ),
    Command(
        "freeze",
        "Z",
        "freeze",
        "Freeze",
        "Keep the trajectory's rows where they are while scores come in, or let them go.",
        footer=False,
        panes=("trajectory",),
    ),
    Command(
        "filter",
        "slash,N",
        "filter",
        "Filter",
        "Show only solutions that match a text, an origin, a step or a mark.",
        footer=False,
        panes=("trajectory",),
    ),
    Command(
        "look_alikes",
        "l",
        "look_alikes",
        "Look-alikes",
        "Show the instructions nearest to the selected one, with their scores and differences.",
        footer=False,
        panes=("candidates", "trajectory"),
    ),
    Command(
        "details",
        "i",
        "details",
        "Details",
        "Show a solution in full: text, every example with its answer, and another beside it.",
        footer=False,
    ),
    Command(
        "settings",
        "comma,equals_sign,A",
        "settings",
        "Settings",
        "See every setting with its default and what it does, and change it from the next step on.",
    ),
    Command(
        "copy",
        "y",
        "copy",
        "Copy",
        "Copy a score, an instruction, a row, a table or the meta-prompt to the clipboard.",
    ),
    Command(
        "undo",
        "u",
        "undo",
        "Undo",
        "Take your last edit back; again for the one before.",
        writes=True,
    ),
    Command(
        "history",
        "H",
        "history",
        "History",
        "Show every edit with its step, what it changed, and why.",
        footer=False,
    ),
    Command(
        "chart",
        "C",
        "chart",
        "Chart",
        "Show best and mean score by step on the whole screen, or go back.",
        footer=False,
        panes=("chart",),
    ),
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
        "mouse",
        "M",
        "mouse",
        "Mouse",
        "Give the mouse back to the terminal, to select text, or take it again. While it works "
        "here, Shift (on a Mac Option) and dragging select text in most terminals.",
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
    Command(
        "about",
        "I",
        "about",
        "About",
        "Show what the session was made with: versions, seed, data files and their fingerprints.",
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
    Command("quit", "q", "quit", "Quit", "Leave; the session is kept and can be opened again."),
)
