"""The layers that open over the workbench; Escape closes each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from rich.table import Table
from rich.text import Text
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from opro_tui.tui.format import harmless, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

Result = TypeVar("Result")


PAGER = Binding(
    "O,Y",
    "app.page",
    "$PAGER",
    show=False,
    tooltip="Read the text in your own pager, named by $PAGER.",
    id="pager",
)
"""The key of layers whose `whole` can be read elsewhere."""


class Layer(ModalScreen[Result]):
    """A box over the workbench, closed by Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False, tooltip="Close it.", id="layer_close"),
        Binding(
            "question_mark,f1",
            "app.help_here",
            "Help",
            show=False,
            tooltip="Show every key with what it does.",
            id="help",
        ),
        Binding(
            "colon",
            "app.command_palette",
            "Palette",
            show=False,
            tooltip="Find any action by its name.",
            id="palette",
        ),
    ]

    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - as Textual has it

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = title

    def box(self, *, classes: str = "") -> Vertical:
        """The frame, with the layer's title."""
        frame = Vertical(id="box", classes=classes)
        frame.border_title = Content(harmless(self.heading)).markup
        return frame

    def action_close(self) -> None:
        """Close it and change nothing."""
        self.dismiss(None)

    def action_copy_text(self) -> None:
        """Ctrl+C: copy what is selected; else what it does without a layer."""
        if self.get_selected_text() is not None:
            super().action_copy_text()
        else:
            self.app.action_help_quit()


class Reader(Layer[None]):
    """A text to read: a solution, an error, the messages, the keys.

    Args:
        title: What it is.
        text: The text.
        facts: Names and values above it.
        tone: The class of its frame.
        copies: What y copies, where that is not the text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "close", "Close", show=False),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy the whole text.", id="copy"),
        PAGER,
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(
        self,
        title: str,
        text: str,
        facts: Iterable[tuple[str, str]] = (),
        *,
        tone: str = "",
        copies: str = "",
    ) -> None:
        super().__init__(title)
        self.copies = copies or text
        self.text = text
        self.facts = tuple(facts)
        self.tone = tone

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes=self.tone):
            with VerticalScroll(id="body"):
                if self.facts:
                    yield Static(_table(self.facts), id="facts")
                if self.text:
                    yield Static(plain(self.text), id="text")
            yield Static(
                Content("Escape closes · y copies the text · O reads it in $PAGER"), id="hint"
            )

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self.query_one("#body").focus()

    @property
    def whole(self) -> str:
        """All of it, for a pager."""
        return self.copies

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#body").scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Send the text to the terminal's clipboard."""
        self.app.copy_to_clipboard(self.copies)


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    """Names and values in two columns, the values wrapped within theirs."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for name, words in rows:
        table.add_row(Text(name), Text(harmless(words)))
    return table


class Question(Layer[str]):
    """A choice between a few answers, each with a key of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, text: str, answers: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(title)
        self.text = text
        self.answers = tuple(answers)

    def compose(self) -> ComposeResult:
        """Build it; an answer is (name, key, label)."""
        with self.box():
            yield Static(plain(self.text), id="text")
            with Vertical(id="buttons"):
                for name, key, label in self.answers:
                    yield Button(Content(f"{label} ({key})"), id=name, compact=True)

    def on_mount(self) -> None:
        """Bind the answers' keys and stand on the first, which does the least."""
        for name, key, _ in self.answers:
            self._bindings.bind(key, f"answer('{name}')", show=False)
        self.query(Button).first().focus()

    def action_answer(self, name: str) -> None:
        """Give an answer."""
        self.dismiss(name)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Give an answer."""
        self.dismiss(event.button.id)


class Prompt(Layer[str]):
    """A short value, checked while it is typed.

    Args:
        title: What is asked for.
        text: What it means, with its limits.
        value: What stands there first.
        check: Says what is wrong with a value; None when nothing is.
    """

    def __init__(
        self, title: str, text: str, value: str, check: Callable[[str], str | None]
    ) -> None:
        super().__init__(title)
        self.text = text
        self.value = value
        self.check = check

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box():
            yield Static(plain(self.text), id="text")
            yield Input(self.value, id="value", select_on_focus=True)
            yield Static(Content(""), id="problem")
            yield Static(Content("Enter accepts · Escape cancels"), id="hint")

    def on_mount(self) -> None:
        """Start typing at once."""
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong while it is typed."""
        self._complain(self.check(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the value if it is good."""
        problem = self.check(event.value)
        self._complain(problem)
        if problem is None:
            self.dismiss(event.value)

    def _complain(self, problem: str | None) -> None:
        self.query_one("#problem", Static).update(plain(problem or ""))
