"""The list of sessions: what `opro-tui` alone opens."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import getters
from textual.screen import Screen
from textual.widgets import Footer, Input

from opro_tui.core.errors import OproError
from opro_tui.tui import bindings
from opro_tui.tui import sessions_view as view
from opro_tui.tui.archive import Archive
from opro_tui.tui.format import plural, safe
from opro_tui.tui.messages import Failed, SessionAsked
from opro_tui.tui.screens.compare import CompareScreen
from opro_tui.tui.screens.costs import CostsScreen
from opro_tui.tui.screens.help import help_layer
from opro_tui.tui.screens.layers import Prompt, Question
from opro_tui.tui.screens.new_session.screen import NewSession
from opro_tui.tui.screens.replay import ReplayScreen
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import WorkType

    from opro_tui.engine.listing import Entry
    from opro_tui.tui.rows import Row
    from opro_tui.tui.shelf import Shelf

WIDE = 110
"""From this width on the models have a column of their own."""
WATCH_SECONDS = 5.0
"""How often sessions that another process runs are looked at again."""
SELECTED = frozenset(("open", "rename", "fork", "duplicate", "delete", "mark", "replay", "costs"))


def columns(width: int) -> tuple[Column, ...]:
    """The list's columns at a width."""
    wide = width >= WIDE
    return (
        Column("", 1),
        Column("name", 26 if wide else 20),
        Column("best", 6, right=True),
        Column("±", 5),
        Column("steps", 5, right=True),
        Column("cost", 7, right=True),
        Column("status", 10),
        Column("used", 8 if wide else 6, right=True),
        Column("", 3),
        Column("task", 18 if wide else 0),
        Column("optimizer → scorer", 0, from_width=WIDE),
    )


