"""Running steps from the command line: signals, what is printed, and the exit code."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from opro_tui.cli import output
from opro_tui.cli.progress import Progress
from opro_tui.cli.report import StepPrinter
from opro_tui.cli.signals import INTERRUPTED, Interruption, kept, signals
from opro_tui.core.events import Event, Stopped, to_json

if TYPE_CHECKING:
    from opro_tui.engine.session import Session


class _Printer(Protocol):
    """What prints a run."""

    def begin(self) -> None: ...

    def show(self, event: Event) -> None: ...

    def end(self, stopped: Stopped | None) -> None: ...


class _Lines:
    """Prints each public event as one line of JSON; how it ended goes to stderr."""

    def __init__(self, session: Session) -> None:
        self._name = session.name

    def begin(self) -> None:
        """Nothing but events is printed."""

    def show(self, event: Event) -> None:
        if event.public:
            output.document(to_json(event, self._name), indent=None)

    def end(self, stopped: Stopped | None) -> None:
        if stopped is not None:
            output.note(f"stopped: {output.one_line(stopped.message)}")


async def run_steps(session: Session, steps: int, *, as_json: bool = False) -> int:
    """Run steps and print what happens; progress goes to stderr.

    Args:
        session: Open for writing.
        steps: How many.
        as_json: Whether stdout gets the events, one a line, and nothing else.

    Returns:
        The exit code.
    """
    from opro_tui.engine.loop import EXIT_CODES

    progress = Progress(session)
    interruption = Interruption(session.stop, lambda: kept(session), clear=progress.clear)
    printer: _Printer = _Lines(session) if as_json else StepPrinter(session)
    ended: Stopped | None = None
    gone: BrokenPipeError | None = None
    try:
        with signals(interruption):
            async with progress:
                printer.begin()
                async with aclosing(session.run(steps)) as events:
                    async for event in events:
                        ended = event if isinstance(event, Stopped) else None
                        progress.clear()
                        try:
                            if gone is None:
                                printer.show(event)
                        except BrokenPipeError as error:
                            # What reads our lines has gone; calls in flight are paid for.
                            gone = error
                            session.stop()
    except asyncio.CancelledError:
        if not interruption.broken_off:
            raise
        output.note(
            "broken off; what was answered is kept, what was on its way may be billed;"
            " `run` again resumes"
        )
        return INTERRUPTED
    if gone is not None:
        raise gone
    printer.end(ended)
    return EXIT_CODES.get(ended.code, 0) if ended else 0
