"""Try: the exact request and answer on a few examples, before a step is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from opro_tui.engine.trial import typical_instruction
from opro_tui.tui import answers as said
from opro_tui.tui import format as fmt
from opro_tui.tui import review, trial_words
from opro_tui.tui.messages import Failed
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.parts import Part
from opro_tui.tui.scoring import Scoring
from opro_tui.tui.screens.choose import Choose
from opro_tui.tui.screens.detail import COLUMNS, solution_options
from opro_tui.tui.screens.editor import Editor, Written
from opro_tui.tui.screens.pane_screen import PaneScreen
from opro_tui.tui.widgets.filtered_list import FilteredList
from opro_tui.tui.widgets.key_bar import KeyBar
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.core.forecast import Forecast
    from opro_tui.engine.detail import Answer
    from opro_tui.tui.parts import Row
    from opro_tui.tui.steering import Steering

FIRST = 3
"""Examples that are offered first."""


class TrialScreen(PaneScreen):
    """Asks the scorer about a few examples.

    Args:
        steering: The open session.
        key: The selected solution, tried first; None tries the best, or the first that waits.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "T,r",
            "run",
            "Try it",
            tooltip="Ask the scorer about the examples, at the price shown.",
            id="trial_run",
        ),
        Binding("x", "stop", "Stop", tooltip="Ask for no further answer.", id="trial_stop"),
        Binding("e", "type", "Type one", tooltip="Type the instruction to try.", id="trial_type"),
        Binding(
            "b",
            "choose",
            "Choose…",
            tooltip="Choose the instruction among the solutions.",
            id="trial_choose",
        ),
        Binding("B", "best", "Best", tooltip="Try the best solution so far.", id="trial_best"),
        Binding(
            "n",
            "count",
            "How many",
            tooltip="Say how many examples to ask about.",
            id="trial_count",
        ),
    ]

    AUTO_FOCUS = "#answer-rows"

    facts = getters.query_one("#facts", Line)
    status = getters.query_one("#filters", Line)
    field = getters.query_one("#count", Input)

    def __init__(self, steering: Steering, key: int | None) -> None:
        super().__init__()
        self.steering = steering
        self.scoring = Scoring(steering)
        self.name_of = ""
        self.instruction = ""
        self.answers: list[Answer] = []
        self.price: Forecast | None = None
        self.asking = False
        self._stop = False
        self.text = TextView(id="instruction")
        self.rows = FilteredList(tuple(c for c in COLUMNS if c.label != "beside"), id="answer-rows")
        self.answer = TextView(id="answer")
        self.panes = (
            Pane(self.text, id="instruction-pane"),
            Pane(self.rows, id="examples-pane"),
            Pane(self.answer, id="answer-pane"),
        )
        if key is None:
            self._take_typical()
        else:
            self._take(f"#{key}", steering.state.candidates[key].text)

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Line(id="facts")
        with Horizontal(id="form"):
            yield Static(Content("Examples to ask about:"), id="label")
            yield Input(str(self._first_count()), id="count", compact=True, select_on_focus=True)
            yield Static(Content(""), id="price")
        with Container(id="panes"):
            yield from self.panes
        yield Line(id="filters")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what would be tried, and its price."""
        self.rows.focus()
        self.draw()
        self._price()

    @property
    def most(self) -> int:
        """The most examples that can be asked about."""
        return min(trial_words.MOST, len(self.steering.state.facts.train))

    @property
    def count(self) -> int | None:
        """How many examples; None while what is typed is no such number."""
        value = self.field.value
        return None if trial_words.check(value, self.most) else int(value)

    def _first_count(self) -> int:
        return min(FIRST, self.most)

    def _take(self, name: str, text: str) -> None:
        self.name_of, self.instruction = name, text

    def _take_typical(self) -> None:
        best = self.steering.state.best_id
        name = f"#{best}, the best" if best is not None else "the first that waits"
        self._take(name, typical_instruction(self.steering.session))

    # Drawing

    def draw(self) -> None:
        """Draw all panes."""
        settings = self.steering.state.settings
        parts = [Part("TRY", "title", 100), Part(self.name_of, "strong", 80)]
        if self.steering.session.record.simulated:
            parts.append(Part(" SIMULATED ", "badge", 90))
        scorer = fmt.safe(fmt.model_name(settings.scorer), 30)
        parts.append(Part(f"scorer {scorer}", "", 60))
        if self.steering.session.task.judge is not None:
            judge = fmt.safe(fmt.model_name(settings.judge or ""), 30)
            parts.append(Part(f"judge {judge}", "", 58))
        parts.append(Part(f"position {settings.position}", "muted", 40))
        self.facts.show(parts)
        length = fmt.plural(len(self.instruction), "character")
        self.panes[0].entitle(f"INSTRUCTION {self.name_of} · {length}")
        text = said.long_text(self.instruction) if self.instruction else Content("(empty)")
        self.text.show(text)
        self._draw_answers()

    def _draw_answers(self) -> None:
        if not self.is_attached:
            return
        self.panes[1].entitle(f"EXAMPLES · {trial_words.summary(self.answers) or 'none asked yet'}")
        empty = "T asks the scorer. What it answers is kept, and a step won't pay for it again."
        self.rows.show(range(len(self.answers)), self._row, empty=empty)
        self.status.show([self._said()])
        self._draw_answer()

    def _said(self) -> Part:
        if self.asking:
            return Part(f"asking… {len(self.answers)} of {self.count or 0} answered", "accent")
        help_ = trial_words.remedy(self.answers, self.steering.state.settings)
        if help_:
            return Part(f"! {help_}", "warning")
        if self.answers:
            return Part(
                "Every answer could be read. Escape goes back, there s runs the step.", "muted"
            )
        return Part("e types an instruction · b chooses one · n how many · T asks", "muted")

    def _row(self, place: int) -> Row:
        found = said.row(self.answers[place], self.steering.state.facts, None)
        return (*found[:2], *found[3:])

    def _draw_answer(self, *, top: bool = False) -> None:
        place = self.rows.key
        pane = self.panes[2]
        if place is None or place >= len(self.answers):
            pane.entitle("REQUEST AND ANSWER")
            self.answer.show(Content("The exact request and answer stand here."))
            return
        answer = self.answers[place]
        number = answer.example.index if answer.example else 0
        pane.entitle(f"EXAMPLE {number} · request and answer")
        help_ = trial_words.remedy(self.answers, self.steering.state.settings)
        content = said.exchange(answer, self.steering.state.facts)
        if help_:
            content = Content("").join([Content.styled(f"! {help_}\n\n", "bold"), content])
        self.answer.show(content, top=top)

    def on_row_list_highlighted(self) -> None:
        """Show the selected example in full."""
        self._draw_answer(top=True)

    def on_row_list_chosen(self) -> None:
        """Go on to read the example."""
        self.answer.focus()

    # The price

    def on_input_changed(self) -> None:
        """Price another number of examples."""
        self._price()

    def on_input_submitted(self) -> None:
        """Go back to the list."""
        self.rows.focus()

    def _price(self) -> None:
        self.run_worker(self._work_out(), group="price", exclusive=True, exit_on_error=False)

    async def _work_out(self) -> None:
        self.price = None
        count = self.count
        problem = trial_words.check(self.field.value, self.most)
        if count is None:
            self._say_price(problem or "")
            return
        try:
            self.price = await self.scoring.price(count)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            self._say_price(self.steering.what_failed(error))
            return
        self._say_price(review.price_words(count, self.price))

    def _say_price(self, text: str) -> None:
        self.query_one("#price", Static).update(fmt.plain(text))

    # Actions

    def action_count(self) -> None:
        """Type how many examples."""
        self.field.focus()

    def action_best(self) -> None:
        """Try the best, or what else is typical."""
        self._take_typical()
        self._begin_anew()

    def action_choose(self) -> None:
        """Choose a solution to try."""

        def chosen(name: str | None) -> None:
            if name is not None:
                key = int(name.split()[0].removeprefix("#"))
                self._take(f"#{key}", self.steering.state.candidates[key].text)
                self._begin_anew()

        options = solution_options(self.steering.state)
        if not options:
            self.notify("No solution has a score yet; e types an instruction.", markup=False)
            return
        self.app.push_screen(Choose("Try which solution?", options, label="solution"), chosen)

    def action_type(self) -> None:
        """Type an instruction."""

        def written(result: Written | None) -> None:
            if result is not None and result.saved:
                self._take("as typed", result.text)
                self._begin_anew()

        hint = "It is tried on a few examples. It joins no step; a on the workbench adds one."
        self.app.push_screen(Editor("Instruction to try", self.instruction, hint), written)

    def _begin_anew(self) -> None:
        self.answers = []
        self._price()
        self.draw()

    def action_run(self) -> None:
        """Ask the scorer, at the price shown."""
        count = self.count
        if count is None or self.asking:
            return
        if self.price is None:
            self.notify("The price is being worked out; once more then.", markup=False)
            return
        self.answers, self.asking, self._stop = [], True, False
        self._draw_answers()
        # It belongs to the app: closing the screen is no reason to lose what was asked for.
        job = self._ask(count, self.instruction)
        self.app.run_worker(job, group="try", exit_on_error=False)

    async def _ask(self, count: int, instruction: str) -> None:
        try:
            async for trial in self.scoring.trials(count, instruction):
                self.answers.append(trial_words.answer(trial))
                if self._stop:
                    break
                self._draw_answers()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person learns of it
            words = self.steering.what_failed(error)
            self.app.post_message(Failed("The scorer could not be tried", words))
        self.asking = False
        self._draw_answers()
        if self.is_attached:
            self._price()

    def action_stop(self) -> None:
        """Ask for no further answer; the one under way is kept."""
        self._stop = True
        self.notify("Stopping after the answer under way.", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what can't be done now."""
        if action == "stop":
            return self.asking
        return super().check_action(action, parameters)
