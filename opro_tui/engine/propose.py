"""Sampling: from a step's meta-prompt to its candidates."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opro_tui.core.events import CandidateRejected, CandidateSampled, Event, SamplingFinished
from opro_tui.core.proposals import parse, vet
from opro_tui.core.protocols import Completion, Finish, Message, Request
from opro_tui.core.solution import Origin
from opro_tui.engine.job import CallFailed, Job
from opro_tui.engine.pool import calls_at_once, output_limit
from opro_tui.engine.prefixes import pays
from opro_tui.engine.prompt import completions_at_once, request_limit
from opro_tui.engine.run import Incomplete, Interrupted, Run

if TYPE_CHECKING:
    from opro_tui.core.events import PromptBuilt
    from opro_tui.core.protocols import Model
    from opro_tui.core.settings import Settings
    from opro_tui.core.state import Step
    from opro_tui.engine.job import Answered

_LIVE = (
    "optimizer",
    "optimizer_url",
    "max_output_tokens",
    "reasoning_effort",
    "concurrency",
    "budget",
    "budget_tokens",
    "request_size",
)
"""Read live, not frozen: a step whose optimizer is gone must be able to go on with another."""


_NO_PROPOSAL = {
    Finish.REFUSAL: "the optimizer refused",
    Finish.FILTER: "the provider filtered it",
}


@dataclass(frozen=True, slots=True)
class Sampling:
    """One step's sampling."""

    run: Run
    step: Step
    prompt: PromptBuilt
    model: Model
    settings: Settings

    @property
    def draws(self) -> int:
        """Completions the step wants in all."""
        return -(-self.settings.candidates // self.prompt.proposals)

    def next_draw(self) -> int:
        """The first draw that has no candidates yet."""
        made = (c.draw for c in self.run.state.candidates.values() if c.step == self.step.number)
        return max((draw for draw in made if draw is not None), default=-1) + 1

    def job(self, draw: int, n: int, *, cache: int = 0) -> Job:
        """The call that brings draws `draw` to `draw + n - 1`."""
        number = self.step.number
        return Job(
            model=self.model,
            request=Request(
                messages=(Message("user", self.prompt.text),),
                n=n,
                temperature=self.prompt.temperature,
                max_output_tokens=output_limit(self.model, "optimizer", self.settings),
                reasoning_effort=self.settings.for_role("reasoning_effort", "optimizer"),
                cache=cache,
                draw=(number, draw),
            ),
            role="optimizer",
            purpose="sample",
            step=number,
            private=("session", self.run.session, number, draw),
            draw=draw,
        )


async def propose(run: Run, step: Step) -> None:
    """Sample a step's candidates, vet them, and store them with what vetting said.

    Raises:
        CallFailed: The endpoint refuses every call.
        BudgetReached: The next call could pass the budget.
        Incomplete: A call failed; what was bought is kept and not bought again.
        Interrupted: The person asked to stop.
    """
    assert step.prompt is not None  # noqa: S101 - built before sampling
    live = run.state.settings
    settings = replace(step.started.settings, **{name: getattr(live, name) for name in _LIVE})
    model = await run.pool.get("optimizer", settings)
    sampling = Sampling(run, step, step.prompt, model, settings)
    while (draw := sampling.next_draw()) < sampling.draws:
        if run.stopping.is_set():
            raise Interrupted
        traits = await run.caller.learned.of(model)
        limit = request_limit(settings, step.prompt.proposals, sampling.draws)
        n = min(sampling.draws - draw, limit, completions_at_once(model, traits, limit))
        if n > 1:
            await _sample_many(sampling, draw, n)
        else:
            await _sample_singly(sampling, draw)
    await run.append(SamplingFinished(step=step.number))


async def _sample_many(sampling: Sampling, draw: int, n: int) -> None:
    """One request for n completions; what is short of n is topped up by the next round."""
    run = sampling.run
    try:
        answer = await run.caller.call(sampling.job(draw, n))
    except CallFailed as failed:
        raise _incomplete(failed, sampling) from failed
    known = await run.caller.learned.of(sampling.model)
    given = len(answer.completions)
    await _store_draws(sampling, draw, answer.completions[:n])
    if given < n and known.get("n") is not False:
        name = sampling.model.name
        why = f"{name} gave {given} of {n} completions; from now on it is asked for {given} at most"
        await run.caller.learned.note(sampling.model, "n", given, sampling.step.number, why)


async def _sample_singly(sampling: Sampling, first: int) -> None:
    """Independent requests; where the provider caches prompts the first goes alone."""
    model, run = sampling.model, sampling.run
    text, left = sampling.prompt.text, sampling.draws - first
    cache = len(text) if pays(model, text, left, run.caller.config) else 0
    if cache or first == 0:
        # Alone, too, because a refused parameter changes what the others send and ask for.
        await _store_in_order(sampling, first, [sampling.job(first, 1, cache=cache)])
        first += 1
    rest = range(first, sampling.draws)
    if run.stopping.is_set() and rest:
        raise Interrupted
    await _store_in_order(sampling, first, [sampling.job(d, 1, cache=cache) for d in rest])


async def _store_in_order(sampling: Sampling, first: int, jobs: list[Job]) -> None:
    """Make calls side by side, and give ids in the order of the draws, not of the answers."""
    slots = asyncio.Semaphore(calls_at_once(sampling.model, sampling.settings.concurrency))

    async def one(job: Job) -> Answered:
        async with slots:
            if sampling.run.stopping.is_set():
                raise Interrupted
            return await sampling.run.caller.call(job)

    tasks = [asyncio.create_task(one(job)) for job in jobs]
    try:
        for offset, task in enumerate(tasks):
            answer = await task
            await _store_draws(sampling, first + offset, answer.completions[:1])
    except CallFailed as failed:
        await _settle(tasks, cancel=failed.error.fatal)
        raise _incomplete(failed, sampling) from failed
    except BaseException as error:
        await _settle(tasks, cancel=isinstance(error, asyncio.CancelledError))
        raise


async def _settle(tasks: list[asyncio.Task[Answered]], *, cancel: bool) -> None:
    """Let the others come back: their answers are paid for, and found in the store later."""
    if cancel:
        for task in tasks:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _incomplete(failed: CallFailed, sampling: Sampling) -> Exception:
    if failed.error.fatal:
        return failed
    missing = sampling.draws - sampling.next_draw()
    return Incomplete(f"{missing} of {sampling.draws} completions are missing: {failed.error}")


async def _store_draws(sampling: Sampling, draw: int, completions: tuple[Completion, ...]) -> None:
    """Turn completions into candidates, each with its id and what vetting says."""
    run = sampling.run
    async with run.ids:
        seen: dict[str, int] = {}
        for candidate in run.state.candidates.values():
            seen.setdefault(candidate.text, candidate.id)
        id_ = run.state.next_candidate
        events: list[Event] = []
        for offset, completion in enumerate(completions or (Completion(""),)):
            made = _candidates(sampling, draw + offset, completion, id_, seen)
            id_ += sum(isinstance(event, CandidateSampled) for event in made)
            events += made
        await run.append(*events)


def _candidates(
    sampling: Sampling, draw: int, completion: Completion, id_: int, seen: dict[str, int]
) -> list[Event]:
    """The events of one completion's candidates; `seen` learns their texts."""
    step, task = sampling.step.number, sampling.run.task
    template = sampling.step.started.template
    events: list[Event] = []
    for place, proposal in enumerate(parse(completion.text, template)):
        text = task.clean(proposal.text)
        events.append(
            CandidateSampled(
                step=step,
                id=id_,
                text=text,
                origin=Origin.OPTIMIZER,
                draw=draw,
                raw=proposal.text if proposal.text != text else "",
            )
        )
        rejection = vet(
            text,
            proposal,
            template,
            seen=seen,
            max_length=sampling.settings.max_length,
            task_reason=task.reject,
            truncated=completion.finish is Finish.LENGTH,
        )
        reason, duplicate = (rejection.reason, rejection.duplicate_of) if rejection else ("", None)
        if completion.finish in _NO_PROPOSAL:
            reason, duplicate = _NO_PROPOSAL[completion.finish], None
        asked = sampling.prompt.proposals
        if not reason and place >= asked:
            reason = f"more proposals than the {asked} asked for"
        if not reason and draw * asked + place >= sampling.settings.candidates:
            reason = f"more than the {sampling.settings.candidates} candidates of a step"
        if reason:
            events.append(
                CandidateRejected(step=step, id=id_, reason=reason, duplicate_of=duplicate)
            )
        seen.setdefault(text, id_)
        id_ += 1
    return events
