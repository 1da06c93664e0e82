"""The critique: a call of the optimizer's before it proposes, whose words its meta-prompt holds."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from opro_tui.core import meta_prompt
from opro_tui.core.errors import BadInput
from opro_tui.core.events import CritiqueWritten, Event, Warned
from opro_tui.core.hashing import uniform
from opro_tui.core.meta_prompt import ShownExemplar, exemplar_text, fill, quoted
from opro_tui.core.protocols import Finish, Message, Request
from opro_tui.core.schedule import temperature_at
from opro_tui.engine import errors
from opro_tui.engine import prompt as prompts
from opro_tui.engine.job import CallFailed, Job
from opro_tui.engine.pool import output_limit
from opro_tui.engine.run import Incomplete, Interrupted

if TYPE_CHECKING:
    from opro_tui.core.protocols import Completion
    from opro_tui.core.state import State
    from opro_tui.engine.job import Answered
    from opro_tui.engine.run import Run

BEST = 3
"""Solutions whose wrong answers a critique is written about."""
EACH = 2
"""Wrong answers of each."""


def check_asked(state: State, name: str) -> None:
    """Refuse to ask for a critique that no step would take.

    Raises:
        BadInput: None is wanted, step 0 comes first, or a step under way has its own.
    """
    if not state.settings.critique:
        todo = f"Turn it on: `opro-tui edit {quote(name)} --critique`."
        raise BadInput("no critique is wanted", where=f"session {name}", todo=todo)
    if not state.steps or state.current is not None:
        todo = "Run it first: it is asked for between two steps."
        raise BadInput("a step has to be finished", where=f"session {name}", todo=todo)


async def ensure(run: Run, proposals: int) -> None:
    """Have the next step's critique written, unless it is there or none is wanted.

    Args:
        run: The session's hands.
        proposals: Proposals that the step will ask for in one completion.

    Raises:
        CallFailed: The endpoint refuses every call.
        Incomplete: The call failed.
        BudgetReached: The call could pass the budget.
        Interrupted: The person asked to stop.
    """
    state, number = run.state, run.state.next_step
    settings, template = state.settings, state.template
    if not number or not settings.critique or state.critique_of(number) is not None:
        return
    if run.stopping.is_set():
        raise Interrupted
    model = await run.pool.prepare("optimizer", settings)
    request = Request(
        messages=(Message("user", await request_text(run, state, proposals)),),
        temperature=temperature_at(settings, number),
        max_output_tokens=output_limit(model, "optimizer", settings),
        reasoning_effort=settings.for_role("reasoning_effort", "optimizer"),
        draw=(number, "critique"),
    )
    job = Job(
        model=model,
        request=request,
        role="optimizer",
        purpose="critique",
        step=number,
        private=("session", run.session, number, "critique"),
    )

    async def written(answer: Answered) -> list[Event]:
        completion = answer.completions[0]
        text = "" if _useless(completion) else quoted(completion.text, template, lines=True)
        events: list[Event] = [CritiqueWritten(step=number, call=answer.call, text=text)]
        if not text:
            why = f"the optimizer wrote no critique for step {number}: it goes on without one"
            events.append(Warned(step=number, code="no_critique", message=why))
        return events

    try:
        await run.caller.call(job, written)
    except CallFailed as failed:
        if failed.error.fatal:
            raise
        raise Incomplete(f"the critique of step {number} is missing: {failed.error}") from failed


def _useless(completion: Completion) -> bool:
    return completion.finish in (Finish.FILTER, Finish.REFUSAL) or not completion.text.strip()


async def request_text(run: Run, state: State, proposals: int) -> str:
    """What the optimizer is asked: its next meta-prompt, and wrong answers of the best shown."""
    plain = state.with_settings(state.settings.with_values({"critique": False}))
    prompt = prompts.build(
        plain, run.task, proposals=proposals, errors=await errors.of_best_shown(run, plain)
    )
    wrong = await _wrong(run, state)
    slots = {"meta_prompt": prompt.text.rstrip(), "errors": wrong or "(none is stored)\n"}
    return fill(state.template.critique_request, slots)


async def _wrong(run: Run, state: State) -> str:
    """Some wrong answers of the best solutions shown, each with its question and right answer."""
    if not run.task.examples:
        return ""
    shown = {candidate.id for candidate in state.shown()}
    best = [c for c in state.ranked() if c.id in shown and c.score and c.score.of][:BEST]
    seed, step = state.settings.seed, state.next_step
    taken: dict[int, str] = {}
    for candidate in best:
        found = await errors.wrong_answers(run, state, candidate)
        fresh = sorted(found.keys() - taken.keys(), key=lambda i: uniform(seed, "errors", step, i))
        taken |= {index: found[index] for index in fresh[:EACH]}
    template = state.template
    parts = []
    for index, answer in taken.items():
        text, target = run.task.exemplar(run.task.examples[index], template.placeholder)
        shown_one = ShownExemplar(index, text, target, meta_prompt.quoted(answer, template))
        parts.append(exemplar_text(template, shown_one))
    return "".join(parts)
