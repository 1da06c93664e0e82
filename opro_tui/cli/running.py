"""Running steps from the command line: signals, what is printed, and the exit code."""

from __future__ import annotations

import asyncio
import signal
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Protocol

from opro_tui.cli import output
from opro_tui.cli.figures import plural
from opro_tui.cli.progress import Progress
from opro_tui.cli.report import StepPrinter
from opro_tui.core.events import Event, Stopped, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opro_tui.engine.session import Session

INTERRUPTED = 130
_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")


class _Interruption:
    """The first signal asks the run to stop, the second breaks it off."""

    def __init__(self, session: Session, say: Callable[[str], None]) -> None:
        self._session = session
        self._say = say
        self._task = asyncio.current_task()
        self._asked = False
        self.broken_off = False

    def __call__(self) -> None:
        if not self._asked:
            self._asked = True
            self._session.stop()
            traffic = self._session.traffic
            calls = plural(traffic.in_flight, "call")
            kept = f"{calls} in flight will be kept"
            if traffic.batched is not None:
                kept = "what is in a batch goes on at the provider"
            self._say(f"stopping: {kept}; again to break off")
        elif not self.broken_off and self._task is not None:
            self.broken_off = True
            self._task.cancel()


@contextmanager
def signals(handler: Callable[[], None]) -> Iterator[None]:
    """Let the signals that end a program call a handler; not on Windows, which has no such way."""
    loop = asyncio.get_running_loop()
    installed = []
    for name in _STOPPING:
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, handler)
        except (NotImplementedError, RuntimeError, ValueError):
            continue
        installed.append(number)
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)


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

    def say(text: str) -> None:
        progress.clear()
        output.note(text)

    interruption = _Interruption(session, say)
    printer: _Printer = _Lines(session) if as_json else StepPrinter(session)
    ended: Stopped | None = None
    try:
        with signals(interruption):
            async with progress:
                printer.begin()
                # Closed here and now, also when what reads our lines has gone.
                async with aclosing(session.run(steps)) as events:
                    async for event in events:
                        ended = event if isinstance(event, Stopped) else None
                        progress.clear()
                        printer.show(event)
    except asyncio.CancelledError:
        if not interruption.broken_off:
            raise
        output.note("broken off; what was paid for is kept, and `run` again resumes")
        return INTERRUPTED
    printer.end(ended)
    return EXIT_CODES.get(ended.code, 0) if ended else 0
