"""Numbers, scores, money and tables as a person reads them."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from opro_tui.cli.output import is_terminal, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.forecast import Forecast
    from opro_tui.core.solution import Score

_NARROWEST = 12


def points(value: float | None, *, bounded: bool) -> str:
    """A score: in hundredths where it is a share, else the raw value."""
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if bounded else f"{value:.6g}"


def half_width(score: Score | None, *, bounded: bool) -> str:
    """The ± of a score; empty where nothing is known of it, or where it is exact."""
    if score is None or not score.half_width:
        return ""
    return f"±{points(score.half_width, bounded=bounded)}"


def scored(score: Score | None, *, bounded: bool) -> str:
    """A score with its ±, and how many examples it rests on where that isn't all."""
    if score is None:
        return "not scored"
    parts = [points(score.value, bounded=bounded), half_width(score, bounded=bounded)]
    if not score.full:
        parts.append(f"({score.n:,} of {score.of:,})")
    return " ".join(filter(None, parts))


def money(usd: float | None) -> str:
    """Dollars; what is unknown is called so."""
    if usd is None:
        return "unknown"
    if usd <= 0:
        return f"−{money(-usd)}" if usd else "$0"
    digits = 2 if usd >= 1 else 3 if usd >= 0.1 else 4 if usd >= 0.01 else 6
    return f"${usd:,.{digits}f}"


def count(number: int | None) -> str:
    """A count with separators; unknown where it is None."""
    return "unknown" if number is None else f"{number:,}"


def short_count(number: int) -> str:
    """A count in at most four characters and a unit: 950, 12k, 3.4M."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 1000)):
        if number >= size:
            scaled = number / size
            return f"{scaled:.1f}{unit}" if scaled < 10 else f"{scaled:.0f}{unit}"
    return str(number)


def plural(number: int, noun: str) -> str:
    """A count and its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def clock(milliseconds: int) -> str:
    """A time of day, with its date unless that is today's."""
    then = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return f"{then:%H:%M}" if then.date() == today else f"{then:%Y-%m-%d %H:%M}"


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours where there are some; from two days on, days alone."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24:,} days"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def forecast_line(forecast: Forecast) -> str:
    """A forecast in one line: calls, tokens and dollars as ranges, an unknown price said so."""
    low, high = forecast.token_range
    tokens = f"≈ {low:,}–{high:,} tokens" if low != high else f"≈ {low:,} tokens"
    cost = forecast.cost_range
    if cost is None:
        unknown = [role.role for role in forecast.roles if role.calls and role.cost_high is None]
        price = f"price unknown for the {' and the '.join(unknown)}"
    elif cost[1] == 0:
        price = "$0"
    else:
        price = f"≈ {money(cost[0])}–{money(cost[1])}"
    return f"{tokens} in {plural(forecast.calls, 'call')}, {price}"


def cells(text: str) -> int:
    """How many terminal columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def cut(text: str, width: int | None) -> str:
    """A text on one line, cut to so many columns with an ellipsis; None cuts nothing."""
    text = one_line(text)
    if width is None or cells(text) <= width:
        return text
    used, kept = 1, []
    for char in text:
        used += cells(char)
        if used > width:
            break
        kept.append(char)
    return "".join(kept) + "…"


def terminal_width() -> int | None:
    """Columns of the terminal that is printed to; None where it is no terminal."""
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (), indent: int = 0
) -> list[str]:
    """Lines of a table whose last column is cut to what the terminal has left.

    Args:
        head: The columns' names.
        rows: Their texts.
        left: Columns that are flush left; the others are flush right, the last is always left.
        indent: Blanks in front of each line.
    """
    last = len(head) - 1
    lines = [[one_line(text) for text in row] for row in (head, *rows)]
    widths = [max(cells(line[column]) for line in lines) for column in range(last)]
    width = terminal_width()
    room = None if width is None else max(_NARROWEST, width - indent - sum(widths) - 2 * last)
    result = []
    for line in lines:
        padded = []
        for column in range(last):
            blank = " " * (widths[column] - cells(line[column]))
            text = line[column]
            padded.append(text + blank if column in left else blank + text)
        result.append((" " * indent + "  ".join([*padded, cut(line[last], room)])).rstrip())
    return result
