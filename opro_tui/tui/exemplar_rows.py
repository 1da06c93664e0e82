"""The training set as rows: which examples the next prompt shows, and how hard each one is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opro_tui.core.protocols import Example

TEXT_WIDTH = 300


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands where.

    Attributes:
        shown: Exemplars of the next prompt, in its order.
        pinned: Examples that always show.
        dropped: Examples that never do.
        wrong: Example to the share of wrong answers over the scored solutions.
    """

    shown: tuple[int, ...] = ()
    pinned: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()
    wrong: Mapping[int, float] = field(default_factory=dict)

    def rank(self, index: int) -> tuple[int, int]:
        """Where an example stands in the list: pinned, shown, dropped, then the others."""
        if index in self.pinned:
            return 0, index
        if index in self.shown:
            return 1, self.shown.index(index)
        return (2 if index in self.dropped else 3), index


def searchable(examples: Iterable[Example]) -> dict[int, str]:
    """Example number to the text that is searched."""
    return {e.index: f"#{e.index}\n{e.input}\n{e.target}".casefold() for e in examples}


def found(texts: Mapping[int, str], query: str, shelf: Shelf) -> list[int]:
    """The examples that hold every word of a query, those in the prompt first."""
    wanted = query.casefold().split()
    hits = [i for i, text in texts.items() if all(word in text for word in wanted)]
    return sorted(hits, key=shelf.rank)


def row(shelf: Shelf, example: Example) -> Row:
    """An example's row: place in the prompt, number, wrong rate, target, question."""
    index = example.index
    tone = "muted" if index in shelf.dropped else ""
    return (
        _place(shelf, index),
        Cell(str(index), "muted"),
        Cell(wrong_text(shelf.wrong.get(index)), "muted"),
        Cell(fmt.safe(example.target, TEXT_WIDTH), tone),
        Cell(fmt.safe(example.input, TEXT_WIDTH), tone),
    )


def _place(shelf: Shelf, index: int) -> Cell:
    if index in shelf.pinned:
        return Cell("◆ pinned", "pinned")
    if index in shelf.dropped:
        return Cell("✕ dropped", "warning")
    return Cell("● shown", "exemplar") if index in shelf.shown else Cell()


def wrong_text(share: float | None) -> str:
    """The share of wrong answers; empty before anything was scored."""
    return "" if share is None else f"{100 * share:.0f} %"


def title(shelf: Shelf) -> str:
    """What the list says on top."""
    parts = [f"{len(shelf.shown)} in the next prompt"]
    if shelf.pinned:
        parts.append(f"{len(shelf.pinned)} pinned")
    if shelf.dropped:
        parts.append(f"{len(shelf.dropped)} dropped")
    return " · ".join(["Exemplars", *parts])


def facts(shelf: Shelf, example: Example) -> list[tuple[str, str]]:
    """All that is known of an example, as name and value."""
    known = [("example", f"{example.index}, {example.split} side")]
    share = shelf.wrong.get(example.index)
    if share is not None:
        known.append(("wrong", f"{wrong_text(share)} of the answers"))
    place = _place(shelf, example.index).text
    if place:
        known.append(("in prompt", place))
    known.append(("target", example.target))
    return known
