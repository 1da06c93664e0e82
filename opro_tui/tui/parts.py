"""What lines and rows are made of, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from opro_tui.tui import format as fmt

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a one-line display.

    Attributes:
        text: What it says, already harmless.
        tone: How it looks, a name of `widgets.tones.TONES`.
        keep: The part with the lowest is left out first when the line is too narrow.
    """

    text: str
    tone: str = ""
    keep: int = 50


SEPARATOR = " · "


def fitting(parts: Sequence[Part], width: int, separator: str = SEPARATOR) -> list[Part]:
    """The parts that fit into a width, those kept least left out first, the last one cut."""
    chosen = [part for part in parts if part.text]
    gap = cell_len(separator)

    def length() -> int:
        return sum(cell_len(part.text) for part in chosen) + gap * (len(chosen) - 1)

    while len(chosen) > 1 and length() > width:
        chosen.remove(min(chosen, key=lambda part: part.keep))
    if chosen and length() > width:
        only = chosen[0]
        chosen = [Part(fmt.cut(only.text, width), only.tone, only.keep)]
    return chosen


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: What it says, already harmless and in one line.
        tone: How it looks, a name of `widgets.tones.TONES`.
        span: Over how many columns it reaches.
        ends: Whether its end is seen too where it is cut.
    """

    text: str = ""
    tone: str = ""
    span: int = 1
    ends: bool = False


Row = tuple[Cell, ...]
