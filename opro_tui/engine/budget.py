"""The budget: the worst case of every call is reserved before it is sent."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, BudgetReached
from opro_tui.core.usage import PICO, ROLES, Usage, add_known, to_picodollars, total
from opro_tui.models import prices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from opro_tui.config import Config
    from opro_tui.core.protocols import Model, Request
    from opro_tui.core.settings import Settings
    from opro_tui.core.state import State


@dataclass(frozen=True, slots=True)
class WorstCase:
    """The most one call can cost: picodollars (None: unknown) and tokens."""

    pico: int | None
    tokens: int

    def __add__(self, other: WorstCase) -> WorstCase:
        return WorstCase(add_known(self.pico, other.pico), self.tokens + other.tokens)

    def times(self, count: int) -> WorstCase:
        """That of so many such calls."""
        return WorstCase(None if self.pico is None else self.pico * count, self.tokens * count)

    def part(self, count: int, of: int) -> WorstCase:
        """The share that some of so many calls have in it, rounded up."""
        pico = None if self.pico is None else -(-self.pico * count // of)
        return WorstCase(pico, -(-self.tokens * count // of))


@dataclass(frozen=True, slots=True)
class Pot:
    """A budget that several sessions share.

    Attributes:
        usd: The most they may spend together; None for no such limit.
        tokens: The most tokens they may use together.
        others: What the other sessions used.
        maybe: What calls of unknown outcome may have cost the others, at most.
        unknown: How many such calls there are.
        after: This session's steps up to there are its parent's, and counted with the others.
    """

    usd: float | None = None
    tokens: int | None = None
    others: Usage = field(default_factory=Usage)
    maybe: WorstCase = field(default_factory=lambda: WorstCase(0, 0))
    unknown: int = 0
    after: int = -1

    def used(self, state: State) -> Usage:
        """What all of them used."""
        return self.others + total(u for (step, _), u in state.ledger.items() if step > self.after)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What may be used, and what was or may have been."""

    usd: float | None
    tokens: int | None
    used: Usage
    maybe: WorstCase
    unknown: int
    batched: bool


def worst_case(
    model: Model, request: Request, estimate: int, config: Config, *, batch: bool = False
) -> WorstCase:
    """The worst case of a call, single or in a batch, whose input is estimated at so much."""
    output = (request.max_output_tokens or model.max_output_default) * request.n
    dollars = prices.worst_case(
        model.name, estimate, output, config, cache=bool(request.cache), batch=batch
    )
    return WorstCase(to_picodollars(dollars), estimate + output)


class Reservation:
    """What a budget holds for a call that is under way.

    Args:
        budget: Which.
        worst: The worst case of one attempt.
        limited: Whether there is a limit to keep.
    """

    def __init__(self, budget: Budget, worst: WorstCase, *, limited: bool) -> None:
        self._budget = budget
        self._worst = worst
        self._limited = limited
        self.lost = 0

    def hold(self, lost: int) -> None:
        """Hold as much again for each attempt whose answer was lost on its way.

        Raises:
            BudgetReached: There is no room for the next attempt beside those.
        """
        if lost > self.lost:
            if self._limited:
                self._budget.hold_lost(self._worst, lost - self.lost)
            self.lost = lost

    def may_be_billed(self, role: str, count: int) -> None:
        """Some of its attempts may be billed though no answer came."""
        if count:
            self._budget.note_lost(role, count, self._worst)


