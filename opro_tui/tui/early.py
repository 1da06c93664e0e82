"""Keys that are pressed before the first screen has what they act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.events import Key
    from textual.screen import Screen

APART = 0.02
"""Seconds between keys that were kept: as if typed, so that what one opens takes the next."""


class EarlyKeys:
    """Keeps the keys of a screen that is painted but not filled yet.

    What the screen or the app can do already, such as help and quit, isn't kept from them.
    """

    def __init__(self) -> None:
        self._screen: Screen[Any] | None = None
        self._filled = False
        self._kept: list[Key] = []

    def begin(self, screen: Screen[Any]) -> None:
        """Keep keys of this screen from now on."""
        self._screen, self._filled, self._kept = screen, False, []

    def fill(self) -> None:
        """The screen is filled: `take` gives its keys back, and later ones stay behind them."""
        self._filled = True

    def keep(self, event: Key, screen: Screen[Any]) -> bool:
        """Keep a key, unless it is for another screen or can be answered at once."""
        if self._screen is None or (screen is not self._screen and not self._filled):
            return False
        active = screen.active_bindings.get(event.key)
        if not self._filled and active is not None and active.node in (screen, screen.app):
            return False
        self._kept.append(event)
        return True

    def take(self) -> Key | None:
        """The next key that was kept; none is kept any more when there is none."""
        if self._kept:
            return self._kept.pop(0)
        self._screen = None
        return None
