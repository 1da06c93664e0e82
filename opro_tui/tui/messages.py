"""What the screens tell each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from opro_tui.core.events import Stopped
    from opro_tui.tui.measuring import Measuring


class SessionOpened(Message):
    """The session is there to be drawn."""


class StepsAsked(Message):
    """The person wants steps to run.

    Args:
        steps: How many.
    """

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps


class ScoreAsked(Message):
    """The person wants candidates scored now, without a step.

    Args:
        ids: Which.
    """

    def __init__(self, ids: tuple[int, ...]) -> None:
        super().__init__()
        self.ids = ids


class CritiqueAsked(Message):
    """The person wants the critique of the next step written now."""


class StopAsked(Message):
    """The person wants the run to stop; said again, to be broken off."""


class LeaveAsked(Message):
    """The person wants to leave."""


class Edited(Message):
    """The session was edited, so that the next meta-prompt may be another."""


class PromptReadable(Message):
    """The first meta-prompt is there; its length and its forecast are still to be worked out.

    Args:
        painted: To be called when it is on the screen.
    """

    def __init__(self, painted: Callable[[], object]) -> None:
        super().__init__()
        self.painted = painted


class PromptChanged(Message):
    """The next meta-prompt, its length or its forecast were worked out anew."""


class RunEnded(Message):
    """A run of steps is over.

    Args:
        stopped: Why it ended before its steps were done; None when they are done.
    """

    def __init__(self, stopped: Stopped | None) -> None:
        super().__init__()
        self.stopped = stopped


class Failed(Message):
    """Something went wrong that the person has to know.

    Args:
        title: What was being done.
        text: What happened and what to do; may hold an endpoint's words.
        code: Why a run ended (`core.events.Stopped`); empty for anything else.
        again: What can be tried again, `run` or `prompt`; empty where nothing can.
    """

    def __init__(self, title: str, text: str, *, code: str = "", again: str = "") -> None:
        super().__init__()
        self.title = title
        self.text = text
        self.code = code
        self.again = again


class SessionAsked(Message):
    """The person wants a session on the workbench.

    Args:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class OpenFailed(Message):
    """A session could not be opened.

    Args:
        text: What happened and what to do.
        code: The exit code, where the program ends with it.
    """

    def __init__(self, text: str, code: int) -> None:
        super().__init__()
        self.text = text
        self.code = code


class ForkAsked(Message):
    """The person wants to go on from a step in a session of its own.

    Args:
        step: The last step that both share.
        name: The fork's name.
    """

    def __init__(self, step: int, name: str) -> None:
        super().__init__()
        self.step = step
        self.name = name


class ForkMade(Message):
    """A fork was made, by a replay that goes live or under other settings.

    Args:
        step: The last step that it goes on from.
        name: The fork's name.
    """

    def __init__(self, step: int, name: str) -> None:
        super().__init__()
        self.step = step
        self.name = name


class MeasureEnded(Message):
    """A measurement outside of a step is over.

    Args:
        text: What became of it.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class MeasureAsked(Message):
    """The person wants solutions scored on examples of no step.

    Args:
        job: The measurement; screens watch it.
    """

    def __init__(self, job: Measuring) -> None:
        super().__init__()
        self.job = job


class Filled(Message):
    """The first screen has what its keys act on."""


class Loaded(Message):
    """Much was read that stays in memory."""
