"""What signals do to a command: work is asked to end, then broken off; what is paid for is kept."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opro_tui.cli import output
from opro_tui.cli.figures import plural
from opro_tui.core.errors import OproError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opro_tui.engine.session import Session

    Handler = Callable[[int], None]

INTERRUPTED = 130
GRACE_SECONDS = 8.0
"""How long calls in flight are waited for after a signal that nobody is there to repeat.

Service managers and container engines wait ten seconds, the least of them, before they kill.
"""
ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_handlers: list[tuple[Handler, frozenset[int]]] = []


@contextmanager
def signals(handler: Handler, names: Sequence[str] = ENDING) -> Iterator[None]:
    """Let signals that end a program call a handler; the ones from around it come back after.

    On Windows, which has no such way, nothing changes. A SIGHUP that is ignored stays so: that is
    how nohup has a run outlive its terminal.
    """
    loop = asyncio.get_running_loop()
    before = {}
    for name in names:
        number = getattr(signal, name, None)
        if number is None:
            continue
        found = signal.getsignal(number)
        if name == "SIGHUP" and found is signal.SIG_IGN:
            continue
        try:
            loop.add_signal_handler(number, handler, number)
        except (NotImplementedError, RuntimeError, ValueError):
            continue
        before[number] = found
    _handlers.append((handler, frozenset(before)))
    try:
        yield
    finally:
        _handlers.pop()
        for number, found in before.items():
            around = next((each for each, its in reversed(_handlers) if number in its), None)
            if around is not None:
                loop.add_signal_handler(number, around, number)
                continue
            loop.remove_signal_handler(number)
            if found is not None:
                signal.signal(number, found)


class Halted(OproError):
    """A command was ended by a signal, and says that what was paid for is kept."""

    exit_code = INTERRUPTED


class Interruption:
    """The first signal asks work to end, the second breaks it off.

    One that no person sends (the terminal was closed, the machine shuts down) is not repeated:
    there the calls in flight get some seconds.

    Args:
        stop: Asks the work to end; calls in flight are kept.
        kept: Says what of it is kept, such as the calls in flight.
        clear: Takes a redrawn line off the terminal before something is said.

    Attributes:
        asked: Whether the work was asked to end.
        broken_off: Whether it was ended without waiting for its calls.
    """

    def __init__(
        self,
        stop: Callable[[], None],
        kept: Callable[[], str],
        clear: Callable[[], None] | None = None,
    ) -> None:
        self._stop = stop
        self._kept = kept
        self._clear = clear or (lambda: None)
        self._task = asyncio.current_task()
        self.asked = False
        self.broken_off = False

    def __call__(self, number: int) -> None:
        """A signal has come."""
        if self.asked:
            self.break_off()
            return
        self.asked = True
        self._stop()
        said = f"stopping: {self._kept()}"
        if number != signal.SIGINT:
            asyncio.get_running_loop().call_later(GRACE_SECONDS, self.break_off)
            said += f", for {GRACE_SECONDS:g} s"
        self._clear()
        output.note(f"{said}; again to break off")

    def break_off(self) -> None:
        """End the work without waiting, if it hasn't ended."""
        if not self.broken_off and self._task is not None and not self._task.done():
            self.broken_off = True
            self._task.cancel()


def in_flight(calls: int) -> str:
    """What is kept of work that has so many calls under way."""
    return f"{plural(calls, 'call')} in flight will be kept"


def kept(session: Session) -> str:
    """What is kept when a session is told to stop."""
    traffic = session.traffic
    if traffic.batched is not None:
        return "what is in a batch goes on at the provider"
    return in_flight(traffic.in_flight)


@contextmanager
def stoppable(session: Session) -> Iterator[None]:
    """Let signals end what buys answers for a session, with the calls in flight kept.

    Raises:
        Halted: It was ended.
    """
    from opro_tui.engine.run import Interrupted

    interruption = Interruption(session.stop, lambda: kept(session))
    try:
        with signals(interruption):
            yield
    except (Interrupted, asyncio.CancelledError) as ended:
        if isinstance(ended, asyncio.CancelledError) and not interruption.broken_off:
            raise
        how = "broken off" if interruption.broken_off else "stopped"
        raise Halted(
            f"{how}; what was paid for is kept", todo="The same command goes on."
        ) from None
