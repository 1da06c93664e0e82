"""What a person does with the chart and with the picture of a task that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters
from textual.screen import Screen

from opro_tui.tui.panes.chart import ChartPane

if TYPE_CHECKING:
    from opro_tui.core.picture import Picture
    from opro_tui.core.state import State
    from opro_tui.tui.panes.candidates import CandidatesPane
    from opro_tui.tui.panes.pane import Pane
    from opro_tui.tui.panes.trajectory import TrajectoryPane
    from opro_tui.tui.sketching import Sketching
    from opro_tui.tui.steering import Steering
    from opro_tui.tui.widgets.picture import PictureView


class PictureActions(Screen[None]):
    """The workbench's actions on chart and picture."""

    chart_pane = getters.query_one(ChartPane)

    steering: Steering
    _sketching: Sketching | None = None
    _before_chart: tuple[Pane | None, bool] = (None, False)

    if TYPE_CHECKING:
        trajectory: TrajectoryPane
        candidates: CandidatesPane

        @property
        def state(self) -> State:
            """The session's state now."""

        @property
        def active_pane(self) -> Pane | None:
            """The pane that has, or last had, the focus."""

        def draw(self) -> None:
            """Draw the state as it is now."""

    def possible_picture_action(self, action: str) -> bool | None:
        """Whether an action of this area can do anything now."""
        pane = self.chart_pane
        if action == "picture":
            return pane.pictured
        return pane.pictured and pane.shows_picture and bool(pane.region)

    def draw_picture(self) -> None:
        """Have the picture drawn, where anything that it shows has changed."""
        if self._sketching is None:
            from opro_tui.tui.sketching import Sketching

            self._sketching = Sketching(self, self._sketched)
        self._sketching.want(
            self.steering.session.task, self.state, self._looked_at(), self.chart_pane.zoom
        )

    def _looked_at(self) -> int | None:
        """The solution under the cursor that the person moved last; None for the best."""
        pane = self.candidates if self.candidates.has_class("-active") else self.trajectory
        return pane.rows.key if pane.rows.moved else None

    def _sketched(self, picture: Picture | None, words: str) -> None:
        if not self.is_mounted or not self.children:
            return
        had = self.chart_pane.pictured
        self.chart_pane.draw_picture(picture, words)
        self._show_beside()
        reference = None if picture is None else picture.reference
        if reference != self.steering.reference:
            self.steering.reference = reference
            self.draw()
        if not had:
            self.refresh_bindings()

    def _show_beside(self) -> None:
        """Give the picture more room than the chart needs."""
        self.set_class(self.chart_pane.shows_picture, "-pictured")

    def on_row_list_highlighted(self) -> None:
        """Draw the solution that the cursor came to."""
        if self.steering.opened:
            self.draw_picture()

    def on_picture_view_walked(self, event: PictureView.Walked) -> None:
        """Go to another solution while the picture has the focus."""
        self.trajectory.rows.action_move(event.by)

    def action_chart(self) -> None:
        """Show the chart alone, or go back to where one was."""
        if self.has_class("-chart"):
            self.close_chart()
        else:
            self._open_chart(picture=False)

    def action_picture(self) -> None:
        """Switch between picture and chart; show the picture alone where it isn't in sight."""
        pane = self.chart_pane
        if not pane.region:
            self._open_chart(picture=True)
            return
        pane.switch(picture=not pane.shows_picture)
        self._show_beside()

    def _open_chart(self, *, picture: bool) -> None:
        self._before_chart = self.active_pane, self.chart_pane.shows_picture
        self.chart_pane.alone = True
        self.chart_pane.switch(picture=picture)
        self._show_beside()
        self.add_class("-chart")
        self.chart_pane.body.focus()

    def close_chart(self) -> None:
        """Show all panes again."""
        self.remove_class("-chart")
        self.chart_pane.alone = False
        before, picture = self._before_chart
        self.chart_pane.switch(picture=picture)
        self._show_beside()
        if before is not None and before is not self.chart_pane:
            before.body.focus()

    def action_nearer(self, by: int = 1) -> None:
        """Look at the picture from nearer, or from farther off."""
        self.chart_pane.nearer(by)
        self.draw_picture()

    def action_farther(self) -> None:
        """Look at the picture from farther off."""
        self.action_nearer(-1)
