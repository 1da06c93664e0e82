"""A person's edits in words: for the history, the chart and what undo says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opro_tui.tui import format as fmt

if TYPE_CHECKING:
    from opro_tui.core.events import EditMade

WIDTH = 200
ONE_LINE = 60
"""Cells of a value in words; a whole text stands in the details."""

_PHRASES = {
    "pin": "pin #{}",
    "unpin": "unpin #{}",
    "drop": "drop #{}",
    "undrop": "take #{} back",
    "pin_exemplar": "pin example {}",
    "unpin_exemplar": "unpin example {}",
    "drop_exemplar": "drop example {}",
    "undrop_exemplar": "take example {} back",
    "veto": "veto #{}",
    "halt": "end the scoring of #{}",
    "complete": "score #{} to the end",
    "rescore": "score #{} again",
}


@dataclass(frozen=True, slots=True)
class Words:
    """An edit in words, harmless and in one line each.

    Attributes:
        what: What was done, or what was changed.
        before: What it was; empty where that says nothing.
        after: What it is since.
    """

    what: str
    before: str = ""
    after: str = ""

    @property
    def line(self) -> str:
        """All of it in one line."""
        change = f" {self.before} → {self.after}" if self.before or self.after else ""
        return f"{self.what}{change}"


def setting_value(value: Any) -> str:  # noqa: ANN401 - any setting's JSON value
    """A setting's value as a person would type it."""
    if value is None or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{role}={setting_value(each)}" for role, each in value.items())
    if isinstance(value, float):
        return f"{value:g}"
    return fmt.safe(str(value), WIDTH)


def words(edit: EditMade) -> Words:
    """What an edit did."""
    phrase = _PHRASES.get(edit.kind)
    if phrase is not None:
        return Words(phrase.format(edit.after))
    match edit.kind:
        case "set":
            ((name, before),) = edit.before.items()
            after = edit.after[name]
            return Words(name.replace("_", "-"), setting_value(before), setting_value(after))
        case "meta_prompt":
            return _texts(edit)
        case "fork":
            return _forked(edit)
        case "add":
            return Words(f"add #{edit.after['id']}", "", fmt.safe(edit.after["text"], WIDTH))
        case "critique":
            shown = (fmt.safe(text or "", WIDTH) for text in (edit.before, edit.after))
            return Words("critique", *shown)
        case "redraw":
            return Words("draw other exemplars")
        case "approve":
            return Words("score what was reviewed")
    return Words(fmt.safe(edit.kind, 40))


def _forked(edit: EditMade) -> Words:
    """Which settings a fork changed, in the words of its record."""
    step, parent = edit.after["step"], fmt.safe(edit.after["parent"], 60)
    where = f"fork {parent}" if step is None else f"fork {parent} at step {step}"
    return Words(f"{where}:", *(_several(data["settings"]) for data in (edit.before, edit.after)))


def _several(values: dict[str, Any]) -> str:
    shown = (f"{name.replace('_', '-')} {setting_value(v)}" for name, v in values.items())
    return fmt.safe(", ".join(shown), WIDTH)


def _texts(edit: EditMade) -> Words:
    names = list(edit.after)
    if len(names) > 1:
        return Words(f"meta-prompt: {', '.join(names)}")
    name = names[0]
    sizes = (fmt.plural(len(text[name]), "character") for text in (edit.before, edit.after))
    return Words(f"meta-prompt: {name.replace('_', ' ')}", *sizes)


def whole(edit: EditMade) -> str:
    """Everything an edit changed, for reading; not made harmless yet."""
    if isinstance(edit.after, dict) and edit.kind in ("set", "meta_prompt"):
        before = edit.before or {}
        parts = (
            _change(name, _full(before.get(name)), _full(after))
            for name, after in edit.after.items()
        )
        return "\n\n".join(parts)
    if edit.kind == "add":
        return str(edit.after["text"])
    if edit.kind == "critique":
        return f"before:\n{edit.before or '(none)'}\n\nafter:\n{edit.after}"
    if edit.kind == "fork":
        return _whole_fork(edit)
    return words(edit).line


def _change(name: str, before: str, after: str) -> str:
    """What a setting or a text was and is, in one line where both are short."""
    if "\n" not in before + after and len(before + after) < ONE_LINE:
        return f"{name.replace('_', '-')}: {before} → {after}"
    return f"{name}\n\nbefore:\n{before}\n\nafter:\n{after}"


def _whole_fork(edit: EditMade) -> str:
    old, new = edit.before["settings"], edit.after["settings"]
    changes = (
        f"{name.replace('_', '-')}: {_full(old.get(name))} → {_full(value)}"
        for name, value in new.items()
    )
    solutions = edit.after["solutions"]
    taken = (f"#{id_} was #{theirs} there" for id_, theirs in enumerate(solutions, start=1))
    return "\n".join((words(edit).line, "", *changes, "", "Its solutions are scored anew:", *taken))


def _full(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else setting_value(value)


def moment(milliseconds: int) -> str:
    """When something was stored, in the person's own time zone."""
    local = datetime.fromtimestamp(milliseconds / 1000).astimezone()
    return f"{local:%Y-%m-%d %H:%M}"
