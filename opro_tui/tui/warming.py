"""Imports behind the first paint what it did without, before a person can ask for it."""

from __future__ import annotations

import asyncio
import threading
from importlib import import_module

from opro_tui import garbage
from opro_tui.tui import later, screens

OPENING = (
    "opro_tui.store.database",
    "opro_tui.engine.listing",
    "opro_tui.engine.session",
    "opro_tui.models.simulated",
    "opro_tui.core.undo",
    "opro_tui.core.waste",
    "opro_tui.tui.prompts",
    "opro_tui.tui.screens.workbench",
)
"""What it takes to list sessions, to open one and to draw it."""

_done = threading.Event()
_begun = threading.Lock()


def begin() -> None:
    """Import in a thread: first what a session waits for, then what waits behind keys."""
    if not _done.is_set() and _begun.acquire(blocking=False):
        threading.Thread(target=_import_all, name="warming", daemon=True).start()


def done() -> bool:
    """Whether all is imported."""
    return _done.is_set()


async def ready() -> None:
    """Wait until sessions can be opened without an import that would hold the screen up."""
    if not _done.is_set():
        await asyncio.to_thread(_import_opening)


def _import_opening() -> None:
    for name in OPENING:
        import_module(name)


def _import_all() -> None:
    _import_opening()
    for name in (*later.names(), *(f"{screens.__name__}.{place}" for place in screens.MODULES)):
        import_module(name)
    _done.set()
    garbage.wake()
