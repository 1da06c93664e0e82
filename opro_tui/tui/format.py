"""Figures and foreign text, made fit for a terminal."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size

if TYPE_CHECKING:
    from textual.content import Content

    from opro_tui.core.solution import Score
    from opro_tui.core.state import Facts

REPLACEMENT = "\ufffd"
NEWLINE = "⏎"
ELLIPSIS = "…"
HALF_WIDTH = 7
"""Cells that a half-width has in a table."""
_MARKS = 3
"""The most marks on one character."""
_PILE = re.compile(rf"[^\w\s\x00-\x7f]{{{_MARKS + 1},}}")
"""Where marks of any script may be piled up: they are no letters."""
_ASCII = str.maketrans(
    {
        **dict(zip("│─└→▲▼·…–−≈", "|-+>^v|~--~", strict=True)),
        "±": "+-",
        "▀": "#",
        "▄": "",
    }
)
_LINE_ENDS = re.compile(r"\r\n|[\r\n\u0085\u2028\u2029]")
_INVISIBLE_JOINERS = (
    frozenset(range(0xFE00, 0xFE10)) | frozenset(range(0xE0100, 0xE01F0)) | {0x200D}
)


class _Shown(dict[int, str]):
    """What stands for a character on the screen, found out once for each."""

    def __missing__(self, code: int) -> str:
        self[code] = shown = _shown(code)
        return shown


def _shown(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code in _INVISIBLE_JOINERS:
        return ""
    category = unicodedata.category(chr(code))
    if category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return REPLACEMENT
    return chr(code)


_TABLE = _Shown()


def harmless(text: str) -> str:
    r"""Text of which no character can move the cursor, hide or reorder others; `\n` stays.

    Control characters turn into their pictures, direction marks, zero-width characters, hidden
    tags and lone surrogates into U+FFFD; piled-up accents are cut.
    """
    if text.isascii() and text.isprintable():
        return text
    lines = (line.translate(_TABLE).replace("␉", "⇥   ") for line in text.split("\n"))
    return _PILE.sub(_unpiled, "\n".join(lines))


def _unpiled(match: re.Match[str]) -> str:
    kept: list[str] = []
    row = 0
    for character in match.group():
        row = row + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if row <= _MARKS:
            kept.append(character)
    return "".join(kept)


def pictured(text: str) -> str:
    """A line in which each character that could act has one visible in its place.

    As `harmless`, but of the same length, for editors whose cursor counts characters.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c == "\t" else (_TABLE[ord(c)] or REPLACEMENT) for c in text)


def safe(text: str, width: int | None = None) -> str:
    """Foreign text for one line: harmless, line ends as ⏎, cut to a width in cells."""
    room = None if width is None else 8 * width + 8
    if room is not None and len(text) > room:
        # A megabyte of which forty cells are shown needs no more than its beginning looked at.
        text = text[:room] + ELLIPSIS
    line = harmless(_LINE_ENDS.sub(NEWLINE, text))
    return line if width is None else cut(line, width)


def plain(text: str, style: str = "") -> Content:
    """Foreign text as content of a widget: several lines, never read as markup."""
    from textual.content import Content

    shown = harmless(text)
    return Content.styled(shown, style) if style else Content(shown)


def cut(text: str, width: int) -> str:
    """Cut a harmless line to a width in cells, with an ellipsis where something is lost."""
    if width <= 0:
        return ""
    if len(text) * 2 <= width or cell_len(text) <= width:
        return text
    used = 0
    for place, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > width - 1:
            return text[:place] + ELLIPSIS
    return text


def cut_inside(text: str, width: int) -> str:
    """Cut a harmless line in its middle, so that its end, by which names differ, is seen too."""
    if cell_len(text) <= width:
        return text
    tail, used = "", 0
    for character in reversed(text):
        used += get_character_cell_size(character)
        if used > (width - 1) // 2:
            break
        tail = character + tail
    return cut(text, width - cell_len(tail)) + tail


