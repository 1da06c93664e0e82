"""The loop: one step after the other, until done or until there is a reason to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core import stopping
from opro_tui.core.errors import BudgetReached, OproError
from opro_tui.core.events import (
    EditMade,
    Event,
    PromptBuilt,
    StepFinished,
    StepStarted,
    Stopped,
    Warned,
)
from opro_tui.core.schedule import temperature_at
from opro_tui.core.usage import Usage
from opro_tui.engine import critique
from opro_tui.engine.evaluate import evaluate
from opro_tui.engine.job import CallFailed
from opro_tui.engine.pool import roles_of
from opro_tui.engine.propose import propose
from opro_tui.engine.run import Incomplete, Interrupted, Run

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine

    from opro_tui.core.state import State, Step
    from opro_tui.engine.outlook import Outlook


_ASIDE = frozenset({"add", "veto", "halt", "complete", "rescore", "approve"})
"""Edits that leave the meta-prompt as it is."""


class Loop:
    """Runs a session's steps."""

    def __init__(self, run: Run, outlook: Outlook) -> None:
        self._run = run
        self._outlook = outlook

    @property
    def _state(self) -> State:
        return self._run.state

    async def go(self, steps: int) -> None:
        """Run so many steps; a reason to end earlier is stored as `Stopped`, not raised."""
        await self._guarded(self._go(steps))

    async def criticize(self) -> None:
        """Have the next step's critique written now, without the step."""
        await self._guarded(self._criticize())

    async def _criticize(self) -> None:
        plan = await self._outlook.plan()
        await critique.ensure(self._run, plan.proposals)

    async def score(self, ids: Collection[int]) -> None:
        """Score waiting candidates now, outside of a step; the costs are the last step's."""
        await self._guarded(evaluate(self._run, self._state.steps[-1], ids))

    async def measure(self, work: Coroutine[None, None, object]) -> None:
        """Score solutions on examples of no step; a reason to end is stored as for steps."""
        await self._guarded(work)

    async def _guarded(self, work: Coroutine[None, None, object]) -> None:
        try:
            await work
        except Interrupted as asked:
            if asked.at_work:
                await self._stopped("batch", f"on your request; {asked.at_work}")
                return
            await self._stopped("person", "on your request; everything that was paid for is kept")
        except BudgetReached as error:
            await self._stopped("budget", str(error))
        except Incomplete as error:
            await self._stopped("missing", str(error))
        except (CallFailed, OproError) as error:
            await self._stopped("error", str(error))

    async def _go(self, steps: int) -> None:
        if self._state.reviewing:
            step = self._state.steps[-1].number
            await self._run.append(EditMade(step=step, kind="approve"))
        done = 0
        while done < steps:
            if self._state.current is None and await self._stop_for_a_condition():
                return
            number = await self._one_step()
            if number is None:
                return
            done += number > 0
            if self._run.stopping.is_set() and done < steps:
                raise Interrupted
        await self._stop_for_a_condition()

    async def _stopped(self, code: str, message: str) -> None:
        number = self._state.steps[-1].number if self._state.steps else 0
        await self._run.append(Stopped(step=number, code=code, message=message))

    async def _stop_for_a_condition(self) -> bool:
        if not self._state.steps:
            return False
        found = stopping.conditions(self._state.settings, self._run.task)
        reason = stopping.first_reason(found, self._state)
        if reason is not None:
            await self._stopped(reason.code, reason.message)
        return reason is not None

    async def _one_step(self) -> int | None:
        """Finish the step under way, or run the next; returns its number, None when it waits."""
        if self._is_hopeless():
            await self._give_up()
        if self._state.current is None:
            await self._start()
        step = self._current()
        if step.number and not step.sampled:
            await propose(self._run, step)
            if self._state.reviewing:
                count = len(self._state.waiting())
                await self._stopped("review", f"{count} candidates wait for review")
                return None
        await evaluate(self._run, self._current())
        await self._finish()
        return step.number

    def _is_hopeless(self) -> bool:
        """Whether a person edited after the step's prompt failed, before anything was bought.

        The step would send the same prompt for ever; the edit is meant for the next one.
        """
        step, state = self._state.current, self._state
        if step is None or step.prompt is None or step.sampled:
            return False
        bought = state.ledger.get((step.number, "optimizer"), Usage()).calls
        own = [c for c in state.candidates.values() if c.step == step.number and c.draw is not None]
        edited = any(edit.seq > step.prompt.seq and edit.kind not in _ASIDE for edit in state.edits)
        return not bought and not own and edited

    async def _give_up(self) -> None:
        number = self._current().number
        what = (
            f"step {number} is given up: its meta-prompt brought nothing, and it was edited since"
        )
        await self._run.append(Warned(step=number, code="given_up", message=what))
        await self._finish()

    def _current(self) -> Step:
        step = self._state.current
        assert step is not None  # noqa: S101 - only called while a step is under way
        return step

    async def _start(self) -> None:
        """Freeze the step's settings and its meta-prompt, together.

        Its models are made first, so that a missing key stops before anything is frozen.
        """
        number = self._state.next_step
        for role in roles_of(self._run.task):
            await self._run.pool.prepare(role, self._state.settings)
        plan = await self._outlook.plan()
        await critique.ensure(self._run, plan.proposals)
        state = self._state
        bought = bool(state.usage("optimizer", number).calls)
        prompt = await self._outlook.prompt() if number else None
        events: list[Event] = [
            StepStarted(
                step=number,
                settings=state.settings,
                template=state.template,
                forecast=await self._outlook.forecast(prompt, bought=bought),
            )
        ]
        if prompt is not None:
            events.append(
                PromptBuilt(
                    step=number,
                    text=prompt.text,
                    regions=prompt.regions,
                    tokens=await self._outlook.tokens(prompt.text),
                    temperature=temperature_at(state.settings, number),
                    proposals=plan.proposals,
                )
            )
        await self._run.append(*events)

    async def _finish(self) -> None:
        """End the step, with all that was used since the one before ended."""
        step = self._current().number
        before = [s.number for s in self._state.steps if s.finished_seq]
        since = before[-1] if before else 0
        usage = tuple(
            (number, role, used)
            for (number, role), used in sorted(self._state.ledger.items())
            if number >= since
        )
        await self._run.append(StepFinished(step=step, usage=usage))


EXIT_CODES = {"error": 1, "missing": 1, "budget": 3, "person": 130, "batch": 130}
"""What a run's last `Stopped` means for the exit code; every other code means 0."""
