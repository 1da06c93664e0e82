"""A candidate's answers in words: verdicts, rows, filters, and one exchange in full."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from textual.content import Content

from opro_tui.core.difference import words
from opro_tui.core.judgement import deviation, typical_deviation
from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from opro_tui.core.difference import Piece
    from opro_tui.core.state import Facts
    from opro_tui.engine.detail import Answer, Exchange

LONGEST = 12_000
"""Characters of one text that are drawn; what is behind them is counted. A toolkit that lays out a
text lays out all of it, and a key should be answered in a blink."""
MOST_LINES = 250
"""Lines of one text that are drawn."""
FLAG_WORDS = {
    "truncated": "truncated",
    "refused": "refused",
    "filtered": "filtered",
    "empty": "empty",
    "context_overflow": "too long",
    "timeout": "timed out",
    "unreadable_grade": "grade unreadable",
}


class Show(StrEnum):
    """Which examples are listed."""

    ALL = "all"
    WRONG = "wrong"
    UNREAD = "unread"
    FLAGGED = "flagged"
    FIXED = "fixed"
    BROKEN = "broken"

    def turn(self, by: int) -> Show:
        """The one so many places on, round and round."""
        every = list(Show)
        return every[(every.index(self) + by) % len(every)]


def verdict(answer: Answer, facts: Facts) -> Cell:
    """What an answer was worth: a sign and a word, and a tone that says no more."""
    if answer.flags:
        words = ", ".join(FLAG_WORDS.get(flag, fmt.safe(flag, 20)) for flag in answer.flags)
        return Cell(f"✗ {words}", "warning")
    if answer.example is None:
        return Cell(f"= {fmt.value(answer.score, facts)}", "strong")
    if answer.parsed is None:
        return Cell("✗ unread", "warning")
    if answer.judged:
        sign = "●" if answer.score >= 1 else "◐" if answer.score > 0 else "○"
        return Cell(f"{sign} {100 * answer.score:.0f} %", "accent")
    if answer.score >= 1:
        return Cell("✓ right", "better")
    if answer.score <= 0:
        return Cell("✗ wrong", "worse")
    return Cell(f"◐ {100 * answer.score:.0f} %", "accent")


def fits(answer: Answer, show: Show, exchanged: Exchange | None) -> bool:
    """Whether an answer is listed."""
    number = -1 if answer.example is None else answer.example.index
    match show:
        case Show.WRONG:
            return answer.example is not None and answer.score < 1
        case Show.UNREAD:
            return answer.parsed is None
        case Show.FLAGGED:
            return bool(answer.flags)
        case Show.FIXED:
            return exchanged is not None and number in exchanged.fixed
        case Show.BROKEN:
            return exchanged is not None and number in exchanged.broken
    return True


def listed(answers: Sequence[Answer], show: Show, exchanged: Exchange | None) -> list[int]:
    """The places of the answers that a filter lets through."""
    return [place for place, each in enumerate(answers) if fits(each, show, exchanged)]


def row(answer: Answer, facts: Facts, exchanged: Exchange | None) -> Row:
    """An answer's row: number, verdict, change, target, what was read, question."""
    example = answer.example
    if example is None:
        text = fmt.safe(answer.text, 400)
        return (
            Cell("–", "muted"),
            verdict(answer, facts),
            Cell(),
            Cell(),
            _parsed(answer),
            Cell(text),
        )
    return (
        Cell(str(example.index), "muted"),
        verdict(answer, facts),
        _change(example.index, exchanged),
        Cell(fmt.safe(example.target, 100)),
        _parsed(answer),
        Cell(fmt.safe(example.input, 400), "muted"),
    )


def _parsed(answer: Answer) -> Cell:
    if answer.parsed is None:
        return Cell("nothing", "warning")
    return Cell(fmt.safe(answer.parsed, 100) or "(empty)")


def _change(number: int, exchanged: Exchange | None) -> Cell:
    if exchanged is None:
        return Cell()
    if number in exchanged.fixed:
        return Cell("▲ fixed", "better")
    return Cell("▼ broke", "worse") if number in exchanged.broken else Cell()


def numbers(found: Collection[int], most: int = 20) -> str:
    """Example numbers in a line."""
    shown = ", ".join(str(number) for number in sorted(found)[:most])
    return f"{shown} …" if len(found) > most else shown or "none"


