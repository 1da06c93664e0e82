"""The form for a new session, priced before anything is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import getters
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Collapsible, Input, Static, TextArea

from opro_tui.engine.discovery import preset_names
from opro_tui.tui import background
from opro_tui.tui.external import write_outside
from opro_tui.tui.format import plain, safe
from opro_tui.tui.screens.choose import Choose
from opro_tui.tui.screens.layers import Question, Reader
from opro_tui.tui.screens.new_session import form, words
from opro_tui.tui.screens.new_session.checking import Checking
from opro_tui.tui.screens.new_session.field import FieldInput, FieldRow
from opro_tui.tui.screens.pick_file import PickFile
from opro_tui.tui.widgets.key_bar import KeyBar
from opro_tui.tui.widgets.safe_text_area import SafeTextArea

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import WorkType

    from opro_tui.tui.shelf import Shelf

OWN_FILE = "a data file…"
DEBOUNCE = 0.25
SIDE_FROM = 110


class NewSession(Screen[str]):
    """Asks for a session; gives its name once it was made.

    Args:
        shelf: What checks, prices and stores it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="form_help", tooltip="Say how the form is used."),
        Binding(
            "ctrl+s,f2",
            "create",
            "Create",
            priority=True,
            id="form_create",
            tooltip="Make the session and open it; nothing is spent.",
        ),
        Binding(
            "ctrl+o",
            "file",
            "Data file",
            priority=True,
            id="form_file",
            tooltip="Find a data file of yours.",
        ),
        Binding(
            "ctrl+e,f4",
            "outside",
            "$EDITOR",
            show=False,
            priority=True,
            id="form_outside",
            tooltip="Write the starting solutions in your own editor, named by $VISUAL or $EDITOR.",
        ),
        Binding(
            "escape",
            "close",
            "Cancel",
            tooltip="Leave; asks when something was typed.",
            id="form_close",
        ),
    ]
    AUTO_FOCUS = "#field-task"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (SIDE_FROM, "-wide")]  # noqa: RUF012

    initial = getters.query_one("#initial", TextArea)
    more = getters.query_one("#more", Collapsible)

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf = shelf
        self.rows: dict[str, FieldRow] = {}
        self.checking = Checking(shelf)
        self.offers: tuple[tuple[str, str], ...] = ()
        self._creating = False

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Static(Content("NEW SESSION · nothing is spent before its first step"), id="title")
        with Horizontal(id="body"):
            with VerticalScroll(id="form", can_focus=False):
                for title, fields in form.GROUPS:
                    yield Static(plain(title), classes="group")
                    yield from map(self._field, fields)
                    if fields is form.TASK:
                        yield Static(Content(""), id="data")
                yield Static(Content("Starting solutions"), classes="group")
                yield SafeTextArea(
                    id="initial", tab_behavior="focus", show_line_numbers=False, compact=True
                )
                yield Static(plain(words.INITIAL_HELP), id="initial-note")
                yield Collapsible(Vertical(id="rest"), title="More settings", id="more")
                yield Button(Content("Create the session (Ctrl+S)"), id="create", compact=True)
            with Vertical(id="side"):
                yield Static(Content(""), id="price")
                yield Static(Content(""), id="state")
        yield KeyBar()

    def _field(self, field: form.Field) -> FieldRow:
        row = FieldRow(field, lambda: [name for name, _ in self.choices(field.name)])
        self.rows[field.name] = row
        return row

    def on_mount(self) -> None:
        """Look for models behind the form."""
        self._timer = self.set_timer(DEBOUNCE, self._check, pause=True)
        self._show_fields()
        self._draw()
        self._work(self._find_models, "models")

    def _work(self, job: Callable[[], Awaitable[None]], group: str) -> None:
        work = cast("WorkType[None]", job)
        self.run_worker(work, group=group, exit_on_error=False)

    async def _find_models(self) -> None:
        offers = await self.shelf.offers()
        self.offers = tuple((offer.name, offer.about) for offer in offers)
        usable = len(self.offers) - 1
        if usable:
            told = f"↓ lists {usable} usable now"
            for role in form.MODEL_FIELDS:
                self.rows[role].say(told=told)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Mark the field that has the focus; it stays marked under a layer."""
        for row in self.rows.values():
            row.set_class(event.widget is row.input, "-active")

    # What is typed

    @property
    def texts(self) -> dict[str, str]:
        """What is typed in the fields that mean something now."""
        return {name: row.text for name, row in self.rows.items() if row.display}

    @property
    def dirty(self) -> bool:
        """Whether anything was typed."""
        return bool(self.initial.text.strip()) or any(row.text for row in self.rows.values())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once what is wrong with a text; check the whole when typing rests."""
        name = str(event.input.id).removeprefix("field-")
        row = self.rows[name]
        problem = form.problem_of(name, event.value)
        if name in form.MODEL_FIELDS and event.value.strip():
            problem = self.checking.model_problem(event.value)
        row.say(problem=problem)
        if name in ("task", "metric"):
            self._show_fields()
        self._warn()
        self._later()

    def _warn(self) -> None:
        """Say beside which field others could read what is sent."""
        found = self.checking.open_to_others(self.texts)
        for name, row in self.rows.items():
            row.say(warned=words.NOT_ENCRYPTED if name in found else "")

    def on_text_area_changed(self) -> None:
        """Say how many starting solutions there are."""
        self._later()

    def _say_initial(self, text: str, *, bad: bool = False) -> None:
        note = self.query_one("#initial-note", Static)
        note.set_class(bad, "-bad")
        note.update(plain(text))

    def _show_fields(self) -> None:
        """Show the fields that mean something for the task."""
        task = self.rows["task"].text
        needs_files = self.checking.needs_files(task)
        shown = form.shown_fields(task, self.rows["metric"].text, needs_files)
        for field in (*form.TASK, *form.MODELS):
            self.rows[field.name].display = field.name in shown
        if not form.is_data_file(task):
            self.query_one("#data").display = False

    def on_collapsible_expanded(self) -> None:
        """Make the other settings when they are first asked for."""
        rest = self.query_one("#rest")
        if not rest.children:
            rest.mount_all([self._field(field) for field in form.MORE])

    # Checking and pricing

    def _later(self) -> None:
        self.checking.stale = True
        self._draw()
        self._timer.reset()
        self._timer.resume()

    def _check(self) -> None:
        self._timer = self.set_timer(DEBOUNCE, self._check, pause=True)
        self._work(self._run_checks, "check")

    async def _run_checks(self) -> None:
        """Check and price what is typed, until nothing was typed meanwhile."""
        checking = self.checking
        if checking.busy:
            return
        while checking.stale and self.is_mounted:
            steps = form.planned_steps(self.texts.get("steps", ""))
            await checking.check(self.texts, self.initial.text, steps)
            if self.is_attached:
                self._draw()
        if self._creating:
            await self._create()

    def _draw(self) -> None:
        """Say what the checks found."""
        checking = self.checking
        for name, row in self.rows.items():
            wrong = checking.problem if checking.place == name else ""
            typed = form.problem_of(name, row.text)
            if name in form.MODEL_FIELDS and row.text.strip():
                typed = checking.model_problem(row.text)
            row.say(problem=typed or wrong)
            row.hint(checking.guesses.get(name, ""))
        for name, told in checking.told.items():
            self.rows[name].say(told=told)
        if checking.place == "initial":
            self._say_initial(f"✕ {checking.problem}", bad=True)
        else:
            count = len(form.starting_solutions(self.initial.text))
            self._say_initial(words.initial_words(checking.starts, count))
        self._draw_data()
        self._draw_price()

    def _draw_data(self) -> None:
        place = self.query_one("#data", Static)
        found = self.checking.peek
        place.display = found is not None and form.is_data_file(self.rows["task"].text)
        if found is None:
            return
        width = max(30, self.query_one("#form").size.width - 6)
        texts, guesses = self.texts, self.checking.guesses
        question, target = (
            texts.get(name) or guesses.get(name, "") for name in ("input", "target")
        )
        place.update(plain("\n".join(words.data_lines(found, width, question, target))))

    def _draw_price(self) -> None:
        preview = self.checking.preview
        wide = self.app.size.width >= SIDE_FROM
        price = self.query_one("#price", Static)
        price.display = preview is not None
        if preview is not None:
            lines = words.price_table(preview) if wide else words.price_lines(preview)
            parts = [plain(text, words.TONES.get(tone, "")) for text, tone in lines]
            price.update(Content("\n").join(parts))
        text, tone = self.checking.state_words(bool(self.rows["task"].text.strip()))
        self.query_one("#state", Static).update(plain(text, tone))

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new width."""
        if self.is_mounted and event.size.width:
            self.call_after_refresh(self._draw)

    # Choices

    def choices(self, name: str) -> tuple[tuple[str, str], ...]:
        """What a field may be completed to, each with a line about it."""
        match name:
            case "task":
                return ((OWN_FILE, ".csv, .tsv, .jsonl, .json: Ctrl+O"), *preset_names())
            case "optimizer" | "scorer" | "judge":
                return self.offers or (("simulated", "no key, no network, no cost"),)
            case "metric":
                return tuple(form.METRICS.items())
            case "input" | "target":
                found = self.checking.peek
                return (
                    ()
                    if found is None
                    else tuple((c, words.sample(found, c)) for c in found.columns)
                )
        field = form.FIELDS.get(name)
        return tuple((choice, "") for choice in field.choices) if field else ()

    def on_field_input_choose(self, event: FieldInput.Choose) -> None:
        """List a field's choices; where there are none, go to the next field."""
        name = str(event.field.id).removeprefix("field-")
        choices = self.choices(name)
        if not choices:
            self.focus_next()
            return

        def chosen(text: str | None) -> None:
            if text == OWN_FILE:
                self.action_file()
            elif text is not None:
                self._fill(name, text)

        title = form.FIELDS[name].label.capitalize()
        free = name != "task"
        choose = Choose(
            title,
            choices,
            typed=event.field.value,
            free=free,
            current=self.checking.guesses.get(name, form.FIELDS[name].default),
            note=words.MODELS_NOTE if name in form.MODEL_FIELDS else "",
        )
        self.app.push_screen(choose, chosen)

    def _fill(self, name: str, text: str) -> None:
        target = self.rows[name].input
        target.value = text
        target.cursor_position = len(text)
        target.focus()

    def action_file(self) -> None:
        """Find a data file."""

        def chosen(path: str | None) -> None:
            if path is not None:
                self._fill("task", path)

        typed = self.rows["task"].text
        is_path = form.is_data_file(typed) or typed.startswith(("/", "~", "."))
        self.app.push_screen(PickFile(typed if is_path else ""), chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave Ctrl+E to the fields of one line: there it goes to the end."""
        return action != "outside" or (self.is_mounted and self.initial.has_focus)

    @background.after_typing
    def action_outside(self) -> None:
        """Write the starting solutions in the person's own editor."""
        background.start(self, "outside", self._write_outside)

    async def _write_outside(self) -> None:
        area = self.initial
        outcome = await write_outside(self.app, area.text, "starting-solutions")
        if outcome.text is not None:
            area.replace(outcome.text, (0, 0), area.document.end)
        if outcome.problem:
            self.notify(safe(outcome.problem, 300), markup=False, severity="warning")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the next field; without a task, list the tasks."""
        if event.input.id == "field-task" and not event.value.strip():
            event.input.action_choose()  # type: ignore[attr-defined]
        else:
            self.focus_next()

    # Creating and leaving

    def on_button_pressed(self) -> None:
        """Create it."""
        self.action_create()

    @background.after_typing
    def action_create(self) -> None:
        """Make the session, once what is typed was checked."""
        if not self.rows["task"].text.strip():
            self.rows["task"].say(problem="Choose a task first: ↓ lists them.")
            self.rows["task"].input.focus()
            return
        self._creating = True
        self._work(self._run_checks, "check")

    async def _create(self) -> None:
        self._creating = False
        wrong = next((row for row in self.rows.values() if row.display and row.problem), None)
        if wrong is not None:
            wrong.input.focus()
            return
        if self.checking.place == "initial":
            self.initial.focus()
            return
        name = await self.checking.create()
        if name:
            self.dismiss(name)
        else:
            self._draw()
            self.rows[self.checking.place or "name"].input.focus()

    def action_close(self) -> None:
        """Leave; what was typed is not thrown away without asking."""
        if not self.dirty:
            self.dismiss(None)
            return

        def answered(answer: str | None) -> None:
            if answer == "discard":
                self.dismiss(None)

        answers = (("stay", "n", "Go on editing"), ("discard", "y", "Discard"))
        text = "The session was not created; what you typed would be lost."
        self.app.push_screen(Question("Discard the form?", text, answers), answered)

    def action_help(self) -> None:
        """Say how the form is used."""
        self.app.push_screen(Reader("New session", words.HELP, words.KEYS))
