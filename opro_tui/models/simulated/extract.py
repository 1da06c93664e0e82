"""Finding solutions and their scores in a text whose layout is not known.

Several readings are tried (JSON, tags, labels, number pairs, lines); the one that explains the most
pairs wins. Every pattern is bounded, so that a hostile text costs time in proportion to its length.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NUMBER: Final = r"[-−]?(?:\d{1,3}(?:,\d{3}){1,5}|\d{1,15})(?:\.\d{1,9})?"
INTEGER_PAIR: Final = re.compile(
    r"[\[(]?\s*(?:[A-Za-z]\w{0,9}\s*[=:]\s*)?(?P<first>[-−]?\d{1,6})\s*(?:,|;|\band\b|\s)\s*"
    r"(?:[A-Za-z]\w{0,9}\s*[=:]\s*)?(?P<second>[-−]?\d{1,6})\s*[\])]?"
)
_LARGEST: Final = 1e15
_SCORE_WORD: Final = (
    r"(?:score|precision|accuracy|value|loss|rating|grade|length|distance|error|cost|objective"
    r"|percent(?:age)?|points|f1|reward|fitness|quality|result)s?"
)
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]{0,30})>")
_BRACKETED = re.compile(r"\[([^\[\]\n]{1,400})\]")
_AFTER = re.compile(
    rf"[^\d\n\[({{]{{0,40}}?(?:\n[^\d\n\[({{]{{0,30}}?){{0,2}}({NUMBER})(?!\d|[.)][ \t]+\w)"
)
_BEFORE = re.compile(rf"({NUMBER})[^\d\n\])}}]{{0,30}}(?:\n[^\d\n\])}}]{{0,20}}){{0,2}}$")
_LABEL = re.compile(
    r"^[ \t>*#-]{0,6}([A-Za-z][A-Za-z _-]{0,24}?)\**[ \t]{0,4}[:=]\**[ \t]*", re.MULTILINE
)
_SCORED = re.compile(
    rf"\b(?P<word>{_SCORE_WORD})\**(?:[ \t]{{0,4}}[:=]\**[ \t]{{0,4}}\n?|[ \t]*\n|"
    r"(?<=score|ision|uracy)[ \t])[ \t]{0,4}"
    rf"(?P<number>{NUMBER})(?:[ \t]?%)?",
    re.IGNORECASE,
)
_NUMBER_LINE = re.compile(rf"[ \t]*({NUMBER})[ \t]*%?[ \t]*")
_TRAILING = re.compile(
    rf"[ \t]*(?:[-*•|>][ \t]*|\d{{1,3}}[.)][ \t]+)?(\S.{{0,1500}}?)[ \t]*"
    rf"(?:[|:=>,;(\t\]–—→-]{{1,3}}|[ \t])[ \t]*({NUMBER})[ \t]*%?[ \t]*[)|\]]?[ \t]*"
)
_LEADING = re.compile(
    rf"[ \t]*[-*•|>\[(]?[ \t]*({NUMBER})[ \t]*%?[ \t]*"
    rf"(?:[|:)\]=–—→\t-]{{1,3}}|[ \t]{{2}})[ \t]*(\S.{{0,1500}})"
)
_WIDE_GAP = re.compile(r"[ \t]{2,}")
_OBJECT = re.compile(r"\{[^{}]{1,4000}\}")
_LIST_ITEM = re.compile(rf'\[\s*("(?:[^"\\]|\\.){{0,3000}}")\s*,\s*({NUMBER})\s*\]')
_EXEMPLAR = re.compile(
    r"^[ \t]*(?:(?:right|correct|expected|true)[ ])?(?:Q|A|output|answer|target)[ \t]?:",
    re.IGNORECASE | re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"<(\w{1,30})>(?!.*</\1>)")
_ONLY_LABEL = re.compile(
    rf"\W*(?:(?:right|correct|expected)[ ])?(?:Q|A|output|answer|target|input|{_SCORE_WORD})\W*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+(\S.{0,1500})$", re.MULTILINE)
_ASK = re.compile(
    r"\W*(?:(?:and|or|to|until|with|ends?|ending|begins?|then|the|tags?|finish\w*|clos\w*|your|new"
    r"|instruction|text|prompt|proposal|solution|here|pair|trace|it|by|a)\b\W*){0,10}",
    re.IGNORECASE,
)
_SOLUTION_LABELS: Final = frozenset({"text", "instruction", "prompt", "solution", "input", "pair"})
_NOT_SOLUTIONS: Final = frozenset(
    {"q", "a", "output", "answer", "target", "example", "ground truth"}
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A solution that stands in the prompt: its text, its score if one was read, its place."""

    text: str
    score: float | None
    start: int
    end: int


