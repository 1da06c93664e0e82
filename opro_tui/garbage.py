"""The garbage collector's rest while the program starts.

What modules make when they are imported stays: the collector looks at it again and again and finds
nothing, for a sixth of the time until the first paint.
"""

from __future__ import annotations

import gc

_RESTING = 1_000_000
"""Objects made before it looks: far more than a start makes, and no harm if nothing wakes it."""
_usual: tuple[int, int, int] | None = None


def let_rest() -> None:
    """Let the collector rest until `wake`."""
    global _usual  # noqa: PLW0603 - the collector is the process's too
    if _usual is None:
        _usual = gc.get_threshold()
        gc.set_threshold(_RESTING)


def wake() -> None:
    """Let it work as usual, without what is there by now; nothing where it didn't rest."""
    global _usual  # noqa: PLW0603
    if _usual is not None:
        gc.freeze()
        gc.set_threshold(*_usual)
        _usual = None
