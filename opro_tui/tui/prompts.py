"""What the screens ask about meta-prompts: the next one, past ones, and what-ifs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opro_tui.core import exemplars
from opro_tui.core.protocols import Split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.meta_prompt import MetaPrompt, Template
    from opro_tui.core.protocols import Example
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.outlook import Preview
    from opro_tui.tui.steering import Steering

MOST_COUNTED = 4096
"""Texts whose tokens are remembered."""


class Prompts:
    """Questions to an open session about its meta-prompts; nothing is changed or spent."""

    def __init__(self, steering: Steering) -> None:
        self._steering = steering
        self._counted: dict[tuple[str, str], int] = {}
        self._unchanged: tuple[State, Preview] | None = None
        self._wrong: tuple[Mapping[int, Candidate] | None, dict[int, float]] = (None, {})

    @property
    def _state(self) -> State:
        return self._steering.state

    @property
    def built_in(self) -> Template:
        """The texts that the task brings along, in the style of now."""
        task = self._steering.session.task
        return task.template(self._state.settings.meta_style)

    @property
    def training(self) -> Sequence[Example]:
        """The training examples; none where scores are computed."""
        return [e for e in self._steering.session.task.examples if e.split is Split.TRAIN]

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that sent a meta-prompt, in order."""
        return tuple(step.number for step in self._state.steps if step.prompt is not None)

    async def tokens(self, text: str) -> int:
        """Estimated tokens of a text for the optimizer of now."""
        key = (self._state.settings.optimizer, text)
        if key not in self._counted:
            if len(self._counted) >= MOST_COUNTED:
                self._counted.clear()
            self._counted[key] = await self._steering.session.prompt_tokens(text)
        return self._counted[key]

    async def preview(self, texts: Mapping[str, str]) -> Preview:
        """The next prompt and its price if some of its texts were others.

        Raises:
            OproError: The texts make no template, or a model's facts can't be had.
        """
        state = self._state
        if not texts and self._unchanged is not None and self._unchanged[0] is state:
            return self._unchanged[1]
        found = await self._steering.session.preview_prompt(texts)
        if not texts:
            self._unchanged = (state, found)
        return found

    async def automatic(self) -> MetaPrompt:
        """The next prompt as it would be without edits of its texts, pins and drops."""
        return await self._steering.session.automatic_prompt()

    async def of(self, step: int) -> MetaPrompt:
        """The prompt that a step sent or, of the next step, will send.

        Raises:
            BadInput: That step has none.
        """
        return await self._steering.session.meta_prompt(step)

    async def wrong_rates(self) -> Mapping[int, float]:
        """Training example to the share of wrong answers, over all scored solutions."""
        candidates = self._state.candidates
        if self._wrong[0] is not candidates:
            found = await asyncio.to_thread(
                exemplars.wrong_rates, tuple(candidates.values()), self._state.facts.train
            )
            self._wrong = (candidates, found)
        return self._wrong[1]
