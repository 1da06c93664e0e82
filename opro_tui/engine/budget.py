"""The budget: the worst case of every call is reserved before it is sent."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, BudgetReached
from opro_tui.core.usage import PICO, ROLES, to_picodollars
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
    dollars = prices.worst_case(model.name, estimate, output, config, cache=request.cache)
    return WorstCase(to_picodollars(dollars), estimate + output)


class Budget:
    """Holds calls back that could pass the budget.

    A call waits while others in flight may still turn out cheaper than their worst case; when none
    is left and it still doesn't fit, it is refused. A call whose outcome a kill left open may have
    been billed, so the worst case of a call of its role is counted for it.

    Args:
        state: Gives the session's state now; its settings are read live, so that a budget that is
            raised takes effect on a step that stopped for it.
        unknown: Gives the worst case of one call of a role.
    """

    def __init__(self, state: Callable[[], State], unknown: Callable[[str], WorstCase]) -> None:
        self._state = state
        self._unknown = unknown
        self._pico = 0
        self._tokens = 0
        self._open = 0
        self._settled = asyncio.Condition()

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
            while (reason := self._too_much(worst)) is not None:
                if not self._open:
                    raise reason
                await self._settled.wait()
            self._change(worst, 1)
        try:
            yield
        finally:
            async with self._settled:
                self._change(worst, -1)
                self._settled.notify_all()

    def check_share(self) -> None:
        """Refuse a step's call once what its steps may spend is spent.

        Raises:
            BudgetReached: It is.
        """
        settings, used = self._state().settings, self._state().usage()
        usd, tokens = settings.stop_after, settings.stop_after_tokens
        if usd is not None and used.cost_usd is not None and used.cost_usd >= usd:
            raise BudgetReached(
                f"stopped after ${used.cost_usd:.4f}, for ${usd:.4f} were to be spent",
                todo="Raise --stop-after to go on.",
            )
        if tokens is None or used.input_tokens is None or used.output_tokens is None:
            return
        if used.input_tokens + used.output_tokens >= tokens:
            raise BudgetReached(
                f"stopped after {used.input_tokens + used.output_tokens:,} tokens, for"
                f" {tokens:,} were to be used",
                todo="Raise --stop-after-tokens to go on.",
            )

    def _change(self, worst: WorstCase, sign: int) -> None:
        self._pico += sign * (worst.pico or 0)
        self._tokens += sign * worst.tokens
        self._open += sign

    def _left_open(self) -> WorstCase:
        """What the calls of unknown outcome may have cost."""
        pico: int | None = 0
        tokens = 0
        for role in ROLES:
            count = self._state().usage(role).unknown
            if count:
                worst = self._unknown(role)
                pico = None if pico is None or worst.pico is None else pico + count * worst.pico
                tokens += count * worst.tokens
        return WorstCase(pico, tokens)

    def _too_much(self, worst: WorstCase) -> BudgetReached | None:
        """Why a call can't be sent; None when it fits."""
        settings, used, unknown = self._state().settings, self._state().usage(), self._left_open()
        count = used.unknown
        if settings.budget is not None:
            if used.cost_pico is None or worst.pico is None or unknown.pico is None:
                return BudgetReached(
                    "the budget cannot be kept, for a price is unknown",
                    todo="Set the price in the config file, or use --budget-tokens.",
                )
            if used.cost_pico + unknown.pico + self._pico + worst.pico > settings.budget * PICO:
                spent = f"${used.cost_pico / PICO:.4f} of ${settings.budget:g} are spent"
                return _reached(spent, f"${unknown.pico / PICO:.4f}", count, "--budget")
        if settings.budget_tokens is not None:
            if used.input_tokens is None or used.output_tokens is None:
                return BudgetReached(
                    "the token budget cannot be kept, for an endpoint reports no usage",
                    todo="Use --budget with a known price, or none.",
                )
            tokens = used.input_tokens + used.output_tokens
            if tokens + unknown.tokens + self._tokens + worst.tokens > settings.budget_tokens:
                spent = f"{tokens:,} of {settings.budget_tokens:,} tokens are used"
                return _reached(spent, f"{unknown.tokens:,}", count, "--budget-tokens")
        return None


def _reached(spent: str, maybe: str, unknown: int, flag: str) -> BudgetReached:
    open_calls = ""
    if unknown:
        noun = "call" if unknown == 1 else "calls"
        open_calls = f", up to {maybe} more by {unknown} {noun} of unknown outcome"
    what = f"budget reached: {spent}{open_calls}, and the next call might pass it"
    return BudgetReached(what, todo=f"Raise {flag} to go on.")


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