class Budget:
    """Holds calls back that could pass the budget.

    A call waits while others in flight may still turn out cheaper than their worst case; when none
    is left and it still doesn't fit, it is refused. A call that may have been billed though no
    answer came (a kill, a broken connection, a time-out) is counted with its worst case.

    Args:
        state: Gives the session's state now; its settings are read live, so that a budget that is
            raised takes effect on a step that stopped for it.
        unknown: Gives the worst case of one call of a role, for those of unknown outcome of which
            nothing more is known.
        pot: A budget that it shares with other sessions, beside its own.
    """

    def __init__(
        self,
        state: Callable[[], State],
        unknown: Callable[[str], WorstCase],
        pot: Pot | None = None,
    ) -> None:
        self._state = state
        self._unknown = unknown
        self._pot = pot
        self._pico = 0
        self._tokens = 0
        self._open = 0
        self._held: dict[int, WorstCase] = {}
        self._lost: dict[str, tuple[int, WorstCase]] = {}
        self._settled = asyncio.Condition()

    @asynccontextmanager
    async def reserved(self, worst: WorstCase) -> AsyncIterator[Reservation]:
        """Hold a call's worst case until its actual usage is in the state.

        Raises:
            BudgetReached: It doesn't fit, and nothing in flight can make room.
        """
        settings, pot = self._state().settings, self._pot or Pot()
        if (settings.budget, settings.budget_tokens, pot.usd, pot.tokens) == (None,) * 4:
            yield Reservation(self, worst, limited=False)
            return
        held = Reservation(self, worst, limited=True)
        async with self._settled:
            while (reason := self._too_much(worst)) is not None:
                if not self._open:
                    raise reason
                await self._settled.wait()
            self._change(worst, 1)
        try:
            yield held
        finally:
            async with self._settled:
                self._change(worst, -1)
                self._add(worst, -held.lost)
                self._settled.notify_all()

    def hold(self, batch: int, worst: WorstCase) -> None:
        """Hold what a batch can still cost until that is changed; it is at work already."""
        self._held[batch] = worst

    def release(self, batch: int) -> None:
        """Hold no more for a batch."""
        self._held.pop(batch, None)

    def fitting(self, wanted: Sequence[WorstCase]) -> tuple[int, BudgetReached | None]:
        """How many of the calls fit, from the first on, and why the one after them doesn't."""
        sums = list(accumulate(wanted))
        count = bisect_left(sums, True, key=lambda worst: self._too_much(worst) is not None)
        return count, self._too_much(sums[count]) if count < len(sums) else None

    def check_share(self) -> None:
        """Refuse a step's call once what its steps may spend is spent.

        Raises:
            BudgetReached: It is.
        """
        reason = share_spent(self._state())
        if reason is not None:
            raise reason

    def _change(self, worst: WorstCase, sign: int) -> None:
        self._add(worst, sign)
        self._open += sign

    def _add(self, worst: WorstCase, times: int) -> None:
        self._pico += times * (worst.pico or 0)
        self._tokens += times * worst.tokens

    def hold_lost(self, worst: WorstCase, times: int) -> None:
        """Hold more for a call under way, whose attempts may be billed though no answer came.

        Raises:
            BudgetReached: There is no room; nothing more is held.
        """
        reason = self._too_much(worst.times(times))
        if reason is not None:
            raise reason
        self._add(worst, times)

    def note_lost(self, role: str, count: int, worst: WorstCase) -> None:
        """Count calls of unknown outcome with what each can have cost at most."""
        before, together = self._lost.get(role, (0, WorstCase(0, 0)))
        self._lost[role] = (before + count, together + worst.times(count))

    def left_open(self) -> WorstCase:
        """What the calls of unknown outcome may have cost."""
        found = WorstCase(0, 0)
        for role in ROLES:
            known, together = self._lost.get(role, (0, WorstCase(0, 0)))
            found += together
            if (others := self._state().usage(role).unknown - known) > 0:
                found += self._unknown(role).times(others)
        return found

    def maybe(self) -> WorstCase:
        """What calls of unknown outcome may have cost, and batches under way can still cost."""
        unknown = self._lost or self._state().usage().unknown
        start = self.left_open() if unknown else WorstCase(0, 0)
        return sum(self._held.values(), start)

    def _limits(self) -> list[_Limits]:
        """The session's own, and those that it shares."""
        state = self._state()
        settings, used = state.settings, state.usage()
        open_ = self.maybe()
        batched = bool(self._held)
        own = _Limits(settings.budget, settings.budget_tokens, used, open_, used.unknown, batched)
        pot = self._pot
        if pot is None:
            return [own]
        maybe, count = pot.maybe + open_, pot.unknown + used.unknown
        return [own, _Limits(pot.usd, pot.tokens, pot.used(state), maybe, count, batched)]

    def _too_much(self, worst: WorstCase) -> BudgetReached | None:
        """Why a call can't be sent; None when it fits."""
        found = (self._passes(limits, worst) for limits in self._limits())
        return next((reason for reason in found if reason is not None), None)

    def _passes(self, limits: _Limits, worst: WorstCase) -> BudgetReached | None:
        used, maybe = limits.used, limits.maybe
        if limits.usd is not None:
            if used.cost_pico is None or worst.pico is None or maybe.pico is None:
                return BudgetReached(
                    "the budget cannot be kept, for a price is unknown",
                    todo="Set the price in the config file, or use --budget-tokens.",
                )
            if used.cost_pico + maybe.pico + self._pico + worst.pico > limits.usd * PICO:
                spent = f"${used.cost_pico / PICO:.4f} of ${limits.usd:g} are spent"
                return _reached(spent, f"${maybe.pico / PICO:.4f}", limits, "--budget")
        if limits.tokens is not None:
            if used.input_tokens is None or used.output_tokens is None:
                return BudgetReached(
                    "the token budget cannot be kept, for an endpoint reports no usage",
                    todo="Use --budget with a known price, or none.",
                )
            tokens = used.input_tokens + used.output_tokens
            if tokens + maybe.tokens + self._tokens + worst.tokens > limits.tokens:
                spent = f"{tokens:,} of {limits.tokens:,} tokens are used"
                return _reached(spent, f"{maybe.tokens:,}", limits, "--budget-tokens")
        return None


def share_spent(state: State) -> BudgetReached | None:
    """Why a session's steps start no call any more, as `stop-after` has it; None when they may."""
    settings, used = state.settings, state.usage()
    usd, tokens = settings.stop_after, settings.stop_after_tokens
    if usd is not None and used.cost_usd is not None and used.cost_usd >= usd:
        return BudgetReached(
            f"stopped after ${used.cost_usd:.4f}, for ${usd:.4f} were to be spent",
            todo="Raise --stop-after to go on.",
        )
    if tokens is None or used.input_tokens is None or used.output_tokens is None:
        return None
    if used.input_tokens + used.output_tokens >= tokens:
        return BudgetReached(
            f"stopped after {used.input_tokens + used.output_tokens:,} tokens, for"
            f" {tokens:,} were to be used",
            todo="Raise --stop-after-tokens to go on.",
        )
    return None


def _reached(spent: str, maybe: str, limits: _Limits, flag: str) -> BudgetReached:
    open_calls, unknown = "", limits.unknown
    batches = "a batch that is under way" if limits.batched else ""
    if unknown:
        noun = "call" if unknown == 1 else "calls"
        batches = f" and {batches}" if batches else ""
        open_calls = f", up to {maybe} more by {unknown} {noun} of unknown outcome{batches}"
    elif batches:
        open_calls = f", up to {maybe} more by {batches}"
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
    scorer = settings.scorer
    batched = settings.scoring == "batch" and scorer in [model.name for model in models]
    if batched and prices.batch_share(scorer, config) is None:
        raise BadInput(
            f"what {scorer} costs in a batch is unknown, so a dollar budget cannot be kept",
            where="--budget",
            todo=f'Set batch = 0.5 in [prices."{scorer}"] of the config file if that is half.',
        )
