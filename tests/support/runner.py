"""Runs a session up to a number of steps in a process to be killed: DATABASE NAME STEPS."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.support.sessions import opened, run


async def _play(path: Path, name: str, steps: int) -> None:
    async with opened(path, name) as session:
        while session.state.finished_steps < steps:
            await run(session, 1)


def play(path: Path, name: str, steps: int) -> None:
    """Run it; the process ends with it."""
    asyncio.run(_play(path, name, steps))


if __name__ == "__main__":
    play(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
