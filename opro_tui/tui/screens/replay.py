"""A stored session played again on the workbench's panes: no model, no cost, nothing is changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.containers import Container

from opro_tui.core.errors import OproError
from opro_tui.core.meta_prompt import MetaPrompt
from opro_tui.tui import compare, regions, terminal
from opro_tui.tui.format import safe
from opro_tui.tui.messages import Failed, ForkMade, Loaded
from opro_tui.tui.panes.candidates import CandidatesPane, Looking
from opro_tui.tui.panes.chart import ChartPane
from opro_tui.tui.panes.meta_prompt import MetaPromptPane
from opro_tui.tui.panes.trajectory import TrajectoryPane
from opro_tui.tui.parts import Part
from opro_tui.tui.screens import ask
from opro_tui.tui.screens import replay_view as view
from opro_tui.tui.screens.keys import REPLAY_KEYS
from opro_tui.tui.screens.layers import Reader
from opro_tui.tui.screens.new_eyes import NewEyesScreen
from opro_tui.tui.screens.pane_screen import PaneScreen
from opro_tui.tui.sketching import Sketching
from opro_tui.tui.widgets.key_bar import KeyBar
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.scrubber import Scrubber

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.picture import Picture, Reference
    from opro_tui.core.state import State
    from opro_tui.engine.replay import Replay
    from opro_tui.tui.archive import Archive, Opened
    from opro_tui.tui.widgets.row_list import RowList

WORK_SECONDS = 0.1


class ReplayScreen(PaneScreen):
    """A session's history, event by event.

    Args:
        archive: Where it is read from.
        name: The session's name.
        chart: Which characters draw the chart.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*REPLAY_KEYS]

    AUTO_FOCUS = "#scrubber"

    header = getters.query_one("#header", Line)
    scrubber = getters.query_one(Scrubber)

    def __init__(self, archive: Archive, name: str, *, chart: str = "blocks") -> None:
        super().__init__()
        self.archive = archive
        self.session_name = name
        self.opened: Opened | None = None
        self.marks = view.Marks()
        self.playing = False
        self.speed = 2
        self._due = 0.0
        self._frames = terminal.frames_per_second()
        self.prompt = MetaPromptPane()
        self.candidates = CandidatesPane()
        self.trajectory = TrajectoryPane()
        self.chart = ChartPane(chart, key="p", near=False)
        self.sketching = Sketching(self, self._sketched)
        self.reference: Reference | None = None
        self.panes = (self.prompt, self.candidates, self.trajectory, self.chart)

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Line(id="header")
        with Container(id="panes"):
            yield from self.panes
        yield Scrubber(id="scrubber")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the history behind the screen."""
        self.header.show([Part(f"reading {safe(self.session_name, 60)}…", "muted")])
        self.trajectory.add_class("-active")
        self._load(fine=None)
        self.set_interval(1 / self._frames, self._tick)

    def _load(self, *, fine: bool | None) -> None:
        self.run_worker(self._read(fine), group="replay", exclusive=True, exit_on_error=False)

    async def _read(self, fine: bool | None) -> None:
        try:
            opened = await self.archive.replay(self.session_name, fine=fine)
        except OproError as error:
            self.post_message(Failed("It can't be replayed", str(error)))
            return
        # It begins where the first results are; read anew, it stays where it is.
        old = self.opened
        seq = old.replay.state.last_seq if old is not None else None
        self.opened = opened
        self.marks = view.Marks(opened.steps, opened.edits, opened.bests)
        place = opened.steps[0] if opened.steps else len(opened.replay.events)
        if seq is not None:
            place = sum(1 for event in opened.replay.events if event.seq <= seq)
        opened.replay.seek(place)
        self.post_message(Loaded())
        self.draw()
        self.refresh_bindings()
        if not opened.fine:
            words = view.coarse_words(len(opened.replay.events), opened.stored)
            self.notify(words, markup=False, timeout=8)

    @property
    def replay(self) -> Replay | None:
        """The replay, once it was read."""
        return None if self.opened is None else self.opened.replay

    @property
    def state(self) -> State | None:
        """The session as it was at this place."""
        return None if self.opened is None else self.opened.replay.state

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what can't be done."""
        opened = self.opened
        if action in ("event", "step", "edit", "best", "go", "play", "speed", "live"):
            if opened is None:
                return False
            found = {"edit": opened.edits, "best": opened.bests, "step": opened.steps}
            if action == "live":
                return bool(opened.steps)
            return bool(found.get(action, True))
        if action == "picture":
            return self.chart.pictured
        if action == "all":
            return opened is not None and not opened.fine
        return super().check_action(action, parameters)

    # Drawing

    def draw(self) -> None:
        """Draw the place."""
        replay, state = self.replay, self.state
        if replay is None or state is None or not self.is_mounted:
            return
        simulated = replay.record.simulated
        now = view.situation(replay.name, state, simulated=simulated, reference=self.reference)
        self.header.show(view.header(state, now))
        step = next((s for s in reversed(state.steps) if s.prompt is not None), None)
        prompt, marks = None, regions.marks(state, state.template)
        if step is not None and step.prompt is not None:
            prompt = MetaPrompt(step.prompt.text, step.prompt.regions)
        self.prompt.draw(state, now, prompt, step, marks)
        if prompt is None:
            self.prompt.text.show(None, marks, empty="No step has sent a meta-prompt yet.")
        self.candidates.draw(state, now, Looking())
        self.trajectory.compare_with(self.reference)
        self.trajectory.draw(state)
        self.chart.draw(state)
        self._draw_picture()
        self._draw_scrubber(replay, state)

    def _draw_picture(self) -> None:
        rows, replay, state = self.trajectory.rows, self.replay, self.state
        if replay is not None and state is not None:
            selected = rows.key if rows.moved else None
            self.sketching.want(replay.task, state, selected, self.chart.zoom)

    def _sketched(self, picture: Picture | None, words: str) -> None:
        if not self.is_mounted or not self.children:
            return
        had = self.chart.pictured
        self.chart.draw_picture(picture, words)
        self.reference = None if picture is None else picture.reference
        if not had:
            self.draw()
            self.refresh_bindings()

    def on_row_list_highlighted(self) -> None:
        """Draw the solution that the cursor came to."""
        self._draw_picture()

    def action_picture(self) -> None:
        """Switch between picture and chart; show the picture alone where it isn't in sight."""
        if self.has_class("-narrow"):
            self.toggle_class("-pictured")
            self.chart.alone = self.has_class("-pictured")
            self.chart.switch(picture=True)
            self.scrubber.focus()
        else:
            self.chart.switch(picture=not self.chart.shows_picture)

    def _draw_scrubber(self, replay: Replay, state: State) -> None:
        event = replay.events[replay.place - 1] if replay.place else None
        total = len(replay.events)
        speed = view.SPEEDS[self.speed]
        parts = view.line(event, state.facts, replay.place, total, speed, playing=self.playing)
        if self.opened is not None and not self.opened.fine:
            parts.insert(1, Part("results only, a reads all", "warning", 60))
        self.scrubber.show(parts, replay.place, total, self.marks)

    def _tick(self) -> None:
        """Play on, and compare scores that the lists asked about."""
        replay = self.replay
        if replay is None:
            return
        if self.playing and not isinstance(self.app.screen, Reader):
            self._due += view.SPEEDS[self.speed] * view.EVENTS_PER_SECOND / self._frames
            events, self._due = int(self._due), self._due % 1
            if replay.place >= len(replay.events):
                self.playing = False
                self.draw()
            elif events:
                self.seek(replay.place + events, pause=False)
        busy = any(w.group == "ties" and not w.is_finished for w in self.workers)
        if compare.pending() and not busy:
            self.run_worker(self._compare(), group="ties", exit_on_error=False)

    async def _compare(self) -> None:
        while compare.pending():
            await asyncio.to_thread(compare.work, WORK_SECONDS)
        self.trajectory.again()
        self.draw()

    # Moving

    def seek(self, place: int, *, pause: bool = True) -> None:
        """Go to a place."""
        if self.replay is None:
            return
        if pause:
            self.playing = False
        self.replay.seek(place)
        self.draw()

    def on_scrubber_sought(self, event: Scrubber.Sought) -> None:
        """Go where the mouse pointed."""
        self.seek(event.place)

    def action_event(self, by: int) -> None:
        """Go on or back by one event."""
        if self.replay is not None:
            self.seek(self.replay.place + by)

    def action_go(self, place: int) -> None:
        """Go to the start or the end."""
        if self.replay is not None:
            self.seek(len(self.replay.events) if place < 0 else place)

    def action_step(self, by: int) -> None:
        """Go to the next step's results, or to those of the step before."""
        self._jump(self.marks.steps, by, "step")

    def action_older_prompt(self) -> None:
        """In the meta-prompt's pane: the prompt of the step before, with all that was then."""
        self.action_step(-1)

    def action_newer_prompt(self) -> None:
        """In the meta-prompt's pane: the prompt of the step after."""
        self.action_step(1)

    def action_edit(self, by: int) -> None:
        """Go to the next edit, or to the one before."""
        self._jump(self.marks.edits, by, "edit")

    def action_best(self, by: int) -> None:
        """Go to the next new best, or to the one before."""
        self._jump(self.marks.bests, by, "new best")

    def _jump(self, places: Sequence[int], by: int, what: str) -> None:
        if self.replay is None:
            return
        find = view.after if by > 0 else view.before
        place = find(places, self.replay.place)
        if place is not None:
            self.seek(place)
        elif by < 0 and what == "step":
            self.seek(0)
        else:
            self.notify(
                f"No {what} {'after' if by > 0 else 'before'} this.", markup=False, timeout=2
            )

    def action_play(self) -> None:
        """Play on from here, or pause; from the end, begin again."""
        if self.replay is None:
            return
        if not self.playing and self.replay.place >= len(self.replay.events):
            self.replay.seek(0)
        self.playing = not self.playing
        self._due = 0.0
        self.draw()

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        self.speed = max(0, min(len(view.SPEEDS) - 1, self.speed + by))
        self.draw()

    def action_all(self) -> None:
        """Read every event; the place stays."""
        self.notify("Reading every evaluation and call…", markup=False)
        self._load(fine=True)

    # Lists

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show the whole of a solution as it was."""
        state = self.state
        candidate = None if state is None else state.candidates.get(event.key)
        if candidate is not None:
            self.playing = False
            self.app.push_screen(Reader(f"Solution #{candidate.id}", candidate.text))

    def action_new_eyes(self) -> None:
        """Grade the answers with another metric, or rebuild the meta-prompts."""
        self.playing = False
        self.app.push_screen(NewEyesScreen(self.archive, self.session_name))

    # Going live

    def action_live(self) -> None:
        """Ask for a name, and fork at the last step that is finished here."""
        replay, state = self.replay, self.state
        if replay is None or state is None:
            return
        self.playing = False
        finished = [step.number for step in state.steps if step.finished_seq]
        if not finished:
            self.notify("No step is finished here yet; go on to one with s.", markup=False)
            return

        def named(name: str | None) -> None:
            if name is not None:
                work = self._fork(finished[-1], name.strip())
                self.run_worker(work, group="fork", exclusive=True, exit_on_error=False)

        self.app.push_screen(ask.fork_name(self.session_name, finished[-1]), named)

    async def _fork(self, step: int, name: str) -> None:
        try:
            await self.archive.fork(self.session_name, step, name)
        except OproError as error:
            self.post_message(Failed("The fork can't be made", str(error)))
            return
        self.app.post_message(ForkMade(step, name))
        self.dismiss(None)
