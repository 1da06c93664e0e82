"""What runs in a process to be killed: a session for some steps (DATABASE NAME STEPS), a command.

What those import late is imported here: such a process is a fork of one that has it all.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import anthropic.resources.messages  # noqa: F401
import openai.resources.chat.completions  # noqa: F401

import opro_tui.cli.commands.ablate
import opro_tui.engine.ablation.runner
import opro_tui.models.anthropic
import opro_tui.models.openai_chat
import opro_tui.models.simulated.model  # noqa: F401
from opro_tui.cli import invoke
from tests.support.sessions import opened, run

if TYPE_CHECKING:
    from collections.abc import Mapping


async def _play(path: Path, name: str, steps: int) -> None:
    async with opened(path, name) as session:
        while session.state.finished_steps < steps:
            await run(session, 1)


def play(
    path: Path, name: str, steps: int, environment: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Run it; the process ends with it."""
    os.environ.update(environment)
    asyncio.run(_play(path, name, steps))


def command(argv: list[str], environment: Mapping[str, str], log: Path) -> None:
    """Run a command line; the process ends with its exit code, what it writes is in a file."""
    os.environ.update(environment)
    with log.open("w") as stream:
        sys.stdout = sys.stderr = stream
        code = invoke(argv)
    sys.exit(code)


if __name__ == "__main__":
    play(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
