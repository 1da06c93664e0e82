"""A layer to write a text of several lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static, TextArea

from opro_tui.tui.format import harmless, pictured, plain
from opro_tui.tui.screens.layers import Layer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.text import Text
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


class SafeTextArea(TextArea):
    """A text area that edits any text and draws only what does no harm."""

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        line = super().get_line(line_index)
        line.plain = pictured(line.plain)
        return line


class Editor(Layer[Written]):
    """A text to edit: Enter is a new line, Ctrl+S, F2 or the button save it.

    Args:
        title: What is edited.
        text: What it is now.
        hint: What to mind.
        draft: What was written before and not saved.
        check: Says what is odd about a text; it can be saved all the same.
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
    ]

    def __init__(
        self,
        title: str,
        text: str,
        hint: str,
        *,
        draft: str | None = None,
        check: Callable[[str], str] = lambda _: "",
    ) -> None:
        super().__init__(title)
        self.original = text
        self.hint = hint
        self.draft = draft
        self.check = check

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
                yield Button(Content("Save (Ctrl+S)"), id="save", compact=True)
                yield Button(Content("Revert"), id="revert", compact=True)
                yield Button(Content("Close (Esc)"), id="close", compact=True)

    def on_mount(self) -> None:
        """Start typing at once."""
        self.query_one(TextArea).focus()
        if self.draft is not None:
            self._say("This is your draft from before; Revert brings the saved text back.")

    def on_text_area_changed(self) -> None:
        """Say what is odd about the text."""
        text = self.query_one(TextArea).text
        if text != self.draft:
            self._say(self.check(text))

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(Content(harmless(text)))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        area = self.query_one(TextArea)
        if event.button.id == "save":
            self.action_save()
        elif event.button.id == "revert":
            area.replace(self.original, (0, 0), area.document.end)
            area.focus()
        else:
            self.action_close()

    def action_save(self) -> None:
        """Use the text."""
        self.dismiss(Written(self.query_one(TextArea).text, saved=True))

    def action_close(self) -> None:
        """Close it; what was written is kept as a draft."""
        self.dismiss(Written(self.query_one(TextArea).text, saved=False))
