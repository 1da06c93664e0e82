"""An event loop whose time passes when nothing else is to do: hours of waiting in a moment."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


class _Selector(selectors.SelectSelector):
    now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "nothing is ever going to happen"
        self.now += max(timeout, 0.0)
        return super().select(0)


class ClockworkLoop(asyncio.SelectorEventLoop):
    """A loop without waiting."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run something in no time."""
    with asyncio.Runner(loop_factory=ClockworkLoop) as runner:
        return runner.run(work)
