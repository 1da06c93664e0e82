"""The settings between steps: each with its value, its default and what it does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from opro_tui.core.edits import Edits
from opro_tui.engine import conditions
from opro_tui.tui import background, settings_view
from opro_tui.tui.drafts import clock
from opro_tui.tui.format import plain
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.row_list import Column

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.settings import Definition
    from opro_tui.core.state import State
    from opro_tui.tui.drafts import Drafts
    from opro_tui.tui.parts import Row

COLUMNS = (
    Column("setting", 18),
    Column("  value", 22),
    Column("default", 13, from_width=80),
    Column("what it does", 0),
)
HINT = "Enter changes it · u undoes · H history · / filters · Escape closes"


class SettingsList(FilteredList):
    """The settings, whose headings the cursor passes over."""

    def _go(self, index: int) -> None:
        by = 1 if index >= self.cursor else -1
        last = len(self.keys) - 1
        index = max(0, min(index, last))
        while 0 <= index <= last and LINES[self.keys[index]].definition is None:
            index += by
        if 0 <= index <= last:
            super()._go(index)

    @property
    def counted(self) -> str:
        """How many settings of how many are shown."""
        there = sum(line.definition is not None for line in LINES)
        shown = sum(LINES[key].definition is not None for key in self.keys)
        return f"{shown} of {there} shown"

    def _matches(self, key: int, row: Row) -> bool:
        return LINES[key].definition is not None and super()._matches(key, row)

    def show(self, keys: Sequence[int], make: Callable[[int], Row], *, empty: str = "") -> None:
        """As every list's; the cursor never stays on a heading."""
        super().show(keys, make, empty=empty)
        if self.key is not None and LINES[self.key].definition is None:
            self._go(self.cursor + 1)


LINES = settings_view.entries()


