"""A layer over the training set: see, pin, drop, redraw and find the prompt's exemplars."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from opro_tui.core.edits import Edits
from opro_tui.tui import background
from opro_tui.tui import exemplar_rows as view
from opro_tui.tui import format as fmt
from opro_tui.tui.answers import long_text
from opro_tui.tui.parts import Part
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.protocols import Example
    from opro_tui.tui.parts import Row

Make = Callable[[Edits], Awaitable[bool]]
REFRESHES_PER_SECOND = 8
COLUMNS = (
    Column("in prompt", 9),
    Column("#", 5, right=True),
    Column("wrong", 5, right=True),
    Column("target", 14, from_width=60),
    Column("question", 0),
)
LONGEST_TITLE = 70


class Exemplars(Layer[None]):
    """The training examples and their places in the next prompt.

    Args:
        examples: The training examples.
        shelf: Gives what stands where now, without wrong rates.
        wrong_rates: Works those out.
        make: Makes edits; whether they could be made.
        why_not: Why nothing can be changed; empty when it can.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "p",
            "pin",
            "Pin",
            show=False,
            tooltip="Always show the example to the optimizer, or no longer; Enter as well.",
            id="exemplar_pin",
        ),
        Binding(
            "d",
            "drop",
            "Drop",
            show=False,
            tooltip="Never show the example to the optimizer, or show it again.",
            id="exemplar_drop",
        ),
        Binding(
            "r",
            "redraw",
            "Redraw",
            show=False,
            tooltip="Draw others for the next step; pinned ones stay.",
            id="exemplar_redraw",
        ),
        Binding(
            "slash,Q",
            "search",
            "Search",
            show=False,
            tooltip="List only examples that hold some words.",
            id="exemplar_search",
        ),
        Binding(
            "y",
            "copy",
            "Copy",
            show=False,
            tooltip="Copy the whole example under the cursor.",
            id="copy",
        ),
        Binding("q", "close", "Close", show=False),
    ]

    rows = getters.query_one("#examples", RowList)
    search = getters.query_one("#example-search", Input)
    facts = getters.query_one("#facts", Line)

    def __init__(
        self,
        examples: Sequence[Example],
        shelf: Callable[[], view.Shelf],
        wrong_rates: Callable[[], Awaitable[Mapping[int, float]]],
        make: Make,
        *,
        why_not: str = "",
    ) -> None:
        super().__init__("Exemplars")
        self.examples = {example.index: example for example in examples}
        self.shelf_now = shelf
        self.wrong_rates = wrong_rates
        self.make = make
        self.why_not = why_not
        self.shelf = view.Shelf()
        self._texts = view.searchable(examples)
        self._wrong: Mapping[int, float] = {}
        self._seen: view.Shelf | None = None

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="whole"):
            words = "/ to search question, target or #number"
            yield Input(id="example-search", compact=True, placeholder=words)
            yield RowList(COLUMNS, id="examples")
            yield Line(id="facts")
            with VerticalScroll(id="body"):
                yield Static(Content(""), id="text")
            hint = "p pin · d drop · Enter picks · r redraw · / search · Escape closes"
            yield Static(Content(self.why_not or hint), id="hint")

    def on_mount(self) -> None:
        """Show the list, and follow what becomes of the prompt."""
        self.rows.focus()
        self._refresh()
        self.set_interval(1 / REFRESHES_PER_SECOND, self._refresh)
        background.start(self, "wrong", self._ask_wrong_rates)

    async def _ask_wrong_rates(self) -> None:
        self._wrong = await self.wrong_rates()
        self._refresh(anew=True)

    def _refresh(self, *, anew: bool = False) -> None:
        """Draw again if anything stands elsewhere."""
        now = self.shelf_now()
        if now == self._seen and not anew:
            return
        self._seen = now
        self.shelf = replace(now, wrong=self._wrong)
        self.query_one("#box").border_title = Content(view.title(self.shelf)).markup
        self._list()
        self._tell()

    def _list(self) -> None:
        keys = view.found(self._texts, self.search.value, self.shelf)
        empty = "No example holds all of these words."
        self.rows.show(keys, self._row, empty=empty)
        self.query_one(
            "#box"
        ).border_subtitle = f"{fmt.count(len(keys))} of {fmt.count(len(self.examples))} listed"

    def _row(self, key: int) -> Row:
        return view.row(self.shelf, self.examples[key])

    def _tell(self) -> None:
        """Show the whole of the example under the cursor."""
        key = self.rows.key
        text = self.query_one("#text", Static)
        if key is None:
            self.facts.show([])
            text.update(Content(""))
            return
        example = self.examples[key]
        parts = []
        for place, (name, words) in enumerate(view.facts(self.shelf, example)[:-1]):
            line = f"{name} {fmt.safe(words, LONGEST_TITLE)}"
            parts.append(Part(line, "strong" if not place else "", 90 - place))
        self.facts.show(parts)
        text.update(
            Content("\n\nright answer: ").join(
                [long_text(example.input), long_text(example.target)]
            )
        )

    @on(RowList.Highlighted, "#examples")
    def _another(self) -> None:
        self._tell()
        self.query_one("#body").scroll_home(animate=False)

    @on(Input.Changed, "#example-search")
    def _searched(self) -> None:
        self._list()
        self._tell()

    @on(Input.Submitted, "#example-search")
    def _to_the_list(self) -> None:
        self.rows.focus()

    def action_search(self) -> None:
        """Type what to look for."""
        self.search.focus()

    def action_close(self) -> None:
        """Leave the search field first, then the layer."""
        if self.search.has_focus:
            self.rows.focus()
        elif self.search.value:
            self.search.value = ""
        else:
            self.dismiss(None)

    # Edits

    @on(RowList.Chosen, "#examples")
    async def _picked(self) -> None:
        await self.action_pin()

    async def action_pin(self) -> None:
        """Always show the example, or no longer."""
        key = self.rows.key
        if key is not None:
            self.rows.move_to(key)
            back = key in self.shelf.pinned
            await self._edit(Edits(unpin_exemplar=(key,)) if back else Edits(pin_exemplar=(key,)))

    def action_copy(self) -> None:
        """Copy the example under the cursor."""
        key = self.rows.key
        if key is not None:
            example = self.examples[key]
            self.app.copy_to_clipboard(f"{example.input}\n\n{example.target}")

    async def action_drop(self) -> None:
        """Never show the example, or show it again."""
        key = self.rows.key
        if key is not None:
            self.rows.move_to(key)
            back = key in self.shelf.dropped
            edits = Edits(undrop_exemplar=(key,)) if back else Edits(drop_exemplar=(key,))
            await self._edit(edits)

    async def action_redraw(self) -> None:
        """Draw others for the next step; pinned ones stay."""
        if await self._edit(Edits(redraw=True)):
            self.notify("Drawn anew for the next step; pinned ones stay.", markup=False)

    async def _edit(self, edits: Edits) -> bool:
        if self.why_not:
            self.notify(self.why_not, markup=False, severity="warning")
            return False
        done = await self.make(edits)
        self._refresh()
        return done
