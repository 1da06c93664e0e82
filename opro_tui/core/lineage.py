"""Where a solution's words come from, as far as the texts that the optimizer saw can tell.

A solution's possible ancestors are the solutions in its step's meta-prompt. The nearest by shared
words is taken for its parent, and so on back to a solution that no optimizer wrote. Each word is
followed back along that chain to where it first stood; a word that came in on the way is looked
for in what else the optimizer saw. This is overlap of words, never proof of a cause: the model may
have had a word from anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opro_tui.core.copied import Copy
    from opro_tui.core.events import EditMade
    from opro_tui.core.exchange import Exchange
    from opro_tui.core.statistics import Difference


class Came(StrEnum):
    """How a word came in."""

    START = "start"
    PERSON = "person"
    IMPORT = "import"
    NEW = "new"
    EDIT = "edit"
    INSTRUCTIONS = "instructions"
    EXEMPLAR = "exemplar"
    CRITIQUE = "critique"


HONEST = (
    "This compares words: it says which texts the optimizer saw and what they share, and proves no"
    " cause."
)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """Where a word first stood.

    Attributes:
        step: The step in which it came in.
        solution: The first solution that has it.
        came: How it came in there.
        number: The edit's `seq` or the exemplar's number; None for the others.
        before: The step whose instructions the edit changed first; None for the others.
    """

    step: int
    solution: int
    came: Came
    number: int | None = None
    before: int | None = None

    @property
    def said(self) -> str:
        """Where that was, in words."""
        where = f"#{self.solution}"
        match self.came:
            case Came.START | Came.IMPORT:
                return f"from {where} ({self.came})"
            case Came.PERSON:
                return f"from {where} (written by a person)"
            case Came.NEW:
                return f"new in step {self.step} ({where})"
            case Came.EDIT:
                what = f"the edit of the meta-prompt before step {self.before}"
            case Came.EXEMPLAR:
                what = f"as in exemplar {self.number}"
            case Came.INSTRUCTIONS:
                what = "as in the meta-instructions"
            case Came.CRITIQUE:
                what = "as in the step's critique"
        return f"step {self.step} ({where}), {what}"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of the solution, and where their words first stood."""

    start: int
    end: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Link:
    """A solution of the chain and the one before it.

    Attributes:
        parent: The solution of its meta-prompt that shares most words with it.
        child: The solution.
        likeness: How much they share, 0–1.
        shown: How many solutions its optimizer saw.
        pinned: Whether the parent was shown because a person had pinned it.
        others: Other solutions that it has words from.
        difference: The paired difference of their scores; None without shared examples.
        exchange: The training examples that the change fixed and broke.
        gain: How the value changed; None where one has no score.
        edits: What a person changed for this step.
    """

    parent: int
    child: int
    likeness: float
    shown: int
    pinned: bool
    others: tuple[int, ...]
    difference: Difference | None
    exchange: Exchange
    gain: float | None
    edits: tuple[EditMade, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """A solution's history.

    Attributes:
        solution: The solution.
        links: The changes that led to it, the first one first; none where it has no ancestor.
        spans: Its text, cut by where the words first stood; together they are the whole text.
        root: How the chain begins: `start`, `person` or `import`; `new` where the optimizer wrote
            something that is near nothing it saw.
        copies: What it has word for word from training examples.
    """

    solution: int
    links: tuple[Link, ...]
    spans: tuple[Span, ...]
    root: Came
    copies: tuple[Copy, ...]

    @property
    def chain(self) -> tuple[int, ...]:
        """The solutions from the first ancestor to the solution itself."""
        return (*(link.parent for link in self.links), self.solution)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Where words came from, in order of step."""
        return tuple(sorted({span.entry for span in self.spans}, key=in_order))


def came_with(found: Lineage, copy: Copy) -> int:
    """The solution with which the last of some copied words came in."""
    own = [s.entry for s in found.spans if s.start < copy.end and s.end > copy.start]
    return max(own, default=found.spans[-1].entry, key=in_order).solution


def in_order(entry: Entry) -> tuple[int, int, str, int]:
    """What sorts entries: by step, then by solution."""
    return (entry.step, entry.solution, entry.came, entry.number or 0)
