"""One candidate in full: its text, its score, every example, and another solution beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.containers import Container
from textual.content import Content

from opro_tui.engine.detail import exchange
from opro_tui.tui import answers as said
from opro_tui.tui import format as fmt
from opro_tui.tui import rows
from opro_tui.tui.answers import Show
from opro_tui.tui.compare import in_words, paired
from opro_tui.tui.messages import Failed
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.parts import Part
from opro_tui.tui.scoring import Scoring
from opro_tui.tui.screens.choose import Choose
from opro_tui.tui.screens.keys import DETAIL_KEYS
from opro_tui.tui.screens.lineage import LineageLayer, Pair
from opro_tui.tui.screens.pane_screen import PaneScreen
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.key_bar import KeyBar
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.row_list import Column
from opro_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.core.usage import Usage
    from opro_tui.engine.detail import Answer, Exchange
    from opro_tui.tui.parts import Row
    from opro_tui.tui.steering import Steering

COLUMNS = (
    Column("ex", 5, right=True),
    Column("verdict", 11),
    Column("beside", 7),
    Column("target", 10),
    Column("read as", 10),
    Column("question", 0),
)
LOOK_SECONDS = 0.5


class DetailScreen(PaneScreen):
    """A candidate with everything that is known of it.

    Args:
        steering: The open session.
        key: The candidate.
        keys: The list it was opened from, to walk along.
        beside: The solution that stands beside it; None for the best.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*DETAIL_KEYS]

    facts = getters.query_one("#facts", Line)
    filters = getters.query_one("#filters", Line)

    def __init__(
        self, steering: Steering, key: int, keys: Sequence[int], *, beside: int | None = None
    ) -> None:
        super().__init__()
        self.steering = steering
        self.scoring = Scoring(steering)
        self.key = key
        self.keys = tuple(keys)
        self.beside = default_beside(steering.state, key) if beside is None else beside
        self.show = Show.ALL
        self.answers: tuple[Answer, ...] = ()
        self.loaded = False
        self.used: Usage | None = None
        self._seen: object = None
        self.text = TextView(id="instruction")
        self.other = TextView(id="beside")
        self.rows = FilteredList(COLUMNS, id="answer-rows")
        self.answer = TextView(id="answer")
        self.panes = (
            Pane(self.text, id="instruction-pane"),
            Pane(self.other, id="beside-pane"),
            Pane(self.rows, id="examples-pane"),
            Pane(self.answer, id="answer-pane"),
        )

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Line(id="facts")
        with Container(id="panes"):
            yield from self.panes
        yield Line(id="filters")
        yield KeyBar()

    def on_mount(self) -> None:
        """Draw what is known, and read the answers."""
        self.rows.focus()
        self.look()
        self.set_interval(LOOK_SECONDS, self.look)

    @property
    def state(self) -> State:
        """The session's state now."""
        return self.steering.state

    @property
    def candidate(self) -> Candidate:
        """The candidate as it is now."""
        return self.state.candidates[self.key]

    def exchanged(self) -> Exchange | None:
        """What it fixed and broke of the other's examples."""
        if self.beside is None:
            return None
        return exchange(self.state, self.state.candidates[self.beside], self.candidate)

    def look(self) -> None:
        """Draw it and read its answers, if anything is new."""
        if not self.steering.opened:
            return
        part = self.state.partial.get(self.key)
        marks = (self.state.pinned, self.state.dropped, self.state.best_id)
        seen = (self.candidate, len(part.grades) if part else 0, self.beside, marks)
        if seen == self._seen:
            return
        self._seen = seen
        self.draw()
        self.run_worker(self._read(), group="detail", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            self.answers = await self.scoring.answers(self.key)
            self.used = await self.scoring.used_by(self.key)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self.app.post_message(
                Failed("The answers can't be read", self.steering.what_failed(error))
            )
            return
        self.loaded = True
        self.draw()

    # Drawing

    def draw(self) -> None:
        """Draw all panes."""
        candidate = self.candidate
        parts = facts_line(self.state, candidate, self.used)
        if (spread := said.spread_of(self.answers)) is not None:
            parts.append(Part(f"judge's grades vary, sd {spread:.2f}", "", 45))
        self.facts.show(parts)
        length = fmt.plural(len(candidate.text), "character")
        self.panes[0].entitle(f"INSTRUCTION #{candidate.id} · {length}")
        text = said.long_text(candidate.text) if candidate.text else Content("(empty)")
        self.text.show(Content("").join([text, *_fate(self.state, candidate)]))
        self._draw_beside()
        self._draw_examples()

    def _draw_beside(self) -> None:
        pane, state = self.panes[1], self.state
        if self.beside is None:
            pane.entitle("BESIDE")
            self.other.show(Content("There is no other scored solution to compare it with yet."))
            return
        other = state.candidates[self.beside]
        score = "" if other.score is None else f" · {fmt.with_half_width(other.score, state.facts)}"
        word = ", the best" if other.id == state.best_id else ""
        pane.entitle(f"BESIDE #{other.id}{word}{score}")
        self.other.show(beside_text(state, self.candidate, other, self.exchanged()))

    def _draw_examples(self) -> None:
        exchanged, total = self.exchanged(), len(self.answers)
        places = said.listed(self.answers, self.show, exchanged)
        self.panes[2].entitle(f"EXAMPLES · {len(places)} of {total} shown · {self.show}")
        empty = "Reading the answers…" if not self.loaded else self._nothing(total)
        self.rows.show(places, partial(self._row, exchanged), empty=empty)
        self.filters.show(filter_line(self.answers, self.show, exchanged))
        self._draw_answer()

    def _nothing(self, total: int) -> str:
        if total:
            return f"No example is {self.show} here. f shows others."
        candidate = self.candidate
        if candidate.rejected is not None:
            return f"Not scored, and nothing was paid for it: {fmt.safe(candidate.rejected, 200)}."
        if candidate.vetoed:
            return "Vetoed before it was scored."
        return "No answers yet. They appear here while the candidate is scored."

    def _row(self, exchanged: Exchange | None, place: int) -> Row:
        return said.row(self.answers[place], self.state.facts, exchanged)

    def _draw_answer(self, *, top: bool = False) -> None:
        place = self.rows.key
        if place is None or place >= len(self.answers):
            self.panes[3].entitle("REQUEST AND ANSWER")
            self.answer.show(Content(""))
            return
        answer = self.answers[place]
        name = "COMPUTED" if answer.example is None else f"EXAMPLE {answer.example.index}"
        self.panes[3].entitle(f"{name} · request and answer")
        self.answer.show(said.exchange(answer, self.state.facts), top=top)

    def on_row_list_highlighted(self) -> None:
        """Show the selected example in full."""
        self._draw_answer(top=True)

    def on_row_list_chosen(self) -> None:
        """Go on to read the example."""
        self.answer.focus()

    # Actions

    def action_show(self, by: int) -> None:
        """List other examples."""
        self.show = self.show.turn(by)
        self._draw_examples()

    def action_only(self, show: str) -> None:
        """List some examples only, or all again."""
        self.show = Show.ALL if self.show == show else Show(show)
        self._draw_examples()

    def action_walk(self, by: int) -> None:
        """Go to another solution of the list it was opened from."""
        if self.key not in self.keys:
            return
        place = self.keys.index(self.key) + by
        if not 0 <= place < len(self.keys):
            self.notify("This is the last one of the list." if by > 0 else "This is the first.")
            return
        was_default = self.beside == default_beside(self.state, self.key)
        self.key, self.answers, self.loaded, self.used = self.keys[place], (), False, None
        if was_default or self.beside == self.key:
            self.beside = default_beside(self.state, self.key)
        self.text.scroll_home(animate=False)
        self.look()

    def action_beside(self) -> None:
        """Choose the solution to compare with."""

        def chosen(name: str | None) -> None:
            if name is not None:
                self.beside = int(name.split()[0].removeprefix("#"))
                self.look()

        options = solution_options(self.state, without=self.key)
        self.app.push_screen(Choose("Beside which solution?", options, label="solution"), chosen)

    @property
    def whole(self) -> str:
        """What copy and pager take: the instruction, or the example while its pane is active."""
        place = self.rows.key
        if self.panes[3].has_class("-active") and place is not None:
            return said.exchange(self.answers[place], self.state.facts, whole=True).plain
        return self.candidate.text

    def action_lineage(self) -> None:
        """Show where it came from; a change chosen there is shown here, as a pair."""

        def traced(pair: Pair | None) -> None:
            if pair is None:
                return
            if pair[0] != self.key:
                self.key, self.answers, self.loaded, self.used = pair[0], (), False, None
            self.beside = pair[1] if pair[1] is not None else default_beside(self.state, pair[0])
            self.look()

        self.app.push_screen(LineageLayer(self.steering, self.key), traced)

    def action_copy(self) -> None:
        """Copy the instruction, or the example's pane while that is active."""
        self.app.copy_to_clipboard(self.whole)


def default_beside(state: State, key: int) -> int | None:
    """What a solution is compared with first: the best, or for the best the next one."""
    if state.best_id is not None and state.best_id != key:
        return state.best_id
    return next((c.id for c in state.ranked() if c.id != key and c.score and c.score.full), None)


def solution_options(state: State, without: int | None = None) -> list[tuple[str, str]]:
    """Scored solutions to choose from, best first."""
    return [
        (f"#{c.id} {fmt.value(c.score.value, state.facts)}", c.text or "(empty)")
        for c in state.ranked()
        if c.score is not None and c.id != without
    ]


def facts_line(state: State, candidate: Candidate, used: Usage | None) -> list[Part]:
    """All that is known of a candidate, in a line."""
    known = dict(rows.describe(state, candidate.id))
    parts = [Part(f"#{candidate.id}", "title", 100)]
    part = state.partial.get(candidate.id)
    if "score" in known:
        parts.append(Part(known["score"], "strong", 95))
    elif part is not None:
        parts.append(Part(f"{len(part.grades)} of {len(state.facts.train)} scored", "accent", 95))
    elif candidate.waiting:
        parts.append(Part("waits to be scored", "muted", 95))
    if "marks" in known:
        parts.append(Part(known["marks"], "pinned", 80))
    doubts = (name for name in ("unread", "flagged") if name in known)
    parts += [Part(f"{name} {known[name]}", "warning", 70) for name in doubts]
    parts.append(Part(known["proposed"], "", 60))
    if used is not None and (used.calls or used.failed):
        if used.input_tokens is not None and used.output_tokens is not None:
            tokens = fmt.short_count(used.input_tokens + used.output_tokens)
            parts.append(Part(f"{tokens} tokens", "", 50))
        parts.append(Part(f"cost {fmt.dollars(used.cost_usd)}", "", 55))
    return parts


def _fate(state: State, candidate: Candidate) -> list[Content]:
    """Why a candidate was not scored, under its text."""
    if candidate.rejected is not None:
        return [fmt.plain(f"\n\n✕ rejected: {candidate.rejected}", "bold")]
    if candidate.vetoed:
        return [Content.styled("\n\n✕ vetoed by you, not scored", "bold")]
    if candidate.id in state.dropped:
        return [Content.styled("\n\n✕ dropped: the optimizer doesn't see it", "bold")]
    return []


def filter_line(answers: Sequence[Answer], show: Show, exchanged: Exchange | None) -> list[Part]:
    """Every filter with its count, the one in use in brackets."""
    parts = [Part("f filters", "muted", 10)]
    for each in Show:
        count = len(said.listed(answers, each, exchanged))
        text = f"{each} {count}"
        used = each is show
        parts.append(
            Part(f"[{text}]" if used else text, "accent" if used else "muted", 90 if used else 50)
        )
    return parts


def beside_text(
    state: State, new: Candidate, old: Candidate, exchanged: Exchange | None
) -> Content:
    """How a solution does against another, and how their texts differ."""
    parts: list[Content] = []
    if new.score is not None and old.score is not None:
        verdict = in_words(paired(state, new.score, old.score), state.facts)
        parts += [Content.styled(verdict[:1].upper() + verdict[1:], "bold"), Content("\n")]
    if exchanged is not None and exchanged.both and state.facts.bounded:
        fixed, broke = exchanged.fixed, exchanged.broken
        parts.append(Content(f"fixed {len(fixed)}: {said.numbers(fixed)}\n"))
        parts.append(Content(f"broke {len(broke)}: {said.numbers(broke)}\n"))
    parts.append(Content.styled(f"\nFrom #{old.id} to #{new.id}: [-gone-] {{+come+}}\n", "dim"))
    if new.text == old.text:
        parts.append(Content("The texts are the same."))
    else:
        parts.append(said.long_difference(old.text, new.text))
    return Content("").join(parts)
