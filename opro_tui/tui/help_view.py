"""The lines of the help, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.statistics import FLATTERY
from opro_tui.tui.bindings import LIST_KEYS, spelled
from opro_tui.tui.parts import Cell

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from opro_tui.tui.commands import Command
    from opro_tui.tui.parts import Row

SESSION_MARKS: tuple[tuple[str, str, str], ...] = (
    ("±", "half-width", "Half of the 95 % interval of a score."),
    ("sim", "simulated", "Simulated models take part; nothing measured on them is evidence."),
    ("└", "fork", "Shares its parent's past up to a step."),
    ("●", "marked", "Will be deleted with the others that are marked."),
)
MARKS: tuple[tuple[str, str, str], ...] = (
    ("★", "best", "The highest full score of a solution that isn't dropped."),
    ("~", "tie", "Can't be told from the best at 95 %: the difference may be noise."),
    ("±", "half-width", "Half of the 95 % interval of a score."),
    (
        "best of K",
        "flattered",
        f"Chosen by its score, it reads too high: of 20 equal ones of true 75 %, {FLATTERY}.",
    ),
    ("▲ ▼", "change", "Better or worse than the best before the step; with ~ it may be noise."),
    ("●", "shown", "The optimizer sees this solution in the next meta-prompt."),
    ("◆", "pinned", "Always shown to the optimizer, whatever its score."),
    ("✕", "kept out", "Dropped, rejected (with the reason) or vetoed; it is never shown."),
    ("+", "yours", "You added this solution."),
    ("ins *ins", "instructions", "In the margin: the prompt's own words; * once you edited them."),
    ("ex 3", "exemplar", "In the margin: an example, by its number in the data."),
    ("n of N", "partial", "Scored on n of N examples; it can't be the best."),
    (
        "behind",
        "race lost",
        "Racing ended its scoring: its full score would hardly be above that solution's.",
    ),
    (
        "gap",
        "to the best",
        "How far a score lies from the best there is, or from the best known, in % of it.",
    ),
    ("unread", "", "Answers of the scorer in which no answer could be found."),
    ("#16", "id", "A solution's number in this session; it never changes."),
    ("≈", "estimate", "Tokens and prices before a call; figures without it were measured."),
    ("SIMULATED", "", "Models that ship with the program; nothing measured on them is evidence."),
)
TITLES = {
    "meta-prompt": "META-PROMPT",
    "candidates": "CANDIDATES",
    "trajectory": "TRAJECTORY",
    "chart": "CHART AND PICTURE",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the help.

    Attributes:
        keys: What to press, or a mark.
        label: The action's name.
        sentence: What it does; empty for a heading.
        command: The action that Enter runs; None for marks and fixed keys.
        possible: Whether it can be done now.
    """

    keys: str
    label: str
    sentence: str = ""
    command: Command | None = None
    possible: bool = True


def lines(
    table: Iterable[Command],
    keymap: Mapping[str, str],
    *,
    pane: str = "",
    possible: Collection[str] = (),
    wanted: str = "",
) -> tuple[Line, ...]:
    """The help's lines: the pane's actions first, then the others, fixed keys and marks.

    Args:
        table: The commands.
        keymap: Keys that the person chose, by command.
        pane: The id of the pane that has the focus.
        possible: Ids of the commands that can be done now.
        wanted: Words that a line must hold, all of them.
    """
    own: list[Line] = []
    other: list[Line] = []
    for command in table:
        keys = spelled(keymap.get(command.id, command.keys))
        line = Line(
            keys, command.label.rstrip("…"), command.tooltip, command, command.id in possible
        )
        (own if pane and pane in command.panes else other).append(line)
    marks = SESSION_MARKS if pane == "sessions" else MARKS
    groups = (
        (TITLES.get(pane, pane.upper()), own),
        ("EVERYWHERE" if own else "ACTIONS", other),
        ("LISTS", [Line(keys, "", sentence) for keys, sentence in LIST_KEYS]),
        ("MARKS AND WORDS", [Line(*mark) for mark in marks]),
    )
    found: list[Line] = []
    for title, group in groups:
        matching = list(_matching(group, wanted))
        if matching:
            found += [Line("", title), *matching]
    return tuple(found)


def _matching(group: Iterable[Line], wanted: str) -> Iterator[Line]:
    needles = wanted.casefold().split()
    for line in group:
        text = f"{line.keys} {line.label} {line.sentence}".casefold()
        if all(needle in text for needle in needles):
            yield line


def row(line: Line) -> Row:
    """A line's cells; what is not possible now says so."""
    if not line.sentence:
        return (Cell(line.label, "title", 3),)
    if line.possible:
        return (Cell(line.keys, "accent"), Cell(line.label, "strong"), Cell(line.sentence))
    return (
        Cell(line.keys, "muted"),
        Cell(line.label, "muted"),
        Cell(f"(not now) {line.sentence}", "muted"),
    )
