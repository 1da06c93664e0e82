"""What a session may be called."""

from __future__ import annotations

from opro_tui.core.errors import BadInput


def check_name(name: str) -> None:
    """Refuse names that could not be typed or shown.

    Raises:
        BadInput: The name is empty, long, or has control characters.
    """
    if not name.strip() or name != name.strip():
        raise BadInput("a session needs a name without blanks around it", where="NAME")
    if len(name) > 100 or not name.isprintable():
        raise BadInput(
            "is no name for a session",
            where=repr(name[:40]),
            todo="Use at most 100 printable characters.",
        )
