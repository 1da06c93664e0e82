"""Where a solution came from: its words, and the chain of solutions that led to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.content import Content
from textual.widgets import Static

from opro_tui.engine.lineage import lineage
from opro_tui.tui import lineage_view as view
from opro_tui.tui.messages import Failed
from opro_tui.tui.screens.layers import PAGER, Layer
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.row_list import RowList
from opro_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.lineage import Lineage, Link
    from opro_tui.core.state import State
    from opro_tui.tui.parts import Row
    from opro_tui.tui.steering import Steering

Pair = tuple[int, int | None]
"""A solution, and the one that shall stand beside it."""


class LineageLayer(Layer[Pair]):
    """A solution's history; Enter shows a change in full, the two solutions side by side.

    Args:
        steering: The open session.
        key: The solution.
    """

    BINDINGS: ClassVar[list[BindingType]] = [PAGER]

    words = getters.query_one("#words", TextView)
    rows = getters.query_one("#chain", RowList)
    text = getters.query_one("#change", TextView)

    def __init__(self, steering: Steering, key: int) -> None:
        super().__init__(f"Where #{key} came from")
        self.steering = steering
        self.key = key
        self.state: State = steering.state
        self.found: Lineage | None = None

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="wide lineage") as box:
            box.border_subtitle = "compares words, proves no cause"
            yield TextView(id="words")
            yield FilteredList(view.COLUMNS, id="chain")
            yield TextView(id="change")
            hint = "¹ step ᵉ edit ᶜ critique ⁱ instructions ˣ exemplar ʸ yours · Enter pair"
            yield Static(Content(hint), id="hint")

    def on_mount(self) -> None:
        """Trace it, in a thread: a long session takes a while."""
        self.rows.focus()
        self.rows.show((), lambda _: (), empty="Tracing it back…")
        self.run_worker(self._trace(), group="lineage", exit_on_error=False)

    async def _trace(self) -> None:
        try:
            found = await asyncio.to_thread(lineage, self.steering.session, self.key)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            words = self.steering.what_failed(error)
            self.app.post_message(Failed("The solution can't be traced back", words))
            return
        self.found, self.state = found, self.steering.state
        self.words.show(view.text(self.state, found))
        self.rows.show(found.chain, self._row, empty="")
        self.rows.move_to(self.key)
        self._tell(self.key)

    def _link(self, id_: int) -> Link | None:
        links = self.found.links if self.found else ()
        return next((link for link in links if link.child == id_), None)

    def _row(self, id_: int) -> Row:
        return view.row(self.state, id_, self._link(id_))

    def _tell(self, id_: int) -> None:
        if self.found is not None:
            content = view.change(self.state, id_, self._link(id_), self.found)
            self.text.show(content, top=True)

    @property
    def whole(self) -> str:
        """What a pager reads: where the words came from, and the change at hand."""
        return f"{self.words.content.plain}\n\n{self.text.content.plain}"

    def on_row_list_highlighted(self, event: RowList.Highlighted) -> None:
        """Show what led to it."""
        event.stop()
        self._tell(event.key)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show it in full, with the one before it beside it."""
        event.stop()
        link = self._link(event.key)
        self.dismiss((event.key, link.parent if link else None))
