"""Which columns of a data file hold the question and the right answer."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.tasks import data

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.tasks.data import Row, Table

INPUT_NAMES = ("input", "question", "text", "prompt", "query", "ticket", "message", "problem")
TARGET_NAMES = (
    *("target", "answer", "label", "output", "expected", "class", "category", "queue"),
    *("intent", "sentiment", "gold"),
)
SURE = {"input": INPUT_NAMES[:2], "target": TARGET_NAMES[:2]}
"""The names that are taken without being said."""
GUESSED_FROM = 50


def guess_columns(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> tuple[str, str]:
    """Which columns hold the question and the right answer, by name, else by what is in them.

    The question's texts are the longest. The answer's column bears a usual name, if only as one
    word of several; else it is one whose texts repeat, else the shortest; the last wins a tie.

    Returns:
        Both names; an empty one where no column is left.
    """
    lower = {column.casefold(): column for column in columns}
    target = next((lower[name] for name in TARGET_NAMES if name in lower), "")
    question = next((lower[name] for name in INPUT_NAMES if name in lower), "")
    if not question:
        rest = [column for column in columns if column != target]
        question = max(rest, key=lambda each: _length(each, rows), default="")
    if not target:
        target = _guess_target([column for column in columns if column != question], rows)
    return question, target


def _guess_target(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    words = {column: set(re.findall(r"[^\W_]+", column.casefold())) for column in columns}
    named = (column for name in TARGET_NAMES for column in columns if name in words[column])
    if found := next(named, ""):
        return found
    labels = [column for column in columns if _repeats(column, rows)]
    return min(reversed(labels or columns), key=lambda each: _length(each, rows), default="")


def _length(column: str, rows: Sequence[Mapping[str, str]]) -> float:
    return sum(len(row.get(column, "")) for row in rows) / max(1, len(rows))


def _repeats(column: str, rows: Sequence[Mapping[str, str]]) -> bool:
    different = {row.get(column, "").strip() for row in rows}
    return 2 <= len(different) <= len(rows) // 3


def find(table: Table, asked: str | None, name: str, *, header: bool) -> str:
    """The column for the question (`input`) or the right answer (`target`).

    Raises:
        BadInput: The one asked for isn't there, or none was asked for and none is sure; then it
            says which ones it looks like.
    """
    if asked is not None:
        return data.find_column(table, asked, name, header=header)
    found = next((column for column in SURE[name] if column in table.columns), None)
    if found is not None:
        return found
    guesses = guess_columns(table.columns, [row.fields for row in table.rows[:GUESSED_FROM]])
    flags = zip(("--input", "--target"), guesses, strict=True)
    likely = " ".join(f"{flag} {shlex.quote(guess)}" for flag, guess in flags if guess)
    what = "the question" if name == "input" else "the right answer"
    judge = "" if name == "input" else " Where there is none, --metric judge lets a model grade."
    raise BadInput(
        f"which column holds {what} is not said",
        where=table.name,
        todo=f"It looks like {likely}; the columns are {', '.join(table.columns[:12])}.{judge}",
    )


def targets(table: Table, column: str, metric: str | None) -> list[str]:
    """Every row's right answer.

    Raises:
        BadInput: One is empty, or a list or an object where the metric compares texts.
    """
    found = [data.cell(table, row, column) for row in table.rows]
    empty = [row for row, target in zip(table.rows, found, strict=True) if not target]
    if empty:
        more = f" ({len(empty):,} rows have none)" if len(empty) > 1 else ""
        raise BadInput(
            f"the target {column!r} is empty{more}",
            where=f"{table.name}, {empty[0].place}",
            todo="Fill or remove it.",
        )
    if metric != "json" and not (metric or "").startswith("python:"):
        _check_plain(table.rows, column, table.name)
    return found


def _check_plain(rows: Sequence[Row], column: str, name: str) -> None:
    for row in rows:
        if column in row.structured:
            raise BadInput(
                f"the target {column!r} is a list or an object",
                where=f"{name}, {row.place}",
                todo="Use --metric json, or write it as a text.",
            )
