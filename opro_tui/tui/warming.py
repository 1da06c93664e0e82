"""Imports behind the first paint what it did without, before a person can ask for it."""

from __future__ import annotations

import asyncio
import threading
from importlib import import_module

from opro_tui import garbage
from opro_tui.tui import screens

OPENING = (
    "opro_tui.store.database",
    "opro_tui.engine.listing",
    "opro_tui.engine.session",
    "opro_tui.tui.rows",
)
"""What reading sessions and drawing one takes."""

_done = threading.Event()
_begun = threading.Lock()


def begin() -> None:
    """Import in a thread: first what the session waits for, then the screens behind keys."""
    if not _done.is_set() and _begun.acquire(blocking=False):
        threading.Thread(target=_import, name="warming", daemon=True).start()


def _import() -> None:
    for name in (*OPENING, *(f"{screens.__name__}.{place}" for place in screens.MODULES)):
        import_module(name)
    _done.set()
    garbage.wake()


async def ready() -> None:
    """Wait until sessions can be read without an import that would hold the screen up."""
    if not _done.is_set():
        await asyncio.to_thread(_import_opening)


def _import_opening() -> None:
    for name in OPENING:
        import_module(name)
