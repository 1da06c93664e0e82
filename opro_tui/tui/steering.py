"""The screens' hands on the engine: one open session, its runs and what is said about them."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from opro_tui.core.errors import CodeMissing, Damaged, OproError, SessionBusy
from opro_tui.tui import warming
from opro_tui.tui.drafts import Drafts
from opro_tui.tui.later import Later
from opro_tui.tui.watching import ENDED, RUN_BY, WATCHING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
    from pathlib import Path
    from typing import Any

    from opro_tui.config import Config
    from opro_tui.core import edits as editing
    from opro_tui.core import events
    from opro_tui.core.edits import Edits
    from opro_tui.core.events import Event
    from opro_tui.core.forecast import Forecast
    from opro_tui.core.meta_prompt import MetaPrompt
    from opro_tui.core.picture import Reference
    from opro_tui.core.state import State
    from opro_tui.core.waste import Waste
    from opro_tui.engine import fork as forking
    from opro_tui.engine import fork_price
    from opro_tui.engine import session as engine
    from opro_tui.engine.fork_price import ForkPrice
    from opro_tui.engine.session import Session
    from opro_tui.store import database
    from opro_tui.store.database import Store
    from opro_tui.tui import view
else:
    editing = Later("opro_tui.core.edits")
    events = Later("opro_tui.core.events")
    forking = Later("opro_tui.engine.fork")
    fork_price = Later("opro_tui.engine.fork_price")
    engine = Later("opro_tui.engine.session")
    database = Later("opro_tui.store.database")
    view = Later("opro_tui.tui.view")

RATE_SECONDS = 5.0
"""How far back the rate of evaluations looks."""


class Steering:
    """An open session as the screens use it.

    Args:
        database: Its file.
        name: The session.
        config: Providers and prices.
        watch: Only look, also where nobody else writes it.

    Attributes:
        make: Makes the session first and returns its name, where it isn't there yet.
        drafts: What the person wrote in it and hasn't used yet.
        prompt: The next meta-prompt; None until it was worked out.
        prompt_tokens: Its estimated length.
        forecast: What the next step will cost.
        prompt_stale: Whether something changed since the prompt was worked out.
        waste: The waste meter after the last step; None until it was worked out.
        reference: What scores are compared with, once the task's picture told it.
        readonly: Why the session can only be looked at; empty when it can be written.
        missing_code: What the user's code that it names lacks; empty when it is there.
    """

    def __init__(self, database: Path, name: str, config: Config, *, watch: bool = False) -> None:
        self.database = database
        self.name = name
        self.make: Callable[[], Awaitable[str]] | None = None
        self.config = config
        self.drafts = Drafts()
        self.prompt: MetaPrompt | None = None
        self.prompt_tokens: int | None = None
        self.forecast: Forecast | None = None
        self.takes_temperature = True
        self.prompt_stale = True
        self.waste: Waste | None = None
        self.reference: Reference | None = None
        self.readonly = WATCHING if watch else ""
        self.missing_code = ""
        self._store: Store | None = None
        self._session: Session | None = None
        self._times: deque[float] = deque(maxlen=2000)

    async def open(self) -> None:
        """Open the session; one that another process writes is opened to be followed.

        Raises:
            OproError: It can't be opened.
        """
        await warming.ready()
        if self.make is not None:
            self.name, self.make = await self.make(), None
        watch = bool(self.readonly)
        self._store = await database.Store.open(self.database, readonly=watch, copying=watch)
        try:
            self._session = await self._open(readonly=watch)
        except SessionBusy as busy:
            self.readonly = busy.what.removeprefix("is being ")
            self._session = await self._open(readonly=True)
        except Damaged as damaged:
            self.readonly = damaged.what.removeprefix("is ")
            self._session = await self._open(readonly=True)
        except CodeMissing as missing:
            self.missing_code = str(missing)
            self.readonly = "without its own code"
            self._session = await self._open(readonly=True)
        if not self.readonly:
            await self.drafts.load(self._store, self._session.record.id)

    async def _open(self, *, readonly: bool = False) -> Session:
        return await engine.Session.open(self.store, self.name, self.config, readonly=readonly)

    async def close(self) -> None:
        """Let go of the session and the database; drafts are kept first."""
        await self.drafts.flush()
        if self._session is not None:
            await self._session.close()
        if self._store is not None:
            await self._store.close()

    @property
    def opened(self) -> bool:
        """Whether the session is there."""
        return self._session is not None

    @property
    def store(self) -> Store:
        """The open database."""
        assert self._store is not None  # noqa: S101 - nothing is asked before it is open
        return self._store

    @property
    def session(self) -> Session:
        """The open session."""
        assert self._session is not None  # noqa: S101 - nothing is drawn before it is open
        return self._session

    @property
    def state(self) -> State:
        """The session's state now."""
        return self.session.state

    @property
    def finished_steps(self) -> list[int]:
        """The numbers of the steps that are finished."""
        return [step.number for step in self.state.steps if step.finished_seq]

    @property
    def running(self) -> bool:
        """Whether a run is under way here."""
        return self._session is not None and self._session.running

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop and calls are still in flight."""
        return self._session is not None and self._session.stopping

    def situation(self) -> view.Situation:
        """What the panes have to know beside the state."""
        session = self.session
        now = time.monotonic()
        traffic = session.traffic
        return view.Situation(
            name=session.name,
            simulated=session.record.simulated,
            status=session.status,
            stopping=session.stopping,
            readonly=self.readonly,
            forecast=self.forecast,
            prompt_tokens=self.prompt_tokens,
            in_flight=traffic.in_flight,
            rate=self._rate(now) if session.running else 0.0,
            reply_age=now - traffic.last_reply if traffic.last_reply else None,
            retry_in=max(0.0, traffic.waiting_until - now),
            held=traffic.held_back,
            batched=traffic.batched if session.running else None,
            look_in=0.0 if traffic.batched is None else max(0.0, traffic.batched.next_look - now),
            last_error=traffic.last_error,
            takes_temperature=self.takes_temperature,
            waste=self.waste,
            reference=self.reference,
            missing_code=bool(self.missing_code),
        )

    def _rate(self, now: float) -> float:
        while self._times and now - self._times[0] > RATE_SECONDS:
            self._times.popleft()
        if len(self._times) < 2:
            return 0.0
        return len(self._times) / max(0.2, now - self._times[0])

    async def run(self, steps: int) -> events.Stopped | None:
        """Run steps; returns why the run ended before they were done, None when they are done."""
        return await self._watch(self.session.run(steps))

    async def score(self, ids: Collection[int]) -> events.Stopped | None:
        """Score candidates without a step; returns why that ended early, None when it is done."""
        stopped = await self._watch(self.session.score(ids))
        self.prompt_stale = True
        return stopped

    async def criticize(self) -> events.Stopped | None:
        """Have the next step's critique written; returns why that ended early."""
        stopped = await self._watch(self.session.criticize())
        self.prompt_stale = True
        return stopped

    async def _watch(self, run: AsyncIterator[Event]) -> events.Stopped | None:
        self._times.clear()
        stopped = None
        async for event in run:
            self._take(event)
            if isinstance(event, events.Stopped):
                stopped = event
        return stopped

    def _take(self, event: Event) -> None:
        if isinstance(event, events.Evaluation):
            self._times.append(time.monotonic())
        elif isinstance(event, (events.StepFinished, events.EditMade)):
            self.prompt_stale = True

    def stop(self) -> None:
        """Ask the run to end after the calls in flight."""
        self.session.stop()

    async def edit(self, edits: Edits) -> tuple[Event, ...]:
        """Make a person's edits.

        Raises:
            OproError: One of them can't be made.
        """
        made = await self.session.edit(edits)
        if made:
            self.prompt_stale = True
        return made

    def refusal(self, edits: Edits) -> str:
        """Why edits can't be made now; empty where they can."""
        try:
            editing.plan(self.state, self.session.task, edits)
        except OproError as error:
            return self.what_failed(error)
        return ""

    async def plan_fork(
        self, values: Mapping[str, Any], note: str
    ) -> tuple[forking.Plan, ForkPrice]:
        """What a fork of the session as it is now would be, and what it would buy.

        Raises:
            OproError: It can't be made or priced.
        """
        planned = await forking.plan(self.store, self.session, None, values, note)
        return planned, await fork_price.price(self.store, planned, self.config)

    async def make_fork(self, planned: forking.Plan, name: str) -> None:
        """Make a planned fork.

        Raises:
            OproError: Its name is none or taken, or the database fails.
        """
        await forking.make(self.store, planned, name)

    async def free_name(self, base: str) -> str:
        """The base, or the first of base-2, base-3 … that is free."""
        return await self.store.free_name(base)

    async def follow(self) -> bool:
        """Read what another process stored; whether there was anything."""
        found = await self.session.refresh()
        if self.readonly.startswith(RUN_BY) and not await self.session.is_elsewhere():
            self.readonly = ENDED
        watched = (events.StepFinished, events.EditMade, events.CandidateSampled)
        self.prompt_stale |= any(isinstance(event, watched) for event in found)
        return bool(found)

    async def work_out_prompt(self, readable: Callable[[], Awaitable[None]]) -> None:
        """Work out the next meta-prompt, its length and its forecast, if anything changed.

        Args:
            readable: Shows the first one; only then begins what its length and its price need,
                which takes some tenths of a second to load.

        Raises:
            OproError: A model can't be reached for what it has to say.
        """
        while self.prompt_stale:
            self.prompt_stale = False
            try:
                prompt = await self.session.meta_prompt()
            except CodeMissing:
                # Said when it was opened; what was sent so far can still be read.
                return
            if self.prompt is None:
                self.prompt = prompt
                await readable()
            self.prompt_tokens = await self.session.prompt_tokens(prompt.text)
            self.prompt = prompt
            self.takes_temperature = await self.session.takes_temperature()
            self.forecast = await self.session.forecast()

    def what_failed(self, error: Exception) -> str:
        """An error in words: what happened and what to do."""
        if isinstance(error, OproError):
            if error.where.startswith("--"):
                # A flag of the command line says nothing to who sits at the screen.
                error = OproError(error.what, todo=error.todo)
            words = str(error)
            # A name of a file or a session keeps its own letters.
            return words if error.where else words[:1].upper() + words[1:]
        name = type(error).__name__
        return (
            f"{name}: {error}\n\nThis is a fault of the program. Everything stored is kept; "
            "open the session again to go on."
        )
