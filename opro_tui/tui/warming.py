"""Imports behind the first paint what it did without, before a person can ask for it."""

from __future__ import annotations

import asyncio
import logging
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
    "opro_tui.tui.screens.workbench",
    "opro_tui.tui.chart_words",
    "opro_tui.tui.charting",
    "opro_tui.tui.picturing",
    "opro_tui.tui.prompts",
    "opro_tui.tui.regions",
    "opro_tui.tui.review",
    "opro_tui.tui.rows",
    "opro_tui.tui.scoring",
    "opro_tui.tui.sketching",
)
"""What it takes to list sessions, to open one and to draw it."""

PATIENCE_SECONDS = 3.0
"""How long the rest waits for the first screen to be filled, which it would slow down."""

log = logging.getLogger(__name__)
_filled = threading.Event()
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


def go_on() -> None:
    """The first screen is filled: import the rest."""
    _filled.set()


def _import_all() -> None:
    try:
        _import_opening()
        _filled.wait(PATIENCE_SECONDS)
        _import_rest()
        _done.set()
    except Exception:  # a traceback of a thread would be written across the screen
        log.exception("what waits behind keys could not be imported; a key will say why")
    finally:
        garbage.wake()


def _import_rest() -> None:
    for name in (*later.names(), *(f"{screens.__name__}.{place}" for place in screens.MODULES)):
        import_module(name)
