"""A long text drawn exactly, with a margin that names its parts and keys that jump between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from opro_tui.tui import format as fmt
from opro_tui.tui.margin import MarginLine, spans
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

CONTEXT = 2
"""Lines kept in sight above a part that was jumped to."""


class MarginText(Toned, ScrollView, can_focus=True):
    """A text to read, part by part.

    Attributes:
        margin: Cells left of the text: a label, and a line.
        lights: Whether the marked part's text is lit too, not only its margin.
        lines: What is drawn.
        at: The part that is marked; -1 for none.
    """

    DEFAULT_CSS = """
    MarginText {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("pagedown,ctrl+d,space", "page_down", "Page down", show=False),
        Binding("pageup,ctrl+u", "page_up", "Page up", show=False),
        Binding("home,g", "scroll_home", "Top", show=False),
        Binding("end,G", "scroll_end", "End", show=False),
        Binding("n,right_square_bracket", "jump(1)", "Next part", show=False),
        Binding("N,left_square_bracket", "jump(-1)", "Previous part", show=False),
        Binding("enter", "choose", "Details", show=False),
    ]

    margin: ClassVar[int] = 8
    lights: ClassVar[bool] = True

    class Moved(Message):
        """Another part is marked.

        Args:
            view: The text.
            part: The part; -1 for none.
        """

        def __init__(self, view: MarginText, part: int) -> None:
            super().__init__()
            self.view = view
            self.part = part

        @property
        def control(self) -> MarginText:
            """The text."""
            return self.view

    class Chosen(Moved):
        """A part was chosen with Enter or a double click."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.lines: list[MarginLine] = []
        self.at = -1
        self.empty = ""
        self._spans: dict[int, tuple[int, int]] = {}
        self._laid_out_for = -1
        self._jumped = False

    def lay_out(self, width: int) -> list[MarginLine]:
        """The lines for a width in cells, without the margin."""
        raise NotImplementedError

    @property
    def filled(self) -> bool:
        """Whether there is a text; else what `empty` says is drawn."""
        return True

    @property
    def parts(self) -> tuple[int, ...]:
        """The parts that can be jumped to, in order."""
        return tuple(self._spans)

    def renew(self) -> None:
        """Lay the text out again; how far it was scrolled stays."""
        self._laid_out_for = -1
        self._lay_out()
        self.refresh()

    def mark(self, part: int) -> None:
        """Mark a part, and tell who listens."""
        if part != self.at:
            self.at = part
            self.refresh()
            self.post_message(self.Moved(self, part))

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._lay_out()

    def on_focus(self) -> None:
        """Mark the first part in sight when there is none."""
        if self.at not in self._spans and self._spans:
            self.mark(self._first_in_sight())

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme or focus."""
        super().notify_style_update()
        self.refresh()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if width == self._laid_out_for or width <= 0:
            return
        self._laid_out_for = width
        self.lines = self.lay_out(max(8, width - self.margin - 1))
        self._spans = spans(self.lines)
        self.virtual_size = Size(width, len(self.lines))

    # Jumping

    def _sight(self) -> tuple[int, int]:
        top = round(self.scroll_offset.y)
        return top, top + max(1, self.scrollable_content_region.height) - 1

    def _seen(self, part: int) -> bool:
        top, bottom = self._sight()
        first, last = self._spans[part]
        return first <= bottom and last >= top

    def _first_in_sight(self) -> int:
        top, _ = self._sight()
        return next((p for p, (_, last) in self._spans.items() if last >= top), self.parts[-1])

    def action_jump(self, by: int) -> None:
        """Go to the next part or the one before; from where the text was scrolled to."""
        parts = self.parts
        if not parts:
            return
        if self.at not in self._spans:
            self.reveal(parts[0] if by > 0 else parts[-1])
        elif not self._seen(self.at):
            self.reveal(self._first_in_sight())
        else:
            place = parts.index(self.at) + by
            self.reveal(parts[max(0, min(place, len(parts) - 1))])

    def reveal(self, part: int) -> None:
        """Mark a part and bring it into sight."""
        if part not in self._spans:
            return
        self._jumped = True
        self.mark(part)
        first, last = self._spans[part]
        top, bottom = self._sight()
        if first < top or last > bottom:
            room = bottom - top + 1
            context = max(0, min(CONTEXT, room - (last - first + 1)))
            self.scroll_to(y=max(0, first - context), animate=False)

    def action_choose(self) -> None:
        """Choose the marked part."""
        if self.at in self._spans:
            self.post_message(self.Chosen(self, self.at))

    def on_click(self, event: events.Click) -> None:
        """Mark the clicked part; a double click chooses it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = round(self.scroll_offset.y) + offset.y
        if index < len(self.lines):
            part = next((run.part for run in self.lines[index].runs if run.part >= 0), -1)
            if part >= 0:
                self._jumped = True
                self.mark(part)
                if event.chain == 2:
                    self.action_choose()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Draw one line in sight."""
        width = self.scrollable_content_region.width
        base = self.ground
        index = round(self.scroll_offset.y) + y
        if not self.filled:
            text = f" {self.empty}" if y == 0 else ""
            return Strip([Segment(fmt.fit(text, width), base + self.tone("muted"))])
        if index >= len(self.lines):
            return Strip.blank(width, base)
        return self._draw(index, width, base)

    def _draw(self, index: int, width: int, base: Style) -> Strip:
        line = self.lines[index]
        first, last = self._spans.get(self.at, (-1, -1))
        marked = first <= index <= last and (self.has_focus or self._jumped)
        cursor = self.tone("cursor" if self.has_focus else "cursor-blurred")
        named = line.labelled(self.at if marked else -1)
        # The colour alone: a struck word's label isn't struck.
        side = base + Style(color=self.tone(named.tone if named else "separator").color)
        label = fmt.fit(named.label if named else "", self.margin - 1, right=True)
        lit = marked and self.lights
        if marked:
            edge = side + cursor.background_style
            bar = base + self.tone("accent") + cursor.background_style
            segments = [Segment(label, edge), Segment("┃" if self.has_focus else "▏", bar)]
        else:
            segments = [Segment(label, side), Segment("│", side)]
        for run in line.runs:
            style = base + self.tone(run.tone)
            if lit and run.part == self.at:
                style += cursor.background_style
            segments.append(Segment(run.text, style))
        whole = lit and (not line.runs or line.runs[-1].part == self.at)
        rest = base + cursor.background_style if whole else base
        return Strip(segments).adjust_cell_length(width, rest)
