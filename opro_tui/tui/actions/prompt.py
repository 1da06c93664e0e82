"""What a person does to the meta-prompt: walk it, edit its texts, compare it, choose exemplars."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import getters
from textual.screen import Screen

from opro_tui.core.errors import OproError
from opro_tui.tui import background, screens
from opro_tui.tui.drafts import clock
from opro_tui.tui.later import Later
from opro_tui.tui.messages import CritiqueAsked
from opro_tui.tui.panes.meta_prompt import MetaPromptPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from opro_tui.core import edits as editing
    from opro_tui.core import meta_prompt
    from opro_tui.core.meta_prompt import Region
    from opro_tui.core.state import State, Step
    from opro_tui.tui import exemplar_rows, regions
    from opro_tui.tui.prompts import Prompts
    from opro_tui.tui.screens import differences, template_editor
    from opro_tui.tui.screens.ask import Save
    from opro_tui.tui.steering import Steering
    from opro_tui.tui.view import Situation
    from opro_tui.tui.widgets.margin_text import MarginText
else:
    meta_prompt = Later("opro_tui.core.meta_prompt")
    editing = Later("opro_tui.core.edits")
    exemplar_rows = Later("opro_tui.tui.exemplar_rows")
    regions = Later("opro_tui.tui.regions")
    differences = Later("opro_tui.tui.screens.differences")
    template_editor = Later("opro_tui.tui.screens.template_editor")

TEMPLATE = "template"
"""The name of the template editor's draft."""
READ_ONLY = "Read-only: another process writes this session."


