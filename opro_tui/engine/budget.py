"""The budget: the worst case of every call is reserved before it is sent."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, BudgetReached
from opro_tui.core.usage import PICO, to_picodollars
from opro_tui.models import prices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from opro_tui.config import Config
    from opro_tui.core.protocols import Model, Request
    from opro_tui.core.settings import Settings
    from opro_tui.core.state import State


@dataclass(frozen=True, slots=True)
class WorstCase:
    """The most one call can cost: picodollars (None: unknown) and tokens."""

    pico: int | None
    tokens: int


def worst_case(model: Model, request: Request, estimate: int, config: Config) -> WorstCase:
    """The worst case of a call whose input is estimated at so many tokens."""
    output = (request.max_output_tokens or model.max_output_default) * request.n
    dollars = prices.worst_case(model.name, estimate, output, config)
    return WorstCase(to_picodollars(dollars), estimate + output)


class Budget:
    """Holds calls back that could pass the budget.

    A call waits while others in flight may still turn out cheaper than their worst case; when none
    is left and it still doesn't fit, it is refused.

    Args:
        state: Gives the session's state now; its settings are read live, so that a budget that is
            raised takes effect on a step that stopped for it.
    """

    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state
        self._pico = 0
        self._tokens = 0
        self._open = 0
        self._settled = asyncio.Condition()
        self._unknown_worst = WorstCase(0, 0)

    @asynccontextmanager
    async def reserved(self, worst: WorstCase) -> AsyncIterator[None]:
        """Hold a call's worst case until its actual usage is in the state.

        Raises:
            BudgetReached: It doesn't fit, and nothing in flight can make room.
        """
        settings = self._state().settings
        if settings.budget is None and settings.budget_tokens is None:
            yield
            return
        async with self._settled:
            while not self._fits(worst):
                if not self._open:
                    raise BudgetReached(self._reason(), todo="Raise the budget to go on.")
                await self._settled.wait()
            self._change(worst, 1)
        try:
            yield
        finally:
            async with self._settled:
                self._change(worst, -1)
                self._settled.notify_all()

    def _change(self, worst: WorstCase, sign: int) -> None:
        self._pico += sign * (worst.pico or 0)
        self._tokens += sign * worst.tokens
        self._open += sign
        self._unknown_worst = worst

    def _spent(self) -> tuple[int | None, int | None]:
        used = self._state().usage()
        pico = used.cost_pico
        tokens = (
            None
            if used.input_tokens is None or used.output_tokens is None
            else used.input_tokens + used.output_tokens
        )
        # A call whose outcome a kill left open may have been billed: count its worst case.
        if pico is not None:
            pico += used.unknown * (self._unknown_worst.pico or 0)
        if tokens is not None:
            tokens += used.unknown * self._unknown_worst.tokens
        return pico, tokens

    def _fits(self, worst: WorstCase) -> bool:
        settings = self._state().settings
        self._unknown_worst = worst
        pico, tokens = self._spent()
        if settings.budget is not None:
            if pico is None or worst.pico is None:
                raise BudgetReached(
                    "the budget cannot be kept, for a price is unknown",
                    todo="Set the price in the config file, or use --budget-tokens.",
                )
            if pico + self._pico + worst.pico > settings.budget * PICO:
                return False
        if settings.budget_tokens is not None:
            if tokens is None:
                raise BudgetReached(
                    "the token budget cannot be kept, for an endpoint reports no usage"
                )
            if tokens + self._tokens + worst.tokens > settings.budget_tokens:
                return False
        return True

    def _reason(self) -> str:
        settings = self._state().settings
        pico, tokens = self._spent()
        parts = []
        if settings.budget is not None and pico is not None:
            parts.append(f"${pico / PICO:.4f} of ${settings.budget:g} are spent")
        if settings.budget_tokens is not None and tokens is not None:
            parts.append(f"{tokens:,} of {settings.budget_tokens:,} tokens are used")
        return f"budget reached: {' and '.join(parts)}, and the next call might pass it"


def check_affordable(settings: Settings, models: list[Model], config: Config) -> None:
    """Refuse a dollar budget that can't be kept because a price is unknown.

    Raises:
        BadInput: A model has no known price.
    """
    if settings.budget is None:
        return
    for model in models:
        if prices.worst_case(model.name, 1, 1, config) is None:
            raise BadInput(
                f"the price of {model.name} is unknown, so a dollar budget cannot be kept",
                where="--budget",
                todo=f'Set [prices."{model.name}"] in the config file, or use --budget-tokens.',
            )
