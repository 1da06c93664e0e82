"""What every step cost: by role, beside its forecast, with the waste meter."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding

from opro_tui.core.errors import OproError
from opro_tui.core.money_report import table
from opro_tui.tui import copying, tables
from opro_tui.tui.format import safe
from opro_tui.tui.messages import Failed
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.screens import costs_view as view
from opro_tui.tui.screens.layers import Prompt
from opro_tui.tui.screens.pane_screen import PaneScreen
from opro_tui.tui.widgets.drawing import Drawing
from opro_tui.tui.widgets.facts import Facts
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.line import Line

if TYPE_CHECKING:
    from textual.binding import BindingType

    from opro_tui.tui.archive import Archive, Costs

WATCH_SECONDS = 1.0


class CostsScreen(PaneScreen):
    """The costs of a session; those of the one on the bench follow its run.

    Args:
        archive: Where it is read from.
        name: The session's name.
        chart: Which characters draw the chart.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy CSV", tooltip="Copy the whole table as CSV.", id="copy"),
        Binding(
            "w",
            "write",
            "Write CSV…",
            tooltip="Write the whole table to a CSV file.",
            id="costs_write",
        ),
    ]

    header = getters.query_one("#header", Line)
    status = getters.query_one("#status", Line)

    def __init__(self, archive: Archive, name: str, *, chart: str = "blocks") -> None:
        super().__init__()
        self.archive = archive
        self.session_name = name
        self._blocks = view.ASCII_BLOCKS if chart == "ascii" else view.BLOCKS
        self.costs: Costs | None = None
        self.rows = FilteredList(view.COLUMNS, id="cost-rows")
        self.facts = Facts(id="cost-facts")
        self.chart = Drawing(id="cost-chart", ascii=chart == "ascii")
        self.panes = (
            Pane(self.facts, id="cost-facts-pane"),
            Pane(self.chart, id="cost-chart-pane"),
            Pane(self.rows, id="cost-rows-pane", counts=True),
        )

    def on_mount(self) -> None:
        """Draw what is known, and read the rest."""
        for pane, title in zip(self.panes, ("IN ALL", "SO FAR", "BY STEP AND ROLE"), strict=True):
            pane.entitle(title)
        self.header.show(view.header(self.session_name, None))
        self.rows.show((), lambda _: (), empty="Reading…")
        self.rows.focus()
        self._look()
        self.set_interval(WATCH_SECONDS, self._look)

    def _look(self) -> None:
        """Read again where the session went on."""
        bench = self.archive.bench
        if self.costs is not None:
            if bench is None or not self.archive.on_bench(self.session_name):
                return
            if bench.state.ledger is self.costs.state.ledger:
                return
        if not any(w.group == "costs" and not w.is_finished for w in self.workers):
            self.run_worker(self._read(), group="costs", exit_on_error=False)

    async def _read(self) -> None:
        try:
            self.costs = await self.archive.costs(self.session_name)
        except OproError as error:
            self.post_message(Failed("The costs can't be read", str(error)))
            return
        self._draw(self.costs)

    def _draw(self, costs: Costs) -> None:
        found = costs.report
        self.header.show(view.header(self.session_name, costs))
        lines = (*found.steps, *((*found.roles, found.whole) if found.steps else ()))
        self.rows.columns = view.columns(lines)
        self.rows.show(range(len(lines)), lambda i: view.row(lines[i]), empty=view.EMPTY)
        self.facts.tell(view.facts(costs))
        self.status.show(view.status(costs))
        title, points = view.series(found)
        self.panes[1].entitle(title)
        self.chart.show(partial(view.bars, points, blocks=self._blocks))

    def _csv(self) -> str:
        return "" if self.costs is None else tables.as_csv(table(self.costs.report))

    def action_copy(self) -> None:
        """Copy the table."""
        text = self._csv()
        if copying.too_long(text):
            self.action_write()
        elif text:
            self.app.copy_to_clipboard(text)

    def action_write(self) -> None:
        """Write the table to a file."""
        text = self._csv()
        if not text:
            return

        def named(path: str | None) -> None:
            if path is not None:
                self.notify(safe(copying.write(path, text), 200), markup=False)

        name = "".join(c if c.isalnum() or c in "-_." else "-" for c in self.session_name)
        words = "A CSV file of every step and role, and of the totals. Where?"
        self.app.push_screen(
            Prompt("Write costs", words, f"~/{name}-costs.csv", copying.problem), named
        )
