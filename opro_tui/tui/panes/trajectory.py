"""Every scored solution, best first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from opro_tui.tui import rows, view
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from opro_tui.core.state import State

COLUMNS = (
    Column("", 1),
    Column("#", 4, right=True),
    Column("score", 7, right=True),
    Column("±", 5, right=True),
    Column("step", 4, right=True, from_width=64),
    Column("by", 9, from_width=96),
    Column("in prompt", 9, from_width=46),
    Column("solution", 0),
)
EMPTY = (
    "Scored solutions gather here, best first. ★ is the best, ~ can't be told from it.\n"
    "s scores the starting solutions and runs step 1"
)


class TrajectoryPane(Pane):
    """The ranked trajectory with what the optimizer sees of it."""

    def __init__(self) -> None:
        self.rows = RowList(COLUMNS, id="trajectory-rows")
        super().__init__(self.rows, id="trajectory")
        self._drawn: tuple[object, ...] = ()

    def draw(self, state: State) -> None:
        """Draw a state; one in which nothing changed that is shown here costs nothing."""
        seen = (state.candidates, state.pinned, state.dropped, state.settings, state.edit_step)
        if self._drawn and self._drawn[0] is seen[0] and self._drawn[1:] == seen[1:]:
            return
        self._drawn = seen
        shown = frozenset(candidate.id for candidate in state.shown())
        self.entitle(view.trajectory_title(state, len(shown)))
        keys = [candidate.id for candidate in state.ranked()]
        make = partial(rows.trajectory_row, state, in_prompt=shown)
        self.rows.show(keys, make, empty=EMPTY)
