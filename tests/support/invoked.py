"""Runs the command line in a process to be killed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from opro_tui.cli import invoke

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def play(argv: list[str], environment: Mapping[str, str], errors: Path) -> None:
    """Run it; the process ends with its exit code."""
    os.environ.update(environment)
    with errors.open("w") as stream:
        sys.stderr = stream
        sys.stdout = stream
        code = invoke(argv)
    sys.exit(code)
