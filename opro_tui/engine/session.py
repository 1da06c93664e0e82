"""A session: the face of the engine that the command line and the screens share."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Self

from opro_tui.core.edits import Edits, plan
from opro_tui.core.errors import BadInput, SessionBusy
from opro_tui.core.meta_prompt import MetaPrompt
from opro_tui.core.protocols import Request
from opro_tui.core.reducer import fold
from opro_tui.engine import critique, transfer, unheard
from opro_tui.engine.at_provider import hold_all
from opro_tui.engine.budget import Budget, Pot, WorstCase, worst_case
from opro_tui.engine.caller import Caller
from opro_tui.engine.consent import strange_addresses, task_of, task_to_read
from opro_tui.engine.create import check_models
from opro_tui.engine.loop import Loop
from opro_tui.engine.opening import check_whole, folded, summary
from opro_tui.engine.outlook import Outlook, Preview
from opro_tui.engine.pool import ModelPool
from opro_tui.engine.provenance import changes, readable_on_the_way, sent_to_strangers
from opro_tui.engine.run import Run
from opro_tui.store.locks import WriterLock

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Callable,
        Collection,
        Coroutine,
        Mapping,
        Sequence,
    )

    from opro_tui.config import Config
    from opro_tui.core.events import Event
    from opro_tui.core.forecast import Forecast
    from opro_tui.core.protocols import Task
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.traffic import Traffic
    from opro_tui.engine.transfer import Elsewhere
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord


class Session:
    """One session, open.

    Use `Session.open`; close it when done. All methods are for the event loop's thread.

    Attributes:
        record: The stored row.
        task: What is optimized.
        state: The state now; replaced, never changed.
        readonly: Whether another process writes it, so that it can only be followed.
        running: Whether a run is under way here.
    """

    def __init__(
        self,
        store: Store,
        record: SessionRecord,
        task: Task,
        state: State,
        config: Config,
        lock: WriterLock | None,
        pot: Pot | None = None,
    ) -> None:
        self.record = record
        self.task = task
        self.state = state
        self.running = False
        self._store = store
        self._config = config
        self._lock = lock
        self._looked_back = False
        self._queue: asyncio.Queue[Event | None] | None = None
        self._pool = ModelPool(config, state.settings.seed)
        self._budget = Budget(lambda: self.state, self._worst_unknown, pot)
        self._caller = Caller(store, record.id, config, self._budget, self._publish)
        self._run = Run(
            store, record.id, task, self._pool, self._caller, lambda: self.state, self._publish
        )
        self._outlook = Outlook(self._run, config)
        self._loop = Loop(self._run, self._outlook)

    @classmethod
    async def open(
        cls,
        store: Store,
        name: str,
        config: Config,
        *,
        readonly: bool = False,
        pot: Pot | None = None,
    ) -> Self:
        """Open a stored session.

        Args:
            store: The database.
            name: The session's name.
            config: Providers and prices.
            readonly: Only look; no lock is taken.
            pot: A budget that it shares with other sessions, beside its own.

        Raises:
            BadInput: There is no session of that name.
            SessionBusy: Another process writes it; open it `readonly` to follow it.
            Damaged: It can't be opened, or only `readonly`, for some of it is lost.
        """
        record = await store.session(name)
        lock = None
        if not readonly:
            lock = WriterLock(store.path, record.id, name)
            lock.acquire()
        try:
            task = await (task_to_read if readonly else task_of)(store, record)
            state = await folded(store, record, task)
            if not readonly:
                check_whole(record, state)
            session = cls(store, record, task, state, config, lock, pot)
            if not readonly:
                await unheard.note(store, record.id, session._publish)
            if session.state.usage().unknown and not (readonly and pot is None):
                await unheard.count(store, record.id, config, session._budget)
            await hold_all(session.hands)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        return session

    async def close(self) -> None:
        """Let go of the models' connections and of the session."""
        await self._pool.aclose()
        if self._lock is not None:
            self._lock.release()

    async def look_back(self) -> tuple[Event, ...]:
        """Note, once after opening, versions and data files that are not what they were.

        Returns:
            What was noted; nothing where all is as before, or the session is only looked at.
        """
        if self._looked_back or self.readonly:
            return ()
        self._looked_back = True
        before = self.state.last_seq
        found = await asyncio.to_thread(changes, self.record, self.state)
        found += readable_on_the_way(self.state, self._config)
        strange = await strange_addresses(self._store, self.record, self.state.settings)
        found += sent_to_strangers(self.state, strange)
        if not found:
            return ()
        await self._run.append(*found)
        noted = (*self.state.continued, *self.state.warnings)
        return tuple(sorted((e for e in noted if e.seq > before), key=lambda e: e.seq))

    @property
    def name(self) -> str:
        """The session's name."""
        return self.record.name

    @property
    def readonly(self) -> bool:
        """Whether it was opened only to look."""
        return self._lock is None

    @property
    def traffic(self) -> Traffic:
        """What the calls are doing now, for progress lines."""
        return self._caller.traffic

    @property
    def status(self) -> str:
        """The status word of `show --json`; a session another process writes is running."""
        busy = self.running
        if self.readonly and self.state.current is not None:
            busy = WriterLock(self._store.path, self.record.id, self.name).held_elsewhere
        return self.state.status(running=busy)

    async def is_elsewhere(self) -> bool:
        """Whether another process has it open for writing now."""
        lock = WriterLock(self._store.path, self.record.id, self.name)
        return await asyncio.to_thread(lambda: lock.held_elsewhere)

    async def edit(self, edits: Edits) -> tuple[Event, ...]:
        """Make a person's edits, all or none; they apply to the next step.

        Raises:
            BadInput: One of them can't be made.
            SessionBusy: Another process writes the session.
        """
        self._check_writable()
        async with self._run.ids:
            events = plan(self.state, self.task, edits)
            self._check_settings(edits)
            if not events:
                return ()
            before = self.state.last_seq
            await self._run.append(*events)
            if warnings := readable_on_the_way(self.state, self._config):
                await self._run.append(*warnings)
        await self._summarize()
        return tuple(e for e in self.state.edits if e.seq > before)

    def run(self, steps: int = 1) -> AsyncGenerator[Event, None]:
        """Run steps, yielding each event after it is stored and in the state.

        An unfinished step is finished first and counts as one; step 0 comes with the first and
        isn't counted. Candidates that wait for review are scored: running on is the approval.
        The last event is a `Stopped` when the run ended before its steps were done.

        Raises:
            SessionBusy: Another process writes the session, or a run is under way.
            OproError: Something failed that is no matter of the session's (the database).
        """
        return self._stream(lambda: self._loop.go(steps))

    def score(self, ids: Collection[int]) -> AsyncGenerator[Event, None]:
        """Score waiting candidates now, without a step: one's own, or ones to be scored again.

        Raises:
            BadInput: No step was run yet; it will score them.
            SessionBusy: Another process writes the session, or a run is under way.
        """
        if not self.state.steps:
            raise BadInput("run a step first", where=self.name, todo="It scores what waits.")
        return self._stream(lambda: self._loop.score(ids))

    def criticize(self) -> AsyncGenerator[Event, None]:
        """Have the critique of the next step written now, to read or change it before the step.

        Raises:
            BadInput: None is wanted, or it isn't the time between two steps.
            SessionBusy: Another process writes the session, or a run is under way.
        """
        critique.check_asked(self.state, self.name)
        return self._stream(self._loop.criticize)

    def measure(
        self, candidates: Sequence[Candidate], examples: Sequence[int] | Elsewhere, kind: str
    ) -> AsyncGenerator[Event, None]:
        """Score solutions on examples of no step, as `heldout.measure`, watched and stoppable.

        The last event is a `Stopped` when it ended early; what was answered is kept.

        Raises:
            SessionBusy: Another process writes the session, or a run is under way.
        """
        work = partial(transfer.measure_there, self, candidates, examples, kind)
        return self._stream(lambda: self._loop.measure(work()))

    async def _stream(
        self, work: Callable[[], Coroutine[None, None, None]]
    ) -> AsyncGenerator[Event, None]:
        """Run some work of the loop, and yield the events it leads to."""
        self._check_writable()
        if self.running:
            raise SessionBusy("is already running", where=f"session {self.name}")
        self.running = True
        self._run.stopping.clear()
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._queue = queue
        task = asyncio.create_task(self._after_looking_back(work))
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (event := await queue.get()) is not None:
                yield event
            await task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
            self._queue = None
            self.running = False
            await self._summarize()

    async def _after_looking_back(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        await self.look_back()
        await work()

    def stop(self) -> None:
        """Ask the run to end: no new call starts, and those in flight are kept."""
        self._run.stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop and calls are still in flight."""
        return self.running and self._run.stopping.is_set()

    async def meta_prompt(self, step: int | None = None) -> MetaPrompt:
        """The exact meta-prompt of the next step, or the one that a past step sent.

        Raises:
            BadInput: That step has none.
        """
        current = self.state.current
        sent = current is not None and current.number == step
        if step is None or (step == self.state.edit_step and not sent):
            return await self._outlook.prompt()
        return self._past_prompt(step)

    async def takes_temperature(self) -> bool:
        """Whether the optimizer of now takes a temperature, as far as is known."""
        return (await self._outlook.plan()).takes_temperature

    async def automatic_prompt(self) -> MetaPrompt:
        """The next meta-prompt as it would be without edits of its texts, pins and drops."""
        return await self._outlook.automatic()

    async def preview_prompt(self, texts: Mapping[str, str]) -> Preview:
        """What the next step would send and cost with some of its texts changed; nothing is stored.

        Args:
            texts: Names of the template's texts, and what they shall be.

        Raises:
            BadInput: A name is no text of a template, or a tag is empty.
        """
        return await self._outlook.preview(self.state.template.with_texts(texts))

    def _past_prompt(self, step: int) -> MetaPrompt:
        found = next((s.prompt for s in self.state.steps if s.number == step), None)
        if found is None:
            last = max((s.number for s in self.state.steps if s.prompt), default=0)
            todo = f"Steps 1 to {last} have one." if last else "Run a step first."
            raise BadInput(f"step {step} has no meta-prompt", where="--step", todo=todo)
        return MetaPrompt(found.text, found.regions)

    async def forecast(self) -> Forecast:
        """What the next step will cost (step 0 and step 1 together before the first)."""
        return await self._outlook.forecast(await self._outlook.prompt())

    async def scoring_forecast(self, calls: int, *, as_steps: bool = False) -> Forecast:
        """What so many answers of the scorer will cost; nothing where scores are computed.

        Args:
            calls: How many.
            as_steps: Whether they are bought as the steps' are, which may be in batches.
        """
        batch = as_steps and self.state.settings.scoring == "batch"
        return await self._outlook.scoring(calls, batch=batch)

    async def refresh(self) -> list[Event]:
        """Read what another process has stored since; returns the new events."""
        events = await self._store.events(self.record.id, after=self.state.last_seq, fine=True)
        if events:
            self.state = fold(self.state, events)
        return events

    async def prompt_tokens(self, text: str) -> int:
        """Estimated tokens of a meta-prompt's text for the optimizer of now."""
        return await self._outlook.tokens(text)

    @property
    def hands(self) -> Run:
        """What trials and held-out evaluations work with, beside the steps."""
        return self._run

    @property
    def left_open(self) -> WorstCase:
        """What the calls of unknown outcome and in batches may have cost, at most."""
        return self._budget.maybe()

    def _worst_unknown(self, role: str) -> WorstCase:
        """The worst case of one call of a role, from what its calls read so far."""
        settings, used = self.state.settings, self.state.usage(role)
        model = self._pool.preview(role, settings)
        many = role == "optimizer" and model.offers_n
        read = used.input_tokens // used.calls if used.calls and used.input_tokens else 1000
        request = Request(
            (),
            n=(settings.request_size or settings.candidates) if many else 1,
            max_output_tokens=settings.for_role("max_output_tokens", role),
        )
        return worst_case(model, request, read, self._config)

    def _check_settings(self, edits: Edits) -> None:
        """Refuse a model that there is none of, and a budget that can't be kept."""
        if not edits.settings:
            return
        settings = self.state.settings.with_values(edits.settings)
        check_models(settings, self.task, self._config)

    def _check_writable(self) -> None:
        if self._lock is None:
            raise SessionBusy(
                "is open read-only", where=f"session {self.name}", todo="Open it again to write."
            )

    def _publish(self, events: Sequence[Event]) -> None:
        self.state = fold(self.state, events)
        if self._queue is not None:
            for event in events:
                self._queue.put_nowait(event)

    async def _summarize(self) -> None:
        await self._store.set_summary(self.record.id, self.state.last_seq, summary(self.state))
