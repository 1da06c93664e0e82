"""A layer to write the texts of the meta-prompt's template, with what comes of them beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on
from textual.binding import Binding
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, ContentSwitcher, Input, Label, Static, TextArea

from opro_tui.core.errors import OproError
from opro_tui.tui import background
from opro_tui.tui import format as fmt
from opro_tui.tui import template_words as words
from opro_tui.tui.external import Outcome, write_outside
from opro_tui.tui.parts import Cell, Part, Row
from opro_tui.tui.regions import Marks
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.view import forecast_amount
from opro_tui.tui.widgets.line import Line
from opro_tui.tui.widgets.prompt_view import PromptView
from opro_tui.tui.widgets.row_list import Column, RowList
from opro_tui.tui.widgets.safe_text_area import SafeTextArea

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from opro_tui.engine.outlook import Preview

PreviewOf = Callable[[Mapping[str, str]], Awaitable["Preview"]]
PAUSE_SECONDS = 0.2
"""How long nothing is typed before the preview is built anew."""
NAMES = tuple(field.name for field in words.FIELDS)
COLUMNS = (Column("", 1), Column("text", 0))


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """What stands in the editor.

    Attributes:
        texts: Every text of the template by name.
        note: Why, in a line.
        saved: Whether it shall be used; else it is a draft to be kept.
    """

    texts: Mapping[str, str]
    note: str = ""
    saved: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What the editor starts from.

    Attributes:
        texts: The texts as they are saved.
        built_in: The texts that the task brings along.
        exemplars: Whether the task has examples to show.
        step: The step that will use what is saved.
    """

    texts: Mapping[str, str]
    built_in: Mapping[str, str]
    exemplars: bool
    step: int


