"""The candidates of the step under way, or of the last one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from opro_tui.tui import rows, view
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from opro_tui.core.state import State
    from opro_tui.tui.view import Situation

COLUMNS = (
    Column("", 1),
    Column("#", 4, right=True),
    Column("score", 11, right=True),
    Column("vs best", 9),
    Column("unread", 9, from_width=64),
    Column("solution", 0),
)
EMPTY = (
    "Candidates appear here while the optimizer proposes them and the scorer tries them.\n"
    "s runs a step · a adds a solution of your own"
)


class CandidatesPane(Pane):
    """Candidates, filling in as they are sampled and scored."""

    def __init__(self) -> None:
        self.rows = RowList(COLUMNS, id="candidate-rows")
        super().__init__(self.rows, id="candidates")

    def draw(self, state: State, now: Situation) -> None:
        """Draw a state."""
        self.entitle(view.candidates_title(state, now))
        keys = rows.candidate_ids(state)
        self.rows.show(keys, partial(rows.candidate_row, state), empty=EMPTY)
