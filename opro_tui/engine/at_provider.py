"""Batches that are at a provider: found again, looked at, waited for, cancelled, let go."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from opro_tui.core.errors import ModelError, OproError
from opro_tui.core.events import CallFinished, Outcome
from opro_tui.core.usage import Usage
from opro_tui.engine import call_log
from opro_tui.engine.budget import WorstCase
from opro_tui.engine.job import CallFailed
from opro_tui.engine.run import Incomplete, Interrupted
from opro_tui.engine.traffic import Batched
from opro_tui.models.retry import call_with_retries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from opro_tui.core.protocols import BatchLook, Model
    from opro_tui.engine.run import Run
    from opro_tui.store.records import BatchCall, StoredBatch

    T = TypeVar("T")

GROWTH = 1.5
"""How much longer each wait for a batch is than the one before."""
LOOKS = 30
"""Looks in a row that may fail before a run leaves its batches alone."""
SETTLE = 4
"""Times the first wait after which a batch whose sending was cut off would have turned up."""


@dataclass(slots=True)
class Waits:
    """The waits between looks, in seconds; they grow."""

    first: float
    longest: float
    now: float = 0.0

    def next(self) -> float:
        """The next wait."""
        self.now = self.first if not self.now else self.now * GROWTH
        self.now = min(self.now, max(self.first, self.longest))
        return self.now


def waits_for(run: Run, model: Model) -> Waits:
    """How a model's batches are waited for."""
    looks = run.caller.config.looks
    first = model.batches().first_look if looks.first is None else looks.first
    return Waits(first, looks.longest)


def worst_of(batch: StoredBatch) -> WorstCase:
    """The most that a batch can still cost: its open calls' share of what was reserved for it."""
    whole = WorstCase(batch.reserved_pico, batch.reserved_tokens)
    return whole.part(batch.open, batch.requests)


