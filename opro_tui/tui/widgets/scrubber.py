"""The scrubber: where a replay is, with a bar to click and marks to jump to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip

from opro_tui.tui.parts import SEPARATOR, fitting
from opro_tui.tui.screens import replay_view as view
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from opro_tui.tui.parts import Part


class Scrubber(Toned, can_focus=True):
    """Three lines: the event in words, the bar, and the marks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "screen.event(1)", "Next event", show=False),
        Binding("left,h", "screen.event(-1)", "Event before", show=False),
        Binding("down,j,pagedown", "screen.step(1)", "Next step", show=False),
        Binding("up,k,pageup", "screen.step(-1)", "Step before", show=False),
    ]

    class Sought(Message):
        """A place was pointed at.

        Args:
            place: Which.
        """

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.parts: Sequence[Part] = ()
        self.place = 0
        self.total = 0
        self.marks = view.Marks()
        self._held = False

    def show(self, parts: Sequence[Part], place: int, total: int, marks: view.Marks) -> None:
        """Show another place."""
        self.parts, self.place, self.total, self.marks = parts, place, total, marks
        self.refresh()

    @property
    def text(self) -> str:
        """The words, uncut."""
        return SEPARATOR.join(part.text for part in self.parts)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go where the mouse points, and follow it."""
        self._held = True
        self.capture_mouse()
        self._seek(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse."""
        if self._held:
            self._seek(event.x)

    def on_mouse_up(self) -> None:
        """Let go."""
        self._held = False
        self.release_mouse()

    def _seek(self, x: int) -> None:
        column = x - self.styles.padding.left
        self.post_message(self.Sought(view.place_at(column, self.total, self.content_size.width)))

    def render_line(self, y: int) -> Strip:
        """Draw one of the lines."""
        width = self.content_size.width
        base = self.ground
        if y == 0:
            segments = []
            for place, part in enumerate(fitting(self.parts, width)):
                if place:
                    segments.append(Segment(SEPARATOR, base + self.tone("muted")))
                segments.append(Segment(part.text, base + self.tone(part.tone)))
        elif y == 1:
            runs = view.bar(self.place, self.total, max(1, width))
            segments = [Segment(text, base + self.tone(tone)) for text, tone in runs]
        elif y == 2:
            runs = view.marks_line(self.marks, self.total, max(1, width))
            segments = [Segment(text, base + self.tone(tone)) for text, tone in runs]
        else:
            return Strip.blank(width, base)
        return Strip(segments).adjust_cell_length(width, base)
