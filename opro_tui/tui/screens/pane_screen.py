"""What the screens over the workbench that are made of panes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import Screen

from opro_tui.tui.screens.layers import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.binding import BindingType

    from opro_tui.tui.panes.pane import Pane

KEY_NAMES = {
    "question_mark": "?",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "escape": "Escape",
    "enter": "Enter",
}


class PaneScreen(Screen[None]):
    """A screen of panes, of which one is active; Escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "keys", "Help", key_display="?", tooltip="Show these keys."),
        Binding("escape,q", "close", "Back", key_display="esc", tooltip="Go back."),
        Binding("tab", "next_pane", "Next pane", show=False, tooltip="Go to the next pane."),
        Binding("shift+tab", "next_pane(-1)", show=False, tooltip="Go to the pane before."),
        Binding("z", "zoom", "Zoom", show=False, tooltip="Show only this pane, or all again."),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012 - as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low")]  # noqa: RUF012 - as Textual has it

    panes: tuple[Pane, ...] = ()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Mark the pane that has the focus; it stays marked under a layer."""
        around = event.widget.ancestors_with_self
        if any(pane in around for pane in self.panes):
            for pane in self.panes:
                pane.set_class(pane in around, "-active")

    def action_next_pane(self, by: int = 1) -> None:
        """Go to another pane."""
        active = next((i for i, pane in enumerate(self.panes) if pane.has_class("-active")), 0)
        self.panes[(active + by) % len(self.panes)].body.focus()

    def action_zoom(self) -> None:
        """Show only the active pane, or all again."""
        self.toggle_class("-zoomed")

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_keys(self) -> None:
        """Show every key of this screen."""
        self.app.push_screen(Reader("Keys", "", self._keys()))

    def _keys(self) -> Iterable[tuple[str, str]]:
        for active in self.active_bindings.values():
            binding = active.binding
            if active.node is self and binding.tooltip:
                yield KEY_NAMES.get(binding.key, binding.key), binding.tooltip
