"""Slots: how many of a session's calls may be without a stored outcome at a time."""

from __future__ import annotations

import asyncio


class Slot:
    """One call's place among those under way; `leave` it whatever happens."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots: asyncio.Semaphore | None = slots

    def leave(self) -> None:
        """Make room for the next call; safe to call again."""
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.release()


class Slots:
    """So many places.

    A call leaves when its answer has come and is on its way to the database: the next one's intent
    is stored right behind it, so that the endpoint need not wait for the disk. The database then
    still never holds more calls without an outcome than there are slots.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._slots = asyncio.Semaphore(count)

    async def enter(self) -> Slot:
        """Wait for a place."""
        await self._slots.acquire()
        return Slot(self._slots)
