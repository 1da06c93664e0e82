"""Wait for what other threads and tasks do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return once a condition holds; the time is for machines that are busy."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come about")
