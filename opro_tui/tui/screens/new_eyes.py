"""Replay with new eyes: the stored answers graded again, the meta-prompts rebuilt, at no cost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters
from textual.binding import Binding

from opro_tui.core.errors import BadInput, OproError
from opro_tui.core.settings import OF_META_PROMPT, find
from opro_tui.engine import rebuild as rebuilding
from opro_tui.engine import regrade as regrading
from opro_tui.tui import background
from opro_tui.tui.format import safe
from opro_tui.tui.messages import Failed
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.screens import new_eyes_view as view
from opro_tui.tui.screens.changed_answers import ChangedAnswers
from opro_tui.tui.screens.choose import Choose
from opro_tui.tui.screens.differences import Differences, Pair
from opro_tui.tui.screens.layers import Prompt
from opro_tui.tui.screens.pane_screen import PaneScreen
from opro_tui.tui.widgets.facts import Facts
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.line import Line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.binding import BindingType

    from opro_tui.core.regrade import Regrading
    from opro_tui.core.state import State
    from opro_tui.engine.rebuild import Rebuilt
    from opro_tui.tui.archive import Archive
    from opro_tui.tui.widgets.row_list import RowList

LOOK_SECONDS = 0.1


class NewEyesScreen(PaneScreen):
    """A session's past under another metric, or under other settings of its meta-prompts.

    Args:
        archive: Where the session is.
        name: Its name.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "m", "metric", "Metric…", tooltip="Choose what grades the answers.", id="eyes_metric"
        ),
        Binding(
            "1,a",
            "tab('regrade')",
            "Answers",
            tooltip="The stored answers graded again.",
            id="eyes_regrade",
        ),
        Binding(
            "2,b",
            "tab('rebuild')",
            "Meta-prompts",
            tooltip="Each step's meta-prompt rebuilt under other settings.",
            id="eyes_rebuild",
        ),
        Binding(
            "c",
            "setting",
            "Setting…",
            tooltip="Change a setting of the meta-prompts, for this look only.",
            id="eyes_setting",
        ),
        Binding("x", "clear", "As sent", tooltip="Take every change back again.", id="eyes_clear"),
        Binding(
            "w",
            "scores",
            "Scores",
            tooltip="Rebuild with the scores of the other metric, or with those of then.",
            id="eyes_scores",
        ),
        Binding(
            "y",
            "copy",
            "Copy fork",
            tooltip="Copy the command that goes on with this metric in a fork.",
            id="copy",
        ),
    ]

    header = getters.query_one("#header", Line)
    status = getters.query_one("#status", Line)

    def __init__(self, archive: Archive, name: str) -> None:
        super().__init__()
        self.archive = archive
        self.tab = view.REGRADE
        self.eyes = view.Eyes(name, settings={})
        self.state: State | None = None
        self.found: Regrading | None = None
        self.rebuilt: tuple[Rebuilt, ...] | None = None
        self.working = ""
        self.done = self.total = 0
        self._begun = 0
        self._simulated = False
        self.facts = Facts(id="eyes-facts")
        self.solutions = FilteredList(view.SOLUTION_COLUMNS, id="eyes-solutions")
        self.steps = FilteredList(view.STEP_COLUMNS, id="eyes-steps")
        self.panes = (
            Pane(self.facts, id="eyes-facts-pane"),
            Pane(self.solutions, id="eyes-solutions-pane", counts=True),
            Pane(self.steps, id="eyes-steps-pane", counts=True),
        )

    def on_mount(self) -> None:
        """Read the session, then ask for the metric."""
        for pane, title in zip(
            self.panes,
            ("NEW EYES", "RANKED BY THE NEW SCORES", "META-PROMPTS REBUILT"),
            strict=True,
        ):
            pane.entitle(title)
        self.draw()
        background.start(self, "read", self._read)
        self.set_interval(LOOK_SECONDS, self._look)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what can't be done now."""
        match action:
            case "metric":
                return self.state is not None and not self.eyes.computed
            case "setting" | "tab":
                return self.state is not None
            case "clear":
                return self.tab == view.REBUILD and bool(self.eyes.settings)
            case "scores":
                other = self.eyes.metric not in (None, self.eyes.own)
                return self.tab == view.REBUILD and other
            case "copy":
                return bool(self.eyes.command)
        return super().check_action(action, parameters)

    # Drawing

    def draw(self) -> None:
        """Draw what is known."""
        eyes, tab = self.eyes, self.tab
        self.set_class(tab == view.REBUILD, "-rebuild")
        self.header.show(view.header(eyes, tab, self.state, simulated=self._simulated))
        if tab == view.REGRADE:
            self.facts.tell(view.regrade_facts(eyes, self.found))
        else:
            self.facts.tell(view.rebuild_facts(eyes, self.rebuilt))
        self._draw_rows()
        self._look()
        self.refresh_bindings()

    def _draw_rows(self) -> None:
        found, rebuilt = self.found, self.rebuilt
        if found is None:
            empty = "" if self.eyes.computed else "m chooses a metric; the table stands here then."
            self.solutions.show((), lambda _: (), empty=empty)
        else:
            rows = {row.candidate.id: row for row in found.rows}
            facts = found.state.facts
            self.solutions.show(
                tuple(rows),
                lambda id_: view.solution_row(rows[id_], facts, found),
                empty="No solution is scored yet.",
            )
        if rebuilt is None:
            self.steps.show((), lambda _: (), empty="Rebuilding…")
        else:
            items = {item.step: item for item in rebuilt}
            self.steps.show(tuple(items), lambda step: view.step_row(items[step]))

    def _look(self) -> None:
        self.status.show(view.status(self.tab, self.working, self.done, self.total))

    def _watch(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    # Working

    async def _read(self) -> None:
        try:
            async with self.archive.session(self.eyes.name) as session:
                own = regrading.own_metric(session)
                computed = ""
                if not session.task.examples:
                    computed = f"{session.task.name} computes its scores: no answers to grade."
                self.eyes = replace(self.eyes, own=own, computed=computed)
                self.state, self._simulated = session.state, session.record.simulated
        except OproError as error:
            self.app.post_message(Failed("It can't be looked at", str(error)))
            return
        self._focus()
        self.draw()
        if not self.eyes.computed and self.app.screen is self:
            self.action_metric()

    def _focus(self) -> None:
        body = self.steps if self.tab == view.REBUILD else self.solutions
        body.focus()

    def _start(self, what: str, job: Callable[[], Awaitable[None]]) -> None:
        self.working, self.done, self.total = what, 0, 0
        self._begun += 1
        background.start(self, "work", self._work, self._begun, job)
        self.draw()

    async def _work(self, number: int, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except OproError as error:
            self.app.post_message(Failed("That can't be looked at", str(error)))
        finally:
            if number == self._begun:
                self.working = ""
        self.draw()

    async def _regrade(self) -> None:
        metric = self.eyes.metric
        async with self.archive.session(self.eyes.name) as session:
            found = await regrading.regrade(session, metric, watch=self._watch)
            new = await self.archive.free_name(f"{self.eyes.name}-regraded")
            command = regrading.fork_command(session, metric, new)
        self.found = found
        self.eyes = replace(self.eyes, command=command)

    async def _rebuild(self) -> None:
        changes = rebuilding.Changes(settings=self.eyes.settings or {})
        scores = self.found if self.eyes.scores else None
        try:
            async with self.archive.session(self.eyes.name) as session:
                self.rebuilt = await rebuilding.rebuild(
                    session, changes, regraded=scores, watch=self._watch
                )
        except OproError:
            self.rebuilt = ()
            raise

    async def _list_answers(self, id_: int) -> None:
        async with self.archive.session(self.eyes.name) as session:
            all_ = await regrading.verdicts(session, id_, self.eyes.metric)
        found = tuple(regrading.differing(all_))
        if not found:
            self.notify(f"#{id_}: every answer gets the grade it had.", markup=False)
        elif self.app.screen is self:
            self.app.push_screen(ChangedAnswers(id_, found))

    # Doing

    def action_metric(self) -> None:
        """Choose what grades the answers."""

        def chosen(metric: str | None) -> None:
            if metric in (view.REGEX, view.PYTHON):
                self._ask_pattern(metric)
            elif metric is not None:
                self._take_metric(metric)

        options = view.metrics(self.eyes.own)
        self.app.push_screen(Choose("Metric", options, free=True), chosen)

    def _ask_pattern(self, kind: str) -> None:
        text = view.PATTERNS[kind]

        def whole(typed: str) -> str:
            return kind + typed.strip().removeprefix(kind)

        def given(typed: str | None) -> None:
            if typed is not None:
                self._take_metric(whole(typed))

        self.app.push_screen(
            Prompt(kind, text, "", lambda typed: regrading.check_metric(whole(typed))), given
        )

    def _take_metric(self, metric: str) -> None:
        if problem := regrading.check_metric(metric) if metric != self.eyes.own else None:
            self.notify(safe(problem, 300), markup=False, severity="warning")
            return
        self.tab, self.found = view.REGRADE, None
        self.rebuilt = None if self.eyes.scores else self.rebuilt
        self.eyes = replace(self.eyes, metric=metric, command="", scores=False)
        self._start("grading again", self._regrade)
        self._focus()

    def action_tab(self, tab: str) -> None:
        """Go to the other part."""
        self.tab = tab
        if tab == view.REBUILD and self.rebuilt is None and not self.working:
            self._start("rebuilding", self._rebuild)
        self.draw()
        self._focus()

    def action_setting(self) -> None:
        """Change a setting of the meta-prompts, for this look."""
        state = self.state
        if state is None:
            return
        now: dict[str, Any] = state.settings.to_json() | dict(self.eyes.settings or {})

        def chosen(name: str | None) -> None:
            if name is not None:
                self._ask_value(name, str(now[name.replace("-", "_")]))

        options = [
            (name.replace("_", "-"), f"{now[name]}: {find(name).help}") for name in OF_META_PROMPT
        ]
        self.app.push_screen(Choose("Setting", options), chosen)

    def _ask_value(self, name: str, value: str) -> None:
        definition = find(name)

        def check(typed: str) -> str | None:
            try:
                definition.parse(typed)
            except BadInput as error:
                return f"{error.what} {error.todo}".strip()
            return None

        def given(typed: str | None) -> None:
            if typed is not None:
                settings = dict(self.eyes.settings or {}) | {definition.name: typed.strip()}
                self._rebuild_with(replace(self.eyes, settings=settings))

        self.app.push_screen(Prompt(name, definition.help, value.lower(), check), given)

    def _rebuild_with(self, eyes: view.Eyes) -> None:
        self.eyes, self.tab, self.rebuilt = eyes, view.REBUILD, None
        self._start("rebuilding", self._rebuild)
        self._focus()

    def action_clear(self) -> None:
        """Take every change back."""
        self._rebuild_with(replace(self.eyes, settings={}))

    def action_scores(self) -> None:
        """Rebuild with the scores of the other metric, or with those of then."""
        if self.found is not None:
            self._rebuild_with(replace(self.eyes, scores=not self.eyes.scores))

    def action_copy(self) -> None:
        """Copy the command that forks."""
        self.app.copy_to_clipboard(self.eyes.command)
        self.notify("Sent to the terminal's clipboard: the fork's command.", markup=False)

    def action_close(self) -> None:
        """Stop what is at work, or go back."""
        if self.working:
            self.workers.cancel_node(self)
            self.working = ""
            self.notify("Stopped; nothing was changed.", markup=False)
            self.draw()
        else:
            self.dismiss(None)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show a solution's answers that score otherwise, or a step's difference."""
        event.stop()
        if event.rows is self.solutions:
            key = event.key
            self._start(f"reading #{key}", lambda: self._list_answers(key))
            return
        item = next((each for each in self.rebuilt or () if each.step == event.key), None)
        if item is not None:
            label = f"step {item.step}: sent and rebuilt"
            texts = (item.sent.text, item.built.text)
            self.app.push_screen(Differences([Pair(label, "sent", "rebuilt", _given(texts))]))


def _given(texts: tuple[str, str]) -> Callable[[], Awaitable[tuple[str, str]]]:
    async def load() -> tuple[str, str]:
        await asyncio.sleep(0)
        return texts

    return load
