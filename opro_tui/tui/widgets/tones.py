"""Tones: what a piece of text means, and through the style sheet how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.geometry import Region
    from textual.strip import Strip

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

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        self._ground: Style | None = None
        self._tones: dict[str, Style] = {}
        self._tones_on: Style | None = None
        super().__init__(id=id)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw; what stands behind the widget may have changed since it was last drawn."""
        self._ground = None
        return super().render_lines(crop)

    def notify_style_update(self) -> None:
        """Look the tones up again in another theme or focus."""
        super().notify_style_update()
        self._ground = None
        self._tones.clear()

    @property
    def ground(self) -> Style:
        """The widget's own style, found out once for all lines that are drawn together."""
        if self._ground is None:
            self._ground = self.rich_style
            if self._ground != self._tones_on:
                self._tones.clear()
                self._tones_on = self._ground
        return self._ground

    def tone(self, name: str) -> Style:
        """A tone's style without the widget's own background; the plain style for no name."""
        ground = self.ground
        if name not in self._tones:
            self._tones[name] = self._look_up(name) if name else Style(color=ground.color)
        return self._tones[name]

    def _look_up(self, name: str) -> Style:
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
