"""The regions of a meta-prompt: their names in the margin, their lines, and words about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.meta_prompt import CRITIQUE, EXEMPLAR, INSTRUCTIONS, REQUEST, SEPARATOR, SOLUTION
from opro_tui.tui import format as fmt
from opro_tui.tui.margin import MarginLine, Run, wrapped
from opro_tui.tui.parts import Part

if TYPE_CHECKING:
    from opro_tui.core.meta_prompt import MetaPrompt, Region, Template
    from opro_tui.core.state import State


@dataclass(frozen=True, slots=True)
class Marks:
    """What a person did to the regions, for the labels in the margin.

    Attributes:
        pinned: Solutions that are pinned.
        dropped: Solutions that are dropped; only past prompts can show one.
        exemplars_pinned: Exemplars that are pinned.
        exemplars_dropped: Exemplars that are dropped.
        edited: Whether the instructions differ from the built-in ones.
    """

    pinned: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()
    exemplars_pinned: frozenset[int] = frozenset()
    exemplars_dropped: frozenset[int] = frozenset()
    edited: bool = False

    def sign(self, region: Region) -> str:
        """The sign in front of a region's label."""
        if region.id is None:
            return "*" if self.edited and region.kind == INSTRUCTIONS else ""
        own = region.kind == SOLUTION
        if region.id in (self.pinned if own else self.exemplars_pinned):
            return "◆"
        return "✕" if region.id in (self.dropped if own else self.exemplars_dropped) else ""


NO_MARKS = Marks()
LONGEST = 50_000
"""Characters of one region that are drawn: what a key waits for is laid out whole."""
MOST_LINES = 1_000
"""Lines of one region that are drawn."""


def label(region: Region, marks: Marks = NO_MARKS) -> str:
    """A region's name in the margin; separators have none."""
    sign = marks.sign(region)
    if region.kind == SOLUTION:
        return f"{sign}#{region.id}"
    if region.kind == EXEMPLAR:
        return f"{sign}ex {region.id}"
    return sign + {INSTRUCTIONS: "ins", REQUEST: "req", CRITIQUE: "crit"}.get(region.kind, "")


def shown(text: str) -> str:
    """A region's text as it is drawn: all of it, or of a very long one the beginning."""
    kept = "\n".join(text[:LONGEST].split("\n", MOST_LINES)[:MOST_LINES])
    if len(kept) == len(text):
        return text
    return f"{kept}\n[… {fmt.count(len(text) - len(kept))} more characters are not drawn]\n"


def lay_out(prompt: MetaPrompt, width: int, marks: Marks = NO_MARKS) -> list[MarginLine]:
    """Wrap a meta-prompt into lines; a region's place among the regions is its part.

    Args:
        prompt: The text and its regions.
        width: Cells for the text, without the margin.
        marks: What the labels carry signs for.
    """
    lines: list[MarginLine] = []
    runs: list[Run] = []
    for place, region in enumerate(prompt.regions):
        name = label(region, marks)
        part = -1 if region.kind == SEPARATOR else place
        pieces = fmt.harmless(shown(prompt.text[region.start : region.end])).split("\n")
        for number, piece in enumerate(pieces):
            if number:
                lines += wrapped(runs, width)
                runs = []
            if piece:
                runs.append(Run(piece, region.kind, part, name))
                name = ""
    if runs:
        lines += wrapped(runs, width)
    return lines


def marks(state: State, built_in: Template) -> Marks:
    """What a person did to the regions, by a state."""
    return Marks(
        state.pinned,
        state.dropped,
        state.exemplars_pinned,
        state.exemplars_dropped,
        edited=state.template.instructions != built_in.instructions,
    )


def past_title(step: int, tokens: int) -> str:
    """The meta-prompt pane's title over a prompt that was sent."""
    return f"META-PROMPT · step {step}, as sent (read-only) · ≈{fmt.count(tokens)} tok"


KINDS = {
    INSTRUCTIONS: "instructions",
    SOLUTION: "solution",
    EXEMPLAR: "exemplar",
    REQUEST: "request for several",
    CRITIQUE: "critique",
}
SIGNS = {"◆": "pinned", "✕": "dropped", "*": "edited"}


def describe(
    region: Region, marks: Marks, tokens: int | None, total: int | None, *, writable: bool
) -> list[Part]:
    """A region in words: what it is, its length and share, and what can be done with it.

    Args:
        region: The region.
        marks: What a person did to it.
        tokens: Its estimated tokens; None while they are being counted.
        total: Those of the whole prompt.
        writable: Whether the session can be changed.
    """
    name = {SOLUTION: f"#{region.id} ", EXEMPLAR: f"ex {region.id} "}.get(region.kind, "")
    parts = [Part(f"{name}{KINDS.get(region.kind, region.kind)}", region.kind, 90)]
    sign = marks.sign(region)
    if sign:
        parts.append(Part(SIGNS[sign], "", 80))
    if tokens is not None:
        parts.append(Part(f"≈{fmt.count(tokens)} tok", "", 70))
        if total:
            parts.append(Part(f"{100 * tokens / total:.1f} %", "", 60))
    if region.id is not None:
        parts.append(Part("enter details", "muted", 30))
        if writable:
            again = "un" if sign == "◆" else "", "un" if sign == "✕" else ""
            parts.append(Part(f"p {again[0]}pins, d {again[1]}drops", "muted", 40))
    elif region.kind == INSTRUCTIONS and writable:
        parts.append(Part("e edits", "muted", 40))
    elif region.kind == CRITIQUE and writable:
        parts.append(Part("enter edits", "muted", 40))
    return parts