class TemplateEditor(Layer[TemplateDraft]):
    """The template's texts, one at a time; Ctrl+S, F2 or the button save them all.

    Args:
        ground: What it starts from.
        preview: What the next step would send and cost under other texts.
        draft: What was written before and not saved.
        since: When that was, for the person.
        keep: Takes what isn't saved yet, as it is typed.
        start: The text to begin with.
        outside: Whether to go to the person's own editor at once.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s,f2",
            "save",
            "Save",
            priority=True,
            tooltip="Use these texts from the next step on.",
            id="editor_save",
        ),
        Binding(
            "ctrl+e,f4",
            "outside",
            "$EDITOR",
            priority=True,
            tooltip="Write the text in your own editor, named by $VISUAL or $EDITOR.",
            id="editor_outside",
        ),
        Binding(
            "ctrl+r,f8",
            "built_in",
            "Built-in",
            priority=True,
            tooltip="Bring the text back with which the program comes.",
            id="editor_built_in",
        ),
        Binding(
            "ctrl+l,f9",
            "discard",
            "Discard",
            priority=True,
            tooltip="Give up what isn't saved, in every text and the note; Ctrl+Z leads back.",
            id="editor_discard",
        ),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # noqa: RUF012

    texts_list = getters.query_one("#texts", RowList)
    switcher = getters.query_one(ContentSwitcher)
    view = getters.query_one("#template-preview", PromptView)
    price = getters.query_one("#price", Line)

    def __init__(
        self,
        ground: Ground,
        preview: PreviewOf,
        *,
        draft: TemplateDraft | None = None,
        since: str = "",
        keep: Callable[[TemplateDraft], None] = lambda _: None,
        start: str = "instructions",
        outside: bool = False,
    ) -> None:
        super().__init__(f"Meta-prompt template · from step {ground.step} on")
        self.ground = ground
        self.preview_of = preview
        self.draft = draft
        self.since = since
        self.keep = keep
        self.name_at = start
        self._outside = outside
        self._timer: Timer | None = None
        self._ready = False

    # Building

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="whole"):
            with Container(id="work"):
                with Horizontal(id="fields"):
                    yield RowList(COLUMNS, id="texts")
                    with Vertical(id="writing"):
                        yield Static(Content(""), id="about")
                        with ContentSwitcher(initial=self.name_at):
                            yield from map(self._area, NAMES)
                        yield Static(Content(""), id="problem")
                yield PromptView(id="template-preview")
            with Horizontal(id="why"):
                yield Label("Why (optional): ")
                note = self.draft.note if self.draft else ""
                yield Input(note, id="note", compact=True, placeholder="kept with the edit")
            yield Line(id="price")
            with Horizontal(id="buttons"):
                yield Button(Content("Save ^S"), id="save", compact=True)
                yield Button(Content("$EDITOR ^E"), id="outside", compact=True)
                yield Button(Content("Built-in ^R"), id="built-in", compact=True)
                yield Button(Content("Discard ^L"), id="revert", compact=True)
                yield Button(Content("Close Esc"), id="close", compact=True)

    def _area(self, name: str) -> TextArea:
        return SafeTextArea(
            self.ground.texts[name], id=name, tab_behavior="focus", show_line_numbers=False
        )

    def area(self, name: str) -> TextArea:
        """The field of a text."""
        return self.query_one(f"#{name}", TextArea)

    @property
    def texts(self) -> dict[str, str]:
        """Every text as it stands now."""
        return {name: self.area(name).text for name in NAMES}

    @property
    def changed(self) -> dict[str, str]:
        """The texts that aren't as saved."""
        return {n: text for n, text in self.texts.items() if text != self.ground.texts[n]}

    def on_mount(self) -> None:
        """Bring the draft back, and start typing at once."""
        self.view.border_title = "preview"
        for name, text in (self.draft.texts if self.draft else {}).items():
            # As an edit, so that Ctrl+Z leads back to what is saved.
            self._replace(name, text)
        self.texts_list.show(range(len(NAMES)), self._row)
        self.texts_list.move_to(NAMES.index(self.name_at))
        self.area(self.name_at).focus()
        self._stand_at(self.name_at)
        if self.draft is not None:
            words = f"draft of {self.since} restored · ^L discards it"
            self.query_one("#box").border_subtitle = words
        self._preview_later(0)
        self._ready = True
        if self._outside:
            self.call_after_refresh(self.run_action, "outside")

    def _row(self, place: int) -> Row:
        field = words.FIELDS[place]
        texts = self.texts
        found = words.problem(field.name, texts, exemplars=self.ground.exemplars)
        if found is not None:
            sign = Cell("!", "error" if found.blocks else "warning")
        elif texts[field.name] != self.ground.texts[field.name]:
            sign = Cell("•", "accent")
        else:
            sign = Cell("≠" if texts[field.name] != self.ground.built_in[field.name] else "")
        return (sign, Cell(field.label))

    # Writing

    def _stand_at(self, name: str) -> None:
        self.name_at = name
        self.switcher.current = name
        self.query_one("#about", Static).update(Content(words.BY_NAME[name].about))
        self._judge()
        self._reveal()

    def _judge(self) -> None:
        """Say what is odd about the text, else where it comes from."""
        texts, name = self.texts, self.name_at
        found = words.problem(name, texts, exemplars=self.ground.exemplars)
        target = self.query_one("#problem", Static)
        target.set_class(found is not None and found.blocks, "-blocks")
        if found is not None:
            target.update(Content(f"! {fmt.harmless(found.words)}"))
        elif texts[name] != self.ground.texts[name]:
            target.update(Content("• not saved yet"))
        else:
            own = texts[name] != self.ground.built_in[name]
            target.update(Content("≠ differs from the built-in text" if own else self._about_below))
        self.texts_list.show(range(len(NAMES)), self._row)

    @property
    def _about_below(self) -> str:
        """What a text is for, where there is no room for that above it."""
        short = self.has_class("-low") and self.has_class("-narrow")
        return words.BY_NAME[self.name_at].about if short else ""

    def _reveal(self) -> None:
        """Bring into sight what the text at hand becomes; the instructions stand everywhere."""
        kind = words.BY_NAME[self.name_at].shows
        prompt = self.view.prompt
        if prompt is not None and kind:
            kinds = [region.kind for region in prompt.regions]
            self.view.reveal(kinds.index(kind) if kind in kinds else -1)

    def _replace(self, name: str, text: str) -> None:
        area = self.area(name)
        if area.text != text:
            area.replace(text, (0, 0), area.document.end)

    @on(RowList.Highlighted, "#texts")
    def _another_text(self, event: RowList.Highlighted) -> None:
        self._stand_at(NAMES[event.key])

    @on(RowList.Chosen, "#texts")
    def _write_this(self, event: RowList.Chosen) -> None:
        self.area(NAMES[event.key]).focus()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._judge()
        self._preview_later(PAUSE_SECONDS)
        self._keep()

    @on(Input.Changed, "#note")
    def _noted(self) -> None:
        self._keep()

    def _keep(self) -> None:
        """Keep what isn't saved yet, once all of it stands on the screen."""
        if self._ready:
            self.keep(TemplateDraft(self.changed, self.query_one("#note", Input).value))

    @background.after_typing
    def action_discard(self) -> None:
        """Give up what isn't saved."""
        for name, text in self.ground.texts.items():
            self._replace(name, text)
        self.query_one("#note", Input).value = ""
        self.query_one("#box").border_subtitle = ""

    @background.after_typing
    def action_built_in(self) -> None:
        """Bring the built-in text back; Ctrl+Z takes that back."""
        self._replace(self.name_at, self.ground.built_in[self.name_at])

    @background.after_typing
    def action_outside(self) -> None:
        """Write the text in the person's own editor."""
        background.start(self, "outside", self._write_outside)

    async def _write_outside(self) -> None:
        name = self.name_at
        outcome: Outcome = await write_outside(
            self.app, self.area(name).text, name, keep=lambda text: self._keep_outside(name, text)
        )
        if outcome.text is not None:
            self._replace(name, outcome.text)
        if outcome.problem:
            self._warn(outcome.problem)

    def _keep_outside(self, name: str, text: str) -> None:
        """Keep what the other editor saved, for this program may be ended before it is."""
        note = self.query_one("#note", Input).value
        self.keep(TemplateDraft(self.changed | {name: text}, note))

    def _warn(self, text: str) -> None:
        self.notify(fmt.safe(text, 300), markup=False, severity="warning")

    # What comes of it

    def _preview_later(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds or 0.01, self._start_preview)

    def _start_preview(self) -> None:
        background.start(self, "preview", self._preview, self.changed)

    async def _preview(self, changed: Mapping[str, str]) -> None:
        try:
            # Asked again each time, for a step may run meanwhile.
            before = await self.preview_of({})
            now = await self.preview_of(changed) if changed else before
        except OproError as error:
            self.price.show([Part(f"! {fmt.safe(str(error), 200)}", "warning")])
            return
        edited = self.texts["instructions"] != self.ground.built_in["instructions"]
        self.view.show(now.prompt, Marks(edited=edited))
        self._reveal()
        self.price.show(price_parts(before, now))

    # Leaving

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        match event.button.id:
            case "save":
                self.action_save()
            case "outside":
                self.action_outside()
            case "built-in":
                self.action_built_in()
            case "revert":
                self.action_discard()
            case _:
                self.action_close()

    @background.after_typing
    def action_save(self) -> None:
        """Use the texts, unless one of them can't be."""
        texts = self.texts
        for place, name in enumerate(NAMES):
            found = words.problem(name, texts, exemplars=self.ground.exemplars)
            if found is not None and found.blocks:
                self.texts_list.move_to(place)
                self._warn(found.words)
                return
        self._ready = False
        self.dismiss(TemplateDraft(texts, self.query_one("#note", Input).value, saved=True))

    def action_close(self) -> None:
        """Close it; what was written is kept as a draft."""
        self.dismiss(TemplateDraft(self.texts, self.query_one("#note", Input).value))


def price_parts(before: Preview, now: Preview) -> list[Part]:
    """The next prompt's length and the next step's price, with the change that the texts make."""
    tokens = f"≈{fmt.count(now.tokens)} tok"
    more = now.tokens - before.tokens
    if more:
        tokens += f" ({'+' if more > 0 else '−'}{fmt.count(abs(more))})"
    parts = [Part(tokens, "strong", 90)]
    price, old = forecast_amount(now.forecast), forecast_amount(before.forecast)
    parts.append(Part(f"next step ≈ {price}", "strong", 80))
    if price != old:
        parts.append(Part(f"was {old}", "muted", 50))
    return parts