class SessionsScreen(Screen[None]):
    """All sessions of a database.

    Args:
        shelf: What can be done with them.
        keymap: Keys that the person chose, by command.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings.bindings(bindings.SESSION_COMMANDS),
        ("escape", "clear", "Show all"),
    ]
    AUTO_FOCUS = "#sessions"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012

    header = getters.query_one("#header", Line)
    field = getters.query_one("#search", Input)
    rows = getters.query_one("#sessions", RowList)
    facts = getters.query_one("#facts", Line)

    def __init__(self, shelf: Shelf, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self.shelf = shelf
        self.keymap = keymap
        self.entries: dict[int, Entry] = {}
        self.marked: frozenset[int] = frozenset()
        self.order = view.Order()
        self.loaded = False
        self._loading = True
        self._lines: dict[int, view.Line] = {}
        self._wanted = ""

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Line(id="header")
        yield Input(placeholder="name, task, model or status", id="search", compact=True)
        yield RowList(columns(self.app.size.width), id="sessions")
        yield Line(id="facts")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Draw at once; the sessions come from behind."""
        self.draw()
        self.reload()
        self.set_interval(WATCH_SECONDS, self._watch)

    def on_resize(self) -> None:
        """Show more or fewer columns."""
        self.rows.columns = columns(self.app.size.width)
        self.rows.refresh()

    # Reading

    def reload(self, name: str = "") -> None:
        """Read the sessions again.

        Args:
            name: The one to put the cursor on.
        """
        self._wanted = name or self._wanted
        self._loading = True
        self._work(self._load, "load", "The sessions can't be read")

    def action_reload(self) -> None:
        """Read the sessions again."""
        self.reload()

    async def _load(self) -> None:
        try:
            async for found in self.shelf.entries():
                self._take(found)
        finally:
            self.loaded, self._loading = True, False
            self.draw()
        self._wanted = ""

    def _take(self, found: list[Entry]) -> None:
        self.entries = {entry.id: entry for entry in found}
        self.marked &= self.entries.keys()
        self.draw()
        wanted = next((e.id for e in found if e.name == self._wanted), None)
        if wanted is not None:
            self.rows.move_to(wanted)

    def _watch(self) -> None:
        """Look again at what another process runs."""
        if self.is_current and any(entry.elsewhere for entry in self.entries.values()):
            self.reload()

    def _work(self, job: Callable[[], Awaitable[None]], group: str, title: str) -> None:
        """Run a job beside the screen; what goes wrong is said."""

        async def run() -> None:
            try:
                await job()
            except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
                words = str(error) if isinstance(error, OproError) else repr(error)
                self.post_message(Failed(title, words))

        work = cast("WorkType[None]", run)
        self.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    # Drawing

    def draw(self) -> None:
        """Draw what there is."""
        if not self.is_mounted:
            return
        lines = view.arrange(self.entries.values(), self.field.value, self.order)
        self._lines = {line.entry.id: line for line in lines}
        now = time.time_ns() // 1_000_000
        empty = "Reading the sessions…"
        if self.loaded:
            empty = view.EMPTY if not self.entries else "No session matches. Escape shows all."
        self.rows.show(list(self._lines), partial(self._row, now), empty=empty)
        total = len(self.entries)
        self.header.show(
            view.header(len(lines), total, self.order, len(self.marked), loading=not self.loaded)
        )
        self.field.display = bool(self.field.value) or self.focused is self.field
        self._draw_facts()
        self.refresh_bindings()

    def _row(self, now: int, id_: int) -> Row:
        return view.row(self._lines[id_], marked=id_ in self.marked, now=now)

    def _draw_facts(self) -> None:
        entry = self.selected
        parent = self.entries.get(entry.parent or 0) if entry else None
        self.facts.show(view.detail(entry, parent.name if parent else ""))

    @property
    def selected(self) -> Entry | None:
        """The session under the cursor."""
        key = self.rows.key
        return None if key is None else self.entries.get(key)

    def on_row_list_highlighted(self) -> None:
        """Say more of the selected session."""
        self._draw_facts()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave out of the footer what can't be done now."""
        if action in SELECTED:
            return self.is_mounted and self.selected is not None
        if action in ("search", "sort", "reverse"):
            return bool(self.entries)
        if action == "compare":
            return len(self.entries) > 1
        if action == "demo":
            return self.loaded and not self.entries
        if action == "clear":
            return self.is_mounted and self.field.display
        return True

    # Searching and sorting

    def action_search(self) -> None:
        """Type what to look for."""
        self.field.display = True
        self.field.focus()

    def on_input_changed(self) -> None:
        """Show what matches."""
        self.draw()

    def on_input_submitted(self) -> None:
        """Go on in the list."""
        self.rows.focus()
        self.draw()

    def key_down(self) -> None:
        """From the search into the list."""
        if self.field.has_focus:
            self.rows.focus()
            self.draw()

    def action_clear(self) -> None:
        """Show all sessions again."""
        self.field.value = ""
        self.rows.focus()
        self.draw()

    def action_sort(self) -> None:
        """Sort by the next thing."""
        self.order = self.order.next()
        self.draw()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.order = self.order.turned()
        self.draw()

    def action_mark(self) -> None:
        """Mark the selected session and go on to the next."""
        key = self.rows.key
        if key is not None:
            self.marked ^= {key}
            self.draw()
            self.rows.action_move(1)

    # Doing

    def say(self, text: str) -> None:
        """A short notice, never read as markup."""
        self.notify(safe(text, 200), markup=False)

    def on_row_list_chosen(self) -> None:
        """Open the chosen session."""
        self.action_open()

    def action_open(self) -> None:
        """Open the selected session's workbench."""
        if self.selected is not None:
            self.post_message(SessionAsked(self.selected.name))

    def action_new(self) -> None:
        """Make a session."""

        def made(name: str | None) -> None:
            if name is not None:
                self.post_message(SessionAsked(name))

        self.app.push_screen(NewSession(self.shelf), made)

    def action_demo(self) -> None:
        """Make a session on simulated models and open it."""

        async def make() -> None:
            self.post_message(SessionAsked(await self.shelf.demo()))

        self._work(make, "act", "The demo can't be made")

    def _names(self) -> set[str]:
        return {entry.name for entry in self.entries.values()}

    def action_rename(self) -> None:
        """Ask for another name."""
        entry = self.selected
        if entry is None:
            return
        taken = self._names() - {entry.name}

        def answered(new: str | None) -> None:
            if new is not None and new != entry.name:
                job = partial(self._done, self.shelf.rename, (entry.name, new), new)
                self._work(job, "act", "It can't be renamed")

        check = partial(view.name_problem, taken=taken)
        self.app.push_screen(Prompt("Rename", "The session's name.", entry.name, check), answered)

    async def _done(
        self, act: Callable[..., Awaitable[None]], arguments: tuple[object, ...], name: str
    ) -> None:
        await act(*arguments)
        self.reload(name)

    def _ask_name(self, title: str, text: str, value: str, then: Callable[[str], None]) -> None:
        def answered(new: str | None) -> None:
            if new is not None:
                then(new)

        check = partial(view.name_problem, taken=self._names())
        self.app.push_screen(Prompt(title, text, value, check), answered)

    def action_duplicate(self) -> None:
        """Make a session with the same task and settings."""
        entry = self.selected
        if entry is None:
            return

        def then(new: str) -> None:
            job = partial(self._done, self.shelf.duplicate, (entry.name, new), new)
            self._work(job, "act", "It can't be duplicated")

        async def ask() -> None:
            text = "A new session with the same task, present settings and starting solutions."
            self._ask_name("Duplicate", text, await self.shelf.free_name(entry.name), then)

        self._work(ask, "act", "It can't be duplicated")

    def action_fork(self) -> None:
        """Ask from which step to go on, and under which name."""
        entry = self.selected
        if entry is None:
            return

        async def ask() -> None:
            state = await self.shelf.state(entry.name)
            finished = [step.number for step in state.steps if step.finished_seq]
            if not finished:
                self.say("A fork goes on from a finished step; this session has none yet.")
                return
            self._ask_step(entry, max(finished))

        self._work(ask, "act", "It can't be forked")

    def _ask_step(self, entry: Entry, last: int) -> None:
        def answered(value: str | None) -> None:
            if value is not None:
                self._work(partial(name, int(value)), "act", "It can't be forked")

        async def name(step: int) -> None:
            text = f"Go on from step {step} of {safe(entry.name, 60)} under the name:"
            free = await self.shelf.free_name(f"{entry.name[:80]}-fork")
            self._ask_name("Fork", text, free, partial(fork, step))

        def fork(step: int, new: str) -> None:
            job = partial(self._done, self.shelf.fork, (entry.name, step, new), new)
            self._work(job, "act", "It can't be forked")

        text = (
            f"Share the past of {safe(entry.name, 60)} up to the results of which step? "
            f"0 to {last}; 0 is the starting solutions' scores."
        )
        check = partial(view.step_problem, last=last)
        self.app.push_screen(Prompt("Fork", text, str(last), check), answered)

    def action_delete(self) -> None:
        """Delete what is marked, or what is selected, after saying what is lost."""
        wanted = [self.entries[id_] for id_ in self._lines if id_ in self.marked]
        if not wanted and self.selected is not None:
            wanted = [self.selected]
        if not wanted:
            self.say("The marked sessions are not among those shown. Escape shows all.")
            return
        ids = {entry.id for entry in wanted}
        forks = sum(e.parent in ids and e.id not in ids for e in self.entries.values())

        def answered(answer: str | None) -> None:
            if answer == "delete":
                names = [entry.name for entry in wanted]
                self._work(partial(self._delete, names), "act", "They can't be deleted")

        title = f"Delete {plural(len(wanted), 'session')}?"
        answers = (("keep", "n", "Keep"), ("delete", "y", "Delete"))
        self.app.push_screen(Question(title, view.what_is_lost(wanted, forks), answers), answered)

    async def _delete(self, names: list[str]) -> None:
        problems = await self.shelf.delete(names)
        deleted = len(names) - len(problems)
        self.reload()
        if problems:
            self.post_message(Failed("Some are kept", "\n".join(problems)))
        if deleted:
            self.say(f"Deleted {plural(deleted, 'session')}.")

    # Looking back

    @property
    def archive(self) -> Archive:
        """The sessions as the screens that look back read them."""
        return Archive(self.shelf.database, self.shelf.config)

    def action_replay(self) -> None:
        """Play the selected session again."""
        if self.selected is not None:
            self.app.push_screen(ReplayScreen(self.archive, self.selected.name))

    def action_costs(self) -> None:
        """Show what the selected session cost."""
        if self.selected is not None:
            self.app.push_screen(CostsScreen(self.archive, self.selected.name))

    def action_compare(self) -> None:
        """Compare the two marked sessions, or the marked one with the selected one."""
        ids = [id_ for id_ in self._lines if id_ in self.marked]
        selected = self.selected
        if len(ids) == 1 and selected is not None and selected.id not in ids:
            ids.append(selected.id)
        if len(ids) != 2:
            self.say("Mark two sessions with space, then compare them.")
            return
        # The older one is A: a fork then stands against its parent.
        first, second = (self.entries[id_].name for id_ in sorted(ids))
        self.app.push_screen(CompareScreen(self.archive, first, second))

    # Layers

    def action_help(self) -> None:
        """Show every action."""
        self.app.push_screen(help_layer(self.keymap, bindings.SESSION_COMMANDS, "sessions"))

    def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def action_quit(self) -> None:
        """Leave the program."""
        self.app.exit()
