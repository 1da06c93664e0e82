"""The settings panel and the history of edits, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.settings import (
    BY_NAME,
    DEFINITIONS,
    EFFORTS,
    PER_ROLE,
    POSITIONS,
    Settings,
    find,
)
from opro_tui.tui import edit_words
from opro_tui.tui.format import safe
from opro_tui.tui.parts import Cell

if TYPE_CHECKING:
    from opro_tui.core.events import EditMade
    from opro_tui.core.settings import Definition
    from opro_tui.core.state import State
    from opro_tui.tui.parts import Row

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "THE OPTIMIZER",
        (
            "optimizer",
            "optimizer_url",
            "temperature",
            "schedule",
            "candidates",
            "proposals",
            "request_size",
            "max_output_tokens",
            "reasoning_effort",
        ),
    ),
    (
        "WHAT IT SEES",
        (
            "shown",
            "order",
            "score_buckets",
            "score_uncertainty",
            "threshold",
            "exemplars",
            "exemplar_choice",
            "exemplar_errors",
            "critique",
            "meta_style",
        ),
    ),
    ("CANDIDATES AND SCORING", ("max_length", "review", "scoring", "concurrency")),
    (
        "WHEN TO STOP",
        (
            "max_steps",
            "patience",
            "budget",
            "budget_tokens",
            "stop_after",
            "stop_after_tokens",
            "arm",
        ),
    ),
)
FIXED = "FIXED WITHIN A SESSION"
CHOICES: dict[str, tuple[str, ...]] = {
    "order": ("ascending", "descending", "random"),
    "score_buckets": ("100", "20", "0"),
    "exemplar_choice": ("random", "constant", "hardest", "hardest-shown"),
    "meta_style": ("tuned", "pretrained"),
    "scoring": ("full", "racing", "batch"),
    **dict.fromkeys(("review", "score_uncertainty", "exemplar_errors", "critique"), ("no", "yes")),
    "schedule": ("constant", "linear:0"),
    "proposals": ("independent",),
    "position": POSITIONS,
    "qa": ("yes", "no"),
    "metric": ("exact", "contains", "numeric", "boolean", "multiple-choice", "json", "judge"),
}
"""Values that the field offers; others may be typed where the setting takes them."""
_DEFAULTS = Settings().to_json()


def _groups() -> tuple[tuple[str, tuple[Definition, ...]], ...]:
    """Every setting in its group; one that has none stands with the last of its kind."""
    placed = {name for _, names in _GROUPS for name in names}
    groups = [(title, [BY_NAME[name] for name in names]) for title, names in _GROUPS]
    groups[-1][1].extend(d for d in DEFINITIONS if d.starred and d.name not in placed)
    groups.append((FIXED, [d for d in DEFINITIONS if not d.starred]))
    return tuple((title, tuple(found)) for title, found in groups)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the panel.

    Attributes:
        title: The heading of a group; empty for a setting.
        definition: The setting; None for a heading.
    """

    title: str = ""
    definition: Definition | None = None


def entries() -> tuple[Entry, ...]:
    """The panel's lines from top to bottom."""
    lines: list[Entry] = []
    for title, definitions in _groups():
        lines.append(Entry(title))
        lines += [Entry(definition=definition) for definition in definitions]
    return tuple(lines)


def value(state: State, name: str) -> str:
    """A setting's value of now, in words."""
    return edit_words.setting_value(state.settings.to_json()[name])


def typed(state: State, name: str) -> str:
    """What stands in the field first: the value, but nothing where a role's would be typed."""
    return "" if state.settings.to_json()[name] == {} else value(state, name)


def default(name: str) -> str:
    """A setting's default."""
    return edit_words.setting_value(_DEFAULTS[name])


def row(state: State, entry: Entry) -> Row:
    """A line: name, value, default and help; a fixed setting says that it is."""
    definition = entry.definition
    if definition is None:
        return (Cell(entry.title, "title", 4),)
    name = definition.name.replace("_", "-")
    now, usual = value(state, definition.name), default(definition.name)
    if not definition.starred:
        return (
            Cell(name, "muted"),
            Cell(f"  {now}", "muted"),
            Cell("by fork only", "muted"),
            Cell(definition.help, "muted"),
        )
    changed = now != usual
    return (
        Cell(name, "strong"),
        Cell(f"≠ {now}" if changed else f"  {now}", "best" if changed else ""),
        Cell(usual, "muted"),
        Cell(definition.help, "muted"),
    )


def explain(definition: Definition) -> str:
    """What a setting does and takes, in a sentence or two."""
    options = CHOICES.get(definition.name, ())
    takes = f" One of {', '.join(options)}." if len(options) > 1 else ""
    if definition.name == "metric":
        takes = takes.removesuffix(".") + ", regex:PATTERN, python:module:function."
    if definition.name in ("schedule", "proposals"):
        takes = ""
    if definition.name == "reasoning_effort":
        takes = f" Efforts: {', '.join(EFFORTS[1:])}."
    if definition.name in PER_ROLE:
        takes += " ROLE=none clears one."
    none = " none clears it." if definition.optional else ""
    sentence = definition.help[:1].upper() + definition.help[1:]
    return f"{sentence}.{takes}{none} Default: {default(definition.name)}."


def problem(state: State, name: str, text: str) -> str:
    """What is wrong with a typed value; empty when nothing is."""
    try:
        find(name).parse(text)
        state.settings.with_values({name: text})
    except BadInput as error:
        words = f"{error.what}. {error.todo}".strip().rstrip(".")
        return f"{words[:1].upper()}{words[1:]}."
    return ""


def next_choice(name: str, text: str, by: int) -> str:
    """The value after the typed one, where a setting takes one of a few."""
    options = CHOICES.get(name, ())
    if not options:
        return text
    if text not in options:
        return options[0]
    return options[(options.index(text) + by) % len(options)]


def history_row(edit: EditMade) -> Row:
    """An edit's line: seq, step, what, before → after, note, when."""
    said = edit_words.words(edit)
    change = f"{said.before} → {said.after}" if said.before or said.after else ""
    return (
        Cell(str(edit.seq), "muted"),
        Cell(str(edit.step)),
        Cell(edit_words.moment(edit.at), "muted"),
        Cell(said.what, "strong"),
        Cell(change),
        Cell(safe(edit.note, 200), "accent"),
    )
