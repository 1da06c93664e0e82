"""Finding tours, their lengths and the nodes' coordinates in a text whose layout is not known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opro_tui.models.simulated.extract import Shown, attach, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Place = tuple[float, float]
Map = dict[int, Place]

_NUMBER: Final = r"[-−]?\d{1,6}(?:\.\d{1,6})?"
_SEPARATOR: Final = r"\s{0,3}(?:,|-{1,2}>|=>|→|–)\s{0,3}"
_TRACE = re.compile(
    rf"(?<![\d.,−-])\d{{1,3}}(?:{_SEPARATOR}\d{{1,3}}){{3,400}}(?![\d.]*\d)(?:{_SEPARATOR})?"
)
_TAGGED = re.compile(r"<([A-Za-z][\w-]{0,30})>\s{0,3}$")
_FREE = re.compile(r"(?:^|[>:=\[({|\"'`*\n-])[ \t]{0,3}$")
_PLACE = re.compile(
    r"(?:(?<![\w.,-])[(#]?(?P<node>\d{1,3})\)?\s{0,3}(?::|=|at|is|->|→|-)?\s{0,3})?"
    rf"[(\[]\s{{0,3}}(?:x\s{{0,2}}[=:]\s{{0,2}})?(?P<x>{_NUMBER})\s{{0,3}}[,;]\s{{0,3}}"
    rf"(?:y\s{{0,2}}[=:]\s{{0,2}})?(?P<y>{_NUMBER})\s{{0,3}}[)\]]",
    re.IGNORECASE,
)
_FEWEST: Final = 4


def places(text: str) -> Map:
    """Where each node lies; nodes without a number in the text are counted from 0."""
    numbered: Map = {}
    listed: list[Place] = []
    for match in _PLACE.finditer(text):
        place = (number(match["x"]), number(match["y"]))
        if match["node"] is not None:
            numbered.setdefault(int(match["node"]), place)
        listed.append(place)
    found = numbered if 2 * len(numbered) >= len(listed) else dict(enumerate(listed))
    return found if len(found) >= _FEWEST and set(found) == set(range(len(found))) else {}


def as_trace(text: str) -> tuple[int, ...]:
    """The nodes of a tour, without the way back to its first; () when a text is no tour."""
    match = _TRACE.fullmatch(text.strip()[:4000])
    if match is None:
        return ()
    nodes = tuple(int(node) for node in re.findall(r"\d+", match.group()))
    nodes = nodes[:-1] if nodes[-1] == nodes[0] else nodes
    return nodes if sorted(nodes) == list(range(len(nodes))) else ()


def traces(text: str) -> tuple[Shown, ...]:
    """The tours in a text, in order, each with the length that stands beside it."""
    spans = []
    for match in _TRACE.finditer(text):
        if as_trace(match.group()) and _FREE.search(
            text[max(0, match.start() - 8) : match.start()]
        ):
            before = _TAGGED.search(text, max(0, match.start() - 40), match.start())
            start, end = match.span()
            if before and (closing := text.find(f"</{before[1]}>", end, end + 40)) >= 0:
                start, end = before.start(), closing + len(before[1]) + 3
            spans.append((start, *match.span(), end))
    usual = _usual([len(as_trace(text[first:last])) for _, first, last, _ in spans])
    spans = [span for span in spans if len(as_trace(text[span[1] : span[2]])) == usual]
    return tuple(attach(text, spans))


def _usual(sizes: Sequence[int]) -> int:
    counts: Mapping[int, int] = {size: sizes.count(size) for size in sizes}
    return max(counts, key=lambda size: (counts[size], size), default=0)
