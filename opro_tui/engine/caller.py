"""One call: stored before it is sent, bought once, within the budget, tried again on failure."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from opro_tui.core.errors import (
    BudgetReached,
    ContextOverflow,
    ModelError,
    ParameterRefused,
    StoreError,
)
from opro_tui.core.events import Outcome
from opro_tui.core.usage import Usage, to_picodollars
from opro_tui.engine import call_log
from opro_tui.engine.budget import worst_case
from opro_tui.engine.job import Answered, CallFailed, Job
from opro_tui.engine.learned import Learned
from opro_tui.engine.run import Interrupted
from opro_tui.engine.traffic import Traffic
from opro_tui.engine.under_way import UnderWay
from opro_tui.models import prices, tokens
from opro_tui.models.gate import gate_of, limits
from opro_tui.models.retry import Patience, RetryPolicy, call_with_retries
from opro_tui.store.locks import WriterLock
from opro_tui.store.records import CallAnswer, CallIntent, StoredAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from opro_tui.config import Config
    from opro_tui.core.events import CallFinished, Event
    from opro_tui.core.protocols import Model, Request, Response, Traits
    from opro_tui.core.usage import TokenUsage
    from opro_tui.engine.budget import Budget
    from opro_tui.engine.slots import Slot
    from opro_tui.engine.under_way import Then
    from opro_tui.models.turn import Turn
    from opro_tui.store.database import Store


ELSEWHERE_SECONDS = 0.1
"""How often to look whether another session's call has come back."""
STEPS = frozenset({"sample", "critique", "score", "judge"})
"""Purposes of the calls that steps make."""

T = TypeVar("T")


