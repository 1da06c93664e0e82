"""Runs a session up to a number of steps in a process to be killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.sessions import opened, run

if TYPE_CHECKING:
    from pathlib import Path


async def _play(path: Path, name: str, steps: int) -> None:
    async with opened(path, name) as session:
        while session.state.finished_steps < steps:
            await run(session, 1)


def play(path: Path, name: str, steps: int) -> None:
    """Run it; the process ends with it."""
    asyncio.run(_play(path, name, steps))
