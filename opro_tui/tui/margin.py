"""Lines of a text with a margin that names its parts, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from opro_tui.tui import format as fmt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Run(NamedTuple):
    """A piece of a line in one tone.

    Attributes:
        text: What it says, already harmless and without line ends.
        tone: How it looks, a name of `widgets.tones.TONES`.
        part: The part it belongs to, counted from 0; -1 for none.
        label: What the margin says where it begins.
    """

    text: str
    tone: str = ""
    part: int = -1
    label: str = ""


@dataclass(frozen=True, slots=True)
class MarginLine:
    """One line as drawn."""

    runs: tuple[Run, ...] = ()

    @property
    def label(self) -> str:
        """What stands in the margin: the name of the first part that begins here."""
        return next((run.label for run in self.runs if run.label), "")

    @property
    def text(self) -> str:
        """The line without its margin."""
        return "".join(run.text for run in self.runs)

    def labelled(self, part: int) -> Run | None:
        """The run whose label the margin shows: that of a part, else the first."""
        named = [run for run in self.runs if run.label]
        return next((run for run in named if run.part == part), named[0] if named else None)


def wrapped(runs: Sequence[Run], width: int) -> Iterator[MarginLine]:
    """One line of text as the lines it takes within a width."""
    text = "".join(run.text for run in runs)
    cuts = fmt.wrap_offsets(text, width)
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        yield MarginLine(tuple(_slice(runs, start, end)))


def _slice(runs: Sequence[Run], start: int, end: int) -> Iterator[Run]:
    place = 0
    for run in runs:
        first = max(0, start - place)
        cut = run.text[first : max(0, end - place)]
        if cut:
            yield run._replace(text=cut, label="" if first else run.label)
        place += len(run.text)


def spans(lines: Iterable[MarginLine]) -> dict[int, tuple[int, int]]:
    """Each part's first and last line."""
    found: dict[int, tuple[int, int]] = {}
    for number, line in enumerate(lines):
        for part in {run.part for run in line.runs if run.part >= 0}:
            found[part] = (found.get(part, (number, number))[0], number)
    return dict(sorted(found.items()))