def in_ascii(text: str) -> str:
    """Our own signs in ASCII, for fonts that lack them; what else there is stays."""
    return text.translate(_ASCII)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Cut or fill a harmless line to exactly a width in cells."""
    line = cut(text, width)
    gap = " " * max(0, width - cell_len(line))
    return gap + line if right else line + gap


def wrap_offsets(text: str, width: int) -> list[int]:
    """Where a harmless line breaks: the index of each further line's first character.

    Breaks behind blanks where there are any, else in the middle of a word.
    """
    width = max(1, width)
    if len(text) * 2 <= width or (text.isascii() and len(text) <= width):
        return []
    breaks: list[int] = []
    used = start = 0
    after_blank = -1
    for place, character in enumerate(text):
        size = 1 if character < "\x7f" else get_character_cell_size(character)
        if used + size > width and place > start:
            start = after_blank if start < after_blank else place
            breaks.append(start)
            used = cell_len(text[start:place])
            if used + size > width and place > start:
                # A wide character may not fit even behind the blank.
                start, used = place, 0
                breaks.append(start)
        used += size
        if character == " ":
            after_blank = place + 1
    return breaks


def value(score: float, facts: Facts) -> str:
    """A score: percent with one decimal for metrics, the raw objective for mathematics."""
    return f"{100 * score:.1f}" if facts.bounded else number(score)


def number(figure: float) -> str:
    """An objective's value in at most about eight characters."""
    size = abs(figure)
    if not math.isfinite(figure) or size >= 1e9:
        return f"{figure:.3g}"
    if size >= 1000 or figure == int(figure):
        return f"{figure:,.0f}"
    return f"{figure:.2f}" if size >= 1 else f"{figure:.3g}"


def half_width(score: Score, facts: Facts) -> str:
    """The ± of a score without its sign; empty where it is exact or unknown."""
    half = score.half_width
    if half is None or not facts.bounded:
        return ""
    return f"{100 * half:.1f}"


def with_half_width(score: Score, facts: Facts) -> str:
    """A score and its ±, as far as that is known."""
    half = half_width(score, facts)
    text = value(score.value, facts)
    return f"{text} ±{half}" if half else text


def gap(figure: float | None) -> str:
    """A gap in % without its sign, in at most six characters; empty where there is none."""
    if figure is None:
        return ""
    from opro_tui.core.picture import TINY

    if figure <= -TINY:
        return f"−{gap(-figure)}"
    if figure < 0.05:
        return "0" if figure < TINY else "<0.1"
    return f"{figure:.1f}" if figure < 1000 else short_count(figure)


def change(difference: float, facts: Facts) -> str:
    """A signed difference of scores, with a true minus."""
    size = abs(difference)
    if facts.bounded:
        shown = f"{100 * size:.1f}"
        if shown == "0.0":
            return shown
    else:
        shown = number(size) if size < 10_000 else short_count(size)
    return f"{'−' if difference < 0 else '+'}{shown}"


def dollars(usd: float | None) -> str:
    """Dollars; unknown is `$?`, never 0."""
    if usd is None:
        return "$?"
    if usd <= 0:
        return f"−{dollars(-usd)}" if usd else "$0"
    return f"${_amount(usd)}"


def dollar_range(low: float, high: float) -> str:
    """A range of dollars, as one figure where both ends read the same."""
    if dollars(low) == dollars(high):
        return dollars(low)
    return f"${_amount(low)}–{_amount(high)}"


def _amount(usd: float) -> str:
    if usd >= 100:
        return f"{usd:,.0f}"
    if usd >= 1:
        return f"{usd:.2f}"
    return f"{usd:.3f}" if usd >= 0.01 else f"{usd:.4f}"


def count(figure: int) -> str:
    """A whole number with separators."""
    return f"{figure:,}"


def plural(figure: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{count(figure)} {one if figure == 1 else many or one + 's'}"


def short_count(figure: float) -> str:
    """A count in at most four characters and a unit: 950, 12k, 3.4M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if figure >= size:
            scaled = figure / size
            return f"{scaled:.1f}{unit}" if scaled < 10 else f"{scaled:.0f}{unit}"
    return f"{figure:.0f}"


def duration(seconds: float) -> str:
    """A time span in words of one or two units."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24:,} days"


def clock(milliseconds: int) -> str:
    """A time of day, with its date unless that is today's."""
    then = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return f"{then:%H:%M}" if then.date() == today else f"{then:%b %d %H:%M}"


def bar(done: int, total: int, width: int) -> str:
    """A bar of heavy and light lines, filled to half a cell; it needs no colour."""
    share = 0.0 if total <= 0 else min(1.0, max(0.0, done / total))
    full, half = divmod(int(share * width * 2), 2)
    return ("━" * full + "╸" * half).ljust(width, "─")


def model_name(name: str) -> str:
    """A model's name without its provider, for narrow places."""
    return name.rpartition("/")[2] or name
