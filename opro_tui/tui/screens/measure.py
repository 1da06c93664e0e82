"""Scores on examples that nothing was chosen by: priced, asked for, watched and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding

from opro_tui.core.errors import OproError
from opro_tui.core.events import TRANSFER
from opro_tui.tui import measuring
from opro_tui.tui.format import safe
from opro_tui.tui.measuring import CONFIRM, EVALUATE, Measuring
from opro_tui.tui.messages import Failed, MeasureAsked
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.screens import ask
from opro_tui.tui.screens import measure_view as view
from opro_tui.tui.screens.layers import Question, Reader
from opro_tui.tui.screens.pane_screen import PaneScreen
from opro_tui.tui.widgets.facts import Facts
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.line import Line

if TYPE_CHECKING:
    from textual.binding import BindingType

    from opro_tui.core.state import State
    from opro_tui.tui.archive import Archive
    from opro_tui.tui.measuring import Offer
    from opro_tui.tui.widgets.row_list import RowList

LOOK_SECONDS = 0.2


class MeasureScreen(PaneScreen):
    """Confirm and evaluate.

    Args:
        archive: Where the session is.
        name: Its name.
        kind: `confirm` or `evaluate`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "s",
            "start",
            "Measure…",
            tooltip="Measure what is described, after a question.",
            id="measure_start",
        ),
        Binding("x", "stop", "Stop", tooltip="Stop; what is paid for is kept.", id="measure_stop"),
        Binding(
            "c",
            "kind('confirm')",
            "Confirm",
            tooltip="The tie group on fresh examples.",
            id="measure_confirm",
        ),
        Binding(
            "v",
            "kind('evaluate')",
            "Held out",
            tooltip="The best on the test split.",
            id="measure_evaluate",
        ),
        Binding(
            "o",
            "elsewhere",
            "Elsewhere…",
            tooltip="Transfer: the best on another task's held-out examples.",
            id="measure_elsewhere",
        ),
        Binding(
            "t",
            "ties",
            "Best/ties",
            tooltip="Held out: the best alone, or all tied with it.",
            id="measure_ties",
        ),
    ]

    header = getters.query_one("#header", Line)
    status = getters.query_one("#status", Line)

    def __init__(self, archive: Archive, name: str, kind: str = CONFIRM) -> None:
        super().__init__()
        self.archive = archive
        self.session_name = name
        self.kind = kind
        self.with_ties = False
        self.elsewhere = ""
        self.offer: Offer | None = None
        self.state: State | None = None
        self.job: Measuring | None = None
        self._simulated = False
        self.facts = Facts(id="measure-facts")
        self.rows = FilteredList(view.COLUMNS, id="measure-rows")
        self.panes = (
            Pane(self.facts, id="measure-facts-pane"),
            Pane(self.rows, id="measure-rows-pane", counts=True),
        )

    def on_mount(self) -> None:
        """Work out what it would cost."""
        self.panes[1].entitle("MEASURED")
        self.facts.focus()
        self.draw()
        self._price()
        self.set_interval(LOOK_SECONDS, self._look)

    @property
    def running(self) -> bool:
        """Whether a measurement of this screen is under way."""
        return self.job is not None and not self.job.finished

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what can't be done now."""
        match action:
            case "stop":
                return self.running
            case "start":
                good = self.offer is not None and bool(self.offer.answers)
                return good and not self.running
            case "kind" | "elsewhere":
                return not self.running
            case "ties":
                return self.kind == EVALUATE and not self.running
        return super().check_action(action, parameters)

    # Pricing

    def _price(self) -> None:
        self.offer = None
        self.run_worker(self._work_out(), group="offer", exclusive=True, exit_on_error=False)

    async def _work_out(self) -> None:
        try:
            async with self.archive.session(self.session_name) as session:
                if self.kind == TRANSFER:
                    offer = await measuring.offer_elsewhere(session, self.elsewhere)
                else:
                    offer = await measuring.offer(session, self.kind)
                if self.with_ties and self.kind == EVALUATE and not offer.why_not:
                    ties = await measuring.offer(session, CONFIRM)
                    group = ties.candidates or offer.candidates
                    offer = await measuring.offer(session, EVALUATE, group)
                self.state, self._simulated = session.state, session.record.simulated
        except OproError as error:
            self.post_message(Failed("It can't be measured", str(error)))
            return
        self.offer = offer
        self.draw()

    # Drawing

    def draw(self) -> None:
        """Draw what is known."""
        state, offer = self.state, self.offer
        self.header.show(view.header(self.session_name, state, simulated=self._simulated))
        self.panes[0].entitle(view.TITLES[self.kind])
        self.status.show(view.status(self.job, offer))
        if state is None:
            self.rows.show((), lambda _: (), empty="Reading…")
        else:
            events = view.latest(state)
            self.rows.columns = view.columns(events)
            self.rows.show(
                range(len(events)), lambda i: view.row(events[i], state), empty=view.EMPTY
            )
            if offer is not None:
                self.facts.tell(view.about(offer, state), airy=True)
        self.refresh_bindings()

    def _look(self) -> None:
        """Follow the measurement."""
        job = self.job
        if job is None or self.offer is None:
            return
        self.status.show(view.status(job, self.offer))
        if job.finished and not self._over:
            self._over = True
            self._price()

    _over = True

    # Doing

    def action_kind(self, kind: str) -> None:
        """Choose what to measure on."""
        self.kind = kind
        self._price()
        self.draw()

    def action_elsewhere(self) -> None:
        """Ask on which other task."""

        def named(name: str | None) -> None:
            if name is not None:
                self.elsewhere = name.strip()
                self.action_kind(TRANSFER)

        self.app.push_screen(ask.other_task(self.elsewhere), named)

    def action_ties(self) -> None:
        """Measure the best alone, or everything that can't be told from it."""
        self.with_ties = not self.with_ties
        self._price()

    def action_start(self) -> None:
        """Ask, then measure."""
        offer, state = self.offer, self.state
        if offer is None or state is None:
            return
        bench = self.archive.bench
        if bench is not None and self.archive.on_bench(self.session_name):
            if bench.running:
                self.notify("A step is running; measure when it is done.", markup=False)
                return
            if bench.readonly:
                self.notify("Another process writes this session.", markup=False)
                return

        def answered(answer: str | None) -> None:
            if answer == "measure":
                self._begin(offer)

        title = "Confirm?" if offer.kind == CONFIRM else "Look at the test split?"
        if offer.there is not None:
            title = f"Look {safe(offer.there.name, 40)}?"
        text = f"It buys {view.price(offer)}."
        if offer.kind == EVALUATE:
            text += f"\n\nThe look is counted: it will be number {measuring.looks(state) + 1}."
        answers = (("back", "n", "Back"), ("measure", "s", "Measure"))
        self.app.push_screen(Question(title, text, answers), answered)

    def _begin(self, offer: Offer) -> None:
        self.job = Measuring(self.archive, (offer,))
        self._over = False
        self.app.post_message(MeasureAsked(self.job))
        self.draw()

    def action_stop(self) -> None:
        """Stop; what is paid for is kept."""
        if self.job is not None:
            self.job.stop()
            self.status.show(view.status(self.job, self.offer))

    def action_close(self) -> None:
        """Go back; what is being measured goes on."""
        if self.running:
            self.notify(view.GOES_ON, markup=False)
        self.dismiss(None)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show the whole of a solution."""
        if self.state is not None:
            measured = view.latest(self.state)[event.key]
            candidate = self.state.candidates[measured.candidate]
            self.app.push_screen(Reader(f"Solution #{candidate.id}", candidate.text))
