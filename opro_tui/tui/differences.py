"""The difference between two texts as lines with signs, the words that changed marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.difference import Change, Piece, lines, words
from opro_tui.tui import format as fmt
from opro_tui.tui.margin import MarginLine, Run, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_FOR_WORDS = 4_000
"""Characters of a changed block that are compared word by word; longer ones only by lines."""
LEAST_SHARED = 0.4
"""The share of a changed block that must have stayed for its words to be marked one by one."""
SIGNS = {Change.ADDED: "+", Change.REMOVED: "−", Change.SAME: ""}
TONES = {Change.ADDED: "added", Change.REMOVED: "removed", Change.SAME: ""}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts laid side by side.

    Attributes:
        lines: Lines before wrapping, each with its sign and its runs.
        count: How many places differ.
        added: Lines that only the new text has.
        removed: Lines that only the old text has.
    """

    lines: tuple[tuple[str, tuple[Run, ...]], ...] = ()
    count: int = 0
    added: int = 0
    removed: int = 0


def compare(old: str, new: str) -> Comparison:
    """Compare two texts, by lines and within changed lines by words."""
    found: list[tuple[str, tuple[Run, ...]]] = []
    count = 0
    for change, gone, come in _blocks(lines(old, new)):
        if change is Change.SAME:
            found += _signed([Piece(Change.SAME, come)], Change.SAME, -1)
            continue
        pieces = _pieces(gone, come)
        by_words = any(piece.change is Change.SAME for piece in pieces)
        for side in (Change.REMOVED, Change.ADDED):
            kept = [piece for piece in pieces if piece.change in (side, Change.SAME)]
            found += _signed(kept, side, count, mark=by_words)
        count += 1
    signs = [sign for sign, _ in found]
    return Comparison(tuple(found), count, signs.count("+"), signs.count("−"))


def _blocks(pieces: Sequence[Piece]) -> Iterator[tuple[Change, str, str]]:
    """What stays, and between it what went with what came for it."""
    gone = come = ""
    for piece in pieces:
        if piece.change is Change.REMOVED:
            gone += piece.text
        elif piece.change is Change.ADDED:
            come += piece.text
        else:
            if gone or come:
                yield Change.ADDED, gone, come
            gone = come = ""
            yield Change.SAME, piece.text, piece.text
    if gone or come:
        yield Change.ADDED, gone, come


def _pieces(gone: str, come: str) -> tuple[Piece, ...]:
    longer = max(len(gone), len(come))
    if gone and come and longer <= MOST_FOR_WORDS:
        found = words(gone, come)
        if sum(len(p.text) for p in found if p.change is Change.SAME) >= LEAST_SHARED * longer:
            return found
    return tuple(
        piece for piece in (Piece(Change.REMOVED, gone), Piece(Change.ADDED, come)) if piece.text
    )


def _signed(
    pieces: Iterable[Piece], side: Change, part: int, *, mark: bool = False
) -> list[tuple[str, tuple[Run, ...]]]:
    """One side of a block as lines; line ends that came or went are drawn."""
    found: list[tuple[str, tuple[Run, ...]]] = []
    runs: list[Run] = []
    sign = SIGNS[side]
    for piece in pieces:
        changed = mark and piece.change is not Change.SAME
        tone = TONES[side] + ("-word" if changed else "")
        for number, text in enumerate(fmt.harmless(piece.text).split("\n")):
            if number:
                if side is not Change.SAME and (changed or not runs):
                    runs.append(Run(fmt.NEWLINE, tone, part))
                found.append((sign, tuple(runs)))
                runs = []
            if text:
                runs.append(Run(text, tone, part))
    if runs:
        found.append((sign, tuple(runs)))
    return found


def lay_out(comparison: Comparison, width: int) -> list[MarginLine]:
    """Wrap a comparison; each line that came or went carries its sign, wrapped ones as well."""
    result: list[MarginLine] = []
    for sign, runs in comparison.lines:
        for line in wrapped(runs, width):
            if sign and line.runs:
                first = line.runs[0]._replace(label=sign)
                line = MarginLine((first, *line.runs[1:]))  # noqa: PLW2901
            result.append(line)
    return result


def summary(comparison: Comparison) -> str:
    """How much differs, in words."""
    if not comparison.count:
        return "no difference"
    places = fmt.plural(comparison.count, "difference")
    return f"{places} · +{comparison.added} −{comparison.removed} lines"
