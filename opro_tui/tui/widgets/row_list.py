"""A list of one-line rows that stays quick with thousands of them.

Only the rows in sight are made and drawn, the last column takes the width that is left, and the
cursor stays on its row whatever comes in. Cells are plain text in tones, never markup.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from opro_tui.tui import format as fmt
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.style import Style
    from textual import events
    from textual.binding import BindingType

    from opro_tui.tui.parts import Cell, Row

GAP = " "
MARGIN = 1
"""Cells left of each row, where the cursor's sign stands."""
MOST_STRIPS = 500
"""Drawn rows that are kept, so that scrolling and sorting draw only what wasn't seen yet."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        label: Its heading.
        width: In cells; 0 takes what is left (the last column).
        right: Whether its cells stand at its right edge.
        from_width: It is left out of lists narrower than this.
    """

    label: str
    width: int
    right: bool = False
    from_width: int = 0

    def unless(self, hidden: bool) -> Column:
        """The same, left out of every list where it would stay empty."""
        return replace(self, from_width=sys.maxsize) if hidden else self


class RowList(Toned, ScrollView, can_focus=True):
    """A list of rows with a cursor.

    Attributes:
        keys: The rows' keys, in order.
    """

    DEFAULT_CSS = """
    RowList {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False),
        Binding("home,g", "jump(0)", "First", show=False),
        Binding("end,G", "jump(-1)", "Last", show=False),
        Binding("enter", "choose", "Details", show=False),
    ]

    class Highlighted(Message):
        """The cursor is on another row.

        Args:
            rows: The list.
            key: The row's key.
        """

        def __init__(self, rows: RowList, key: int) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    class Chosen(Highlighted):
        """A row was chosen with Enter or a double click."""

    def __init__(self, columns: Sequence[Column], *, id: str, led: bool = False) -> None:  # noqa: A002
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.led = led
        self.keys: tuple[int, ...] = ()
        self.empty = ""
        self._make: Callable[[int], Row] = lambda _: ()
        self._made: dict[int, Row] = {}
        self._strips: dict[int, tuple[tuple[object, ...], Strip]] = {}
        self._look: tuple[object, ...] = ()
        self._cursor = 0
        self._moved = False

    @property
    def key(self) -> int | None:
        """The key of the row under the cursor; None in an empty list."""
        return self.keys[self._cursor] if self.keys else None

    @property
    def cursor(self) -> int:
        """The index of the row under the cursor."""
        return self._cursor

    @property
    def moved(self) -> bool:
        """Whether a person put the cursor on its row."""
        return self._moved

    def show(self, keys: Sequence[int], make: Callable[[int], Row], *, empty: str = "") -> None:
        """Show other rows; the cursor stays on its row while that is there.

        A cursor that was never moved stays on top instead.

        Args:
            keys: A key for each row, in order.
            make: Makes a row of its key, when it comes in sight.
            empty: What to say when there are none.
        """
        before = self.key
        self._make, self.empty = make, empty
        old, self._made = self._made, {}
        new = tuple(keys)
        look = (self.columns, empty)
        if new == self.keys and look == self._look:
            self._refresh_changed(old)
            return
        self._look = look
        if new != self.keys:
            self.keys = new
            self._measure()
            if before is not None and self._moved and before in new:
                self._cursor = new.index(before)
            else:
                self._cursor = min(self._cursor if self._moved else 0, max(0, len(new) - 1))
            self._into_view()
        self.refresh()
        if self.key is not None and self.key != before:
            self.post_message(self.Highlighted(self, self.key))

    def _refresh_changed(self, old: Mapping[int, Row]) -> None:
        """Draw those rows in sight again that say something else now."""
        top = round(self.scroll_offset.y)
        for index in range(top, min(len(self.keys), top + self.scrollable_content_region.height)):
            key = self.keys[index]
            if key not in old or self.row(key) != old[key]:
                self._refresh_row(index)

    def _refresh_row(self, index: int) -> None:
        line = index - round(self.scroll_offset.y) + 1
        self.refresh(Region(0, line, self.scrollable_content_region.width, 1))

    def move_to(self, key: int) -> None:
        """Put the cursor on a row, as the person would."""
        if key in self.keys:
            self._go(self.keys.index(key))

    def hold(self) -> None:
        """Keep the cursor on its row from now on, as if the person had moved it."""
        self._moved = True

    def row(self, key: int) -> Row:
        """A row, made when it is first asked for."""
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def on_resize(self) -> None:
        """Take the new width."""
        self._measure()
        self._into_view()

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme or focus."""
        super().notify_style_update()
        self._strips = {}
        self.refresh()

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.keys) + 1)

    def _into_view(self) -> None:
        height = self.scrollable_content_region.height
        if not height:
            return  # it has no place yet; there is a resize when it gets one
        # By force: where the rows only now outgrow the list, Textual has no scrollbar yet.
        room = max(1, height - 1)
        top = round(self.scroll_offset.y)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + room:
            self.scroll_to(y=self._cursor - room + 1, animate=False, force=True)

    def _go(self, index: int) -> None:
        if not self.keys:
            return
        index = max(0, min(index, len(self.keys) - 1))
        self._moved = True
        if index != self._cursor:
            self._refresh_row(self._cursor)
            self._cursor = index
            self._refresh_row(index)
            self.post_message(self.Highlighted(self, self.keys[index]))
        self._into_view()

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self._go(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self._go(self._cursor + pages * max(1, self.scrollable_content_region.height - 2))

    def action_jump(self, index: int) -> None:
        """Move the cursor to a row; -1 is the last."""
        self._go(index if index >= 0 else len(self.keys) + index)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.key is not None:
            self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked row; a double click chooses it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1:
            return
        index = round(self.scroll_offset.y) + offset.y - 1
        if index < len(self.keys):
            self._go(index)
            if event.chain == 2:
                self.action_choose()

    def render_line(self, y: int) -> Strip:
        """Draw the heading, a row, or what stands in an empty list."""
        width = self.scrollable_content_region.width
        base = self.ground
        if not self.keys:
            return self._draw_empty(y, width, base)
        if y == 0:
            return self._draw_heading(width, base)
        index = round(self.scroll_offset.y) + y - 1
        if index >= len(self.keys):
            return Strip.blank(width, base)
        return self._draw_row(index, width, base)

    def _draw_empty(self, y: int, width: int, base: Style) -> Strip:
        lines = []
        for line in self.empty.split("\n"):
            cuts = fmt.wrap_offsets(line, max(1, width - 2))
            lines += [line[a:b] for a, b in zip([0, *cuts], [*cuts, len(line)], strict=True)]
        text = f" {lines[y]}" if y < len(lines) else ""
        return Strip([Segment(fmt.fit(text, width), base + self.tone("muted"))])

    def _draw_heading(self, width: int, base: Style) -> Strip:
        style = base + self.tone("header")
        segments = [Segment(" " * MARGIN, style)]
        for column, cells in self._widths(width):
            segments.append(Segment(fmt.fit(column.label, cells, right=column.right) + GAP, style))
        return Strip(segments).adjust_cell_length(width, style)

    def _draw_row(self, index: int, width: int, base: Style) -> Strip:
        key = self.keys[index]
        row = self.row(key)
        if index == self._cursor:
            return self._compose_row(row, width, base, cursor=True)
        seen = (row, width, base, self.columns)
        known = self._strips.get(key)
        if known is None or known[0] != seen:
            if len(self._strips) >= MOST_STRIPS:
                self._strips.clear()
            known = self._strips[key] = seen, self._compose_row(row, width, base)
        return known[1]

    def _compose_row(self, row: Row, width: int, base: Style, *, cursor: bool = False) -> Strip:
        sign = " "
        lit = None
        if cursor:
            active = self.has_focus or self.led
            lit = self.tone("cursor" if active else "cursor-blurred")
            sign = "▌" if active else "▏"
            base += lit
        edge = base if lit is not None and lit.reverse else base + self.tone("accent")
        segments = [Segment(sign, edge)]
        for cell, cells, right in self._laid_out(row, width):
            # Reversed colours would make a patchwork of backgrounds.
            style = base if lit is not None and lit.reverse else base + self.tone(cell.tone)
            if lit is not None and lit.bgcolor is not None:
                style += lit.background_style
            text = fmt.cut_inside(cell.text, cells) if cell.ends else cell.text
            segments.append(Segment(fmt.fit(text, cells, right=right) + GAP, style))
        return Strip(segments).adjust_cell_length(width, base)

    def _laid_out(self, row: Row, width: int) -> list[tuple[Cell, int, bool]]:
        """A row's cells with their widths; a cell that spans hidden columns gets the others."""
        widths = dict(self._widths(width))
        placed = []
        column = 0
        for cell in row:
            covered = self.columns[column : column + cell.span]
            column += cell.span
            cells = [widths[each] for each in covered if each in widths]
            if cells:
                right = cell.span == 1 and covered[0].right
                placed.append((cell, sum(cells) + len(GAP) * (len(cells) - 1), right))
        return placed

    def _widths(self, width: int) -> list[tuple[Column, int]]:
        seen = [column for column in self.columns if width >= column.from_width]
        fixed = sum(column.width + len(GAP) for column in seen) + MARGIN
        return [(column, column.width or max(1, width - fixed - 1)) for column in seen]
