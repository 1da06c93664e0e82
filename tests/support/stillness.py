"""An event loop whose clock stands still while anything is being done.

Screens wait a lot: for a frame, for a pause in typing, for the next look at the database. On this
loop such a wait takes no time: when all work is done, the clock jumps to the next timer. So tests
of screens are as fast as the processor, and what they show is the same on a busy machine, for no
timer goes off before the work that came first is finished.

The clock runs as usual while the loop waits for something outside of it: a socket, a process, or
a thread that takes longer than `patience`.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import threading
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import textual._time
import textual.app
import textual.command
import textual.notifications
import textual.pilot
from textual.notifications import Notification

from opro_tui.store.threads import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMES = 0.02
"""How long a pilot waits after a key, by the loop's clock: more than a frame of the screen."""
OUTSIDE = ("opro-user-code", "asyncio-waitpid")
"""How the names of threads begin that answer the loop by themselves."""


class StillSelector(selectors.DefaultSelector):
    """Waits for events; where only a timer can be next, the clock jumps to it instead.

    Attributes:
        clock: The loop's time, in seconds.
        jobs: How many jobs other threads do for the loop.
        patience: Seconds that a thread may take before the clock runs on.
    """

    def __init__(self, patience: float) -> None:
        super().__init__()
        self.clock = 0.0
        self.jobs = 0
        self.patience = patience

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.jobs:
            ready = super().select(self.patience)
            if ready:
                return ready
        if timeout is not None and not self.jobs and not self._awaits_others():
            self.clock += timeout
            return ready
        start = time.monotonic()
        ready = super().select(timeout)
        self.clock += time.monotonic() - start
        return ready

    def _awaits_others(self) -> bool:
        """Whether sockets, pipes, processes or a person's code may be the next to be heard of."""
        # One file is the loop's own, by which threads wake it.
        if len(self.get_map()) > 1:
            return True
        return any(thread.name.startswith(OUTSIDE) for thread in threading.enumerate())


class StillLoop(asyncio.SelectorEventLoop):
    """The loop over such a selector.

    Args:
        patience: Seconds that a thread may take before the clock runs on.
    """

    def __init__(self, patience: float = 0.2) -> None:
        self.still = StillSelector(patience)
        super().__init__(self.still)

    def time(self) -> float:
        return self.still.clock

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait for the threads to end, however far the clock runs on meanwhile."""
        del timeout  # Python 3.12's Runner gives 300 seconds, which pass here in no time
        await super().shutdown_default_executor()

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self.still.jobs += 1
        future.add_done_callback(self._job_done)
        return future

    def _job_done(self, _: object) -> None:
        self.still.jobs -= 1


def now() -> float:
    """The running loop's time."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return time.monotonic()


def notice(notification: Notification, *given: Any, **named: Any) -> None:
    """Make a notification that lasts by the loop's clock from its first moment."""
    MAKE(notification, *given, **named)
    notification.raised_at = now()


async def frames(*_: object) -> None:
    """Let everything be done and drawn."""
    await asyncio.sleep(FRAMES)


async def write(writer: Writer, job: Any, **given: Any) -> Any:
    """A job of the writing thread, which doesn't go through the loop's executor."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, StillLoop):
        return await RUN(writer, job, **given)
    loop.still.jobs += 1
    try:
        return await RUN(writer, job, **given)
    finally:
        loop.still.jobs -= 1


RUN = Writer.run
MAKE = Notification.__init__


@contextlib.contextmanager
def stillness() -> Iterator[None]:
    """Let Textual's timers and pilots, and the store's threads, keep to the loop's clock."""
    with (
        mock.patch.object(textual._time, "get_time", now),
        mock.patch.object(textual.command, "monotonic", now),
        mock.patch.object(textual.notifications, "time", now),
        mock.patch.object(Notification, "__init__", notice),
        mock.patch.object(textual.app, "wait_for_idle", frames),
        mock.patch.object(textual.pilot, "wait_for_idle", frames),
        mock.patch.object(Writer, "run", write),
    ):
        yield
