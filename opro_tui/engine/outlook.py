"""What the next step will send and cost, from the state now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from opro_tui.engine import errors
from opro_tui.engine import forecast as forecasting
from opro_tui.engine import prompt as prompts

if TYPE_CHECKING:
    from opro_tui.config import Config
    from opro_tui.core.forecast import Forecast
    from opro_tui.core.meta_prompt import MetaPrompt, Template
    from opro_tui.core.state import State
    from opro_tui.engine.run import Run


LONG = 100_000
"""Characters of a meta-prompt above which counting its tokens would hold the screen up."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the next step would send and cost under other texts.

    Attributes:
        prompt: The meta-prompt.
        tokens: Its estimated length for the optimizer of now.
        forecast: What the step would cost.
    """

    prompt: MetaPrompt
    tokens: int
    forecast: Forecast


class Outlook:
    """Looks one step ahead; nothing is spent, and no key is needed."""

    def __init__(self, run: Run, config: Config) -> None:
        self._run = run
        self._config = config

    async def plan(self) -> prompts.Plan:
        """How the next step will ask its optimizer."""
        settings = self._run.state.settings
        model = self._run.pool.preview("optimizer", settings)
        return prompts.sampling_plan(settings, await self._run.caller.learned.of(model))

    async def prompt(self) -> MetaPrompt:
        """The next meta-prompt, to the byte."""
        plan = await self.plan()
        return await self._build(self._run.state, plan)

    async def _build(self, state: State, plan: prompts.Plan) -> MetaPrompt:
        found = await errors.of_best_shown(self._run, state)
        return prompts.build(state, self._run.task, proposals=plan.proposals, errors=found)

    async def preview(self, template: Template) -> Preview:
        """What the next step would send and cost if its prompt were made from a template."""
        plan = await self.plan()
        state = replace(self._run.state, template=template)
        prompt = await self._build(state, plan)
        return Preview(prompt, await self.tokens(prompt.text), await self.forecast(prompt))

    async def automatic(self) -> MetaPrompt:
        """What the next meta-prompt would be without any edit of its texts, pins and drops."""
        state, task = self._run.state, self._run.task
        plain = replace(
            state,
            template=task.template(state.settings.meta_style),
            pinned=frozenset(),
            dropped=frozenset(),
            exemplars_pinned=frozenset(),
            exemplars_dropped=frozenset(),
            redraw=0,
        )
        return await self._build(plain, await self.plan())

    async def tokens(self, text: str) -> int:
        """Estimated tokens of a text for the optimizer of now."""
        settings = self._run.state.settings
        model = await self._run.pool.prepare("optimizer", settings, preview=True)
        if len(text) <= LONG:
            return forecasting.prompt_tokens(text, model)
        return await asyncio.to_thread(forecasting.prompt_tokens, text, model)

    async def forecast(self, prompt: MetaPrompt | None, *, bought: bool = False) -> Forecast:
        """The next step's forecast; without a prompt that of step 0 alone.

        Args:
            prompt: Its meta-prompt.
            bought: Whether a critique that is there counts, for it was bought for this step.
        """
        run = self._run
        models = await run.pool.looked_at(run.task, run.state.settings)
        optimizer = models["optimizer"]
        work = partial(
            forecasting.forecast,
            run.state,
            run.task,
            prompt=prompt,
            optimizer=optimizer,
            scorer=models.get("scorer"),
            judge=models.get("judge"),
            traits=await run.caller.learned.of(optimizer),
            config=self._config,
            bought=bought,
        )
        if prompt is None or len(prompt.text) <= LONG:
            return work()
        return await asyncio.to_thread(work)

    async def scoring(self, calls: int, *, batch: bool) -> Forecast:
        """What so many answers of the scorer will cost, with what their judge takes."""
        run = self._run
        models = await run.pool.looked_at(run.task, run.state.settings)
        return forecasting.of_scoring(
            run.state,
            run.task,
            scorer=models.get("scorer"),
            judge=models.get("judge"),
            calls=calls,
            config=self._config,
            batch=batch,
        )
