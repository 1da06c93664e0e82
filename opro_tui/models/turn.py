"""One call's place at an endpoint's gate."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opro_tui.core.errors import ModelError
    from opro_tui.models.gate import Gate
    from opro_tui.models.retry import RetryPolicy


class Turn:
    """One call's place at a gate; `leave` it whatever happens."""

    def __init__(self, gate: Gate, model: str, tokens: int) -> None:
        self.gate = gate
        self.model = model
        self.tokens = float(tokens)
        self.at = 0.0
        self.sent = 0.0
        self.rank = 0
        self.level: int | None = None
        self.granted: asyncio.Future[None] | None = None

    async def wait(self, stopping: asyncio.Event | None = None) -> bool:
        """Wait until a request may be sent; False when the person asked to stop meanwhile.

        Raises:
            ModelError: The endpoint has refused everything for so long that it was given up.
        """
        if stopping is not None and stopping.is_set():
            return False
        if self.gate.enter(self):
            return True
        granted = self.granted = asyncio.get_running_loop().create_future()
        self.gate.queue(self)
        if stopping is None:
            await granted
            return True
        stop = asyncio.ensure_future(stopping.wait())
        try:
            await asyncio.wait({granted, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        if stopping.is_set():
            return False
        granted.result()
        return True

    def begin(self) -> None:
        """The request leaves now; what had to be stored before it is."""
        self.sent = self.gate.time()

    def accepted(self, tokens: int | None = None) -> None:
        """The endpoint answered, with so many tokens in all, if it said."""
        self.gate.accept(self, tokens)

    def refused(self, error: ModelError, policy: RetryPolicy) -> float | None:
        """The endpoint takes no more: seconds until it is asked again; None to give up."""
        return self.gate.refuse(self, error, policy)

    def failed(self, error: ModelError) -> None:
        """The call failed in another way, and may be tried again by itself."""
        if error.kind == "overloaded":
            self.gate.overloaded(self)
        else:
            self.gate.leave(self)

    def leave(self) -> None:
        """Make room; safe to call again."""
        self.gate.leave(self)
