"""A layer that shows what differs: by the person's hand, or since the last step."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from opro_tui.core.errors import OproError
from opro_tui.tui import background
from opro_tui.tui.differences import compare, summary
from opro_tui.tui.format import safe
from opro_tui.tui.parts import Part
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.widgets.diff_view import DiffView
from opro_tui.tui.widgets.line import Line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that can be compared.

    Attributes:
        label: What is compared, for the button.
        old: What − stands for.
        new: What + stands for.
        load: Gets the old and the new text.
    """

    label: str
    old: str
    new: str
    load: Callable[[], Awaitable[tuple[str, str]]]


class Differences(Layer[None]):
    """What differs between two prompts, of one of several pairs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "t,D,right,left",
            "other",
            "Other pair",
            show=False,
            tooltip="Show the other comparison.",
            id="difference_other",
        ),
        Binding(
            "O,Y",
            "app.page",
            "$PAGER",
            show=False,
            tooltip="Read the differences in your own pager, named by $PAGER.",
            id="pager",
        ),
        Binding("q", "close", "Close", show=False),
    ]

    view = getters.query_one(DiffView)
    facts = getters.query_one("#facts", Line)

    def __init__(self, pairs: Sequence[Pair]) -> None:
        super().__init__("Differences of meta-prompts")
        self.pairs = tuple(pairs)
        self.place = 0
        self.loaded: tuple[str, str] | None = None

    @property
    def whole(self) -> str:
        """The differences as a unified diff, for a pager."""
        if self.loaded is None:
            return ""
        pair = self.pairs[self.place]
        old, new = (text.splitlines() for text in self.loaded)
        return "\n".join(unified_diff(old, new, pair.old, pair.new, n=3, lineterm=""))

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="whole"):
            with Horizontal(id="buttons"):
                for number, pair in enumerate(self.pairs):
                    yield Button(Content(safe(pair.label, 40)), id=f"pair-{number}", compact=True)
            yield Line(id="facts")
            yield DiffView(id="difference")
            hint = "n N next and previous difference · Escape closes"
            if len(self.pairs) > 1:
                hint = f"t the other comparison · {hint}"
            yield Static(Content(hint), id="hint")

    def on_mount(self) -> None:
        """Show the first pair."""
        self.view.focus()
        self._show()

    def action_other(self) -> None:
        """Show the next pair."""
        self.place = (self.place + 1) % len(self.pairs)
        self._show()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Show the pair that was asked for."""
        self.place = int(str(event.button.id).removeprefix("pair-"))
        self._show()

    def _show(self) -> None:
        for number, button in enumerate(self.query(Button)):
            button.set_class(number == self.place, "-chosen")
            mark = "▸ " if number == self.place else "  "
            button.label = Content(mark + safe(self.pairs[number].label, 40))
        background.start(self, "difference", self._load, self.pairs[self.place])

    async def _load(self, pair: Pair) -> None:
        try:
            old, new = await pair.load()
            comparison = await asyncio.to_thread(compare, old, new)
            self.loaded = (old, new)
        except OproError as error:
            self.view.show(None, empty="There is nothing to compare.")
            self.facts.show([Part(f"! {safe(str(error), 200)}", "warning")])
            return
        self.view.show(comparison)
        self.facts.show(
            [
                Part(summary(comparison), "strong", 90),
                Part(f"− {safe(pair.old, 40)}", "removed", 60),
                Part(f"+ {safe(pair.new, 40)}", "added", 60),
            ]
        )
