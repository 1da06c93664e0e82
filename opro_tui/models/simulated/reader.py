"""What the simulated optimizer understands of a meta-prompt, whatever its template."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from opro_tui.models.simulated.bank import strategies_in
from opro_tui.models.simulated.extract import Shown, as_pair, extract, is_ask, tag_spans
from opro_tui.models.simulated.traces import Place, places, traces

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNT_WORDS: Final = {
    word: value
    for value, word in enumerate(
        ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=2
    )
}
_COUNT = re.compile(
    r"\b(?:write|propose|give|generate|produce|suggest|list|create)\s+(?:me\s+)?(?:exactly\s+)?"
    r"(\d{1,3}|" + "|".join(_COUNT_WORDS) + r")\s+(?:[\w-]+\s+){0,3}?"
    r"(?:proposals?|instructions?|solutions?|candidates?|pairs?|prompts?|texts?|variants?"
    r"|alternatives?|traces?|ideas?|sentences?)\b",
    re.IGNORECASE,
)
_MOST_PROPOSALS: Final = 32
_WRAPPED = re.compile(
    r"\b(?:between|in(?:side)?|within|(?:begin|start)\w*\s+with)\s+(?:the\s+\w+\s+)?[\"'`“]?"
    r"([^\w\s\"'`“”]\S{0,29}?)[\"'`”]?\s+(?:and\s+)?(?:(?:end|finish|clos)\w*\s+(?:with|by)\s+|and\s+)"
    r"[\"'`“]?([^\w\s\"'`“”]\S{0,29}?)[\"'`”]?(?=[\s.,;:!?]|$)",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\bbrackets?\b|\[\s*(?:\.\.\.|…|[a-z]\s*,\s*[a-z])\s*\]", re.IGNORECASE)
_LOWER = re.compile(
    r"\b(?:lower|lowest|minimi[sz]\w*|smaller|smallest|shortest|as low as)\b", re.IGNORECASE
)
_HIGHER = re.compile(
    r"\b(?:higher|highest|maximi[sz]\w*|greater|greatest|larger|largest|as high as|accura\w*"
    r"|precision|improv\w*)\b",
    re.IGNORECASE,
)
_LIMITED = re.compile(
    r"\b(?:very short|as short as|keep (?:it|them) (?:short|brief)|shorter|one (?:short )?sentence"
    r"|single sentence|concise|brief|few words)\b",
    re.IGNORECASE,
)
_WISHED = re.compile(
    r"\b(?:mention|include|focus on|ask for|emphasi[sz]e|encourage|prefer)\b([^.\n]{1,80})",
    re.IGNORECASE,
)
_SHUNNED = re.compile(r"\b(?:avoid|do not|don't|never|without)\b([^.\n]{1,80})", re.IGNORECASE)
_TOURING = re.compile(r"\b(?:traces?|tours?|round trips?|routes?|salesman)\b", re.IGNORECASE)
_TRUTH = re.compile(r"\b(?:yes|no|true|false|valid|invalid)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Brief:
    """A meta-prompt as it was understood.

    Attributes:
        shown: The solutions in the text, in order; a score is None where none was read.
        tags: What to write before and behind a proposal; None when no tags were asked for.
        count: How many proposals to write in one completion.
        minimize: Whether lower scores are better.
        kind: `phrase`, `pair` or `tour`: what the solutions are.
        topic: What the exemplars look like: `number`, `choice`, `truth`, or "" without a sign.
        wished: Strategies that the meta-instructions ask for.
        shunned: Strategies that the meta-instructions warn against.
        short: Whether the meta-instructions ask for something short.
        places: For tours, where each node lies; empty where the text doesn't say.
    """

    shown: tuple[Shown, ...]
    tags: tuple[str, str] | None
    count: int = 1
    minimize: bool = False
    kind: str = "phrase"
    topic: str = ""
    wished: frozenset[str] = frozenset()
    shunned: frozenset[str] = frozenset()
    short: bool = False
    places: Mapping[int, Place] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def scored(self) -> bool:
        """Whether any score could be read."""
        return any(shown.score is not None for shown in self.shown)


@lru_cache(maxsize=64)
def read(text: str) -> Brief:
    """Understand a meta-prompt from nothing but its text."""
    tours, nodes = traces(text), places(text)
    touring = bool(tours) or (bool(nodes) and _TOURING.search(text) is not None)
    shown = tours if touring else tuple(extract(text))
    frame = _frame(text, shown)
    own_words = "\n".join(line for line in frame.splitlines() if not _is_example_line(line))
    return Brief(
        shown=shown,
        tags=_tags(frame) or _tags_around(text, shown),
        count=_count(frame),
        minimize=_minimize(own_words, shown),
        kind="tour" if touring else _kind(shown, frame),
        topic=_topic(frame),
        wished=_hints(_WISHED, own_words),
        shunned=_hints(_SHUNNED, own_words),
        short=_LIMITED.search(own_words) is not None,
        places=MappingProxyType(nodes if touring else {}),
    )


def _frame(text: str, shown: tuple[Shown, ...]) -> str:
    """The text without the solutions in it."""
    pieces: list[str] = []
    position = 0
    for item in sorted(shown, key=lambda item: item.start):
        pieces.append(text[position : max(position, item.start)])
        position = max(position, item.end)
    pieces.append(text[position:])
    return " ".join(pieces)


def _is_example_line(line: str) -> bool:
    return (
        re.match(r"\s*(?:Q|A|input|output|question|problem|ground truth)\b.{0,15}:", line)
        is not None
    )


def _tags(frame: str) -> tuple[str, str] | None:
    """The last pair of tags that the text tells to write between."""
    asked = [
        (start, f"<{name}>", f"</{name}>")
        for name, start, first, last, _ in tag_spans(frame)
        if is_ask(frame[first:last])
    ]
    asked.extend((match.start(), match[1], match[2]) for match in _WRAPPED.finditer(frame))
    asked.extend((match.start(), "[", "]") for match in _BRACKETS.finditer(frame))
    if not asked:
        return _open_tag(frame)
    _, opening, closing = max(asked, key=lambda item: item[0])
    return opening, closing


def _open_tag(frame: str) -> tuple[str, str] | None:
    """The tag at the very end, which leaves the rest to be written."""
    if frame.rstrip().endswith("["):
        return "[", "]"
    match = re.search(r"<([A-Za-z][\w-]{0,30})>\s*$", frame[-200:])
    return (f"<{match[1]}>", f"</{match[1]}>") if match else None


def _tags_around(text: str, shown: tuple[Shown, ...]) -> tuple[str, str] | None:
    """The tags that the solutions themselves stand in."""
    if not shown:
        return None
    last = text[shown[-1].start : shown[-1].end]
    match = re.fullmatch(r"(<([A-Za-z][\w-]{0,30})>).*(</\2>)", last, re.DOTALL)
    return (match[1], match[3]) if match else None


def _count(frame: str) -> int:
    matches = _COUNT.findall(frame)
    if not matches:
        return 1
    asked = str(matches[-1]).lower()
    value = _COUNT_WORDS.get(asked) or int(asked)
    return min(max(value, 1), _MOST_PROPOSALS)


def _minimize(own_words: str, shown: tuple[Shown, ...]) -> bool:
    """By what the text says; failing that, by the order, in which the best stands last."""
    lower, higher = len(_LOWER.findall(own_words)), len(_HIGHER.findall(own_words))
    if lower != higher:
        return lower > higher
    scores = [item.score for item in shown if item.score is not None]
    return len(scores) > 1 and scores[-1] < scores[0]


def _kind(shown: tuple[Shown, ...], frame: str) -> str:
    if not shown:
        return "pair" if re.search(r"\[\s*\w\s*,\s*\w\s*\]|\bpair\b", frame) else "phrase"
    pairs = sum(as_pair(item.text) is not None for item in shown)
    return "pair" if pairs >= 0.6 * len(shown) else "phrase"


def _topic(frame: str) -> str:
    if len(re.findall(r"\([A-F]\)", frame)) >= 3:
        return "choice"
    if len(re.findall(r"\d+", frame)) >= 5:
        return "number"
    if len(_TRUTH.findall(frame)) >= 2:
        return "truth"
    return ""


def _hints(pattern: re.Pattern[str], own_words: str) -> frozenset[str]:
    return strategies_in(" . ".join(pattern.findall(own_words)))
