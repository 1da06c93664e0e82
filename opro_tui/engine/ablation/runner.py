"""Running an ablation: arm after arm on one budget, and on again from wherever it was left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.ablation import BASE, ONE_SHOT, Label, mark
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.core.events import StepFinished, Stopped
from opro_tui.core.protocols import Split
from opro_tui.core.usage import Usage, add_known, total
from opro_tui.engine import arms, fork, heldout
from opro_tui.engine.ablation import outcome as outcomes
from opro_tui.engine.ablation.stored import Entry
from opro_tui.engine.budget import Pot, WorstCase
from opro_tui.engine.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from opro_tui.config import Config
    from opro_tui.core.events import Event
    from opro_tui.core.solution import Candidate, Score
    from opro_tui.engine.ablation.outcome import Outcome
    from opro_tui.store.database import Store

_OVER = ("max_steps", "patience", "solved")
"""How an arm ends that has done what it should."""


@dataclass(frozen=True, slots=True)
class Options:
    """How an ablation is run; none of it changes what an arm is.

    Attributes:
        usd: The most that all arms together may spend.
        tokens: The most tokens that they may use.
        held_out: Whether each arm's best is measured on the test split when it is done.
        one_shot: Whether each repetition's base gets its one-shot control.
        concurrency: Calls in flight at once from now on; None leaves that as it was.
    """

    usd: float | None = None
    tokens: int | None = None
    held_out: bool = True
    one_shot: bool = False
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ablation is.

    Attributes:
        entry: The session under way.
        step: Its last finished step; -1 before step 0 ended.
        of: Steps it takes.
        phase: `steps`, `held out` or `done`.
        done: Sessions that are done.
        wanted: Sessions in all.
        spent: What all of them used.
        score: The score of its best so far.
        kept: Whether an earlier run had finished it.
    """

    entry: Entry
    step: int
    of: int
    phase: str
    done: int
    wanted: int
    spent: Usage
    score: Score | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Spent:
    """What a session used, and may have used."""

    used: Usage
    maybe: WorstCase
    unknown: int