Reading = list[Shown]


def number(text: str) -> float:
    """The value of what NUMBER matched."""
    return float(text.replace(",", "").replace("−", "-"))


def as_pair(text: str) -> tuple[int, int] | None:
    """The two integers that a text consists of; None when it is something else."""
    match = INTEGER_PAIR.fullmatch(text.strip()[:80])
    if match is None:
        return None
    return int(number(match["first"])), int(number(match["second"]))


def extract(text: str) -> Reading:
    """The solutions shown in a text, in order; [] when none can be made out."""
    strategies: tuple[tuple[Callable[[str], Reading], float], ...] = (
        (_objects, 3.0),
        (_tags, 3.0),
        (_labels, 3.0),
        (_pairs, 2.9),
        (_number_lines, 1.5),
        (_lines, 1.0),
    )
    best: Reading = []
    best_worth = 0.0
    for read, trust in strategies:
        found = [shown for shown in read(text) if not _is_exemplar(shown.text)]
        scored = [shown for shown in found if shown.score is not None]
        if _is_numbering(scored) or (trust < 2 and len(scored) < 2):
            continue
        worth = trust * len(scored) + 0.3 * (len(found) - len(scored))
        if worth > best_worth:
            best, best_worth = found, worth
    return best or _unscored_labels(text) or _bullets(text)


def is_ask(content: str) -> bool:
    """Whether what stands between two tags only tells where to write."""
    return _ASK.fullmatch(content[:200]) is not None and len(content) <= 200


def tag_spans(text: str) -> list[tuple[str, int, int, int, int]]:
    """Each `<name>…</name>` as (name, start, content start, content end, end), innermost only."""
    opened: dict[str, tuple[int, int]] = {}
    spans: list[tuple[str, int, int, int, int]] = []
    for match in _TAG.finditer(text):
        closing, name = match.groups()
        if not closing:
            opened[name] = match.span()
        elif name in opened:
            start, content = opened.pop(name)
            spans.append((name, start, content, match.start(), match.end()))
    return spans


def _is_exemplar(text: str) -> bool:
    text = text[:2000]
    return _EXEMPLAR.search(text) is not None or bool(_PLACEHOLDER.search(text))


def _is_numbering(scored: Sequence[Shown]) -> bool:
    """Whether the "scores" only count up, as a numbered list does."""
    values = [shown.score for shown in scored if shown.score is not None]
    if len(values) < 3:
        return False
    return all(b - a == 1 for a, b in pairwise(values)) and values[0] <= 1


def attach(text: str, spans: Sequence[tuple[int, int, int, int]]) -> Reading:
    """Give each span (start, content start, content end, end) the number that goes with it.

    The number stands before or behind the solution, the same way for all: the side with more wins.
    """
    behind: list[re.Match[str] | None] = []
    ahead: list[re.Match[str] | None] = []
    for position, (start, _, _, end) in enumerate(spans):
        following = spans[position + 1][0] if position + 1 < len(spans) else len(text)
        preceding = spans[position - 1][3] if position else 0
        gap = text[end : min(following, end + 100)].split("\n\n", maxsplit=1)[0]
        behind.append(_AFTER.match(gap))
        gap = text[max(preceding, start - 80) : start].rsplit("\n\n", maxsplit=1)[-1]
        ahead.append(_BEFORE.search(gap))
    sides = (behind, ahead)
    counts = [sum(match is not None for match in side) for side in sides]
    chosen = sides[counts[1] > counts[0]]
    return [
        Shown(text[first:last].strip(), number(match[1]) if match else None, start, end)
        for (start, first, last, end), match in zip(spans, chosen, strict=True)
    ]