@dataclass(slots=True)
class Caller:
    """Makes a session's calls.

    Attributes:
        store: Where intents and answers go.
        session: The session's row id.
        config: Prices and providers.
        budget: What holds calls back.
        publish: Takes stored events.
        policy: When to try again.
        stopping: Set when the person asked to stop: no call is sent any more.
        traffic: What is going on, for progress lines.
        learned: What is known of the models.
    """

    store: Store
    session: int
    config: Config
    budget: Budget
    publish: Callable[[Sequence[Event]], None]
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    traffic: Traffic = field(default_factory=Traffic)
    learned: Learned = field(init=False)
    _known: dict[bytes, Answered] = field(default_factory=dict)
    _flights: dict[bytes, asyncio.Future[Answered]] = field(default_factory=dict)
    _patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        self.learned = Learned(self.store, self.session, self.publish)

    async def prefetch(self, jobs: Iterable[Job]) -> list[bool]:
        """Look up which of these jobs' answers have been bought, all at once.

        What isn't found is looked for again when it is bought: another session may have it then.

        Returns:
            Of each job in turn whether its answer is known.
        """
        keys = [job.key(await self.learned.of(job.model)) for job in jobs]
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        found = await self.store.find_answers(missing)
        self._known.update({key: _from_store(answer) for key, answer in found.items()})
        return [key in self._known for key in keys]

    async def call(self, job: Job, then: Then | None = None, slot: Slot | None = None) -> Answered:
        """Get a job's answer: from the store, from the same call in flight, or by buying it.

        Args:
            job: What is wanted.
            then: Makes the events that the answer leads to (async, takes an `Answered`); they are
                stored in the same transaction as a bought answer.
            slot: Is left as soon as a bought answer is on its way to the database.

        Raises:
            CallFailed: There is no answer; retries are used up or useless.
            BudgetReached: It could pass the budget.
        """
        while True:
            traits = dict(await self.learned.of(job.model))
            key = job.key(traits)
            answer = await self._bought(job, key)
            if answer is not None:
                await self.follow_up(answer, then)
                return answer
            flight: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
            self._flights[key] = flight
            try:
                answer = await self._buy(job, key, traits, then, slot)
            except ParameterRefused as refused:
                self._end_flight(key, flight, None)
                await self.learned.refused(job, refused, traits)
                continue
            except BaseException:
                self._end_flight(key, flight, None)
                raise
            self._end_flight(key, flight, answer)
            return answer

    async def _bought(self, job: Job, key: bytes) -> Answered | None:
        while (flight := self._flights.get(key)) is not None:
            try:
                answer = await asyncio.shield(flight)
            except asyncio.CancelledError:
                if not flight.cancelled():
                    raise
                continue
            return replace(answer, from_store=True)
        if key not in self._known and job.private:
            # A draw that was answered before a kill; shared answers are looked for when bought.
            self._known.update(
                {k: _from_store(v) for k, v in (await self.store.find_answers([key])).items()}
            )
        return self._known.get(key)

    def _end_flight(
        self, key: bytes, flight: asyncio.Future[Answered], answer: Answered | None
    ) -> None:
        del self._flights[key]
        if answer is None:
            flight.cancel()
        else:
            self.remember(key, answer)
            flight.set_result(answer)

    def has(self, key: bytes) -> bool:
        """Whether the answer to a request key is at hand, so that it costs nothing."""
        return key in self._known

    def remember(self, key: bytes, answer: Answered) -> None:
        """Keep an answer that is stored at hand."""
        self._known[key] = replace(answer, from_store=True)

    async def follow_up(self, answer: Answered, then: Then | None) -> None:
        """Store the events that an answer, which is stored already, leads to."""
        events = await then(answer) if then else []
        if events:
            self.publish(await self.store.append(self.session, events))

    async def _buy(
        self, job: Job, key: bytes, traits: Traits, then: Then | None, slot: Slot | None
    ) -> Answered:
        if job.purpose in STEPS:
            self.budget.check_share()
        estimate = estimate_input(job.model, job.request)
        worst = worst_case(job.model, job.request, estimate, self.config)
        async with self.budget.reserved(worst) as held:
            intent = job.intent(key, traits, estimate)
            turn = self._turn(job, estimate)
            try:
                # Before there is a row, so that what only waits never is of unknown outcome. Its
                # reservation takes nothing from the calls before it, which are sent first.
                await self._take(job, turn)
                begun = await self._begin(job, intent, turn)
                if isinstance(begun, int):
                    return await self._send(
                        UnderWay(begun, job, traits, estimate, turn, then, slot, held)
                    )
            finally:
                if turn is not None:
                    turn.leave()
            await self.follow_up(begun, then)
            return begun

    def _turn(self, job: Job, estimate: int) -> Turn | None:
        gate = gate_of(job.model.account)
        if gate is None:
            return None
        return gate.turn(job.model.name, estimate)

    async def _take(self, job: Job, turn: Turn | None) -> None:
        """Wait until the endpoint's limits allow a call.

        Raises:
            CallFailed: The endpoint was given up.
            Interrupted: The person asked to stop.
        """
        if turn is None:
            return
        try:
            if turn.gate not in self.traffic.gates:
                await job.model.prepare()  # its time is not the endpoint's
                self.traffic.gates[turn.gate] = None
            if not await turn.wait(self.stopping):
                raise Interrupted
        except ModelError as error:
            raise CallFailed(error) from error

    async def _begin(self, job: Job, intent: CallIntent, turn: Turn | None) -> int | Answered:
        """Store the intent; or take the answer that another session buys or bought meanwhile."""
        if job.private:
            return await self._put_down(intent.key, self.store.begin_call(self.session, intent))
        while True:
            found = await self._put_down(
                intent.key, self.store.begin_shared_call(self.session, intent)
            )
            if isinstance(found, int):
                return found
            if isinstance(found, StoredAnswer):
                return _from_store(found)
            if not WriterLock(self.store.path, found.session, "").held_elsewhere:
                # It died with its session; what became of it is that session's to say.
                anyway = self.store.begin_shared_call(self.session, intent, anyway=True)
                begun = await self._put_down(intent.key, anyway)
                if isinstance(begun, int):
                    return begun
                continue
            if self.stopping.is_set():
                raise Interrupted
            if turn is not None:
                turn.leave()  # the other session may need the place
            await asyncio.sleep(ELSEWHERE_SECONDS)
            await self._take(job, turn)

    async def _put_down(self, key: bytes, stored: Awaitable[T]) -> T:
        """Wait for an intent to be stored; it is taken back if the run is cancelled meanwhile."""
        try:
            return await stored
        except asyncio.CancelledError:
            with suppress(StoreError):  # it was closed: what became of it is the next run's to say
                await asyncio.shield(self.store.withdraw_call(self.session, key))
            raise

    async def _send(self, call: UnderWay) -> Answered:
        job = call.job
        self.traffic.in_flight += 1
        try:
            policy = self._patience.of(self.policy, job.model.endpoint, seed=call.call)
            response, _ = await call_with_retries(
                call.attempt,
                policy,
                partial(self._note_retry, call.call),
                stopping=self.stopping,
                turn=call.turn,
            )
        except asyncio.CancelledError:
            unheard = int(call.sent or not call.lost)
            unknown = call.finished(Outcome.UNKNOWN, Usage(unknown=unheard), "broken off")
            call_log.ended(unknown, job.model.name, None)
            await asyncio.shield(self._commit(unknown, None))
            raise
        except ModelError as error:
            event = call.finished(Outcome.FAILED, Usage(failed=1), str(error))
            await self.failed(job.model, event, error)
            if isinstance(error, ParameterRefused):
                raise
            raise CallFailed(error) from error
        except BudgetReached as reached:
            event = call.finished(Outcome.FAILED, Usage(failed=1), str(reached))
            await self.failed(job.model, event, ModelError(reached.what, where=job.model.name))
            raise
        finally:
            self.traffic.in_flight -= 1
        self.traffic.last_reply = time.monotonic()
        self._patience.heard(job.model.endpoint)
        event = call.finished(Outcome.ANSWERED, self.usage(job.model, response.usage))
        call_log.answered(event, job.model.name, response.request_id)
        return await self.keep(event, response, call.then, slow=job.slow, slot=call.slot)

    async def failed(self, model: Model, event: CallFinished, error: ModelError) -> None:
        """Commit a call that failed."""
        call_log.ended(event, model.name, error)
        self.traffic.last_error = str(error)
        self._patience.failed(model.endpoint, error)
        if isinstance(error, ParameterRefused | ContextOverflow):
            # Not a missing evaluation: it is asked again, or graded 0.
            event = replace(event, candidate=None)
        await asyncio.shield(self._commit(event, None))

    async def keep(
        self,
        event: CallFinished,
        response: Response,
        then: Then | None,
        *,
        slow: bool = False,
        slot: Slot | None = None,
    ) -> Answered:
        """Store an answer and what follows from it, whole even when the run is cancelled.

        Args:
            event: How the call ended.
            response: What it brought.
            then: Makes the events that the answer leads to.
            slow: Whether that runs a user's code; the answer is then committed before it.
            slot: Is left as soon as the answer is on its way to the database.
        """
        # It has been paid for: not even a cancelled run may lose it.
        return await asyncio.shield(self._keep(event, response, then, slow, slot))

    async def _keep(
        self,
        event: CallFinished,
        response: Response,
        then: Then | None,
        slow: bool,
        slot: Slot | None,
    ) -> Answered:
        answer = Answered(event.call, response.completions, from_store=False)
        bought = CallAnswer(completions=response.completions, request_id=response.request_id)
        if slow or then is None:
            await self._commit(event, bought, slot=slot)
            await self.follow_up(answer, then)
            return answer
        try:
            events = await then(answer)
        except Exception:
            await self._commit(event, bought)
            raise
        await self._commit(event, bought, events, slot)
        return answer

    async def _commit(
        self,
        event: CallFinished,
        bought: CallAnswer | None,
        then: Sequence[Event] = (),
        slot: Slot | None = None,
    ) -> None:
        stored = self.store.finish_call(self.session, event, bought, then)
        if slot is not None:
            slot.leave()
        self.publish(await stored)

    def _note_retry(self, call: int, attempt: int, error: ModelError, delay: float) -> None:
        call_log.again(call, attempt, error, delay)
        self.traffic.retries += 1
        if limits(error):
            return  # the endpoint's gate tells of it
        # What happened comes first: a line may have no room for where.
        again = f"attempt {attempt} at {error.where}; again in {delay:.1f} s"
        self.traffic.last_error = f"{error.what} ({again})"
        self.traffic.waiting_until = time.monotonic() + delay

    def usage(self, model: Model, used: TokenUsage, *, batch: bool = False) -> Usage:
        """What an answer, of a single call or of one in a batch, used and cost."""
        dollars = prices.price(model.name, used, self.config, batch=batch)
        saved = prices.cache_saved(model.name, used, self.config, batch=batch)
        return Usage.of_call(used, to_picodollars(dollars), to_picodollars(saved))


def _from_store(answer: StoredAnswer) -> Answered:
    return Answered(answer.call, answer.completions, from_store=True)


def estimate_input(model: Model, request: Request) -> int:
    """Estimated tokens of a request's messages."""
    return sum(tokens.count(message.content, model.name)[0] + 4 for message in request.messages)
