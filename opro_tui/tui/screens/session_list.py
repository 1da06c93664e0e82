"""The list of sessions as it is read, drawn, searched and sorted; `sessions` has what is done."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import getters
from textual.screen import Screen
from textual.widgets import Input

from opro_tui.core.errors import OproError
from opro_tui.tui import background, bindings
from opro_tui.tui import sessions_view as view
from opro_tui.tui.messages import Failed, Filled
from opro_tui.tui.session_commands import SESSION_COMMANDS
from opro_tui.tui.widgets.key_bar import KeyBar
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import WorkType

    from opro_tui.engine.listing import Entry
    from opro_tui.tui.parts import Row
    from opro_tui.tui.shelf import Shelf

WIDE = 110
"""From this width on the models have a column of their own."""
NORMAL = 96
"""Below this width steps are left out, which the line under the list says too."""
ROOMY = 72
"""Below this width last use is left out, so that status and label stay whole."""
WATCH_SECONDS = 2.0
"""How often it is looked whether another process has stored something."""
BUSY_SECONDS = 5.0
"""How often the list is read again while another process runs a session, which stores all the
time."""
SELECTED = frozenset(
    ("open", "rename", "fork", "duplicate", "delete", "mark", "replay", "costs", "copy")
)


def columns(width: int) -> tuple[Column, ...]:
    """The list's columns at a width."""
    wide = width >= WIDE
    return (
        Column("", 1),
        Column("name", 26 if wide else 20 if width >= NORMAL else 18 if width >= ROOMY else 16),
        Column("best", 6, right=True),
        Column("±", 5),
        Column("steps", 5, right=True, from_width=NORMAL),
        Column("cost", 7, right=True),
        Column("status", 10),
        Column("used", 8 if wide else 6, right=True, from_width=ROOMY),
        Column("", 3),
        Column("task", 18 if wide else 0),
        Column("models", 0, from_width=WIDE),
    )


class SessionList(Screen[None]):
    """All sessions of a database.

    Args:
        shelf: What can be done with them.
        keymap: Keys that the person chose, by command.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings.bindings(SESSION_COMMANDS),
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
        self._making_demo = False
        self._stamp: object = None
        self._read_at = 0.0
        self.unreadable = False

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Line(id="header")
        yield Input(placeholder="name, task, model or status", id="search", compact=True)
        yield RowList(columns(self.app.size.width), id="sessions")
        yield Line(id="facts")
        yield KeyBar()

    def on_mount(self) -> None:
        """Draw at once; the sessions come from behind."""
        self._draw()
        background.after_paint(self, self.reload)
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
        self.unreadable = False
        self._read_at = asyncio.get_running_loop().time()
        try:
            # Before it is read: what is stored meanwhile is seen at the next look.
            self._stamp = await self.shelf.stamp()
            async for found in self.shelf.entries():
                self._take(found)
        except Exception:
            self.unreadable = True
            raise
        finally:
            first, self.loaded, self._loading = not self.loaded, True, False
            self.draw()
            if first:
                self.post_message(Filled())
        self._wanted = ""

    def _take(self, found: list[Entry]) -> None:
        self.entries = {entry.id: entry for entry in found}
        self.marked &= self.entries.keys()
        self.draw()
        wanted = next((e.id for e in found if e.name == self._wanted), None)
        if wanted is not None:
            self.rows.move_to(wanted)

    def _watch(self) -> None:
        """Look whether another process has stored something, beside the screen."""
        if self.is_current and self.loaded and not self._loading:
            look = cast("WorkType[None]", self._look)
            self.run_worker(look, group="watch", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        busy = any(entry.elsewhere for entry in self.entries.values())
        if busy and asyncio.get_running_loop().time() - self._read_at < BUSY_SECONDS:
            return
        same = await self.shelf.stamp() == self._stamp
        if same or self._loading or not self.is_current:
            return
        if self.rows.key is not None:
            self.rows.move_to(self.rows.key)  # it stays where it is, whatever comes above it
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
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        lines = view.arrange(self.entries.values(), self.field.value, self.order)
        self._lines = {line.entry.id: line for line in lines}
        now = time.time_ns() // 1_000_000
        empty = "Reading the sessions…"
        if self.unreadable and not self.entries:
            empty = view.unreadable(self.shelf.database)
        elif self.loaded:
            empty = view.EMPTY if not self.entries else "No session matches. Escape shows all."
        self.rows.show(list(self._lines), partial(self._row, now), empty=empty)
        total = len(self.entries)
        self.header.show(
            view.header(
                len(lines),
                total,
                self.order,
                len(self.marked),
                loading=not self.loaded,
                unreadable=self.unreadable,
            )
        )
        self.field.display = bool(self.field.value) or self.focused is self.field
        self._draw_facts()
        self.refresh_bindings()

    def _row(self, now: int, id_: int) -> Row:
        return view.row(self._lines[id_], marked=id_ in self.marked, now=now)

    def _draw_facts(self) -> None:
        entry = self.selected
        parent = self.entries.get(entry.parent or 0) if entry else None
        told = view.detail(entry, parent.name if parent else "")
        self.facts.show([*view.marked_line(len(self.marked & self._lines.keys())), *told])

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
        if action == "ablation":
            return self.is_mounted and self.selected is not None and self.selected.label is not None
        if action in ("search", "sort", "reverse"):
            return bool(self.entries)
        if action == "compare":
            return len(self.entries) > 1
        if action == "demo":
            return self.loaded and not self.entries and not self.unreadable
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
