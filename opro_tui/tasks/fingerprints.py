"""Fingerprints of data: whether the files that a session was made from are still what they were."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opro_tui.paths import at_home

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.protocols import Example

BUNDLED = "bundled/"


def place_of(path: str) -> str:
    """Where a file lies whatever folder the program is started in; empty for bundled ones."""
    return "" if path.startswith(BUNDLED) else str(at_home(path).absolute())


def of_file(source: Mapping[str, Any]) -> str | None:
    """The SHA-256 that a data file has now, in hexadecimal. It reads the whole file.

    Args:
        source: The file as the session keeps it: `path`, and `at`, its absolute path.

    Returns:
        Empty when the file can't be read; None when nobody can say where it lies, as for a
        session that came from another machine.
    """
    path, at = str(source.get("path", "")), str(source.get("at", ""))
    try:
        if path.startswith(BUNDLED):
            found = resources.files("opro_tui.tasks").joinpath(path)
            return hashlib.sha256(found.read_bytes()).hexdigest()
        file = Path(at or path)
        if not file.is_absolute():
            return None
        if not file.is_file():
            return ""
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


def of_examples(examples: Sequence[Example]) -> str:
    """The SHA-256 of a set of examples: of a line of compact JSON for each, its number first."""
    state = hashlib.sha256()
    for example in examples:
        row = [
            example.index,
            str(example.split),
            example.input,
            example.target,
            dict(sorted(example.fields.items())),
        ]
        line = json.dumps(row, separators=(",", ":")) + "\n"
        state.update(line.encode("ascii"))
    return state.hexdigest()
