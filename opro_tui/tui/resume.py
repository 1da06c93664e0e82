"""What is said when the screen closes."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from opro_tui.config import default_database
from opro_tui.paths import at_home

if TYPE_CHECKING:
    from pathlib import Path


def how_to_resume(database: Path, name: str) -> str:
    """The line that says how to open a session again.

    Args:
        database: Where it lies; named only where `opro-tui` would not look by itself.
        name: The session's name.
    """
    place = "" if _is_default(database) else f"--db {shlex.quote(str(database))} "
    return f"Session {name!r} is kept. Go on with: opro-tui {place}open {shlex.quote(name)}"


def _is_default(database: Path) -> bool:
    named = os.environ.get("OPRO_TUI_DB")
    default = at_home(named) if named else default_database()
    return database.absolute() == default.absolute()