class Ablation:
    """Runs the sessions of an ablation that are there. What is finished is not run again.

    Args:
        store: Where they are.
        config: Providers and prices.
        entries: The sessions, in the order in which they are run.
        options: Budget, held-out scores and controls.
        tell: Called with each step's progress.
        everything: All sessions of the ablation, which share its budget; None where `entries` are
            all.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        entries: Sequence[Entry],
        options: Options,
        tell: Callable[[Progress], None],
        everything: Sequence[Entry] | None = None,
    ) -> None:
        self._store = store
        self._config = config
        self._entries = list(entries)
        self._everything = list(entries if everything is None else everything)
        self._options = options
        self._tell = tell
        self._spent: dict[int, _Spent] = {}
        self._kept: set[int] = set()
        self._done = 0
        self._open: Session | None = None
        self.stopping = False

    def stop(self) -> None:
        """Ask it to end: no new call starts, and those in flight are kept."""
        self.stopping = True
        if self._open is not None:
            self._open.stop()

    @property
    def current(self) -> Session | None:
        """The session under way."""
        return self._open

    @property
    def in_flight(self) -> int:
        """Calls that are under way."""
        return 0 if self._open is None else self._open.traffic.in_flight

    @property
    def spent(self) -> Usage:
        """What all sessions of the ablation used."""
        return total(each.used for each in self._spent.values())

    async def survey(self, *, readonly: bool = False) -> list[Outcome]:
        """Look at every session before anything is bought; returns those that will be run.

        Calls that a kill left open are noted, so that the budget counts what they may have cost.

        Args:
            readonly: Note nothing; for who only wants to know.

        Raises:
            BadInput: A person changed an arm.
            SessionBusy: Another process runs one of them.
        """
        found = []
        for entry in self._everything:
            left = [] if readonly else await self._store.unfinished_calls(entry.record.id)
            session = await self._opened(entry, readonly=not left)
            wanted = entry in self._entries
            try:
                if wanted and outcomes.edited(session.state, entry):
                    raise BadInput(
                        f"{session.name} was edited since it was made: it is no longer the arm"
                        f" {entry.label.arm}",
                        where=f"ablation {entry.label.ablation}",
                        todo="Give another --name; `fork` keeps what was edited.",
                    )
                self._note(session, entry)
                if outcomes.is_over(session) and not self._to_measure(session):
                    self._kept.add(entry.record.id)
                if wanted:
                    found.append(await outcomes.of_session(self._store, session, entry))
            finally:
                await session.close()
        return found

    async def run(self) -> Stopped | None:
        """Run what is missing, after `survey`.

        Returns:
            Why it ended before all was done; None when all is.

        Raises:
            SessionBusy: Another process runs one of the sessions.
        """
        for repetition in dict.fromkeys(entry.label.repetition for entry in self._entries):
            for entry in self._of(repetition):
                if (ended := await self._arm(entry)) is not None:
                    return ended
            if self._options.one_shot and (control := await self._control(repetition)):
                self._entries.append(control)
                self._everything.append(control)
                if (ended := await self._arm(control)) is not None:
                    return ended
        return None

    def _of(self, repetition: int) -> list[Entry]:
        return [e for e in self._entries if e.label.repetition == repetition]

    async def _arm(self, entry: Entry) -> Stopped | None:
        """Bring one session to its end, and measure its best."""
        if self.stopping:
            return _interrupted()
        if entry.record.id in self._kept:
            await self._keep(entry)
            return None
        session = await self._opened(entry)
        self._open = session
        try:
            ended = await self._steps(session, entry)
            if ended is None:
                ended = await self._measured(session, entry)
            self._note(session, entry)
            if ended is None:
                self._done += 1
                self._say(session, entry, "done")
            return ended
        finally:
            self._open = None
            await session.close()

    async def _keep(self, entry: Entry) -> None:
        """Count a session that an earlier run brought to its end."""
        session = await self._opened(entry, readonly=True)
        try:
            self._done += 1
            self._say(session, entry, "done", kept=True)
        finally:
            await session.close()

    async def _steps(self, session: Session, entry: Entry) -> Stopped | None:
        if outcomes.is_over(session):
            return None
        if self._options.concurrency is not None:
            await session.edit(Edits(settings={"concurrency": self._options.concurrency}))
        wanted = (session.state.settings.max_steps or 1) - session.state.finished_steps
        return await self._follow(session, entry, session.run(max(1, wanted)), "steps")

    async def _measured(self, session: Session, entry: Entry) -> Stopped | None:
        """Score the best on the held-out examples, once."""
        if self.stopping:
            return _interrupted()
        wanted = self._to_measure(session)
        if not wanted:
            return None
        best, test = wanted
        self._say(session, entry, "held out")
        work = session.measure([best], test, "evaluate")
        return await self._follow(session, entry, work, "held out")

    def _to_measure(self, session: Session) -> tuple[Candidate, tuple[int, ...]] | None:
        """The best and the held-out examples that it has not been scored on; None for none."""
        best = session.state.best()
        test = tuple(e.index for e in session.task.examples if e.split == Split.TEST)
        if not self._options.held_out or best is None or not test:
            return None
        return None if heldout.known(session.state, best.id, test) else (best, test)

    async def _follow(
        self, session: Session, entry: Entry, work: AsyncGenerator[Event, None], phase: str
    ) -> Stopped | None:
        """Take in a run's events; why it ended too early, if it did."""
        ended = None
        async for event in work:
            ended = event if isinstance(event, Stopped) else None
            if self.stopping and not session.stopping:
                session.stop()
            if isinstance(event, StepFinished):
                self._say(session, entry, phase)
        if ended is None or ended.code in _OVER:
            return None
        return None if ended.code == "budget" and outcomes.is_over(session) else ended

    async def _control(self, repetition: int) -> Entry | None:
        """The one-shot control of a repetition, made where there is none and it can be."""
        there = self._of(repetition)
        base = next((entry for entry in there if entry.label.arm == BASE), None)
        if base is None or any(entry.control for entry in there):
            return None
        label = Label(ONE_SHOT, base.label.ablation, repetition)
        session = await self._opened(base, readonly=True)
        try:
            if not any(c.draw is not None for c in session.state.candidates.values()):
                return None
            own = await self._store.account(base.record.id, after=0)
            start = total(u for (step, _), u in session.state.ledger.items() if not step)
            control = await arms.null_arm(
                self._store,
                session,
                mark=mark(label.ablation, repetition),
                worth=start + own.steps + own.borrowed,
            )
            name = await self._store.free_name(f"{label.ablation}-one-shot-{repetition}")
            return Entry(await fork.make(self._store, control.plan, name), label, control=True)
        finally:
            await session.close()

    async def _opened(self, entry: Entry, *, readonly: bool = False) -> Session:
        others = [each for id_, each in self._spent.items() if id_ != entry.record.id]
        maybe: int | None = 0
        for each in others:
            maybe = add_known(maybe, each.maybe.pico)
        pot = Pot(
            usd=self._options.usd,
            tokens=self._options.tokens,
            others=total(each.used for each in others),
            maybe=WorstCase(maybe, sum(each.maybe.tokens for each in others)),
            unknown=sum(each.unknown for each in others),
            after=entry.after,
        )
        return await Session.open(
            self._store, entry.record.name, self._config, readonly=readonly, pot=pot
        )

    def _note(self, session: Session, entry: Entry) -> None:
        used = outcomes.paid(session.state, entry)
        self._spent[entry.record.id] = _Spent(used, session.left_open, used.unknown)

    def _say(self, session: Session, entry: Entry, phase: str, *, kept: bool = False) -> None:
        ended = [step.number for step in session.state.steps if step.finished_seq]
        self._note(session, entry)
        best = session.state.best()
        self._tell(
            Progress(
                entry,
                max(ended, default=-1),
                session.state.settings.max_steps or 0,
                phase,
                self._done,
                self._wanted,
                self.spent,
                best.score if best else None,
                kept,
            )
        )

    @property
    def _wanted(self) -> int:
        """Sessions in all, the controls that are still to be made included."""
        bases = sum(entry.label.arm == BASE for entry in self._entries)
        controls = sum(entry.control for entry in self._entries)
        return len(self._entries) + max(0, self._options.one_shot * bases - controls)


def _interrupted() -> Stopped:
    return Stopped(step=0, code="person", message="on your request")
