"""Runs a user's code off the event loop, with a time-out."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

from opro_tui.core.errors import OproError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TIME_OUT = 30.0
"""Seconds that a user's metric, task or solver may take for one answer."""


async def offload(function: Callable[[], T], seconds: float | None = TIME_OUT) -> T:
    """Call a function in a thread of its own.

    A thread that never ends can't be stopped; being a daemon it doesn't keep the program alive.

    Args:
        function: What to call.
        seconds: How long it may take; None where it has a limit of its own.

    Raises:
        TimeoutError: It took longer.
        OproError: It tried to end the program, or to break off what waits for it.
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
        except StopIteration as error:
            failure = RuntimeError(f"StopIteration: {error}")  # no future takes it
        except Exception as error:  # noqa: BLE001 - handed to the caller
            failure = error
        except BaseException as error:  # noqa: BLE001 - it is not the user's code that ends us
            ended = f"{type(error).__name__}: {error}".rstrip(": ")
            failure = OproError(f"your code tried to end the program ({ended})")
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=work, name="opro-user-code", daemon=True).start()
    async with asyncio.timeout(seconds):
        return await done
