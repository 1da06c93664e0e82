"""What the screens over the workbench that are made of panes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen

from opro_tui.tui.widgets.key_bar import KeyBar
from opro_tui.tui.widgets.line import Line

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.tui.panes.pane import Pane


class PaneScreen(Screen[None]):
    """A screen of panes, of which one is active; Escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark,f1",
            "app.help_here",
            "Help",
            key_display="?",
            tooltip="Show every key with what it does.",
            id="help",
        ),
        Binding("escape,q", "close", "Back", key_display="esc", tooltip="Go back.", id="back"),
        Binding(
            "tab",
            "next_pane",
            "Next pane",
            show=False,
            tooltip="Go to the next pane.",
            id="next_pane",
        ),
        Binding(
            "shift+tab",
            "next_pane(-1)",
            "Previous pane",
            show=False,
            tooltip="Go to the pane before.",
            id="previous_pane",
        ),
        Binding(
            "z",
            "zoom",
            "Zoom",
            show=False,
            tooltip="Show only this pane, or all again.",
            id="zoom",
        ),
        Binding(
            "M",
            "app.mouse",
            "Mouse",
            show=False,
            tooltip="Give the mouse back to the terminal, or take it again.",
            id="mouse",
        ),
        Binding(
            "colon",
            "app.command_palette",
            "Palette",
            show=False,
            tooltip="Find any action by its name.",
            id="palette",
        ),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012 - as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low")]  # noqa: RUF012 - as Textual has it

    panes: tuple[Pane, ...] = ()

    def compose(self) -> ComposeResult:
        """A line, the panes, another line and the keys; a screen that has more builds its own."""
        yield Line(id="header")
        with Container(id="panes"):
            yield from self.panes
        yield Line(id="status")
        yield KeyBar()

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
