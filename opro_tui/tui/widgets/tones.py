"""Tones: what a piece of text means, and through the style sheet how it looks."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

TONES = (
    "title",
    "badge",
    "strong",
    "muted",
    "accent",
    "best",
    "better",
    "worse",
    "pinned",
    "warning",
    "error",
    "instructions",
    "solution",
    "exemplar",
    "request",
    "separator",
    "cursor",
    "cursor-blurred",
    "header",
    "added",
    "added-word",
    "removed",
    "removed-word",
)
"""Every tone; `styles/tones.tcss` gives each its colours as the class `tone--NAME`."""


class Toned(Widget):
    """A widget that draws its lines itself, in tones."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES}

    def tone(self, name: str) -> Style:
        """A tone's style without the widget's own background; the plain style for no name."""
        if not name:
            return Style(color=self.rich_style.color)
        full = self.get_component_rich_style(f"tone--{name}")
        own = self.get_component_rich_style(f"tone--{name}", partial=True)
        return Style(
            color=full.color,
            bgcolor=None if own.bgcolor is None else full.bgcolor,
            bold=full.bold,
            italic=full.italic,
            underline=full.underline,
            reverse=full.reverse,
            dim=full.dim,
            strike=full.strike,
        )
