"""Runs a user's code off the event loop, with a time-out."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TIME_OUT = 30.0
"""Seconds that a user's metric, task or solver may take for one answer."""


async def offload(function: Callable[[], T], seconds: float = TIME_OUT) -> T:
    """Call a function in a thread of its own.

    A thread that never ends can't be stopped; being a daemon it doesn't keep the program alive.

    Raises:
        TimeoutError: It took longer than `seconds`.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=work, name="opro-user-code", daemon=True).start()
    async with asyncio.timeout(seconds):
        return await done