def _tags(text: str) -> Reading:
    spans = tag_spans(text)
    groups = {name for name, *_ in spans}
    best: Reading = []
    for name in sorted(groups):
        group = [
            (start, first, last, end)
            for tag, start, first, last, end in spans
            if tag == name and not _only_number(text[first:last])
        ]
        found = [
            shown
            for shown in attach(text, group)
            if not is_ask(shown.text) or (not shown.text and shown.score is not None)
        ]
        if _worth(found) > _worth(best):
            best = found
    return best


def _worth(found: Reading) -> float:
    return sum(0.1 if shown.score is None else 1.0 for shown in found)


def _only_number(text: str) -> bool:
    return _NUMBER_LINE.fullmatch(text.strip()) is not None


def _pairs(text: str) -> Reading:
    named = re.compile(
        r"\b(?!score|value|loss)[A-Za-z]\w{0,5}[ ]{0,3}[=:][ ]{0,3}[-−]?\d{1,6}"
        r"[ ]{0,3}(?:,|;|and|\s)\s{0,3}[A-Za-z]\w{0,5}[ ]{0,3}[=:][ ]{0,3}[-−]?\d{1,6}"
    )
    bracketed = re.compile(r"[\[(]\s{0,3}[-−]?\d{1,6}\s{0,3},\s{0,3}[-−]?\d{1,6}\s{0,3}[\])]")
    readings = [
        attach(text, [(m.start(), m.start(), m.end(), m.end()) for m in pattern.finditer(text)])
        for pattern in (named, bracketed)
    ]
    return [shown for shown in max(readings, key=_worth) if shown.score is not None]


def _labels(text: str) -> Reading:
    """Solutions beside a labelled score, such as `score: 72`, on either side of it."""
    anchors = list(_SCORED.finditer(text))
    usual = Counter(match["word"].casefold() for match in anchors).most_common(1)
    anchors = [match for match in anchors if match["word"].casefold() == usual[0][0]]
    starts = [match.start() for match in anchors]
    ends = [match.end() for match in anchors]
    stretches_before = list(zip([0, *ends[:-1]], starts, strict=True)) if anchors else []
    stretches_after = list(zip(ends, [*starts[1:], len(text)], strict=True)) if anchors else []
    before = _stretches(text, anchors, stretches_before, last=True)
    after = _stretches(text, anchors, stretches_after, last=False)
    return after if len(after) > len(before) else before


def _stretches(
    text: str, anchors: Sequence[re.Match[str]], spans: Sequence[tuple[int, int]], *, last: bool
) -> Reading:
    label = _common_label(text, spans, last=last)
    found: Reading = []
    for anchor, (start, end) in zip(anchors, spans, strict=True):
        part = _labelled_part(text, start, end, label) if label else None
        if part is None:
            part = _paragraph(text, start, end, last=last)
        if part is not None:
            content = text[part[0] : part[1]].strip().strip("|,;").strip()
            found.append(Shown(content, number(anchor["number"]), *part))
    return found


def _common_label(text: str, spans: Sequence[tuple[int, int]], *, last: bool) -> str | None:
    """The label that the solutions share, such as `text`; None when they have none."""
    counts: Counter[str] = Counter()
    for start, end in spans:
        labels = [match[1].casefold() for match in _LABEL.finditer(text, start, end)]
        labels = [label for label in labels if label not in _NOT_SOLUTIONS]
        if labels:
            counts[labels[-1] if last else labels[0]] += 1
    if not counts:
        return None
    label, count = counts.most_common(1)[0]
    usual = label in _SOLUTION_LABELS
    return label if count >= max(2, len(spans) / 2) or (usual and count >= len(spans) / 2) else None


def _labelled_part(text: str, start: int, end: int, label: str) -> tuple[int, int] | None:
    matches = [m for m in _LABEL.finditer(text, start, end) if m[1].casefold() == label]
    if not matches:
        return None
    return matches[-1].end(), _before_next_block(text, matches[-1].end(), end)


