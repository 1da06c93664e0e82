"""Runs a session up to a number of steps in a process to be killed: DATABASE NAME STEPS."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.support.sessions import opened, run


async def main() -> None:
    path, name, steps = sys.argv[1:]
    async with opened(Path(path), name) as session:
        while session.state.finished_steps < int(steps):
            await run(session, 1)


if __name__ == "__main__":
    asyncio.run(main())
