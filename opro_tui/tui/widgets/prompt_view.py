"""A long text drawn exactly, with its regions coloured and named in a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from opro_tui.core.meta_prompt import EXEMPLAR, SOLUTION
from opro_tui.tui import format as fmt
from opro_tui.tui.widgets.tones import Toned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.style import Style
    from textual.binding import BindingType

    from opro_tui.core.meta_prompt import MetaPrompt, Region

MARGIN = 7
"""Cells left of the text: a label of six and a line."""


@dataclass(frozen=True, slots=True)
class PromptLine:
    """One line as drawn.

    Attributes:
        label: What stands in the margin.
        runs: Pieces of text with their tone.
    """

    label: str
    runs: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The line without its margin."""
        return "".join(text for text, _ in self.runs)


def lay_out(prompt: MetaPrompt, width: int, pinned: frozenset[int]) -> list[PromptLine]:
    """Wrap a meta-prompt into lines.

    Args:
        prompt: The text and its regions.
        width: Cells for the text, without the margin.
        pinned: Solutions whose label carries the sign of a pin.
    """
    lines: list[PromptLine] = []
    label = ""
    runs: list[tuple[str, str]] = []
    for region in prompt.regions:
        name = _label(region, pinned)
        pieces = fmt.harmless(prompt.text[region.start : region.end]).split("\n")
        for place, piece in enumerate(pieces):
            if place:
                lines += _wrapped(label, runs, width)
                label, runs = "", []
            if piece:
                label = label or name
                name = ""
                runs.append((piece, region.kind))
    if runs:
        lines += _wrapped(label, runs, width)
    return lines


def _label(region: Region, pinned: frozenset[int]) -> str:
    if region.kind == SOLUTION:
        return f"{'◆' if region.id in pinned else ''}#{region.id}"
    return f"ex {region.id}" if region.kind == EXEMPLAR else ""


def _wrapped(label: str, runs: list[tuple[str, str]], width: int) -> Iterator[PromptLine]:
    text = "".join(piece for piece, _ in runs)
    cuts = fmt.wrap_offsets(text, width)
    if not cuts:
        yield PromptLine(label, tuple(runs))
        return
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        yield PromptLine(label, tuple(_slice(runs, start, end)))
        label = ""


def _slice(runs: list[tuple[str, str]], start: int, end: int) -> Iterator[tuple[str, str]]:
    place = 0
    for piece, tone in runs:
        cut = piece[max(0, start - place) : max(0, end - place)]
        if cut:
            yield cut, tone
        place += len(piece)


class PromptView(Toned, ScrollView, can_focus=True):
    """A meta-prompt, read only."""

    DEFAULT_CSS = """
    PromptView {
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
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.prompt: MetaPrompt | None = None
        self.pinned: frozenset[int] = frozenset()
        self.empty = ""
        self.lines: list[PromptLine] = []
        self._laid_out_for = -1

    def show(self, prompt: MetaPrompt | None, pinned: frozenset[int], *, empty: str = "") -> None:
        """Show another prompt; how far it was scrolled stays."""
        self.empty = empty
        if prompt == self.prompt and pinned == self.pinned:
            return
        self.prompt, self.pinned = prompt, pinned
        self._laid_out_for = -1
        self._lay_out()
        self.refresh()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._lay_out()

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme."""
        super().notify_style_update()
        self.refresh()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if width == self._laid_out_for or width <= 0:
            return
        self._laid_out_for = width
        room = max(8, width - MARGIN - 1)
        self.lines = [] if self.prompt is None else lay_out(self.prompt, room, self.pinned)
        self.virtual_size = Size(width, len(self.lines))

    def render_line(self, y: int) -> Strip:
        """Draw one line in sight."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        index = round(self.scroll_offset.y) + y
        if self.prompt is None:
            text = f" {self.empty}" if y == 0 else ""
            return Strip([Segment(fmt.fit(text, width), base + self.tone("muted"))])
        if index >= len(self.lines):
            return Strip.blank(width, base)
        return self._draw(self.lines[index], width, base)

    def _draw(self, line: PromptLine, width: int, base: Style) -> Strip:
        kind = line.runs[0][1] if line.runs else ""
        side = base + self.tone(kind if line.label else "separator")
        segments = [Segment(fmt.fit(line.label, MARGIN - 1, right=True) + "│", side)]
        segments += [Segment(text, base + self.tone(tone)) for text, tone in line.runs]
        return Strip(segments).adjust_cell_length(width, base)
