"""The price of a session that doesn't exist yet: its first step and its planned run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.forecast import Forecast
from opro_tui.core.reducer import fold
from opro_tui.core.state import State
from opro_tui.engine import forecast as forecasting
from opro_tui.engine import prompt as prompts
from opro_tui.engine.create import starting_events
from opro_tui.engine.opening import facts_of
from opro_tui.engine.pool import ModelPool

if TYPE_CHECKING:
    from opro_tui.config import Config
    from opro_tui.core.settings import Settings
    from opro_tui.engine.create import Prepared

SOLUTION_TOKENS = 45
"""Tokens that one more shown solution adds to a meta-prompt, with its score."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would cost.

    Attributes:
        state: The session as it would begin.
        first: Step 0 and step 1 together.
        planned: All planned steps together.
        steps: How many those are.
    """

    state: State
    first: Forecast
    planned: Forecast
    steps: int


async def preview(prepared: Prepared, config: Config, steps: int) -> Preview:
    """Price a draft; nothing is stored or spent, and no key is needed.

    Args:
        prepared: The draft, checked.
        config: Providers and prices.
        steps: How many steps are planned, 1 or more.
    """
    task, settings = prepared.task, prepared.settings
    template = task.template(settings.meta_style).with_texts(prepared.draft.template)
    state = fold(State(facts_of(task), settings, template), starting_events(prepared))
    pool = ModelPool(config, settings.seed)
    try:
        models = await pool.looked_at(task, settings)
        optimizer = models["optimizer"]
        plan = prompts.sampling_plan(settings, optimizer.known_traits)
        first = forecasting.forecast(
            state,
            task,
            prompt=prompts.build(state, task, proposals=plan.proposals),
            optimizer=optimizer,
            scorer=models.get("scorer"),
            judge=models.get("judge"),
            traits=optimizer.known_traits,
            config=config,
        )
    finally:
        await pool.aclose()
    return Preview(state, first, planned(first, state, steps), steps)


def planned(first: Forecast, state: State, steps: int) -> Forecast:
    """The next step times the steps, with a meta-prompt that grows until all places are taken.

    Args:
        first: The next step's forecast, with step 0 before the first.
        state: The session now.
        steps: How many, 1 or more.
    """
    settings = state.settings
    starting = len(state.waiting())
    roles = []
    for role in first.roles:
        if role.role == "optimizer":
            have = len(state.shown())
            later = (have + starting + settings.candidates * n for n in range(steps))
            more = sum(max(0, min(settings.shown, count) - have) for count in later)
            grown = more * SOLUTION_TOKENS * role.calls
            size = max(1, role.input_tokens)
            roles.append(role.times(steps, (size * steps + grown) / (size * steps)))
        else:
            candidates = settings.candidates
            share = (starting + candidates * steps) / max(1, starting + candidates)
            roles.append(role.times(share))
    return Forecast(tuple(roles))


def short_budget(settings: Settings, first: Forecast) -> str:
    """Why a budget ends within the first step, in a sentence; empty when it may last that long."""
    cost, (tokens, _) = first.cost_range, first.token_range
    if settings.budget is not None and cost is not None and settings.budget < cost[0]:
        what, needs = f"${settings.budget:g}", f"${cost[0]:.2g}"
    elif settings.budget_tokens is not None and settings.budget_tokens < tokens:
        what, needs = f"{settings.budget_tokens:,} tokens", f"{tokens:,} tokens"
    else:
        return ""
    return f"The budget of {what} ends within the first step, which needs {needs} or more."
