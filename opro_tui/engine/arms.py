"""Arms: sessions made beside another to compare with it, from the same past under other settings.

The null arm answers whether iterating paid at all. It goes on from the same step as the session,
with the settings of then, and samples in one step, from one meta-prompt, as many candidates as the
session's steps did, in requests of the same size. It may spend what those steps spent, no more.
Its scorer, training set and seed are the session's, and so are the answers bought already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.core.schedule import temperature_at
from opro_tui.core.usage import total
from opro_tui.engine import forecast as forecasting
from opro_tui.engine import fork, prompt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.forecast import Forecast
    from opro_tui.core.settings import Settings
    from opro_tui.core.state import State, Step
    from opro_tui.core.usage import Usage
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store

CONTROL = "control"
"""How the label of a null arm begins."""


@dataclass(frozen=True, slots=True)
class NullArm:
    """A null arm that could be made.

    Attributes:
        plan: The fork.
        at: The last step that both share.
        steps: The session's steps that it stands against.
        candidates: How many candidates those sampled, and it will.
        per_request: How many of them one request asks for, at most.
        spent: What those steps used.
        forecast: What it will cost.
    """

    plan: fork.Plan
    at: int
    steps: tuple[int, ...]
    candidates: int
    per_request: int
    spent: Usage
    forecast: Forecast


async def null_arm(
    store: Store,
    session: Session,
    at: int = 0,
    steps: int | None = None,
    *,
    mark: str = "",
    worth: Usage | None = None,
) -> NullArm:
    """Work out and price a session's null arm; nothing is stored or spent.

    Args:
        store: The database.
        session: The session, open or read-only.
        at: The last step that both share; 0 is before the first.
        steps: How many of the steps after it are stood against; None for all so far.
        mark: What its label ends in, where it belongs to an ablation.
        worth: What the steps up to the last were worth, where they took answers that others had
            bought; None for what they used.

    Raises:
        BadInput: There is nothing to stand against.
    """
    state = session.state
    matched = _matched(state, at, steps)
    counts = [_sampled(state, step) for step in matched]
    label = _label(session.name, matched, sum(counts)) + mark
    shared = await fork.plan(store, session, at, {"arm": label}, label)
    size = max(1, min(shared.past.settings.candidates, max(counts)))
    spent = total(
        used for (number, _), used in sorted(state.ledger.items()) if number <= matched[-1].number
    )
    past = shared.past.settings
    values = {
        **_settings(past, at, matched, sum(counts), size),
        **_limits(worth or spent),
        "arm": label,
    }
    planned = await fork.plan(store, session, at, values, label)
    own = {step.number for step in matched}
    return NullArm(
        plan=planned,
        at=at,
        steps=tuple(step.number for step in matched),
        candidates=sum(counts),
        per_request=size,
        spent=total(used for (number, _), used in sorted(state.ledger.items()) if number in own),
        forecast=await price(session, planned),
    )


async def price(session: Session, planned: fork.Plan) -> Forecast:
    """What the next step of an arm will cost, as far as its parent's steps teach.

    Args:
        session: The parent.
        planned: A fork that shares its past.
    """
    hands, task, settings = session.hands, session.task, planned.state.settings
    models = await hands.pool.looked_at(task, settings)
    optimizer = models["optimizer"]
    traits = await hands.caller.learned.of(optimizer)
    asked = prompt.sampling_plan(settings, traits).proposals
    # What waits in the parent is not the arm's to score.
    learned = replace(session.state, settings=settings, waiting_ids=frozenset())
    return forecasting.forecast(
        learned,
        task,
        prompt=prompt.build(planned.state, task, proposals=asked),
        optimizer=optimizer,
        scorer=models.get("scorer"),
        judge=models.get("judge"),
        traits=traits,
        config=hands.pool.config,
    )


def is_control(settings: Settings) -> bool:
    """Whether a session is a null arm."""
    return (settings.arm or "").startswith(CONTROL)


def _matched(state: State, at: int, steps: int | None) -> list[Step]:
    if steps is not None and steps < 1:
        raise BadInput("give at least 1", where="--steps")
    later = [s for s in state.steps if s.number > at and s.finished_seq]
    found = [step for step in later if _sampled(state, step)][:steps]
    if not found:
        raise BadInput(
            f"no step after step {at} has sampled anything yet",
            where="--at",
            todo="Run steps first; the control samples as many candidates as they did.",
        )
    if sum(_sampled(state, step) for step in found) > 10_000:
        raise BadInput(
            "more than 10,000 candidates in one step", where="--steps", todo="Match fewer steps."
        )
    return found


def _sampled(state: State, step: Step) -> int:
    """How many candidates a step's optimizer gave, but for those it wasn't asked for."""
    own = sum(c.step == step.number and c.draw is not None for c in state.candidates.values())
    return min(own, step.started.settings.candidates)


def _label(name: str, matched: list[Step], candidates: int) -> str:
    first, last = matched[0].number, matched[-1].number
    steps = f"step {first}" if first == last else f"steps {first}–{last}"
    return f"{CONTROL} of {name}: all {candidates} candidates of {steps} in one step"


def _settings(
    past: Settings, at: int, matched: list[Step], candidates: int, size: int
) -> Mapping[str, Any]:
    """What differs from the settings of then, for one step of everything."""
    values: dict[str, Any] = {"candidates": candidates, "request_size": size, "max_steps": at + 1}
    asked = matched[0].prompt.proposals if matched[0].prompt else 1
    if asked > 1:
        values["proposals"] = min(asked, size)
    if past.schedule != "constant":
        # A schedule counts on steps that this arm doesn't have.
        values |= {"schedule": "constant", "temperature": temperature_at(past, at + 1)}
    return values | {"review": False, "patience": None}


def _limits(spent: Usage) -> Mapping[str, Any]:
    """Equal money: dollars where they are known, else tokens; the shared past counts in both."""
    if spent.cost_usd:
        return {"stop_after": spent.cost_usd}
    if spent.input_tokens is None or spent.output_tokens is None:
        return {}
    return {"stop_after_tokens": spent.input_tokens + spent.output_tokens}
