"""How figures are printed: a Markdown table, with the day and the machine."""

from __future__ import annotations

import os
import platform
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def heading(what: str) -> str:
    """What was run, when, and on what machine."""
    return (
        f"{what} · {date.today().isoformat()} · {platform.system()} {platform.machine()}, "  # noqa: DTZ011 - the day where it runs
        f"{os.cpu_count()} cores, Python {platform.python_version()}"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of a table whose first column is text and whose others are figures."""
    lines = [" | ".join(["", *head, ""]).strip()]
    lines.append("|" + "|".join(["---", *["---:"] * (len(head) - 1)]) + "|")
    for row in rows:
        cells = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row)
        lines.append(" | ".join(["", *cells, ""]).strip())
    return lines
