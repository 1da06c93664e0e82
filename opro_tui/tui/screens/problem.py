"""What went wrong, what to do about it, and one key to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from opro_tui.tui.format import plain
from opro_tui.tui.screens.layers import PAGER, Layer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.binding import BindingType

RETRY = "retry"


class Problem(Layer[str]):
    """A failure to read, copy and try again; answers `RETRY` or nothing.

    Args:
        title: What was being done.
        text: What happened; may hold an endpoint's words.
        todo: What to do about it.
        log: The log file; None where nothing was written.
        again: What trying again does, as the label of its key; empty where it makes no sense.
        kept: What is still so in spite of it; empty where that isn't known.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "close", "Close", show=False),
        Binding(
            "r",
            "retry",
            "Try again",
            show=False,
            tooltip="Do again what failed.",
            id="problem_retry",
        ),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy the whole message.", id="copy"),
        PAGER,
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(
        self,
        title: str,
        text: str,
        *,
        todo: Sequence[str] = (),
        log: Path | None = None,
        again: str = "",
        kept: str = "",
    ) -> None:
        super().__init__(title)
        self.text = text
        self.todo = tuple(todo)
        self.log_file = log
        self.again = again
        self.kept = kept

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="-error"):
            with VerticalScroll(id="body"):
                yield Static(plain(self.text), id="text")
                if self.todo:
                    lines = "\n".join(f"• {item}" for item in self.todo)
                    yield Static(plain(f"What to do\n{lines}"), id="todo")
                log = f"The log: {self.log_file}" if self.log_file else ""
                if words := " ".join(filter(None, (self.kept, log))):
                    yield Static(plain(words), id="log")
            retry = f"r {self.again} · " if self.again else ""
            yield Static(Content(f"{retry}y copies it · Escape closes"), id="hint")

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self.query_one("#body").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Only what can be done again is offered again."""
        return action != "retry" or bool(self.again)

    def action_retry(self) -> None:
        """Try again."""
        self.dismiss(RETRY)

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#body").scroll_relative(y=lines, animate=False)

    @property
    def whole(self) -> str:
        """All of it, for the clipboard."""
        todo = "".join(f"\n- {item}" for item in self.todo)
        return f"{self.heading}\n\n{self.text}\n{todo}".rstrip() + "\n"

    def action_copy(self) -> None:
        """Send it to the terminal's clipboard."""
        self.app.copy_to_clipboard(self.whole)
