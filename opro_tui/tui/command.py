"""A command: one row of the tables that footer, help, palette and keymap read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can do.

    Attributes:
        id: Its stable name, for keymaps.
        keys: The keys it comes with, separated by commas.
        action: The screen's action.
        label: For the footer.
        tooltip: A sentence for help, palette and mouse.
        footer: Whether the footer shows it.
        writes: Whether it changes the session, so that a read-only screen leaves it out.
        panes: Ids of the panes that it belongs to; help lists it first there.
    """

    id: str
    keys: str
    action: str
    label: str
    tooltip: str
    footer: bool = True
    writes: bool = False
    panes: tuple[str, ...] = ()
