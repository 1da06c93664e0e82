"""What the lineage of a solution says, as plain data: no widget, no event loop."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from textual.content import Content

from opro_tui.core.difference import words
from opro_tui.core.lineage import HONEST, Came, came_with
from opro_tui.tui import answers as said
from opro_tui.tui import edit_words
from opro_tui.tui import format as fmt
from opro_tui.tui.compare import in_words, paired
from opro_tui.tui.parts import Cell
from opro_tui.tui.rows import ORIGINS
from opro_tui.tui.widgets.row_list import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.lineage import Entry, Lineage, Link
    from opro_tui.core.state import State
    from opro_tui.tui.parts import Row

COLUMNS = (
    Column("#", 5, right=True),
    Column("step", 4, right=True),
    Column("by", 9, from_width=70),
    Column("score", 10, right=True),
    Column("change", 9),
    Column("fixed", 5, right=True),
    Column("broke", 5, right=True),
    Column("alike", 5, right=True),
    Column("instruction", 0),
)
LONGEST = 2000
"""Characters of a solution that are drawn."""
_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LETTERS = {
    Came.START: "",
    Came.NEW: "",
    Came.IMPORT: "",
    Came.PERSON: "ʸ",
    Came.EDIT: "ᵉ",
    Came.INSTRUCTIONS: "ⁱ",
    Came.EXEMPLAR: "ˣ",
    Came.CRITIQUE: "ᶜ",
}
"""What stands behind the step: yours, an edit, the meta-instructions, an exemplar, a critique."""
_STYLES = (
    "bold",
    "$text-primary",
    "$text-accent",
    "$text-secondary",
    "$text-success",
    "$text-warning",
)


def marks(entries: Sequence[Entry]) -> dict[Entry, str]:
    """The signs behind words: their step, raised, with a letter for where else they stand.

    Where several would have the same, the solution's number is added, then primes.
    """
    found: dict[Entry, str] = {}
    plain = Counter(map(_mark, entries))
    for entry in entries:
        sign = _mark(entry)
        if plain[sign] > 1:
            sign += f"·{str(entry.solution).translate(_DIGITS)}"
        while sign in found.values():
            sign += "′"
        found[entry] = sign
    return found


def _mark(entry: Entry) -> str:
    return str(entry.step).translate(_DIGITS) + _LETTERS[entry.came]


def text(state: State, found: Lineage) -> Content:
    """The solution, each run of words with its sign, and what the signs stand for."""
    own = state.candidates[found.solution].text
    entries = found.entries
    signs = marks(entries)
    styles = {entry: _STYLES[place % len(_STYLES)] for place, entry in enumerate(entries)}
    parts: list[Content] = []
    for span in found.spans:
        piece = own[span.start : min(span.end, LONGEST)]
        if not piece:
            continue
        bare = piece.rstrip()
        parts.append(fmt.plain(bare, styles[span.entry]))
        parts.append(Content.styled(signs[span.entry], f"{styles[span.entry]} bold"))
        parts.append(Content(fmt.harmless(piece[len(bare) :])))
    if len(own) > LONGEST:
        parts.append(Content.styled(f" … {fmt.count(len(own) - LONGEST)} characters more", "dim"))
    if not own:
        parts.append(Content("(empty)"))
    for entry in entries:
        line = f"\n{signs[entry]} {entry.said}"
        parts.append(Content.styled(line, styles[entry]))
    for copy in found.copies:
        where = "exemplar" if copy.shown else "training example"
        run = fmt.safe(own[copy.start : copy.end], 60)
        warning = (
            f"\n! copied {fmt.plural(copy.words, 'word')} of the {copy.part} of {where}"
            f" {copy.example}, since #{came_with(found, copy)}: {run}"
        )
        parts.append(fmt.plain(warning, "bold $text-warning"))
    return Content("").join(parts)


def row(state: State, id_: int, link: Link | None) -> Row:
    """A solution of the chain: number, step, origin, score, what the change did, text."""
    member, facts = state.candidates[id_], state.facts
    score = Cell("–", "muted")
    if member.score is not None:
        score = Cell(fmt.with_half_width(member.score, facts), "strong")
    changed: tuple[Cell, ...] = (Cell(), Cell(), Cell(), Cell())
    if link is not None:
        counted = bool(link.exchange.both) and facts.bounded
        changed = (
            _change(state, link),
            Cell(str(len(link.exchange.fixed)) if counted else "", "better"),
            Cell(str(len(link.exchange.broken)) if counted else "", "worse"),
            Cell(f"{100 * link.likeness:.0f} %", "muted"),
        )
    return (
        Cell(str(id_), "muted"),
        Cell(str(member.step)),
        Cell(ORIGINS[member.origin], "muted"),
        score,
        *changed,
        Cell(fmt.safe(member.text, 400) or "(empty)"),
    )


def _change(state: State, link: Link) -> Cell:
    if link.gain is None:
        return Cell("no score", "muted")
    if not link.gain:
        return Cell("= the same", "muted")
    better = (link.gain < 0) == state.facts.minimize
    apart = link.difference.real if link.difference else not state.facts.bounded
    noise = "" if apart else " ~"
    sign = f"{'▲' if better else '▼'} {fmt.change(link.gain, state.facts)}{noise}"
    return Cell(sign, ("better" if better else "worse") if apart else "")


def change(state: State, id_: int, link: Link | None, found: Lineage) -> Content:
    """What led to a solution of the chain, in full."""
    if link is None:
        return Content(f"{_beginning(found)}\n\n{HONEST}")
    old, new = state.candidates[link.parent], state.candidates[id_]
    parts: list[Content] = []
    if old.score is not None and new.score is not None:
        verdict = in_words(paired(state, new.score, old.score), state.facts)
        parts.append(Content.styled(f"{verdict[:1].upper()}{verdict[1:]}\n", "bold"))
    if link.exchange.both and state.facts.bounded:
        parts.append(Content(f"fixed {said.numbers(link.exchange.fixed)}\n"))
        parts.append(Content(f"broke {said.numbers(link.exchange.broken)}\n"))
    seen = fmt.plural(link.shown, "solution")
    pinned = ", pinned by a person" if link.pinned else ""
    near = f"#{link.parent} is the nearest of the {seen} shown{pinned}."
    if link.others:
        near += f" Words of {', '.join(f'#{other}' for other in link.others[:8])} too."
    parts.append(Content(f"{near}\n"))
    for edit in link.edits:
        line = fmt.safe(edit_words.words(edit).line, 200)
        parts.append(Content(f"before step {new.step}: {line}\n"))
    parts.append(Content("\n"))
    parts.append(said.difference(words(old.text[:LONGEST], new.text[:LONGEST])))
    return Content("").join(parts)


def _beginning(found: Lineage) -> str:
    match found.root:
        case Came.START:
            return "The chain begins here: a starting solution."
        case Came.PERSON:
            return "The chain begins here: a person wrote it."
        case Came.IMPORT:
            return "The chain begins here: it was imported."
    return "The chain begins here: it is near no solution that the optimizer saw."
