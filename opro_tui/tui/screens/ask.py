"""The questions that the workbench asks before it acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.names import check_name
from opro_tui.core.settings import find
from opro_tui.tui.format import plural, safe
from opro_tui.tui.screens.layers import Prompt, Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.settings import Settings
    from opro_tui.tui.review import Review

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
        "Something is running. What came back is kept either way, and the rest can be done later."
    )
    answers = (
        ("stay", "n", "Stay"),
        ("stop", "s", "Stop, then leave"),
        ("now", "l", "Leave at once"),
    )
    return Question("Leave?", text, answers)


def selection(found: Review, price: str) -> Question:
    """Whether to veto what was left out of a review, and to score the rest."""
    count = len(found.left_out)
    vetoed = plural(count, "candidate is", "candidates are")
    text = (
        f"{vetoed} not selected and will be vetoed: "
        f"{', '.join(f'#{id_}' for id_ in found.left_out[:12])}{' …' if count > 12 else ''}. "
        "A vetoed candidate can't be scored any more; reworded, it can.\n\n"
    )
    chosen = len(found.chosen)
    text += f"{plural(chosen, 'candidate')} will be scored: {price}." if chosen else ""
    label = f"Veto {count}, score {chosen}" if chosen else f"Veto all {count}"
    return Question("Score the selection?", text, (("back", "n", "Back"), ("score", "s", label)))


def score(title: str, price: str, *, again: bool) -> Question:
    """Whether to buy answers for one candidate."""
    if again:
        text = (
            f"It buys {price}. New answers to the same requests show how much of the score is the "
            "scorer's own noise; the new score takes the old one's place."
        )
    else:
        text = f"It buys {price}. Answers that are there already are not bought again."
    return Question(title, text, (("back", "n", "Back"), ("score", "s", "Score it")))


def cancel_batch(names: Sequence[str], requests: int) -> Question:
    """Whether to end batches at the provider."""
    shown = ", ".join(safe(name, 60) for name in names)
    text = (
        f"{plural(requests, 'request')} in {shown}: what is through by then is kept, and billed."
        " The rest is missing: s sends it anew, or scores it one by one with scoring set to full."
    )
    answers = (("back", "n", "Leave it"), ("cancel", "c", "Cancel it"))
    return Question("Cancel the batch?", text, answers)


def fork_made(name: str, *, running: bool) -> Question:
    """Whether to go on in a fork that was just made."""
    text = f"{safe(name, 60)} is made; nothing is spent. This session stays as it is."
    stay = ("stay", "n", "Stay here")
    if running:
        text += " A step is running here: open the fork from the list of sessions when it is done."
        return Question("The fork is made", text, (stay,))
    return Question("The fork is made", text, (("open", "o", "Open it now"), stay))


def fork_step(steps: Sequence[int]) -> Prompt:
    """From which step's results a fork shall go on."""

    def check(value: str) -> str | None:
        text = value.strip()
        if text.isascii() and text.isdigit() and int(text) in steps:
            return None
        return f"Give a finished step, {steps[0]} to {steps[-1]}."

    text = (
        "After which step shall the fork go on? Its results are the last that both share; "
        "0 is before the first step of the optimizer."
    )
    return Prompt("Fork", text, str(steps[-1]), check)


def fork_name(parent: str, step: int) -> Prompt:
    """Under which name a fork shall be kept."""

    def check(value: str) -> str | None:
        try:
            check_name(value.strip())
        except BadInput as error:
            return str(error)
        return None

    text = f"The fork shares {safe(parent, 60)} up to step {step}; nothing is paid twice."
    return Prompt("The fork's name", text, f"{parent}-fork", check)


def dear(why: str) -> Question:
    """Whether to run a step that costs far more than usual."""
    answers = (("stay", "n", "Not now"), ("run", "s", "Run it"))
    return Question("Dearer than usual", f"{why} Run it?", answers)


def other_task(before: str) -> Prompt:
    """On which other task a solution shall be measured."""

    def check(value: str) -> str | None:
        return None if value.strip() else "Name a task: bbh/navigate, multiarith, tickets.csv."

    text = (
        "A preset, a task file or a data file. Its held-out examples are answered with the "
        "session's scorer and position, and graded by its own metric. The price comes first."
    )
    return Prompt("Measure on which task?", text, before, check)
