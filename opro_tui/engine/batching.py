"""Scoring in batches: all that is missing is sent together, waited for, and taken in.

What is sent is stored first, so that a batch outlives the program: it is taken up by the next run,
and one whose name was lost to a kill is looked for at the provider before anything is sent again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter, defaultdict
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from opro_tui.core.errors import ModelError, ParameterRefused
from opro_tui.engine import call_log
from opro_tui.engine.at_provider import AtProvider, waits_for, worst_of
from opro_tui.engine.batch_reading import Reading, breathe, name_of
from opro_tui.engine.budget import WorstCase, worst_case
from opro_tui.engine.caller import estimate_input
from opro_tui.engine.job import CallFailed
from opro_tui.engine.run import Incomplete, Interrupted
from opro_tui.models.batches import NOT_SENT, UNANSWERED, unanswered
from opro_tui.models.gate import limits
from opro_tui.store.records import BatchIntent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from opro_tui.core.protocols import BatchLook, Request, Traits
    from opro_tui.engine.batch_reading import Pair, Scoring
    from opro_tui.engine.job import Job
    from opro_tui.store.records import BatchCall, StoredBatch

TRIES = 3
"""Batches that a request is put into in one run before it counts as missing."""
READS = 3
"""Readings of a batch's results before what they lack counts as unanswered, and is sent again."""
_TIMEOUT = 408


