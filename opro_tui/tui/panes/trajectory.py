"""Every scored solution, in the order and through the filter that the person chose."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.widgets import Input

from opro_tui.tui import search
from opro_tui.tui.format import HALF_WIDTH
from opro_tui.tui.later import Later
from opro_tui.tui.panes.pane import SolutionPane
from opro_tui.tui.search import Filter, Order
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.picture import Reference
    from opro_tui.core.state import State
    from opro_tui.tui import rows, view
else:
    rows = Later("opro_tui.tui.rows")
    view = Later("opro_tui.tui.view")

COLUMNS = (
    Column("", 1),
    Column("#", 5, right=True),
    Column("score", 7, right=True),
    Column("±", HALF_WIDTH, right=True),
    Column("step", 5, right=True, from_width=64),
    Column("by", 9, from_width=96),
    Column("in prompt", 9, from_width=46),
    Column("solution", 0),
)
SORTED = {
    Order.RANK: ("", ""),
    Order.ID: ("#", "#↓"),
    Order.STEP: ("step", "step↓"),
    Order.SCORE: ("score", "score↑"),
    Order.LENGTH: ("solution", "solution, shortest first ↑"),
}
"""The heading that an order changes, and what it says then."""
EMPTY = (
    "Scored solutions gather here: ★ is the best, ~ may be as good.\n"
    "s scores the starting solutions and runs step 1"
)
GAP = Column("gap %", 6, right=True)
"""Stands instead of the ± where scores are exact and the best there is is known."""
NO_MATCH = "Nothing matches the filter. Escape clears it."
EXAMPLES = "text  #12  origin:person  step:3-5  pinned dropped shown tied partial unread flagged"


class TrajectoryPane(SolutionPane):
    """The trajectory with what the optimizer sees of it.

    Attributes:
        order: How it is sorted.
        filter: What is listed.
        frozen: The order that the rows keep until it is let go; None while they follow their ranks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_filter", "Show all"),
    ]

    def __init__(self) -> None:
        self.rows = RowList(COLUMNS, id="trajectory-rows")
        self.order = Order.RANK
        self.filter = Filter()
        self.frozen: tuple[int, ...] | None = None
        self._state: State | None = None
        self._reference: Reference | None = None
        self._drawn: tuple[object, ...] = ()
        super().__init__(self.rows, id="trajectory", title="TRAJECTORY")

    def compose(self) -> ComposeResult:
        """Build it; the field for the filter shows while there is one."""
        yield from super().compose()
        field = Input(placeholder=EXAMPLES, id="filter", compact=True, select_on_focus=False)
        field.display = False
        yield field

    @property
    def field(self) -> Input:
        """Where the filter is typed."""
        return self.query_one("#filter", Input)

    def compare_with(self, reference: Reference | None) -> None:
        """Say of each solution how far it is from the best there is."""
        if reference != self._reference:
            self._reference = reference
            self.again()

    def draw(self, state: State, *, anew: bool = False) -> None:
        """Draw a state; one in which nothing changed that is shown here costs nothing.

        Args:
            state: The session now.
            anew: Whether to draw even so, for something beside the state changed.
        """
        seen = (state.candidates, state.pinned, state.dropped, state.settings, state.edit_step)
        same = bool(self._drawn) and self._drawn[0] is seen[0] and self._drawn[1:] == seen[1:]
        if same and not anew:
            return
        self._drawn, self._state = seen, state
        shown = frozenset(candidate.id for candidate in state.shown())
        keys = search.listed(state, self.filter, self.order, shown)
        words = search.ORDER_WORDS[self.order]
        if self.frozen is not None:
            keys = search.kept(self.frozen, keys)
            self.frozen = tuple(keys) if self.filter == Filter() else self.frozen
            words = "frozen, Z lets go"
        self.entitle(view.trajectory_title(state, len(keys), len(shown), words))
        gaps = self._reference is not None
        self.rows.columns = tuple(
            GAP
            if gaps and column.label == "±"
            else _headed(column, self.order).unless(state.facts.computed and column.label == "±")
            for column in COLUMNS
        )
        make = partial(rows.trajectory_row, state, in_prompt=shown, reference=self._reference)
        self.rows.show(keys, make, empty=EMPTY if self.filter == Filter() else NO_MATCH)

    def again(self) -> None:
        """Draw the same state in another way."""
        if self._state is not None:
            self.draw(self._state, anew=True)

    def freeze(self) -> bool:
        """Keep the rows where they are, or let them go; returns whether they are kept now."""
        self.frozen = self.rows.keys if self.frozen is None else None
        self.rows.hold()
        self.again()
        return self.frozen is not None

    def sort(self, order: Order) -> None:
        """Sort it in another way; the cursor stays on its solution."""
        self.order = order
        self.frozen = None
        self.rows.hold()
        self.again()

    def ask_filter(self) -> None:
        """Let the person type a filter."""
        self.field.display = True
        self.field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what matches while it is typed."""
        event.stop()
        self.filter = search.parse(event.value)
        self.again()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go back to the list with what is left."""
        event.stop()
        self.field.display = bool(event.value.strip())
        self.rows.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave Escape to the screen while nothing is filtered."""
        return action != "clear_filter" or self.field.display

    def action_clear_filter(self) -> None:
        """List everything again; without a filter there is nothing to clear."""
        if self.field.display:
            self.field.value = ""
            self.field.display = False
            self.rows.focus()


def _headed(column: Column, order: Order) -> Column:
    label, marked = SORTED[order]
    return replace(column, label=marked) if label and column.label == label else column
