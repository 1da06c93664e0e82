"""Modules that are imported when something of them is first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_names: dict[str, None] = {}


class Later:
    """Stands for a module that isn't needed before the first paint.

    It is written beside the import that type checkers and import contracts read:

        if TYPE_CHECKING:
            from opro_tui.tui import view
        else:
            view = Later("opro_tui.tui.view")

    `warming` imports what stands here as soon as the first screen is painted, so that nobody waits
    for it in the middle of a key.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        _names[name] = None
        self._module: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module holds
        if self._module is None:
            self._module = import_module(self._name)
        return getattr(self._module, name)


def names() -> tuple[str, ...]:
    """The modules that something stands for so far, in the order in which they were named."""
    return tuple(_names)