class SettingsLayer(Layer[str]):
    """The panel; answers `history` or nothing.

    Args:
        source: The session's state now.
        never: Why not even a fork can change a setting; empty when one can.
        save: Makes an edit; returns what is wrong with it, nothing when it was made.
        undo: Takes the last edit back; returns what to say.
        fork: Offers a fork with other settings, and a note on why.
        drafts: Keeps what is typed and not saved.
        readonly: Why nothing can be changed; empty when it can.
        start: The setting to stand on first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "u",
            "undo",
            "Undo",
            show=False,
            tooltip="Take your last edit back; again for the one before.",
            id="undo",
        ),
        Binding(
            "H",
            "history",
            "History",
            show=False,
            tooltip="Show every edit with its step, what it changed, and why.",
            id="history",
        ),
        Binding(
            "ctrl+l,f9",
            "discard",
            "Discard",
            show=False,
            priority=True,
            tooltip="Give up what is typed in the field and not saved.",
            id="settings_discard",
        ),
        Binding("q", "close", "Close", show=False),
        Binding("comma", "close", "Close", show=False),
    ]
    AUTO_FOCUS = "#settings"

    rows = getters.query_one("#settings", SettingsList)
    field = getters.query_one("#value", Input)
    note = getters.query_one("#note", Input)

    def __init__(
        self,
        source: Callable[[], State],
        never: Callable[[str], str],
        save: Callable[[Edits], Awaitable[str]],
        undo: Callable[[], Awaitable[str]],
        fork: Callable[[Mapping[str, str], str], None],
        drafts: Drafts,
        *,
        readonly: str = "",
        start: str = "",
    ) -> None:
        super().__init__("Settings from the next step on")
        self.source = source
        self.never = never
        self.save = save
        self.undo = undo
        self.fork = fork
        self.drafts = drafts
        self.readonly = readonly
        self.start = start

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="wide"):
            yield SettingsList(COLUMNS, id="settings")
            yield Static(Content(""), id="explanation")
            with Horizontal(id="fields"):
                yield Input(id="value", select_on_focus=True)
                yield Input(id="note", placeholder="optional")
            yield Static(Content(""), id="problem")
            yield Static(Content(HINT), id="hint")

    def on_mount(self) -> None:
        """Show the settings."""
        self.draw()
        names = [line.definition.name if line.definition else "" for line in LINES]
        self.rows.move_to(names.index(self.start) if self.start in names else 1)
        self.note.border_title = "why"
        self._edit_field(on=False)

    def draw(self) -> None:
        """Show the values as they are now."""
        make = partial(_row, self.source())
        self.rows.show(range(len(LINES)), make)

    @property
    def chosen(self) -> Definition:
        """The setting under the cursor."""
        definition = LINES[self.rows.key or 1].definition
        assert definition is not None  # noqa: S101 - the cursor passes over headings
        return definition

    def on_row_list_highlighted(self) -> None:
        """Explain the setting."""
        text = f"{self.chosen.name.replace('_', '-')}: {settings_view.explain(self.chosen)}"
        if not self.chosen.starred:
            text += f" {self._why_fixed()}"
        self.query_one("#explanation", Static).update(plain(text))

    def _why_fixed(self) -> str:
        """What keeps a setting from changing here, and whether a fork can change it."""
        never = self.never(self.chosen.name)
        return never or "Scores would not compare: Enter changes it in a fork, priced first."

    def on_row_list_chosen(self) -> None:
        """Open the field, unless the setting can't change at all."""
        name = self.chosen.name
        never = "" if self.chosen.starred else self.never(name)
        if never:
            self._complain(never)
        elif self.readonly and self.chosen.starred:
            self._complain(f"This session can only be looked at: it is {self.readonly}.")
        else:
            kept = self.drafts.data(self._draft_name) or {}
            with self.prevent(Input.Changed):
                self.field.value = str(kept.get("value", settings_view.typed(self.source(), name)))
                self.note.value = str(kept.get("note", ""))
            title = name.replace("_", "-") + ("" if self.chosen.starred else ", in a fork")
            self.field.border_title = Content(title).markup
            self._edit_field(on=True)
            stored = self.drafts.get(self._draft_name)
            if stored is not None:
                self._complain(f"draft of {clock(stored)} restored; ^L discards it", sign="")

    @property
    def _draft_name(self) -> str:
        return f"setting {self.chosen.name}"

    def _keep(self) -> None:
        """Keep what is typed and not saved, but no address: it might hold a password until then."""
        now = settings_view.typed(self.source(), self.chosen.name)
        value = now if self.chosen.name.endswith("_url") else self.field.value
        typed = {"value": value, "note": self.note.value}
        saved = {"value": now, "note": ""}
        self.drafts.keep(self._draft_name, None if typed == saved else typed)

    @background.after_typing
    def action_discard(self) -> None:
        """Give up what is typed and not saved."""
        if self.query_one("#fields").display:
            self.field.value = settings_view.typed(self.source(), self.chosen.name)
            self.note.value = ""
            self.field.focus()

    def _edit_field(self, *, on: bool) -> None:
        self.query_one("#fields").display = on
        self._complain("")
        self.query_one("#hint", Static).update(Content(self._field_hint() if on else HINT))
        (self.field if on else self.rows).focus()

    def _field_hint(self) -> str:
        """What the keys do in the field, and no more than they do there."""
        saves = "Enter saves" if self.chosen.starred else "Enter prices a fork"
        several = len(settings_view.CHOICES.get(self.chosen.name, ())) > 1
        walk = " · ↑ ↓ walk the choices" if several else ""
        return f"{saves} · Tab to the note{walk} · Escape leaves it as it is"

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong while it is typed, and keep it."""
        if not self.query_one("#fields").display:
            return
        self._keep()
        if event.input is self.field:
            self._complain(settings_view.problem(self.source(), self.chosen.name, self.field.value))

    async def on_input_submitted(self) -> None:
        """Make the edit if the value is good."""
        name, text = self.chosen.name, self.field.value
        problem = settings_view.problem(self.source(), name, text)
        if not problem and self._needs_fork(name, text):
            self.fork({name: text}, self.note.value.strip())
            return
        if not problem and not self.chosen.starred:
            problem = "It is so already."
        if not problem:
            edits = Edits(settings={name: text}, note=self.note.value.strip())
            problem = await self.save(edits)
        if problem:
            self._complain(problem)
            self.field.focus()
            return
        self.drafts.keep(self._draft_name, None)
        self._edit_field(on=False)
        self.draw()

    def _needs_fork(self, name: str, text: str) -> bool:
        """Whether a value can only be had in a fork; until something ran, a limit can be set."""
        fixed = conditions.is_fixed(self.source().settings, name, text)
        return fixed and (not self.chosen.starred or bool(self.source().steps))

    def _complain(self, text: str, *, sign: str = "✕ ") -> None:
        self.query_one("#problem", Static).update(plain(f"{sign}{text}" if text else ""))

    def on_key(self, event: object) -> None:
        """Walk the choices of a setting that takes one of a few."""
        key = getattr(event, "key", "")
        if self.field.has_focus and key in ("up", "down"):
            by = 1 if key == "down" else -1
            self.field.value = settings_view.next_choice(self.chosen.name, self.field.value, by)

    async def action_undo(self) -> None:
        """Take the last edit back."""
        self.notify(await self.undo(), markup=False)
        self.draw()

    def action_history(self) -> None:
        """Show every edit."""
        self.dismiss("history")

    def action_close(self) -> None:
        """Leave the field, or the panel."""
        if self.query_one("#fields").display:
            self._edit_field(on=False)
        else:
            self.dismiss(None)


def _row(state: State, index: int) -> Row:
    return settings_view.row(state, LINES[index])
