"""The candidates of the step under way, of the last one, or of one before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from opro_tui.tui.later import Later
from opro_tui.tui.panes.pane import SolutionPane
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.row_list import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.state import State
    from opro_tui.core.usage import Usage
    from opro_tui.tui import review, rows, view
    from opro_tui.tui.parts import Row
    from opro_tui.tui.view import Situation
else:
    review = Later("opro_tui.tui.review")
    rows = Later("opro_tui.tui.rows")
    view = Later("opro_tui.tui.view")

COLUMNS = (
    Column("", 1),
    Column("#", 4, right=True),
    Column("score ±", 11, right=True),
    Column("change", 9),
    Column("unread", 9, from_width=64),
    Column("tokens", 6, right=True, from_width=88),
    Column("cost", 8, right=True, from_width=88),
    Column("solution", 0),
)
OF_ANSWERS = ("unread", "tokens", "cost")
"""Columns about the scorer's answers, of which a computed score has none."""
EMPTY = (
    "Candidates appear here while the optimizer proposes them and the scorer tries them.\n"
    "s runs a step · a adds a solution of your own"
)


@dataclass(frozen=True, slots=True)
class Looking:
    """How a person looks at the candidates; none of it is stored.

    Attributes:
        step: The step that is listed; None for the newest.
        unselected: Candidates in review that shall not be scored.
        used: Candidate to what its scoring used.
    """

    step: int | None = None
    unselected: frozenset[int] = frozenset()
    used: Mapping[int, Usage] = field(default_factory=dict)


class CandidatesPane(SolutionPane):
    """Candidates, filling in as they are sampled and scored."""

    def __init__(self) -> None:
        self.rows = FilteredList(COLUMNS, id="candidate-rows")
        super().__init__(self.rows, id="candidates", title="CANDIDATES", counts=True)

    def draw(self, state: State, now: Situation, looking: Looking) -> None:
        """Draw a state."""
        found = review.review(state, looking.unselected)
        past = looking.step is not None
        words = None if found is None else review.title(found)
        self.entitle(view.candidates_title(state, looking.step, words, now.batched))
        self.border_subtitle = review.KEYS if found and not past and not now.readonly else ""
        self.rows.columns = columns(state, reviewing=found is not None and not past)
        keys = rows.candidate_ids(state, looking.step)
        self.rows.show(keys, partial(_row, state, looking, now.batched is not None), empty=EMPTY)


def columns(state: State, *, reviewing: bool) -> tuple[Column, ...]:
    """The columns; those that a computed score would leave empty are left out."""
    mark, *others = COLUMNS
    computed = state.facts.computed
    shown = (column.unless(computed and column.label in OF_ANSWERS) for column in others)
    return (replace(mark, width=3) if reviewing else mark, *shown)


def _row(state: State, looking: Looking, batched: bool, id_: int) -> Row:
    used = looking.used.get(id_)
    return rows.candidate_row(state, id_, used=used, unselected=looking.unselected, batched=batched)
