"""Why a session can only be looked at, as it is kept and as it is said."""

from __future__ import annotations

from opro_tui.tui.format import safe

RUN_BY = "run by "
"""How it begins where another process writes the session."""
ENDED = "its process has ended"
WATCHING = "opened to watch"


def short(why: str) -> str:
    """In a few words, for the header."""
    return safe(why.partition(" since ")[0], 60)


def sentence(why: str) -> str:
    """Who writes the session, and what can be done here meanwhile."""
    if why == ENDED:
        return "The process that wrote this session has ended: open it again to go on with it."
    if why == WATCHING:
        return "Opened to watch: what another process does in this session appears here."
    if not why.startswith(RUN_BY):
        return f"This session can only be looked at: it is {safe(why, 200)}."
    return f"This session is {safe(why, 200)}; what that does appears here."