class AtProvider:
    """A model's batches of a session at their provider.

    Args:
        run: The session's hands.
        model: Who answers.
    """

    def __init__(self, run: Run, model: Model) -> None:
        self.run = run
        self.model = model
        self._failures = 0
        self._trouble = ""

    # --- asking the provider ---

    async def ask(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Ask what can be asked again, in case with a few retries.

        Raises:
            CallFailed: It can't be had.
        """
        caller = self.run.caller
        try:
            found, _ = await call_with_retries(
                attempt, caller.policy, _quietly, stopping=caller.stopping
            )
        except ModelError as error:
            raise CallFailed(error) from error
        return found

    async def look(self, batch: StoredBatch) -> BatchLook | None:
        """How far a batch is; None when that can't be told this time.

        Raises:
            CallFailed: It can't be told at all.
            Incomplete: It could not be told for long.
        """
        assert batch.remote is not None  # noqa: S101 - only placed ones are looked at
        try:
            found = await self.model.batches().look(batch.remote)
        except ModelError as error:
            self.failed(error)
            return None
        self._failures, self._trouble = 0, ""
        return found

    def failed(self, error: ModelError) -> None:
        """Count a look or a reading that failed.

        Raises:
            CallFailed: The next can't succeed either.
            Incomplete: There were too many.
        """
        self._trouble = self.run.caller.traffic.last_error = str(error)
        if error.fatal or not error.retryable:
            raise CallFailed(error)
        self._failures += 1
        if self._failures >= LOOKS:
            raise Incomplete(f"{error} The batch goes on; run again to take it up.")

    async def find(self, batch: StoredBatch, since: float) -> StoredBatch | None:
        """Find a batch whose name was lost, at the provider; None: it never got there.

        Args:
            batch: What is looked for.
            since: When its sending was cut off, in seconds since 1970.

        Raises:
            CallFailed: The provider can't be asked.
            Interrupted: The person asked to stop.
        """
        batches = self.model.batches()
        waits = waits_for(self.run, self.model)
        while True:
            self.show([batch], phase="looking")
            known = await self.run.store.known_batches(batch.endpoint)
            found = await self.ask(
                lambda known=known: batches.find(  # type: ignore[misc]
                    batch.tag, batch.requests, batch.started / 1000, known
                )
            )
            for name, surely in found:
                if surely:
                    call_log.batch("found again", batch)
                    return await self.run.store.batch_sent(batch.id, name)
            rest = SETTLE * waits.first - (time.time() - since)
            if not found and rest <= 0:
                return None
            await self.pause(waits.next() if found else rest, [batch], phase="looking")

    async def placed(self, batch: StoredBatch) -> StoredBatch | None:
        """A batch with its provider's name; None where it was never sent, and is forgotten.

        Raises:
            OproError: It was sent elsewhere.
        """
        if (batch.model, batch.endpoint) != (self.model.name, self.model.endpoint):
            raise OproError(
                f"its batch was sent to {batch.model} at {batch.endpoint}, but the scorer is"
                f" {self.model.name} at {self.model.endpoint} now",
                todo="Set the address again, or let the batch go: `opro-tui batch NAME --give-up`.",
            )
        if batch.remote is not None:
            return batch
        found = await self.find(batch, batch.started / 1000)
        if found is None:
            await self.forget(batch)
        return found

    async def forget(self, batch: StoredBatch) -> None:
        """Let go of a batch that was never sent."""
        call_log.batch("not sent", batch)
        await self.run.store.forget_batch(batch.id)
        self.run.caller.budget.release(batch.id)

    # --- waiting and telling ---

    async def pause(
        self, seconds: float, live: Sequence[StoredBatch], done: int = 0, phase: str = "waiting"
    ) -> None:
        """Wait before the next look.

        Raises:
            Interrupted: The person asked to stop.
        """
        self.show(live, done=done, phase=phase, wait=seconds)
        try:
            async with asyncio.timeout(seconds):
                await self.run.stopping.wait()
        except TimeoutError:
            return
        raise Interrupted(self.goes_on(live))

    @staticmethod
    def goes_on(live: Sequence[StoredBatch]) -> str:
        """What is said of batches that are left alone."""
        names = ", ".join(batch.remote or "whose name is still to be found" for batch in live)
        if len(live) == 1:
            return f"batch {names} goes on at the provider and is taken up when the step goes on"
        return f"batches {names} go on at the provider and are taken up when the step goes on"

    def show(
        self,
        live: Sequence[StoredBatch],
        *,
        done: int = 0,
        phase: str = "waiting",
        wait: float | None = None,
    ) -> None:
        """Tell progress lines what is going on."""
        first = live[0]
        self.run.caller.traffic.batched = Batched(
            name=first.remote or "",
            more=len(live) - 1,
            since=first.submitted or first.started,
            done=done,
            total=sum(batch.requests for batch in live),
            next_look=0.0 if wait is None else time.monotonic() + wait,
            phase=phase,
            trouble=self._trouble,
        )


def _quietly(attempt: int, error: ModelError, delay: float) -> None:
    """Retries of what costs nothing are no news."""


def ended(
    call: BatchCall, step: int, outcome: Outcome, usage: Usage, error: str = ""
) -> CallFinished:
    """How a call of a batch ended; how long it took by itself nobody knows.

    Its cost belongs to the step that takes it in: those before may have been summed up.
    """
    return CallFinished(
        step=step,
        call=call.id,
        role=call.role,
        purpose=call.purpose,
        outcome=outcome,
        usage=usage,
        candidate=call.candidate,
        error=error,
        estimate=call.estimate,
    )


async def give_up(run: Run, batch: StoredBatch) -> int:
    """Let a batch go: its open calls are of unknown outcome, and bought again when needed.

    Returns:
        How many calls that are.
    """
    call_log.batch("let go", batch)
    calls = await run.store.batch_calls(batch.id)
    step = run.state.steps[-1].number if run.state.steps else batch.step
    for call in calls:
        event = ended(call, step, Outcome.UNKNOWN, Usage(unknown=1), "its batch was let go")
        run.publish(await run.store.finish_call(run.session, event, None))
    await run.store.batch_ended(batch.id)
    run.caller.budget.release(batch.id)
    return len(calls)


async def hold_all(run: Run) -> None:
    """Hold in the budget what a session's batches under way can still cost."""
    for batch in await run.store.batches(run.session, live=True):
        run.caller.budget.hold(batch.id, worst_of(batch))


def less_one(batch: StoredBatch) -> StoredBatch:
    """A batch of which one more call has its outcome."""
    return replace(batch, open=max(0, batch.open - 1))
