"""An ablation: the arms' curves in one frame, and the table below."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding

from opro_tui.core.errors import OproError
from opro_tui.tui import charting, copying, tables
from opro_tui.tui.format import harmless, safe
from opro_tui.tui.messages import Failed, SessionAsked
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.screens import ablation_view as view
from opro_tui.tui.screens.pane_screen import PaneScreen
from opro_tui.tui.screens.replay import ReplayScreen
from opro_tui.tui.widgets.drawing import Drawing
from opro_tui.tui.widgets.facts import Facts
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from textual.binding import BindingType

    from opro_tui.engine.ablation.table import Row, Table
    from opro_tui.tui.archive import Archive

WATCH_SECONDS = 3.0
"""How often an ablation that another process runs is looked at again."""


class AblationScreen(PaneScreen):
    """The arms of an ablation, for looking: nothing is run or bought here.

    Args:
        archive: Where it is.
        name: Its name.
        chart: Which characters draw the curves.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "right_square_bracket,n",
            "repetition",
            "Repetition",
            key_display="]",
            tooltip="Show one repetition by itself: the next one, after the last all together.",
            id="ablation_next",
        ),
        Binding(
            "left_square_bracket,b",
            "repetition(-1)",
            "Repetition before",
            show=False,
            tooltip="Show the repetition before.",
            id="ablation_previous",
        ),
        Binding(
            "P",
            "replay",
            "Replay",
            tooltip="Play the selected arm's session again, at no cost.",
            id="replay",
        ),
        Binding("o", "open", "Open", tooltip="Open the selected arm's session.", id="session_open"),
        Binding("y", "copy", "Copy CSV", tooltip="Copy the whole table as CSV.", id="copy"),
    ]

    header = getters.query_one("#header", Line)
    status = getters.query_one("#status", Line)

    def __init__(self, archive: Archive, name: str, *, chart: str = "blocks") -> None:
        super().__init__()
        self.archive = archive
        self.ablation = name
        self.whole: Table | None = None
        self.shown: Table | None = None
        self.repetition = 0
        self._seen: tuple[int, ...] = ()
        self._kind = chart
        self.chart = Drawing(id="ablation-chart", ascii=chart == "ascii")
        self.notes = Facts(id="ablation-notes")
        self.rows = RowList(view.columns(None), id="ablation-rows")
        self.panes = (
            Pane(self.chart, id="ablation-chart-pane"),
            Pane(self.notes, id="ablation-notes-pane"),
            Pane(self.rows, id="ablation-rows-pane"),
        )

    def on_mount(self) -> None:
        """Read it."""
        for pane, title in zip(self.panes, ("BEST SO FAR", "WHAT THIS IS", "ARMS"), strict=True):
            pane.entitle(title)
        self.header.show(view.header(self.ablation, None, 0))
        self.rows.show((), lambda _: (), empty="Reading…")
        self.rows.focus()
        self._look()
        self.set_interval(WATCH_SECONDS, self._look)

    def _look(self) -> None:
        """Read again what went on; what is complete stays as it is."""
        if self.whole is not None and (self.whole.complete or not self.is_current):
            return
        if not any(w.group == "ablation" and not w.is_finished for w in self.workers):
            self.run_worker(self._read(), group="ablation", exit_on_error=False)

    async def _read(self) -> None:
        try:
            seen = await self.archive.ablation_seen(self.ablation)
            if self.whole is not None and seen == self._seen:
                return
            self.whole = await self.archive.ablation(self.ablation)
            self._seen = seen
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            words = str(error) if isinstance(error, OproError) else repr(error)
            self.rows.show((), lambda _: (), empty=harmless(words))
            self.post_message(Failed("The ablation can't be read", words))
            return
        self._draw()

    # Drawing

    def _draw(self) -> None:
        """Draw all repetitions together, or the chosen one."""
        whole = self.whole
        if whole is None:
            return
        found = whole.only(self.repetition) if self.repetition else whole
        self.shown = found
        self.header.show(view.header(self.ablation, found, self.repetition))
        several = not self.repetition and whole.repetitions > 1
        by = "MEAN OVER REPETITIONS" if several else "BY STEP"
        self.panes[0].entitle(f"BEST SO FAR, {by}")
        axis = charting.scale(
            [charting.Point(step, best) for arm in found.rows for step, best in arm.curve],
            found.facts,
        )
        self.chart.show(partial(view.curves, found, glyphs=charting.GLYPHS[self._kind], scale=axis))
        self.notes.tell(view.told(found))
        self.rows.columns = view.columns(found)
        self.rows.show(range(len(found.rows)), lambda i: view.row(found.rows[i], found))
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        self.status.show(view.status(self.shown, self.arm, self.session_name))

    @property
    def arm(self) -> Row | None:
        """The arm under the cursor."""
        key = self.rows.key
        return None if key is None or self.shown is None else self.shown.rows[key]

    @property
    def session_name(self) -> str:
        """The selected arm's session: of the shown repetition, or of its first."""
        return "" if self.arm is None else self.arm.outcomes[0].entry.record.name

    def on_row_list_highlighted(self) -> None:
        """Say what can be opened."""
        self._tell()

    def on_row_list_chosen(self) -> None:
        """Open the chosen arm's session."""
        self.action_open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what can't be done now."""
        if action == "repetition":
            return self.whole is not None and self.whole.repetitions > 1
        if action in ("replay", "open", "copy"):
            return self.arm is not None
        return super().check_action(action, parameters)

    # Doing

    def action_repetition(self, by: int = 1) -> None:
        """Show another repetition, or all together."""
        if self.whole is not None:
            numbers = sorted(
                {o.entry.label.repetition for row in self.whole.rows for o in row.outcomes}
            )
            stops = [0, *numbers]
            at = stops.index(self.repetition) if self.repetition in stops else 0
            self.repetition = stops[(at + by) % len(stops)]
            self._draw()

    def action_replay(self) -> None:
        """Play the selected arm's session again."""
        if self.session_name:
            self.app.push_screen(ReplayScreen(self.archive, self.session_name, chart=self._kind))

    def action_open(self) -> None:
        """Open the selected arm's workbench."""
        if self.session_name:
            self.post_message(SessionAsked(self.session_name))

    def action_copy(self) -> None:
        """Copy the table."""
        if self.shown is None:
            return
        text = tables.as_csv(view.as_table(self.shown))
        if copying.too_long(text):
            self.notify(safe("The table is too long to be copied.", 80), markup=False)
        else:
            self.app.copy_to_clipboard(text)
