"""The keys that do something now, on one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.style import Style
    from textual import events
    from textual.screen import Screen

GAP = 1
PALETTE_FROM = 100
"""From how many cells on the palette's key stands at the right end."""
MORE = "…"
HELP = ("help", "form_help")
"""Commands whose hint stands first, whatever has the focus."""
EDGE = "│ "
KEPT = ("help", "quit")
"""Ways out of every screen."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A key and what it does.

    Attributes:
        key: The key's name.
        sign: The key as a person reads it.
        label: What it does, in a word or two.
        tooltip: What it does, in a sentence.
        enabled: Whether it would do it now.
        kept: Whether it stays where others have no room.
    """

    key: str
    sign: str
    label: str
    tooltip: str
    enabled: bool
    kept: bool = False

    @property
    def cells(self) -> int:
        """How wide it is."""
        return cell_len(self.sign) + 1 + cell_len(self.label)


Places = tuple[tuple[int, Hint], ...]
"""Hints, each with the cell it begins at."""


def places(hints: tuple[Hint, ...], width: int) -> Places:
    """Put as many hints as fit whole on a line, in their order.

    Args:
        hints: The most important ones first.
        width: The line's width, in cells; where some are left out, their sign has room.
    """
    kept = sum(hint.cells + GAP for hint in hints if hint.kept)
    whole = sum(hint.cells + GAP for hint in hints) - GAP <= width
    rest = width + GAP - kept - (0 if whole else len(MORE) + GAP)
    found, at = [], 0
    for hint in hints:
        taken = 0 if hint.kept else hint.cells + GAP
        if taken > rest:
            rest = 0
            continue
        rest -= taken
        found.append((at, hint))
        at += hint.cells + GAP
    return tuple(found)


class KeyBar(Widget):
    """A line with the keys that do something now; each can be clicked.

    One widget that draws itself: Textual's footer makes a widget for each key and makes all anew
    whenever one of them changes, which took longer than drawing the rest of the screen.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "key-bar--key",
        "key-bar--label",
        "key-bar--hover",
        "key-bar--disabled",
    }
    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $footer-foreground;
        .key-bar--key { color: $footer-key-foreground; text-style: bold; }
        .key-bar--label { color: $footer-description-foreground; }
        .key-bar--hover { background: $block-hover-background; }
        .key-bar--disabled { text-style: dim; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.hints: tuple[Hint, ...] = ()
        self.palette: Hint | None = None
        self._hovered: Hint | None = None
        self._stale = False

    def on_mount(self) -> None:
        """Show the keys at once, and hear of every change of what is possible."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self.renew()

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and not self._stale:
            self._stale = True
            self.call_after_refresh(self.renew)

    def renew(self) -> None:
        """Look up what is possible now."""
        self._stale = False
        if not self.is_attached:
            return
        hints, palette = tuple(self._found()), self._palette()
        if (hints, palette) != (self.hints, self.palette):
            self.hints, self.palette = hints, palette
            self.refresh()

    def _found(self) -> Iterator[Hint]:
        seen = set()
        actives = self.screen.active_bindings.values()
        for active in sorted(actives, key=lambda active: active.binding.id not in HELP):
            binding = active.binding
            if binding.show and binding.action not in seen:
                seen.add(binding.action)
                sign = self.app.get_key_display(binding)
                tooltip = active.tooltip or binding.description
                kept = binding.id in KEPT
                label, enabled = binding.description, active.enabled
                yield Hint(binding.key, sign, label, tooltip, enabled, kept)

    def _palette(self) -> Hint | None:
        active = self.screen.active_bindings.get(self.app.COMMAND_PALETTE_BINDING)
        if active is None:
            return None
        binding = active.binding
        sign = self.app.get_key_display(binding)
        return Hint(binding.key, sign, binding.description, binding.tooltip, active.enabled)

    @property
    def places(self) -> Places:
        """Where the hints stand; the palette's where there is room, at the right end."""
        width = self.content_size.width
        if self.palette is None or width < PALETTE_FROM:
            return places(self.hints, width)
        start = width - self.palette.cells
        return *places(self.hints, start - len(EDGE) - GAP), (start, self.palette)

    def render_line(self, y: int) -> Strip:
        """Draw them; the rest of the widget stays blank."""
        width, base = self.content_size.width, self.rich_style
        if y or not self.hints:
            return Strip.blank(width, base)
        shown = self.places
        left = [hint for _, hint in shown if hint is not self.palette]
        strip = Strip.join(self._drawn(hint, base) for hint in left)
        if len(left) < len(self.hints):
            strip = Strip.join((strip, Strip([Segment(MORE, base)])))
        if self.palette is not None and len(shown) > len(left):
            room = width - self.palette.cells - len(EDGE)
            edge = Strip([Segment(EDGE, base)])
            palette = self._drawn(self.palette, base)
            strip = Strip.join((strip.adjust_cell_length(room, base), edge, palette))
        return strip.adjust_cell_length(width, base)

    def _drawn(self, hint: Hint, base: Style) -> Strip:
        style = base
        if hint == self._hovered:
            style += self._partial("hover")
        if not hint.enabled:
            style += self._partial("disabled")
        key, label = style + self._partial("key"), style + self._partial("label")
        return Strip(
            [Segment(hint.sign, key), Segment(f" {hint.label}", label), Segment(" " * GAP, base)]
        )

    def _partial(self, part: str) -> Style:
        return self.get_component_rich_style(f"key-bar--{part}", partial=True)

    def _under(self, x: int) -> Hint | None:
        return next((hint for at, hint in self.places if at <= x < at + hint.cells), None)

    def _hover(self, hint: Hint | None) -> None:
        if hint != self._hovered:
            self._hovered = hint
            self.tooltip = None if hint is None else hint.tooltip
            self.styles.pointer = "default" if hint is None else "pointer"
            self.refresh()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say in a sentence what the key under the mouse does."""
        self._hover(self._under(event.x - self.gutter.left))

    def on_leave(self) -> None:
        """Let go of the key that was under the mouse."""
        self._hover(None)

    def on_click(self, event: events.Click) -> None:
        """Do what the key does."""
        hint = self._under(event.x - self.gutter.left)
        if hint is None:
            return
        if hint.enabled:
            self.app.simulate_key(hint.key)
        else:
            self.app.bell()
