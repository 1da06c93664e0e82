"""Keeps a session's picture up to date: drawn in a thread, one at a time, the last wanted last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.errors import OproError
from opro_tui.engine.picture import picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.dom import DOMNode

    from opro_tui.core.picture import Picture
    from opro_tui.core.protocols import Task
    from opro_tui.core.state import State

GROUP = "picture"

Shown = tuple[int | None, int]
"""The candidate that is looked at, and how near."""


class Sketching:
    """Draws what is wanted, behind the screen.

    Args:
        node: Whose worker draws.
        drawn: Called with each picture, or with why there is none.
    """

    def __init__(self, node: DOMNode, drawn: Callable[[Picture | None, str], None]) -> None:
        self._node = node
        self._drawn = drawn
        self._seen: tuple[object, ...] = ()
        self._wanted: tuple[Task, State, Shown] | None = None
        self._busy = False
        self._none = False

    def want(self, task: Task, state: State, selected: int | None, zoom: int) -> None:
        """Draw a state, unless it shows what was drawn last, or the task has no picture."""
        if self._none:
            return
        seen = (task, state.candidates, state.ranking, state.dropped, selected, zoom)
        if self._seen and all(a is b or a == b for a, b in zip(seen, self._seen, strict=True)):
            return
        self._seen = seen
        self._wanted = task, state, (selected, zoom)
        if not self._busy:
            self._busy = True
            self._node.run_worker(self._work(), group=GROUP, exit_on_error=False)

    async def _work(self) -> None:
        try:
            while self._wanted is not None:
                (task, state, shown), self._wanted = self._wanted, None
                try:
                    found = await picture(task, state, *shown)
                except OproError as error:
                    self._drawn(None, f"There is no picture: {error}")
                    continue
                # A task may have nothing to draw before its first score.
                self._none = found is None and bool(state.ranking)
                if found is not None:
                    self._drawn(found, "")
        finally:
            self._busy = False
