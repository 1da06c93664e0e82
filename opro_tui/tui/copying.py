"""What can be copied, how it is offered, and where it goes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from opro_tui.paths import at_home, exists, is_folder
from opro_tui.tui import format as fmt
from opro_tui.tui import sessions_view, tables, terminal
from opro_tui.tui.screens.layers import Prompt, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opro_tui.core.meta_prompt import MetaPrompt, Region
    from opro_tui.core.state import State
    from opro_tui.engine.listing import Entry
    from opro_tui.tui.charting import Point


@dataclass(frozen=True, slots=True)
class Copy:
    """Something to copy.

    Attributes:
        name: Its name among the offers.
        key: The key that takes it.
        label: What it is.
        text: Makes the text; a table is only made when it is wanted.
        file: The end of a file's name for it.
    """

    name: str
    key: str
    label: str
    text: Callable[[], str]
    file: str


def of_rows(state: State, key: int | None, keys: Sequence[int]) -> list[Copy]:
    """What a list of solutions offers: of the row under the cursor, and of all rows."""
    if key is None or key not in state.candidates:
        return []
    candidate = state.candidates[key]
    offers = [Copy("text", "i", f"Instruction #{key}, whole", lambda: candidate.text, "text.txt")]
    score = candidate.score
    if score is not None:
        shown = fmt.with_half_width(score, state.facts)
        offers.append(Copy("score", "s", f"Score {shown}", lambda: shown, "score.txt"))

    def row() -> str:
        return "\t".join(fmt.safe(cell) for cell in tables.solutions(state, [key])[1])

    offers.append(Copy("row", "r", "Row, with tabs between its columns", row, "row.txt"))
    count = fmt.plural(len(keys), "row")
    return offers + _table(partial(tables.solutions, state, tuple(keys)), count)


def of_sessions(entry: Entry, shown: Sequence[Entry]) -> list[Copy]:
    """What the list of sessions offers: of the selected one, and of all that are shown."""

    def row() -> str:
        return "\t".join(fmt.safe(cell) for cell in sessions_view.table([entry])[1])

    return [
        Copy("name", "n", "Name", lambda: entry.name, "name.txt"),
        Copy("row", "r", "Row, with tabs between its columns", row, "row.txt"),
        *_table(partial(sessions_view.table, tuple(shown)), fmt.plural(len(shown), "session")),
    ]


def of_chart(points: Sequence[Point]) -> list[Copy]:
    """What the chart offers: its figures."""
    if not points:
        return []
    return _table(partial(tables.by_step, tuple(points)), fmt.plural(len(points), "step"))


def of_picture(text: str) -> list[Copy]:
    """What a task's picture offers: itself, in characters."""
    return [Copy("picture", "p", "Picture as text", lambda: text, "picture.txt")] if text else []


def of_prompt(prompt: MetaPrompt | None, region: Region | None) -> list[Copy]:
    """What the meta-prompt offers: all of it, and the part under the cursor."""
    if prompt is None:
        return []
    offers = [Copy("whole", "w", "Whole meta-prompt", lambda: prompt.text, "meta-prompt.txt")]
    if region is not None:
        number = "" if region.id is None else f" {'#' * (region.kind == 'solution')}{region.id}"
        text = prompt.text[region.start : region.end]
        label = f"This part: {region.kind}{number}"
        offers.append(Copy("region", "p", label, lambda: text, "part.txt"))
    return offers


def _table(make: Callable[[], tables.Table], count: str) -> list[Copy]:
    return [
        Copy(
            "markdown",
            "m",
            f"Table as Markdown, {count}",
            lambda: tables.markdown(make()),
            "table.md",
        ),
        Copy("csv", "c", f"Table as CSV, {count}", lambda: tables.as_csv(make()), "table.csv"),
    ]


def menu(offers: Sequence[Copy]) -> Question:
    """The offers as a layer."""
    answers = [(offer.name, offer.key, offer.label) for offer in offers]
    return Question("Copy", "It goes to the terminal's clipboard, also over SSH.", answers)


def too_long(text: str) -> bool:
    """Whether terminals are known to drop a text of this size."""
    return len(text.encode("utf-8", "replace")) > terminal.CLIPBOARD_BYTES


def sent(text: str) -> str:
    """What may be said about a copy: no terminal confirms one."""
    return f"Sent to the terminal: {fmt.plural(len(text), 'character')}."


def ask_file(text: str, name: str) -> Prompt:
    """Where to write a text that is too long for a clipboard."""
    size = fmt.short_count(len(text.encode("utf-8", "replace")))
    words = f"{size} bytes are more than most terminals take for a copy. Write them to a file?"
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    return Prompt("Copy to a file", words, f"~/{safe}", problem)


def problem(path: str) -> str | None:
    """Why nothing can be written there; None when it seems it can."""
    file = at_home(path.strip())
    if not path.strip():
        return "Give a file's name."
    if exists(file):
        return f"{file} is there already; give another name."
    return None if is_folder(file.parent) else f"There is no folder {file.parent}."


def write(path: str, text: str) -> str:
    """Write a text to a new file that only its owner reads; returns what to say."""
    file = at_home(path.strip())
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
            stream.write(text.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"Nothing was written to {file}: {reason}."
    return f"Written to {file}."
