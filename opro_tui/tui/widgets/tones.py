"""Tones: what a piece of text means, and through the style sheet how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    "critique",
    "separator",
    "cursor",
    "cursor-blurred",
    "header",
    "added",
    "added-word",
    "removed",
    "removed-word",
    "level-0",
    "level-1",
    "level-2",
    "level-3",
    "level-4",
    "level-5",
)
"""Every tone; `styles/tones.tcss` gives each its colours as the class `tone--NAME`."""
CLASSES = frozenset(f"tone--{tone}" for tone in TONES)
"""The component classes of an app that has tones.

The app looks each tone up once for all its widgets: as component classes of every widget that
draws in tones they were most of the work of restyling a screen.
"""

IN_ANSI = {
    "muted": Style(dim=True),
    "header": Style(dim=True, bold=True),
    "separator": Style(dim=True),
    "cursor": Style(reverse=True, bold=True),
    "cursor-blurred": Style(bold=True),
    "badge": Style(reverse=True, bold=True),
}
"""Tones that are shades, in a theme of the terminal's own colours, which can't be mixed."""


class Toned(Widget):
    """A widget that draws its lines itself, in tones; plain in an app that has none."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        self._ground: Style | None = None
        self._tones: dict[str, Style] = {}
        self._tones_on: tuple[object, ...] | None = None
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
            on = (self._ground, self.app.theme)
            if on != self._tones_on:
                self._tones.clear()
                self._tones_on = on
        return self._ground

    def tone(self, name: str) -> Style:
        """A tone's style without the widget's own background; the plain style for no name."""
        ground = self.ground
        if name not in self._tones:
            plain = Style(color=ground.color)
            self._tones[name] = self._look_up(name, plain) if name else plain
        return self._tones[name]

    def _look_up(self, name: str, plain: Style) -> Style:
        try:
            styles = self.app.get_component_styles(f"tone--{name}")
        except KeyError:
            return plain
        if name in IN_ANSI and self.app.native_ansi_color:
            return plain + IN_ANSI[name]
        _, behind = self.background_colors
        has_background = styles.has_rule("background") and styles.background.a > 0
        if has_background:
            behind += styles.background.multiply_alpha(self.opacity)
        colour = (behind + styles.color).rich_color if styles.has_rule("color") else plain.color
        back = behind.rich_color if has_background else None
        return Style(color=colour, bgcolor=back) + styles.text_style
