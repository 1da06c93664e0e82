"""Two sessions beside each other, the paired difference on held-out examples as the headline."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding
from textual.content import Content

from opro_tui.core.errors import OproError
from opro_tui.tui import differences, measuring
from opro_tui.tui.format import harmless
from opro_tui.tui.measuring import EVALUATE, Measuring
from opro_tui.tui.messages import Failed, MeasureAsked
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.parts import Part
from opro_tui.tui.screens import compare_view as view
from opro_tui.tui.screens import measure_view
from opro_tui.tui.screens.layers import Question
from opro_tui.tui.screens.pane_screen import PaneScreen
from opro_tui.tui.widgets.diff_view import DiffView
from opro_tui.tui.widgets.drawing import Drawing
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.binding import BindingType

    from opro_tui.tui.archive import Archive, Compared
    from opro_tui.tui.measuring import Offer

LOOK_SECONDS = 0.2


class CompareScreen(PaneScreen):
    """A comparison of two sessions.

    Args:
        archive: Where they are.
        first: One's name.
        second: The other's.
        chart: Which characters draw the curves.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "x",
            "axis",
            "Axis",
            tooltip="Draw the curves by step, or by what was spent.",
            id="compare_axis",
        ),
        Binding(
            "m",
            "measure",
            "Evaluate both…",
            tooltip="Evaluate both best solutions on the held-out examples; asks with the price.",
            id="compare_measure",
        ),
        Binding("S", "stop", "Stop", tooltip="Stop; what is paid for is kept.", id="compare_stop"),
        Binding("r", "swap", "Swap", tooltip="Let A and B change places.", id="compare_swap"),
        Binding("y", "copy", "Copy", tooltip="Copy the comparison as text.", id="copy"),
    ]

    header = getters.query_one("#header", Line)
    status = getters.query_one("#status", Line)

    def __init__(self, archive: Archive, first: str, second: str, *, chart: str = "blocks") -> None:
        super().__init__()
        self.archive = archive
        self.names = (first, second)
        self._signs = view.ASCII_SIGNS if chart == "ascii" else view.SIGNS
        self.compared: Compared | None = None
        self.offers: tuple[Offer, ...] = ()
        self.job: Measuring | None = None
        self.by_cost = False
        self._over = True
        self.facts = TextView(id="compare-facts")
        self.chart = Drawing(id="compare-chart", ascii=chart == "ascii")
        self.diff = DiffView(id="compare-diff")
        self.rows = FilteredList(view.EDIT_COLUMNS, id="compare-edits")
        self.panes = (
            Pane(self.facts, id="compare-facts-pane"),
            Pane(self.chart, id="compare-chart-pane"),
            Pane(self.diff, id="compare-diff-pane"),
            Pane(self.rows, id="compare-edits-pane", counts=True),
        )

    def on_mount(self) -> None:
        """Read both."""
        titles = ("DIFFERENCE", "BEST SCORE", "BEST SOLUTIONS, − A + B", "EDITS SINCE THEY PARTED")
        for pane, title in zip(self.panes, titles, strict=True):
            pane.entitle(title)
        self.facts.focus()
        self._load()
        self.set_interval(LOOK_SECONDS, self._look)

    def _load(self) -> None:
        self.compared, self.offers = None, ()
        self.header.show(view.header(*self.names, None, self._signs))
        self.run_worker(self._read(), group="compare", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            self.compared = await self.archive.compare(*self.names)
            self._draw(self.compared)
            if self.compared.found.held_out is None and all(self.compared.held_out):
                self.offers = tuple([await self._offer(name) for name in self.names])
                self._draw(self.compared)
        except OproError as error:
            self.facts.show(Content(harmless(str(error))))
            self.post_message(Failed("They can't be compared", str(error)))

    async def _offer(self, name: str) -> Offer:
        async with self.archive.session(name) as session:
            return await measuring.offer(session, EVALUATE)

    @property
    def running(self) -> bool:
        """Whether what is missing is being measured."""
        return self.job is not None and not self.job.finished

    @property
    def wanted(self) -> tuple[Offer, ...]:
        """What is to be measured before the held-out difference is known."""
        return tuple(offer for offer in self.offers if offer.answers)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what can't be done now."""
        if action == "measure":
            return bool(self.wanted) and not self.running
        if action == "stop":
            return self.running
        if action == "swap":
            return not self.running
        return super().check_action(action, parameters)

    # Drawing

    def _draw(self, compared: Compared) -> None:
        self.header.show(view.header(*self.names, compared, self._signs))
        parts = []
        for title, text in view.sections(compared, self.offers):
            body = Content(harmless(text))
            parts.append(Content.assemble((title, "bold"), "\n", body) if title else body)
        self.facts.show(Content("\n\n").join(parts))
        best = compared.found.first.best.text, compared.found.second.best.text
        same = "Both have the same best solution." if best[0] == best[1] else ""
        self.diff.show(differences.compare(*best), empty=same)
        edits = view.edits(compared)
        self.rows.show(range(len(edits)), lambda i: edits[i], empty=view.NO_EDITS)
        self._draw_curves(compared)
        self._tell()
        self.refresh_bindings()

    def _draw_curves(self, compared: Compared) -> None:
        by = view.axes(compared)[self.by_cost]
        self.panes[1].entitle(f"BEST SCORE · by {by}")
        first, second = view.curve(compared.first, by), view.curve(compared.second, by)
        self.chart.show(
            partial(view.curves, first, second, compared.first.facts, by, signs=self._signs)
        )

    def _tell(self) -> None:
        if self.job is not None and (not self.job.finished or self.job.stopped is not None):
            self.status.show(measure_view.status(self.job, None, stop="S"))
        elif self.wanted:
            self.status.show([Part("m evaluates both on the held-out examples", "accent", 90)])
        else:
            self.status.show([Part("x draws the curves by step or by what was spent", "muted")])

    def _look(self) -> None:
        job = self.job
        if job is None or self._over:
            return
        self._tell()
        if job.finished:
            self._over = True
            self._load()

    # Doing

    def action_axis(self) -> None:
        """Draw the curves over the other axis."""
        self.by_cost = not self.by_cost
        if self.compared is not None:
            self._draw_curves(self.compared)

    def action_swap(self) -> None:
        """Let A and B change places."""
        self.names = (self.names[1], self.names[0])
        self._load()

    def action_copy(self) -> None:
        """Copy the comparison."""
        if self.compared is not None:
            names = " and ".join(self.names)
            self.app.copy_to_clipboard(f"{names}\n\n{self.facts.content.plain}\n")

    def action_measure(self) -> None:
        """Ask with the price, then evaluate what is missing on both sides."""
        offers = self.wanted
        bench = self.archive.bench
        on_bench = any(self.archive.on_bench(offer.name) for offer in offers)
        if bench is not None and on_bench and (bench.running or bench.readonly):
            self.notify("That session is being written just now.", markup=False)
            return

        def answered(answer: str | None) -> None:
            if answer == "measure":
                self.job = Measuring(self.archive, offers)
                self._over = False
                self.app.post_message(MeasureAsked(self.job))
                self.refresh_bindings()

        lines = [f"{offer.name}: {measure_view.price(offer)}" for offer in offers]
        text = "\n".join(lines) + "\n\nEach look at a test split is counted."
        answers = (("back", "n", "Back"), ("measure", "s", "Evaluate"))
        self.app.push_screen(
            Question("Evaluate on the held-out examples?", text, answers), answered
        )

    def action_close(self) -> None:
        """Go back; what is being measured goes on."""
        if self.running:
            self.notify(measure_view.GOES_ON, markup=False)
        self.dismiss(None)

    def action_stop(self) -> None:
        """Stop; what is paid for is kept."""
        if self.job is not None:
            self.job.stop()
            self._tell()
