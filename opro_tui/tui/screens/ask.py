"""The questions that the workbench asks before it acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.settings import find
from opro_tui.tui.screens.layers import Prompt, Question

if TYPE_CHECKING:
    from opro_tui.core.settings import Settings

Save = Callable[[str], Awaitable[bool]]
Check = Callable[[str], str]

MOST_STEPS = 1000


def steps() -> Prompt:
    """How many steps to run."""

    def check(value: str) -> str | None:
        good = value.strip().isascii() and value.strip().isdigit()
        if good and 1 <= int(value) <= MOST_STEPS:
            return None
        return f"Give a whole number from 1 to {MOST_STEPS}."

    text = (
        "How many steps to run in a row? Each one waits for the one before; x stops between calls."
    )
    return Prompt("Run steps", text, "5", check)


def temperature(settings: Settings) -> Prompt:
    """Which temperature the optimizer shall have."""
    definition = find("temperature")

    def check(value: str) -> str | None:
        try:
            definition.parse(value)
        except BadInput as error:
            return error.what
        return None

    text = (
        "0 repeats what is likeliest, 1 is the paper's, up to 2 is bolder. From the next step on."
    )
    if settings.schedule != "constant":
        text += f" The schedule {settings.schedule} starts from here."
    return Prompt("Temperature of the optimizer", text, f"{settings.temperature:g}", check)


def leave() -> Question:
    """What to do with the step that runs."""
    text = (
        "A step is running. What came back is kept either way, and the step can be finished later."
    )
    answers = (
        ("stay", "n", "Stay"),
        ("stop", "s", "Stop, then leave"),
        ("now", "l", "Leave at once"),
    )
    return Question("Leave?", text, answers)
