"""A session's null arm on the screen: what it would be and cost, made, and run beside the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.events import CandidateSampled, Evaluation, Stopped
from opro_tui.core.money_report import tokens
from opro_tui.engine import fork
from opro_tui.engine.arms import NullArm, null_arm
from opro_tui.tui import format as fmt
from opro_tui.tui.measuring import Measuring
from opro_tui.tui.view import forecast_amount

if TYPE_CHECKING:
    from opro_tui.tui.archive import Archive

ENDS = ("max_steps", "solved", "patience")
"""Why a control ends when its one step is done."""


async def work_out(archive: Archive, name: str) -> tuple[NullArm, str]:
    """A session's null arm with its price, and a free name for it; nothing is stored.

    Raises:
        BadInput: There is nothing to stand against yet.
    """
    async with archive.session(name) as session, archive.store() as store:
        found = await null_arm(store, session)
        return found, await store.free_name(f"{name[:90]}-control")


async def make(archive: Archive, found: NullArm, new: str) -> None:
    """Store a null arm; nothing is spent.

    Raises:
        BadInput: The name is taken.
    """
    async with archive.store(write=True) as store:
        await fork.make(store, found.plan, new)


def words(found: NullArm, new: str, *, simulated: bool) -> str:
    """What it is, and what it will cost."""
    first, last = found.steps[0], found.steps[-1]
    stood = f"step {first}" if first == last else f"steps {first}–{last}"
    count = tokens(found.spent)
    used = "? tokens" if count is None else f"{fmt.short_count(count)} tokens"
    low, high = found.forecast.token_range
    will = f"{fmt.short_count(low)}–{fmt.short_count(high)} tokens"
    size = fmt.plural(found.per_request, "candidate")
    models = "\nSimulated models: what comes of it says nothing about LLMs." if simulated else ""
    return (
        f"{fmt.safe(new, 60)} goes on from step {found.at}, with the settings of then. Its one step"
        f" samples {fmt.plural(found.candidates, 'candidate')} from one meta-prompt, as many as"
        f" {stood} did, at most {size} a request, and scores them on the same examples.\n\n"
        f"{stood[:1].upper()}{stood[1:]} used {fmt.dollars(found.spent.cost_usd)}, {used};"
        f" the control stops there.\n"
        f"It will use ≈ {forecast_amount(found.forecast)}, {will}; answers that are bought already"
        f" cost nothing.{models}"
    )


class ControlRun(Measuring):
    """A control's one step under way, or done; it runs while the bench is used.

    Args:
        archive: Where it is.
        name: The control's name.
        beside: The session that it stands against.
        candidates: How many candidates it samples.
    """

    def __init__(self, archive: Archive, name: str, beside: str, candidates: int) -> None:
        super().__init__(archive, ())
        self.name = name
        self.beside = beside
        self.candidates = candidates
        self.sampled = 0

    @property
    def words(self) -> str:
        """What became of it, in a line."""
        if self.stopped is None or self.stopped.code in ENDS:
            return f"{self.name} is done: W compares it with {self.beside}."
        return f"{self.name} stopped: {self.stopped.message} What is paid for is kept."

    async def run(self) -> Stopped | None:
        """Run its step; returns why it ended early.

        Raises:
            OproError: It can't be written.
        """
        self.done = self.sampled = 0
        self.stopped, self.finished, self.stopping = None, False, False
        self.current = self.name
        try:
            async with self.archive.session(self.name, write=True) as session:
                self._session = session
                async for event in session.run(1):
                    self.sampled += isinstance(event, CandidateSampled)
                    self.done += isinstance(event, Evaluation)
                    if isinstance(event, Stopped):
                        self.stopped = event
        finally:
            self._session = None
            self.finished = True
        return self.stopped
