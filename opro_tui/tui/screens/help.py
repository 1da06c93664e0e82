"""Every key with a sentence on what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui.bindings import COMMANDS, LIST_KEYS
from opro_tui.tui.screens.layers import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opro_tui.tui.bindings import Command

SIGNS = """\
★ the best: highest full score · ~ can't be told from the best
● shown to the optimizer · ◆ pinned · ✕ dropped, rejected or vetoed · + yours
± half of the 95 % interval · ▲ ▼ change against the best before the step
"""

NAMES = {
    "question_mark": "?",
    "colon": ":",
    "f1": "F1",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
}


def keys_and_sentences(
    keymap: Mapping[str, str], table: Iterable[Command] = COMMANDS
) -> list[tuple[str, str]]:
    """Every key with its sentence, the keys as the person mapped them."""
    own = [(_spelled(keymap.get(command.id, command.keys)), command.tooltip) for command in table]
    return [*own, ("", ""), *LIST_KEYS]


def _spelled(keys: str) -> str:
    return " ".join(NAMES.get(key.strip(), key.strip()) for key in keys.split(","))


def help_layer(keymap: Mapping[str, str]) -> Reader:
    """The help as a layer."""
    return Reader("Keys", SIGNS, keys_and_sentences(keymap))
