"""A field of the form: its label, what is typed, and beside it what it means or what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from opro_tui.tui.format import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.tui.screens.new_session.form import Field

BAD, GOOD, MIND = "✕ ", "✓ ", "! "


class FromChoices(Suggester):
    """Completes what is typed to the first choice that begins with it."""

    def __init__(self, choices: Callable[[], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=False)
        self.choices = choices

    async def get_suggestion(self, value: str) -> str | None:
        """The completion; None when there is none."""
        begins = (c for c in self.choices() if c.isprintable() and c.casefold().startswith(value))
        return next(begins, None) if value else None


class FieldInput(Input):
    """A line to type in: Enter takes a completion, else goes on; ↓ lists the choices."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose", "Choices", show=False),
        Binding("enter", "go_on", "Next", show=False),
    ]

    class Choose(Message):
        """The person wants to see the choices."""

        def __init__(self, field: FieldInput) -> None:
            super().__init__()
            self.field = field

    def action_choose(self) -> None:
        """List the choices."""
        self.post_message(self.Choose(self))

    async def action_go_on(self) -> None:
        """Take the completion, if one is shown; else go to the next field."""
        if self._suggestion and self._suggestion != self.value and self.cursor_at_end:
            self.action_cursor_right()
        else:
            await self.action_submit()


class More(Static):
    """The sign beside a field that has choices; a click lists them."""

    class Clicked(Message):
        """It was clicked."""

    def on_click(self) -> None:
        """List the choices."""
        self.post_message(self.Clicked())


class FieldRow(Horizontal):
    """A field with its label and its note.

    Args:
        field: What is asked.
        choices: What the text may be completed to, now.
    """

    def __init__(self, field: Field, choices: Callable[[], Sequence[str]]) -> None:
        super().__init__(id=f"row-{field.name}", classes="field")
        self.field = field
        self.choices = choices
        self.problem = ""
        self.told = ""
        self.warned = ""

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Static(plain(self.field.label), classes="label")
        yield FieldInput(
            placeholder=self.field.default,
            id=f"field-{self.field.name}",
            compact=True,
            select_on_focus=False,
            suggester=FromChoices(self.choices),
        )
        yield More(plain("▾"), classes="more")
        yield Static(plain(self.field.help), classes="note")

    def on_mount(self) -> None:
        """Offer the list only where there is one."""
        self.query_one(".more").display = bool(self.field.choices) or self.field.name in (
            "task",
            "optimizer",
            "scorer",
            "judge",
            "metric",
            "input",
            "target",
        )

    @property
    def input(self) -> FieldInput:
        """Where it is typed."""
        return self.query_one(FieldInput)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.input.value

    def on_more_clicked(self) -> None:
        """List the choices."""
        # From here: a message that a child posts on our behalf does not pass its parent.
        self.post_message(FieldInput.Choose(self.input))

    def say(
        self, *, problem: str | None = None, told: str | None = None, warned: str | None = None
    ) -> None:
        """Say what is wrong, to mind, or better than the help; empty takes it back."""
        before = (self.problem, self.told, self.warned)
        self.problem = self.problem if problem is None else problem
        self.told = self.told if told is None else told
        self.warned = self.warned if warned is None else warned
        if (self.problem, self.told, self.warned) == before:
            return
        note = self.query_one(".note", Static)
        note.set_class(bool(self.problem), "-bad")
        note.set_class(bool(self.warned) and not self.problem, "-mind")
        if self.problem:
            note.update(plain(BAD + self.problem))
        elif self.warned:
            note.update(plain(MIND + self.warned))
        else:
            note.update(plain(GOOD + self.told if self.told else self.field.help))

    def hint(self, text: str) -> None:
        """Show in the empty field what will hold."""
        self.input.placeholder = plain(text).plain or self.field.default
