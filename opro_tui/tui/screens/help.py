"""Every key with a sentence on what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui.bindings import COMMANDS, LIST_KEYS
from opro_tui.tui.screens.layers import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def help_text(keymap: Mapping[str, str]) -> str:
    """The help, with the keys as the person mapped them."""
    lines = [
        (_spelled(keymap.get(command.id, command.keys)), command.tooltip) for command in COMMANDS
    ]
    rows = [*lines, ("", ""), *LIST_KEYS]
    wide = max(len(keys) for keys, _ in rows) + 2
    return "\n".join(f"{keys:<{wide}}{text}".rstrip() for keys, text in rows) + f"\n\n{SIGNS}"


def _spelled(keys: str) -> str:
    return " ".join(NAMES.get(key.strip(), key.strip()) for key in keys.split(","))


def help_layer(keymap: Mapping[str, str]) -> Reader:
    """The help as a layer."""
    return Reader("Keys", help_text(keymap))