class Batching:
    """Buys a scoring's answers in batches."""

    def __init__(self, scoring: Scoring) -> None:
        self.scoring = scoring
        self.run = scoring.run
        self.model = scoring.model
        self.at_work = AtProvider(scoring.run, scoring.model)
        self._tries: Counter[bytes] = Counter()
        self._reads: Counter[int] = Counter()
        self._hopeless: set[bytes] = set()
        self._refused: tuple[Job, ParameterRefused] | None = None
        self._cancelled = 0

    async def take_up(self) -> None:
        """Bring home what the session has at the provider.

        Raises:
            CallFailed: The provider refuses.
            Incomplete: The provider can't be reached, or a batch was cancelled.
            Interrupted: The person asked to stop; the batches go on.
        """
        live = await self.run.store.batches(self.run.session, live=True)
        try:
            found = [await self.at_work.placed(batch) for batch in live]
            placed = [batch for batch in found if batch is not None]
            idle = {batch.id for batch in placed if not await self._is_wanted(batch)}
            await self._bring_home(placed, idle=idle)
        finally:
            self.run.caller.traffic.batched = None

    async def _is_wanted(self, batch: StoredBatch) -> bool:
        """Whether anything that is missing is in a batch."""
        missing = {(candidate.id, example.index) for candidate, example in self.scoring.missing()}
        calls = await self.run.store.batch_calls(batch.id)
        return any((call.candidate, call.example) in missing for call in calls)

    async def buy(self) -> None:
        """Send all that is missing, and what failed again, until it is there or hopeless.

        Raises:
            As `take_up`; and
            BudgetReached: The next call could pass the budget.
        """
        try:
            while self.scoring.stop is None:
                known, wanted = await self._sorted()
                await self.scoring.work(known)
                if not wanted or self.scoring.stop is not None:
                    return
                if self.run.stopping.is_set():
                    raise Interrupted
                await self._bring_home(await self._send_all(wanted), fresh=True)
        finally:
            self.run.caller.traffic.batched = None

    async def _sorted(self) -> tuple[list[Pair], dict[bytes, Job]]:
        """What is missing: pairs whose answer is at hand, and what is to be bought, by key."""
        pairs = list(self.scoring.missing())
        caller = self.run.caller
        await caller.prefetch(self.scoring.job(*pair) for pair in pairs)
        traits = await caller.learned.of(self.model)
        known: list[Pair] = []
        wanted: dict[bytes, Job] = {}
        for place, pair in enumerate(pairs):
            await breathe(place)
            job = self.scoring.job(*pair)
            key = job.key(traits)
            if caller.has(key):
                known.append(pair)
            elif key not in self._hopeless and self._tries[key] < TRIES:
                wanted.setdefault(key, job)
        return known, wanted

    # --- sending ---

    async def _send_all(self, wanted: dict[bytes, Job]) -> list[StoredBatch]:
        """Send as much as the budget allows.

        Raises:
            BudgetReached: It allows nothing more.
        """
        caller, batches = self.run.caller, self.model.batches()
        caller.budget.check_share()
        traits = dict(await caller.learned.of(self.model))
        await self.model.prepare()
        jobs = list(wanted.items())
        # Counting the tokens of thousands of requests takes a while.
        priced = await asyncio.to_thread(lambda: [self._priced(job) for _, job in jobs])
        count, reason = caller.budget.fitting([worst for _, worst in priced])
        if not count and reason is not None:
            raise reason
        jobs, priced = jobs[:count], priced[:count]
        self._tries.update(key for key, _ in jobs)
        named = [(name_of(" " * 16, key), job.request) for key, job in jobs]
        sizes = await asyncio.to_thread(batches.split, named, traits)
        live: list[StoredBatch] = []
        start = 0
        for size in sizes:
            part = slice(start, start + size)
            try:
                batch = await self._send(jobs[part], priced[part], traits)
            except CallFailed as failed:
                if not live:
                    raise
                self.scoring.stop = failed  # when those before it are home
                break
            live += [] if batch is None else [batch]
            start += size
        return live

    def _priced(self, job: Job) -> tuple[int, WorstCase]:
        """Estimated input tokens and worst case of a call in a batch."""
        estimate = estimate_input(job.model, job.request)
        config = self.run.caller.config
        return estimate, worst_case(job.model, job.request, estimate, config, batch=True)

    async def _send(
        self, jobs: list[tuple[bytes, Job]], priced: list[tuple[int, WorstCase]], traits: Traits
    ) -> StoredBatch | None:
        """Store one batch and send it; None when nothing of it was left to buy, or not so."""
        caller, store = self.run.caller, self.run.store
        worst = sum((each for _, each in priced), WorstCase(0, 0))
        intent = BatchIntent(
            tag=secrets.token_hex(8),
            step=self.scoring.step,
            model=self.model.name,
            endpoint=self.model.endpoint,
            reserved_pico=worst.pico,
            reserved_tokens=worst.tokens,
        )
        calls = [
            job.intent(key, traits, estimate)
            for (key, job), (estimate, _) in zip(jobs, priced, strict=True)
        ]
        batch, bought = await store.begin_batch(self.run.session, intent, calls)
        if batch is None:
            return None
        caller.budget.hold(batch.id, worst_of(batch))
        self.at_work.show([batch], phase="sending")
        left = [(name_of(batch.tag, key), job.request) for key, job in jobs if key not in bought]
        try:
            return await self._sent(batch, left, traits)
        except ParameterRefused as refused:
            await self.at_work.forget(batch)
            await caller.learned.refused(jobs[0][1], refused, traits)
            return None

    async def _sent(
        self, batch: StoredBatch, requests: list[tuple[str, Request]], traits: Traits
    ) -> StoredBatch:
        """Send a batch until the provider has it, once.

        Raises:
            ParameterRefused: It is to be made anew without a parameter.
            CallFailed: The provider doesn't take it.
            Interrupted: The person asked to stop.
        """
        policy = self.run.caller.policy
        attempt = 0
        while True:
            attempt += 1
            try:
                remote = await self.model.batches().submit(requests, traits, batch.tag)
            except ParameterRefused:
                raise
            except ModelError as error:
                if not _is_refusal(error):
                    # It may have arrived all the same; then it must not be sent again.
                    found = await self.at_work.find(batch, time.time())
                    if found is not None:
                        return found
                wait = policy.delay(attempt, error)
                if wait is None:
                    await self.at_work.forget(batch)
                    raise CallFailed(error) from error
                self.run.caller.traffic.last_error = str(error)
                try:
                    await self.at_work.pause(wait, [batch], phase="sending")
                except Interrupted:
                    await self.at_work.forget(batch)
                    raise Interrupted from None
            else:
                sent = await self.run.store.batch_sent(batch.id, remote)
                call_log.batch("sent", sent)
                return sent

    # --- waiting and reading ---

    async def _bring_home(
        self,
        live: Sequence[StoredBatch],
        *,
        fresh: bool = False,
        idle: Collection[int] = frozenset(),
    ) -> None:
        """Wait for batches and take in what they bring.

        Args:
            live: The batches.
            fresh: Whether they were only just sent.
            idle: Those of which nothing is wanted now; they are looked at, and not waited for.
        """
        left = {batch.id: batch for batch in live}
        through: dict[int, int] = {}
        waits = waits_for(self.run, self.model)
        if fresh and left:
            await self.at_work.pause(waits.next(), live)
        while left:
            for batch in list(left.values()):
                if not batch.open:
                    await self._end(batch)
                    del left[batch.id]
                    continue
                look = await self._look(batch, idle=batch.id in idle)
                if look is not None:
                    through[batch.id] = look.done
                if look is not None and look.ended:
                    self.at_work.show([batch], phase="reading")
                    left[batch.id] = await self._read(batch, look)
                    if not left[batch.id].open:
                        del left[batch.id]
            left = {id_: batch for id_, batch in left.items() if id_ not in idle}
            if left:
                done = sum(through.get(id_, 0) for id_ in left)
                await self.at_work.pause(waits.next(), list(left.values()), done)
        await self._learn()
        if self._cancelled:
            noun = "request was" if self._cancelled == 1 else "requests were"
            what = f"the batch was cancelled: {self._cancelled:,} {noun} not answered"
            self.scoring.stop = self.scoring.stop or Incomplete(
                f"{what}. Run again to send them anew, or set scoring to full first."
            )

    async def _look(self, batch: StoredBatch, *, idle: bool) -> BatchLook | None:
        """How far a batch is; that an idle one can't be had is no reason to stop."""
        try:
            return await self.at_work.look(batch)
        except (CallFailed, Incomplete):
            if not idle:
                raise
            return None

    async def _read(self, batch: StoredBatch, look: BatchLook) -> StoredBatch:
        """Take in the results of a batch that ended; returns it with what is still open."""
        assert batch.remote is not None  # noqa: S101 - it was looked at
        traits = dict(await self.run.caller.learned.of(self.model))
        self._reads[batch.id] += 1
        reading = Reading(self.scoring, batch, await self._pairs(traits), traits, self._note)
        await reading.prepare()
        results = self.model.batches().results(batch.remote, reading.sent, traits)
        try:
            async with aclosing(results):
                async for name, result in results:
                    await reading.take(name, result)
                await reading.flush()
        except ModelError as error:
            await reading.flush()
            self.at_work.failed(error)
            return reading.batch
        left_over = look.left_over or unanswered(self.model.name)
        cut_off = left_over.kind == UNANSWERED or reading.seen < look.done
        if cut_off and reading.batch.open and self._reads[batch.id] < READS:
            return reading.batch  # there may be more of them
        await reading.leave(left_over)
        await self._end(reading.batch)
        return replace(reading.batch, open=0)

    async def _pairs(self, traits: Traits) -> dict[bytes, list[Pair]]:
        """What waits for each request key's answer."""
        found: dict[bytes, list[Pair]] = defaultdict(list)
        for place, pair in enumerate(list(self.scoring.missing())):
            await breathe(place)
            found[self.scoring.job(*pair).key(traits)].append(pair)
        return found

    async def _end(self, batch: StoredBatch) -> None:
        call_log.batch("taken in", batch)
        await self.run.store.batch_ended(batch.id)
        self.run.caller.budget.release(batch.id)

    async def _learn(self) -> None:
        """Leave out from now on what was refused, so that the requests are sent without it."""
        if self._refused is not None:
            job, refused = self._refused
            self._refused = None
            traits = dict(await self.run.caller.learned.of(self.model))
            await self.run.caller.learned.refused(job, refused, traits)

    def _note(
        self, batch: StoredBatch, call: BatchCall, error: ModelError, job: Job | None
    ) -> None:
        """Note why a call has no answer, for what is sent next."""
        if isinstance(error, ParameterRefused):
            self._refused = self._refused or (None if job is None else (job, error))
        elif error.kind == "cancelled":
            # Where that was asked for before this run, it is to go on now.
            self._cancelled += batch.cancelled is None and job is not None
        elif not error.retryable:
            self._hopeless.add(call.key)


def _is_refusal(error: ModelError) -> bool:
    """Whether a batch was surely not taken."""
    if error.fatal or limits(error) or error.kind == NOT_SENT:
        return True
    return error.status is not None and 400 <= error.status < 500 and error.status != _TIMEOUT
