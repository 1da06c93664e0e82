"""What a batch brings: each answer stored with its evaluation, each failure with its reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from opro_tui.core.errors import ModelError, OproError, ParameterRefused, StoreError
from opro_tui.core.events import Outcome
from opro_tui.core.protocols import Example, Model, Request, Response, Traits
from opro_tui.core.solution import Candidate
from opro_tui.core.usage import Usage
from opro_tui.engine.at_provider import ended, less_one, worst_of
from opro_tui.engine.job import CallFailed, Job
from opro_tui.engine.run import Interrupted
from opro_tui.store.records import BatchCall, StoredBatch

if TYPE_CHECKING:
    from opro_tui.engine.job import Answered
    from opro_tui.engine.run import Run
    from opro_tui.engine.under_way import Then

AT_ONCE = 200
"""Results that are taken in side by side, so that they share their transactions."""

Pair = tuple[Candidate, Example]
Note = Callable[[StoredBatch, BatchCall, ModelError, Job | None], None]


class Scoring(Protocol):
    """The scoring that batches serve.

    Attributes:
        run: The session's hands.
        model: The scorer.
        step: The step that the costs belong to.
        stop: Why it ends early.
        failures: The calls that failed and whose evaluations are missing.
    """

    run: Run
    model: Model
    step: int
    stop: BaseException | None
    failures: list[CallFailed]

    def missing(self) -> Iterator[Pair]:
        """What is to be answered, example by example."""

    def job(self, candidate: Candidate, example: Example) -> Job:
        """The call that answers it."""

    def then(self, candidate: Candidate, example: Example) -> Then | None:
        """Makes an answer's evaluation; None where a judge does."""

    async def took(self, candidate: Candidate, example: Example, answer: Answered) -> None:
        """Go on with an answer that is stored."""

    async def lost(self, candidate: Candidate, example: Example, failed: CallFailed) -> None:
        """Go on without an answer."""

    async def work(self, pairs: Sequence[Pair]) -> None:
        """Score what needs no new call."""


class Reading:
    """The results of one batch, as they come in.

    Args:
        scoring: What they are for.
        batch: The batch.
        pairs: What waits for each request key's answer.
        traits: What is known of the model.
        note: Told why a call has no answer.

    Attributes:
        batch: It, with what is still open.
        sent: Its requests by name, as far as they are still wanted; filled by `prepare`.
        seen: How many results there were, those that were taken in before among them.
    """

    def __init__(
        self,
        scoring: Scoring,
        batch: StoredBatch,
        pairs: Mapping[bytes, Sequence[Pair]],
        traits: Traits,
        note: Note,
    ) -> None:
        self.batch = batch
        self.sent: dict[str, Request] = {}
        self.seen = 0
        self._scoring = scoring
        self._run = scoring.run
        self._caller = scoring.run.caller
        self._note = note
        self._pairs = pairs
        self._of: dict[tuple[int | None, int | None], Pair] = {
            (p[0].id, p[1].index): p for waiting in pairs.values() for p in waiting
        }
        self._traits = traits
        self._open: dict[str, BatchCall] = {}
        self._waiting: list[tuple[BatchCall, Response | ModelError]] = []

    async def prepare(self) -> None:
        """Find the requests again that are to be answered."""
        state, examples = self._run.state, self._run.task.examples
        for place, call in enumerate(await self._run.store.batch_calls(self.batch.id)):
            await breathe(place)
            name = name_of(self.batch.tag, call.key)
            self._open[name] = call
            candidate = None if call.candidate is None else state.candidates.get(call.candidate)
            if candidate is None or call.example is None:
                continue
            job = self._scoring.job(candidate, examples[call.example])
            if job.key(self._traits) == call.key:
                self.sent[name] = job.request

    async def take(self, name: str, result: Response | ModelError) -> None:
        """Take a result in, sooner or later."""
        self.seen += 1
        call = self._open.pop(name, None)
        if call is None:
            return  # taken in before a kill, or nobody's
        self._waiting.append((call, result))
        if len(self._waiting) >= AT_ONCE:
            await self.flush()

    async def flush(self) -> None:
        """Take in what waits."""
        waiting, self._waiting = self._waiting, []
        await asyncio.gather(*(self._one(call, result) for call, result in waiting))

    async def leave(self, error: ModelError) -> None:
        """End the calls that have no result."""
        rest = list(self._open.values())
        self._open.clear()
        for start in range(0, len(rest), AT_ONCE):
            await asyncio.gather(*(self._fail(c, error) for c in rest[start : start + AT_ONCE]))

    async def _one(self, call: BatchCall, result: Response | ModelError) -> None:
        if isinstance(result, Response):
            await self._keep(call, result)
        else:
            await self._fail(call, result)

    async def _keep(self, call: BatchCall, response: Response) -> None:
        """Store an answer with its evaluation, and go on with all that waited for it."""
        usage = self._caller.usage(self._scoring.model, response.usage, batch=True)
        event = ended(call, self._scoring.step, Outcome.ANSWERED, usage)
        pairs = self._waiting_for(call)
        then = self._scoring.then(*pairs[0]) if pairs else None
        slow = not self._run.task.trusted
        try:
            try:
                answer = await self._caller.keep(event, response, then, slow=slow)
            finally:
                self._settled()
            self._caller.remember(call.key, answer)
            for place, pair in enumerate(pairs):
                if place:
                    answer = replace(answer, from_store=True)
                    await self._caller.follow_up(answer, self._scoring.then(*pair))
                await self._scoring.took(*pair, answer)
        except CallFailed as failed:  # the judge's
            await self._scoring.lost(*pairs[0], failed)
        except StoreError:
            raise
        except (OproError, Interrupted) as error:
            self._scoring.stop = self._scoring.stop or error

    async def _fail(self, call: BatchCall, error: ModelError) -> None:
        event = ended(call, self._scoring.step, Outcome.FAILED, Usage(failed=1), str(error))
        await self._caller.failed(self._scoring.model, event, error)
        self._settled()
        pairs = self._waiting_for(call)
        job = self._scoring.job(*pairs[0]) if pairs else None
        if job is not None and job.key(self._traits) != call.key:
            job = None  # what it was refused for is not sent any more
        self._note(self.batch, call, error, job)
        if isinstance(error, ParameterRefused):
            return
        for pair in pairs:
            await self._scoring.lost(*pair, CallFailed(error))

    def _waiting_for(self, call: BatchCall) -> list[Pair]:
        """What waits for a call's answer, what it was made for first."""
        pairs = self._pairs.get(call.key)
        if pairs is None:
            # What is sent has changed since: a parameter is known to be refused, perhaps.
            pair = self._of.get((call.candidate, call.example))
            same = pair is not None and self._scoring.job(*pair).replicate == call.replicate
            return [pair] if pair is not None and same else []
        return sorted(pairs, key=lambda pair: not _is_of(pair, call))

    def _settled(self) -> None:
        """One call less that may still cost something."""
        self.batch = less_one(self.batch)
        self._caller.budget.hold(self.batch.id, worst_of(self.batch))


async def breathe(place: int) -> None:
    """Let the screen go on now and then while thousands of requests are gone through."""
    if place % AT_ONCE == 0:
        await asyncio.sleep(0)


def name_of(tag: str, key: bytes) -> str:
    """What a request is called within its batch."""
    return f"{tag}-{key.hex()}"


def _is_of(pair: Pair, call: BatchCall) -> bool:
    return (pair[0].id, pair[1].index) == (call.candidate, call.example)