class PromptActions(Screen[None]):
    """The actions of the meta-prompt pane."""

    prompt_pane = getters.query_one(MetaPromptPane)

    steering: Steering
    _prompts: Prompts | None = None
    _past: int | None = None

    if TYPE_CHECKING:

        @property
        def state(self) -> State:
            """The session's state now."""

        async def make(self, edits: editing.Edits) -> bool:
            """Make edits."""

        def say(self, text: str, *, severe: bool = False) -> None:
            """A short notice."""

        def _show(self, key: int) -> None:
            """Show a solution's details."""

        def draw(self) -> None:
            """Draw the state as it is now."""

        def _write(
            self,
            name: str,
            title: str,
            text: str,
            hint: str,
            save: Save,
            refuse: Callable[[str], str] = ...,
        ) -> None:
            """Open an editor."""

    @property
    def prompts(self) -> Prompts:
        """What can be asked about the meta-prompts."""
        if self._prompts is None:
            from opro_tui.tui.prompts import Prompts

            self._prompts = Prompts(self.steering)
        return self._prompts

    def possible_prompt_action(self, action: str) -> bool:
        """Whether an action of this area can do anything now."""
        match action:
            case "exemplars":
                return bool(self.steering.session.task.examples)
            case "older_prompt":
                return bool(self._older())
            case "newer_prompt":
                return self._past is not None
        return True

    # Drawing

    @property
    def past_step(self) -> Step | None:
        """The step whose prompt the pane shows; None for the next one."""
        return next((step for step in self.state.steps if step.number == self._past), None)

    def draw_prompt(self, state: State, now: Situation) -> None:
        """Draw the meta-prompt pane."""
        past = self.past_step
        marks = regions.marks(state, self.prompts.built_in)
        if past is not None and past.prompt is not None:
            prompt: meta_prompt.MetaPrompt | None = meta_prompt.MetaPrompt(
                past.prompt.text, past.prompt.regions
            )
            edited = past.started.template.instructions != self.prompts.built_in.instructions
            marks = replace(marks, edited=edited)
        else:
            prompt = self.steering.prompt
        self.prompt_pane.draw(state, now, prompt, past, marks)

    def on_margin_text_moved(self, event: MarginText.Moved) -> None:
        """Tell about the region that is marked now."""
        if event.view is self.prompt_pane.text:
            self._tell_region()

    def _tell_region(self) -> None:
        background.start(self, "region", self._count_region, self.prompt_pane.text.region_at)

    async def _count_region(self, region: Region | None) -> None:
        """Say what a region is, then how many tokens it takes."""
        view = self.prompt_pane.text
        prompt = view.prompt
        if region is None or prompt is None:
            self.prompt_pane.tell([])
            return
        writable = not self.steering.readonly
        told = partial(regions.describe, region, view.marks or regions.NO_MARKS, writable=writable)
        try:
            tokens = await self.prompts.tokens(prompt.text[region.start : region.end])
            total = await self.prompts.tokens(prompt.text)
        except OproError:
            # The length is beside the point where the model's facts can't be had.
            self.prompt_pane.tell(told(tokens=None, total=None))
            return
        self.prompt_pane.tell(told(tokens=tokens, total=total))

    # Steps

    def _older(self) -> list[int]:
        return [n for n in self.prompts.steps if self._past is None or n < self._past]

    def action_older_prompt(self) -> None:
        """Show the prompt that the step before sent."""
        older = self._older()
        if older:
            self._look_at(older[-1])
        else:
            self.say("There is no earlier prompt.")

    def action_newer_prompt(self) -> None:
        """Show the prompt of the step after; behind the last stands the next one."""
        if self._past is None:
            self.say("This is the prompt of the next step.")
            return
        newer = [n for n in self.prompts.steps if n > self._past]
        self._look_at(newer[0] if newer else None)

    def _look_at(self, step: int | None) -> None:
        self._past = step
        self.draw()
        self._tell_region()
        self.refresh_bindings()

    # Regions

    def on_margin_text_chosen(self, event: MarginText.Chosen) -> None:
        """Open what belongs to a region."""
        region = self.prompt_pane.text.region_at
        if event.view is not self.prompt_pane.text or region is None:
            return
        if region.kind == meta_prompt.SOLUTION and region.id is not None:
            self._show(region.id)
        elif region.kind == meta_prompt.EXEMPLAR and region.id is not None:
            self._show_example(region.id)
        elif region.kind == meta_prompt.CRITIQUE and self._past is not None:
            return
        elif region.kind == meta_prompt.CRITIQUE:
            self.action_critique()
        elif not self.steering.readonly:
            names = {
                meta_prompt.INSTRUCTIONS: "instructions",
                meta_prompt.REQUEST: "several_format",
            }
            self._edit_template(names.get(region.kind, "instructions"))

    def _show_example(self, index: int) -> None:
        example = self.steering.session.task.examples[index]
        facts = exemplar_rows.facts(self._shelf(), example)
        self.app.push_screen(screens.Reader(f"Example {index}", example.input, facts))

    async def mark_region(self, kind: str) -> bool:
        """Pin or drop what the marked region shows, or take that back.

        Args:
            kind: `pin` or `drop`.

        Returns:
            Whether the meta-prompt pane is the active one, so that nothing else was meant.
        """
        if not self.prompt_pane.has_class("-active"):
            return False
        region = self.prompt_pane.text.region_at
        if region is None or region.id is None:
            self.say("Go to a solution or an exemplar with n, then pin or drop it.")
            return True
        state = self.state
        exemplar = region.kind == meta_prompt.EXEMPLAR
        pinned = state.exemplars_pinned if exemplar else state.pinned
        dropped = state.exemplars_dropped if exemplar else state.dropped
        back = region.id in (pinned if kind == "pin" else dropped)
        name = f"{'un' if back else ''}{kind}{'_exemplar' if exemplar else ''}"
        wanted: dict[str, Any] = {name: (region.id,)}
        if await self.make(editing.Edits(**wanted)):
            what = f"example {region.id}" if exemplar else f"#{region.id}"
            word = {"pin": "pinned", "drop": "dropped"}[kind]
            self.say(f"{what} is {'no longer ' if back else ''}{word}.")
            self._tell_region()
        return True

    # The critique

    def action_critique(self) -> None:
        """Have the next step's critique written, or edit what it says."""
        state = self.state
        words = state.critique_of(state.edit_step)
        if self.steering.readonly:
            return
        if not state.settings.critique:
            self.say("No critique is written: the setting critique turns it on (, opens them).")
        elif words is not None:
            self._edit_critique(words)
        elif self.steering.running or not state.steps or state.current is not None:
            self.say("It is written when the next step begins; F8 asks for it between steps.")
        else:
            self.post_message(CritiqueAsked())

    def _edit_critique(self, words: str) -> None:
        async def save(text: str) -> bool:
            return await self.make(editing.Edits(critique=text))

        hint = "What the next meta-prompt says as critique. What you save is sent in its place."
        step = self.state.edit_step
        self._write(f"critique {step}", f"Critique of step {step}", words, hint, save)

    # The template

    def action_edit(self) -> None:
        """Edit the texts of the template."""
        self._edit_template("instructions")

    def action_edit_outside(self) -> None:
        """Edit the instructions in the person's own editor."""
        self._edit_template("instructions", outside=True)

    def _edit_template(self, start: str, *, outside: bool = False) -> None:
        """Open the editor; what isn't saved, or can't be, is kept as a draft."""
        state = self.state
        ground = template_editor.Ground(
            texts=state.template.to_json(),
            built_in=self.prompts.built_in.to_json(),
            exemplars=bool(self.steering.session.task.examples),
            step=state.edit_step,
        )

        async def closed(draft: template_editor.TemplateDraft | None) -> None:
            if draft is not None:
                await self._take_template(ground, draft)

        kept = self.steering.drafts.get(TEMPLATE)
        editor = template_editor.TemplateEditor(
            ground,
            self.prompts.preview,
            draft=self.template_draft,
            since="" if kept is None else clock(kept),
            keep=self._keep_template,
            start=start,
            outside=outside,
        )
        self.app.push_screen(editor, closed)

    @property
    def template_draft(self) -> template_editor.TemplateDraft | None:
        """What was written in the editor and not saved."""
        data = self.steering.drafts.data(TEMPLATE)
        if data is None:
            return None
        known = self.state.template.to_json()
        texts = {n: str(text) for n, text in dict(data.get("texts", {})).items() if n in known}
        return template_editor.TemplateDraft(texts, str(data.get("note", "")))

    def _keep_template(self, draft: template_editor.TemplateDraft) -> None:
        """Keep what isn't saved; nothing changed is no draft."""
        empty = not draft.texts and not draft.note.strip()
        data = None if empty else {"texts": dict(draft.texts), "note": draft.note}
        self.steering.drafts.keep(TEMPLATE, data)

    async def _take_template(
        self, ground: template_editor.Ground, draft: template_editor.TemplateDraft
    ) -> None:
        changed = {n: text for n, text in draft.texts.items() if text != ground.texts[n]}
        # Only what was changed: the other texts may be edited elsewhere meanwhile.
        self._keep_template(template_editor.TemplateDraft(changed, draft.note))
        if not draft.saved:
            if changed:
                self.say("Your draft is kept, also when you quit; the same key opens it again.")
        elif not changed or await self.make(
            editing.Edits(template=changed, note=draft.note.strip())
        ):
            self.steering.drafts.keep(TEMPLATE, None)

    # Differences

    def action_differences(self) -> None:
        """Show what the person changed, and what the last step changed."""
        self.app.push_screen(differences.Differences(self._pairs()))

    def _pairs(self) -> list[differences.Pair]:
        next_step = self.state.edit_step
        steps = self.prompts.steps
        new = next_step if self._past is None else self._past
        before = [number for number in steps if number < new]

        async def by_hand() -> tuple[str, str]:
            automatic = await self.prompts.automatic()
            return automatic.text, (await self.prompts.of(next_step)).text

        async def since(old: int) -> tuple[str, str]:
            first, second = await self.prompts.of(old), await self.prompts.of(new)
            return first.text, second.text

        hand = differences.Pair(
            "automatic → edited", "automatic", f"step {next_step} as edited", by_hand
        )
        if not before:
            return [hand]
        old = before[-1]
        steps_pair = differences.Pair(
            f"step {old} → step {new}", f"step {old}", f"step {new}", partial(since, old)
        )
        return [hand, steps_pair] if self._past is None else [steps_pair, hand]

    # Exemplars

    def _shelf(self) -> exemplar_rows.Shelf:
        state, prompt = self.state, self.steering.prompt
        return exemplar_rows.Shelf(
            () if prompt is None else prompt.exemplar_ids,
            state.exemplars_pinned,
            state.exemplars_dropped,
        )

    def action_exemplars(self) -> None:
        """Open the training set."""
        examples = self.prompts.training
        if not examples:
            self.say("This task has no examples.")
            return
        why_not = READ_ONLY if self.steering.readonly else ""
        layer = screens.Exemplars(
            examples, self._shelf, self.prompts.wrong_rates, self.make, why_not=why_not
        )
        self.app.push_screen(layer)
