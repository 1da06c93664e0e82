"""Every action that the screen below offers: type to find one, Enter does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from opro_tui.tui import bindings, help_view
from opro_tui.tui.commands import COMMANDS
from opro_tui.tui.format import plain
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.tui.commands import Command

COLUMNS = (Column("keys", 10), Column("", 13), Column("", 0))
HINT = "Type to find · ↑ ↓ choose · Enter does it · Escape closes"


class HelpLayer(Layer[str]):
    """The help; answers the action that the person chose.

    Args:
        keymap: Keys that the person chose, by command.
        table: The commands of the screen below.
        pane: The id of the pane whose actions stand first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("f1", "close", show=False),
    ]
    AUTO_FOCUS = "#search"

    rows = getters.query_one("#actions", RowList)

    def __init__(
        self, keymap: Mapping[str, str], table: Iterable[Command] = COMMANDS, pane: str = ""
    ) -> None:
        super().__init__("Help: what can be done here")
        self.keymap = keymap
        self.table = tuple(table)
        self.pane = pane
        self.lines: tuple[help_view.Line, ...] = ()

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="wide"):
            yield Input(id="search", placeholder="type to find an action or a mark", compact=True)
            yield RowList(COLUMNS, id="actions", led=True)
            yield Static(Content(""), id="explanation")
            yield Static(Content(HINT), id="hint")

    def on_mount(self) -> None:
        """List everything."""
        self._list("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what matches."""
        self._list(event.value)

    def _list(self, wanted: str) -> None:
        below = self.app.screen_stack[-2]
        possible = {each.id for each in self.table if bindings.possible(below, each)}
        self.lines = help_view.lines(
            self.table, self.keymap, pane=self.pane, possible=possible, wanted=wanted
        )
        empty = f"Nothing matches {wanted!r}."
        self.rows.show(
            range(len(self.lines)), lambda index: help_view.row(self.lines[index]), empty=empty
        )
        first = next((i for i, line in enumerate(self.lines) if line.sentence), None)
        if first is not None:
            self.rows.move_to(first)
        self._explain()

    def on_row_list_highlighted(self) -> None:
        """Say the whole sentence of the line."""
        self._explain()

    @property
    def chosen(self) -> help_view.Line | None:
        """The line under the cursor."""
        key = self.rows.key
        return None if key is None or key >= len(self.lines) else self.lines[key]

    def _explain(self) -> None:
        line = self.chosen
        text = "" if line is None else line.sentence
        if line is not None and line.command is not None and not line.possible:
            text += " Not possible now."
        self.query_one("#explanation", Static).update(plain(text))

    def action_move(self, by: int) -> None:
        """Move the cursor; headings are passed over."""
        at = self.rows.cursor + by
        at = max(0, min(at, len(self.lines) - 1))
        step = 1 if by > 0 else -1
        while 0 <= at < len(self.lines) and not self.lines[at].sentence:
            at += step
        if 0 <= at < len(self.lines):
            self.rows.move_to(at)
            self._explain()

    def on_input_submitted(self) -> None:
        """Do what is chosen."""
        self._do()

    def on_row_list_chosen(self) -> None:
        """Do what is chosen."""
        self._do()

    def _do(self) -> None:
        line = self.chosen
        if line is None or line.command is None:
            return
        if not line.possible:
            self.notify(f"{line.label} is not possible now.", markup=False)
            return
        below = self.app.screen_stack[-2]
        self.dismiss(None)
        if line.command.action != "help":
            below.call_after_refresh(below.run_action, line.command.action)


def help_layer(
    keymap: Mapping[str, str], table: Iterable[Command] = COMMANDS, pane: str = ""
) -> HelpLayer:
    """The help as a layer; arguments as `HelpLayer`."""
    return HelpLayer(keymap, table, pane)
