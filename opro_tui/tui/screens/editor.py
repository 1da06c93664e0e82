"""A layer to write a text of several lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static, TextArea

from opro_tui.tui import background
from opro_tui.tui.external import write_outside
from opro_tui.tui.format import harmless, plain, safe
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.widgets.safe_text_area import SafeTextArea

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType


@dataclass(frozen=True, slots=True)
class Written:
    """What came of an editor.

    Attributes:
        text: What stands in it.
        saved: Whether it shall be used; else it is a draft to be kept.
    """

    text: str
    saved: bool


class Editor(Layer[Written]):
    """A text to edit: Enter is a new line, Ctrl+S, F2 or the button save it.

    Args:
        title: What is edited.
        text: What it is now.
        hint: What to mind.
        draft: What was written before and not saved.
        since: When that was, for the person.
        keep: Takes what isn't saved yet, as it is typed; None once nothing is.
        check: Says what is odd about a text; it can be saved all the same.
        refuse: Says why a text can't be saved; empty where it can.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s,f2",
            "save",
            "Save",
            priority=True,
            tooltip="Use what is written.",
            id="editor_save",
        ),
        Binding(
            "ctrl+e,f4",
            "outside",
            "$EDITOR",
            priority=True,
            tooltip="Write the text in your own editor, named by $VISUAL or $EDITOR.",
            id="editor_outside",
        ),
        Binding(
            "ctrl+l,f9",
            "discard",
            "Discard",
            priority=True,
            tooltip="Give up what isn't saved; Ctrl+Z leads back.",
            id="editor_discard",
        ),
    ]

    def __init__(
        self,
        title: str,
        text: str,
        hint: str,
        *,
        draft: str | None = None,
        since: str = "",
        keep: Callable[[str | None], None] = lambda _: None,
        check: Callable[[str], str] = lambda _: "",
        refuse: Callable[[str], str] = lambda _: "",
    ) -> None:
        super().__init__(title)
        self.original = text
        self.hint = hint
        self.draft = draft
        self.since = since
        self.keep = keep
        self.check = check
        self.refuse = refuse
        self._over = False

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="wide"):
            yield Static(plain(self.hint), id="text")
            yield SafeTextArea(
                self.original if self.draft is None else self.draft,
                id="editor",
                tab_behavior="focus",
                show_line_numbers=False,
            )
            yield Static(Content(""), id="problem")
            with Horizontal(id="buttons"):
                yield Button(Content("Save ^S"), id="save", compact=True)
                yield Button(Content("$EDITOR ^E"), id="outside", compact=True)
                yield Button(Content("Discard ^L"), id="revert", compact=True)
                yield Button(Content("Close Esc"), id="close", compact=True)

    def on_mount(self) -> None:
        """Start typing at once."""
        self.query_one(TextArea).focus()
        if self.draft is not None:
            self._say(f"Draft of {self.since} restored; ^L discards it.")

    def on_text_area_changed(self) -> None:
        """Say what is odd about the text."""
        if self._over:
            return
        text = self.query_one(TextArea).text
        if text != self.draft:
            self._say(self.check(text))
        self.keep(None if text == self.original else text)

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(Content(harmless(text)))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        match event.button.id:
            case "save":
                self.action_save()
            case "outside":
                self.action_outside()
            case "revert":
                self.action_discard()
            case _:
                self.action_close()

    def _write(self, text: str) -> None:
        area = self.query_one(TextArea)
        area.replace(text, (0, 0), area.document.end)
        area.focus()

    @background.after_typing
    def action_discard(self) -> None:
        """Give up what isn't saved."""
        self._write(self.original)

    @background.after_typing
    def action_outside(self) -> None:
        """Write the text in the person's own editor."""
        background.start(self, "outside", self._write_outside)

    async def _write_outside(self) -> None:
        before = self.query_one(TextArea).text
        outcome = await write_outside(self.app, before, "solution", keep=self.keep)
        if outcome.text is not None:
            self._write(outcome.text)
        if outcome.problem:
            self.notify(safe(outcome.problem, 300), markup=False, severity="warning")

    @background.after_typing
    def action_save(self) -> None:
        """Use the text; one that is refused stays, with the reason under it."""
        text = self.query_one(TextArea).text
        if reason := self.refuse(text):
            self._say(reason)
            return
        self._over = True
        self.dismiss(Written(text, saved=True))

    def action_close(self) -> None:
        """Close it; what was written is kept as a draft."""
        self.dismiss(Written(self.query_one(TextArea).text, saved=False))