def _before_next_block(text: str, start: int, end: int) -> int:
    """Where a solution ends: at the score, or at a blank line that more than a label follows."""
    blank = text.find("\n\n", start, end)
    rest = text[blank:end].strip() if blank >= 0 else ""
    if blank < 0 or len(rest) <= 20 or text[end : end + 1]:
        return end
    return blank


def _paragraph(text: str, start: int, end: int, *, last: bool) -> tuple[int, int] | None:
    """The paragraph that touches the score, on its side of the stretch."""
    if last:
        cut = text.rfind("\n\n", start, end)
        first, final = (cut + 2 if cut >= 0 else start), end
    else:
        cut = text.find("\n\n", start, end)
        first, final = start, (cut if cut >= 0 else end)
    content = text[first:final].strip()
    if not re.search(r"\w", content) or len(content) > 2000:
        return None
    return first, final


def _unscored_labels(text: str) -> Reading:
    """Solutions behind a label that solutions usually have, with no scores."""
    labels = list(_LABEL.finditer(text))
    found: Reading = []
    for match in labels:
        if match[1].casefold() not in _SOLUTION_LABELS:
            continue
        end = text.find("\n\n", match.end())
        end = len(text) if end < 0 else end
        content = text[match.end() : end].strip()
        if len(content) <= 2000 and not _is_exemplar(content) and not _LABEL.search(content):
            found.append(Shown(content, None, match.end(), end))
    return found


def _bullets(text: str) -> Reading:
    """Two or more items of a list, with no scores."""
    found = [Shown(_tidy(m[1]), None, m.start(), m.end()) for m in _BULLET.finditer(text)]
    return found if len(found) > 1 else []


def _number_lines(text: str) -> Reading:
    """Lines of text with a line below that holds nothing but a number."""
    found: Reading = []
    block: list[tuple[int, int]] = []
    position = 0
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        match = _NUMBER_LINE.fullmatch(line.rstrip("\r\n"))
        if match and block:
            content = text[block[0][0] : block[-1][1]]
            label = re.match(r"\s*[A-Za-z]{1,20}\s*:?[ \t]*\n", content)
            body = content[label.end() :] if label and len(block) > 1 else content
            found.append(Shown(body.strip(), number(match[1]), block[0][0], block[-1][1]))
        if match or not line.strip():
            block = []
        else:
            block.append((start, position))
    return found


def _lines(text: str) -> Reading:
    """Lines that end, or begin, with a number: lists and tables."""
    trailing: Reading = []
    leading: Reading = []
    position = 0
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        end = start + len(line.rstrip("\r\n"))
        bare = _WIDE_GAP.sub("  ", text[start:end][:1600])
        if match := _TRAILING.fullmatch(bare):
            trailing.append(Shown(_tidy(match[1]), number(match[2]), start, end))
        if match := _LEADING.fullmatch(bare):
            leading.append(Shown(_tidy(match[2]), number(match[1]), start, end))
    readings = [
        [shown for shown in reading if not _ONLY_LABEL.fullmatch(shown.text)]
        for reading in (trailing, leading)
        if not _is_numbering(reading)
    ]
    return max(readings, key=len, default=[])


def _tidy(text: str) -> str:
    return text.strip().strip("|").strip().strip('"“”').strip()


def _objects(text: str) -> Reading:
    """JSON objects, or two-element JSON lists, with a text and a number."""
    found: Reading = []
    for match in _OBJECT.finditer(text):
        try:
            data = json.loads(match.group())
        except (ValueError, RecursionError):
            continue
        texts = [value for value in data.values() if isinstance(value, str)]
        numbers = [
            float(value)
            for value in data.values()
            if isinstance(value, int | float)
            and not isinstance(value, bool)
            and abs(value) < _LARGEST
        ]
        if texts:
            score = numbers[0] if numbers else None
            found.append(Shown(max(texts, key=len).strip(), score, *match.span()))
    for match in _LIST_ITEM.finditer(text):
        try:
            content = str(json.loads(match[1]))
        except ValueError:
            continue
        found.append(Shown(content.strip(), number(match[2]), *match.span()))
    return sorted(found, key=lambda shown: shown.start)
