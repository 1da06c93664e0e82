"""What the screens tell each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from opro_tui.core.events import Stopped


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


class StopAsked(Message):
    """The person wants the run to stop; said again, to be broken off."""


class LeaveAsked(Message):
    """The person wants to leave."""


class Edited(Message):
    """The session was edited, so that the next meta-prompt may be another."""


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
    """

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self.title = title
        self.text = text


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
