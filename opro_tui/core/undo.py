"""Taking an edit back: by another edit, so that the history stays whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from opro_tui.core.events import EditMade
    from opro_tui.core.state import State

_NOTE = "undo of edit "
_OPPOSITE = {"pin": "unpin", "unpin": "pin", "drop": "undrop", "undrop": "drop"}


def last_undoable(state: State) -> EditMade | None:
    """The newest edit that can still be taken back: undoing undoes one after the other."""
    undone = {edit.note for edit in state.edits}
    for edit in reversed(state.edits):
        if edit.kind == "fork":
            # What stands before it was taken over from the parent.
            return None
        if edit.note.startswith(_NOTE):
            continue
        known = edit.kind in ("set", "meta_prompt") or edit.kind.partition("_")[0] in _OPPOSITE
        if edit.kind == "critique":
            # What an earlier step was told stays said, and one that wasn't there can't come back.
            known = edit.before is not None and edit.step == state.edit_step
        if known and f"{_NOTE}{edit.seq}" not in undone:
            return edit
    return None


def reverse(state: State) -> Edits:
    """The edits that take the newest one back.

    Raises:
        BadInput: There is nothing to take back.
    """
    edit = last_undoable(state)
    if edit is None:
        raise BadInput("there is no edit to undo", where="undo")
    note = f"{_NOTE}{edit.seq}"
    if edit.kind == "set":
        # A style brings its texts along; those of now stay, for they have an edit of their own.
        texts = state.template.to_json() if "meta_style" in edit.before else {}
        return Edits(settings=edit.before, template=texts, note=note)
    if edit.kind == "critique":
        return Edits(critique=edit.before, note=note)
    if edit.kind == "meta_prompt":
        return Edits(template=edit.before, note=note)
    return _unmark(edit, note)


def _unmark(edit: EditMade, note: str) -> Edits:
    """What a mark was before: marked the other way, or not at all."""
    kind, _, suffix = edit.kind.partition("_")
    ending = f"_{suffix}" if suffix else ""
    before = {"pinned": "pin", "dropped": "drop"}.get(str(edit.before))
    name = _OPPOSITE[kind] if before is None or before == kind else before
    marks: dict[str, Any] = {f"{name}{ending}": (edit.after,)}
    return Edits(note=note, **marks)
