"""The instructions nearest to one, with what a few other words did to the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.content import Content
from textual.widgets import Static

from opro_tui.tui import answers as said
from opro_tui.tui import format as fmt
from opro_tui.tui.compare import in_words, paired
from opro_tui.tui.messages import Failed
from opro_tui.tui.parts import Cell, Row
from opro_tui.tui.scoring import Scoring
from opro_tui.tui.screens.layers import PAGER, Layer
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.row_list import Column, RowList
from opro_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.difference import LookAlike
    from opro_tui.core.state import State
    from opro_tui.tui.steering import Steering

COLUMNS = (
    Column("#", 5, right=True),
    Column("alike", 5, right=True),
    Column("score", 11, right=True),
    Column("against it", 12),
    Column("instruction", 0),
)


def row(state: State, key: int, found: LookAlike) -> Row:
    """A look-alike's row: number, likeness, score, its difference to the selected one, text."""
    other = found.candidate
    score = other.score
    shown = Cell() if score is None else Cell(fmt.with_half_width(score, state.facts), "strong")
    return (
        Cell(str(other.id), "muted"),
        Cell(f"{100 * found.likeness:.0f} %"),
        shown,
        against(state, key, other.id),
        Cell(fmt.safe(other.text, 400) or "(empty)"),
    )


def against(state: State, key: int, other: int) -> Cell:
    """How another solution's score differs from one's, on the examples both have."""
    own, score = state.candidates[key].score, state.candidates[other].score
    if own is None or score is None:
        return Cell()
    found = paired(state, score, own)
    if not found.gap:
        return Cell("= the same", "muted")
    better = (found.gap < 0) == state.facts.minimize
    noise = "" if found.apart else " ~"
    text = f"{'▲' if better else '▼'} {fmt.change(found.gap, state.facts)}{noise}"
    return Cell(text, ("better" if better else "worse") if found.apart else "")


class LookAlikes(Layer[int]):
    """The nearest instructions; Enter shows one in full.

    Args:
        steering: The open session.
        key: The solution whose look-alikes are shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [PAGER]

    rows = getters.query_one("#alike", RowList)
    text = getters.query_one("#difference", TextView)

    def __init__(self, steering: Steering, key: int) -> None:
        super().__init__(f"Look-alikes of #{key}")
        self.steering = steering
        self.key = key
        self.found: dict[int, LookAlike] = {}

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="wide alikes"):
            yield Static(fmt.plain(self._about()), id="text")
            yield FilteredList(COLUMNS, id="alike")
            yield TextView(id="difference")
            hint = "[-gone-] {+come+} · ~ may be noise · Enter shows it · Esc closes"
            yield Static(Content(hint), id="hint")

    @property
    def whole(self) -> str:
        """What a pager reads: the solution, and how the one at hand differs."""
        return f"{self._about()}\n\n{self.text.content.plain}"

    def _about(self) -> str:
        state, candidate = self.steering.state, self.steering.state.candidates[self.key]
        score = candidate.score
        shown = "no score" if score is None else fmt.with_half_width(score, state.facts)
        return f"{shown} · {fmt.safe(candidate.text, 120) or '(empty)'}"

    def on_mount(self) -> None:
        """Look them up."""
        self.rows.focus()
        self.rows.show((), lambda _: (), empty="Looking for look-alikes…")
        self.run_worker(self._look_up(), group="look-alikes", exit_on_error=False)

    async def _look_up(self) -> None:
        try:
            found = await Scoring(self.steering).look_alikes(self.key)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            words = self.steering.what_failed(error)
            self.app.post_message(Failed("The look-alikes can't be found", words))
            return
        self.found = {item.candidate.id: item for item in found}
        nothing = "No other scored instruction shares a word with it."
        self.rows.show(tuple(self.found), self._row, empty=nothing)

    def _row(self, key: int) -> Row:
        return row(self.steering.state, self.key, self.found[key])

    def on_row_list_highlighted(self, event: RowList.Highlighted) -> None:
        """Show how it differs."""
        event.stop()
        state = self.steering.state
        own, other = state.candidates[self.key], state.candidates[event.key]
        parts: list[Content] = []
        if own.score is not None and other.score is not None:
            verdict = (
                f"#{other.id} is {in_words(paired(state, other.score, own.score), state.facts)}"
            )
            parts += [Content.styled(verdict, "bold"), Content("\n\n")]
        parts.append(said.long_difference(own.text, other.text))
        self.text.show(Content("").join(parts), top=True)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show it in full."""
        event.stop()
        self.dismiss(event.key)