def exchange(answer: Answer, facts: Facts, *, whole: bool = False) -> Content:
    """One example: what was read, the exact request, and the raw answer.

    Args:
        answer: The answer.
        facts: The session's.
        whole: Cut no text, however long it is: not for the screen.
    """
    text_of = _whole if whole else _cut
    parts = [*_summary(answer, facts)]
    for message in answer.messages:
        parts += [_heading(f"REQUEST · {message.role} message"), text_of(message.content)]
    if answer.example is None:
        parts.append(Content("No model is asked: the score is computed from the solution.\n"))
        parts += [_heading("SOLUTION"), text_of(answer.text)]
    else:
        origin = "bought before, cost nothing" if answer.from_store else "bought for this one"
        parts += [_heading(f"RAW ANSWER · {origin}"), text_of(answer.text or "(empty)")]
    parts += _judged(answer, text_of)
    return Content("").join(parts)


def _judged(answer: Answer, text_of: Callable[[str], Content]) -> list[Content]:
    """What the judge was asked, and each of its replies."""
    parts: list[Content] = []
    for message in answer.judged[0].messages if answer.judged else ():
        parts += [_heading(f"JUDGE'S REQUEST · {message.role} message"), text_of(message.content)]
    for number, each in enumerate(answer.judged, 1):
        which = f" {number} of {len(answer.judged)}" if len(answer.judged) > 1 else ""
        origin = "bought before, cost nothing" if each.judgement.from_store else "bought for this"
        parts += [
            _heading(f"JUDGE'S RAW REPLY{which} · {origin}"),
            text_of(each.reply or "(empty)"),
        ]
    return parts


def _summary(answer: Answer, facts: Facts) -> list[Content]:
    read = "nothing could be read" if answer.parsed is None else fmt.safe(answer.parsed, 400)
    lines = [("verdict  ", verdict(answer, facts).text), ("read as  ", read)]
    if answer.judged:
        lines[1:] = _grades(answer)
    if answer.example is not None:
        lines.append(("target   ", fmt.safe(answer.example.target, 400)))
    parts: list[Content] = []
    for name, line in lines:
        parts += [Content.styled(name, "bold"), fmt.plain(line), Content("\n")]
    return parts


def _grades(answer: Answer) -> list[tuple[str, str]]:
    """Each grade of the judge with its reason, and how far they lie apart."""
    lines = []
    for each in answer.judged:
        found = each.judgement
        grade = "none read" if found.score is None else f"{found.score:g}"
        lines.append(("grade    ", f"{grade}: {fmt.safe(found.reason, 1000) or '(no reason)'}"))
    spread = deviation([each.judgement for each in answer.judged])
    if spread is not None:
        lines.append(("spread   ", f"standard deviation {spread:.2f} of the grades"))
    return lines


def spread_of(answers: Sequence[Answer]) -> float | None:
    """How far repeated judgings of the same answer lie apart, over all answers."""
    return typical_deviation([[each.judgement for each in answer.judged] for answer in answers])


def _heading(text: str) -> Content:
    return Content.styled(f"\n{text}\n", "bold underline")


def _cut(text: str) -> Content:
    return Content("").join([long_text(text), Content("\n")])


def _whole(text: str) -> Content:
    return fmt.plain(f"{text}\n")


def beginning(text: str) -> str:
    """As much of a text as is drawn."""
    lines = text[:LONGEST].split("\n", MOST_LINES)
    return "\n".join(lines[:MOST_LINES])


def long_text(text: str) -> Content:
    """Foreign text, of a very long one the beginning and how much more there is."""
    shown = beginning(text)
    if len(shown) == len(text):
        return fmt.plain(text)
    more = f"\n… and {fmt.plural(len(text) - len(shown), 'character')} more"
    return Content("").join([fmt.plain(shown), Content.styled(more, "bold")])


def long_difference(old: str, new: str) -> Content:
    """How two texts differ; of very long ones, how their beginnings do."""
    first, second = beginning(old), beginning(new)
    found = difference(words(first, second))
    if (len(first), len(second)) == (len(old), len(new)):
        return found
    sizes = f"{fmt.count(len(first))} and {fmt.count(len(second))}"
    more = f"\n… compared are the first {sizes} characters"
    return Content("").join([found, Content.styled(more, "bold")])


def difference(pieces: Sequence[Piece]) -> Content:
    """A word-level difference: [-what went-] and {+what came+}, in signs and in style."""
    parts: list[Content] = []
    for piece in pieces:
        if piece.change == "same":
            parts.append(fmt.plain(piece.text))
        elif piece.change == "added":
            parts.append(fmt.plain(f"{{+{piece.text}+}}", "bold $text-primary"))
        else:
            parts.append(fmt.plain(f"[-{piece.text}-]", "strike $text-accent"))
    return Content("").join(parts)
