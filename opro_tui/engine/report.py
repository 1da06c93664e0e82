"""Plain data about sessions, under the stable names of `cli.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import Damaged
from opro_tui.core.events import iso
from opro_tui.core.judgement import deviation, typical_deviation
from opro_tui.core.usage import ROLES, Usage
from opro_tui.core.waste import waste
from opro_tui.engine.consent import task_to_look_at
from opro_tui.engine.detail import answers
from opro_tui.engine.opening import damaged, folded, summary
from opro_tui.engine.provenance import provenance

if TYPE_CHECKING:
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord


async def fresh_summary(store: Store, record: SessionRecord) -> dict[str, Any]:
    """A session's summary; folded anew when events came after the stored one."""
    if record.summary is not None and record.summary_seq == await store.last_seq(record.id):
        return record.summary
    task = await task_to_look_at(store, record)
    try:
        return summary(await folded(store, record, task))
    except Damaged:
        return damaged(record)


async def list_json(store: Store) -> list[dict[str, Any]]:
    """The sessions as `list --json` prints them, last used first."""
    rows = []
    for record in await store.sessions():
        data = await fresh_summary(store, record)
        rows.append(
            {
                "name": record.name,
                "task": record.settings.task,
                "steps": data["steps"],
                "best": data["best"],
                "cost_usd": data["cost_usd"],
                "simulated": record.simulated,
                "updated": iso(record.updated),
                "status": data["status"],
                "optimizer": data["optimizer"],
                "scorer": data["scorer"],
            }
        )
    return rows


async def deleted_json(store: Store) -> list[dict[str, Any]]:
    """The sessions that can be brought back as `list --deleted --json` prints them."""
    rows = []
    for gone in await store.deleted():
        data = gone.record.summary or {}
        rows.append(
            {
                "name": gone.record.name,
                "task": gone.record.settings.task,
                "steps": data.get("steps"),
                "best": data.get("best"),
                "cost_usd": data.get("cost_usd"),
                "simulated": gone.record.simulated,
                "deleted": iso(gone.at),
                "until": iso(gone.until),
            }
        )
    return rows


def solution_json(state: State, candidate: Candidate, in_prompt: frozenset[int]) -> dict[str, Any]:
    """The SOLUTION object of `cli.md`."""
    return candidate.to_json(
        pinned=candidate.id in state.pinned,
        dropped=candidate.id in state.dropped,
        in_prompt=candidate.id in in_prompt,
    )


def usage_json(state: State, step: int | None = None) -> dict[str, dict[str, Any]]:
    """USAGE by role: of one step, or of all."""
    return {role: state.usage(role, step).to_json() for role in ROLES}


async def show_json(store: Store, session: Session) -> dict[str, Any]:
    """A session as `show --json` prints it."""
    state, record = session.state, session.record
    shown = frozenset(candidate.id for candidate in state.shown())
    best = state.best()
    parent = None if record.parent is None else await store.session_by_id(record.parent)
    judged = await judgements_json(session, best) if best and session.task.judge else {}
    return {
        "name": record.name,
        "task": record.settings.task,
        "optimizer": state.settings.optimizer,
        "scorer": state.settings.scorer,
        "judge": state.settings.judge if session.task.judge else None,
        "simulated": record.simulated,
        "status": session.status,
        "steps": state.finished_steps,
        "settings": state.settings.to_json(),
        "best": solution_json(state, best, shown) | judged if best else None,
        "trajectory": [solution_json(state, c, shown) for c in state.ranked()],
        "usage": usage_json(state),
        "edits": [
            {
                "seq": edit.seq,
                "step": edit.step,
                "at": iso(edit.at),
                "kind": edit.kind,
                "before": edit.before,
                "after": edit.after,
                "note": edit.note,
            }
            for edit in state.edits
        ],
        "parent": None if parent is None else parent.name,
        "fork_seq": None if parent is None else record.fork_seq,
        "best_of": state.scored_count(),
        "task_facts": dict(session.task.describe()),
        "provenance": (await provenance(session)).to_json(),
    }


async def judgements_json(session: Session, candidate: Candidate) -> dict[str, Any]:
    """What the judge said of a solution's answers, example by example, and how far it varied."""
    found = await answers(session, candidate)
    said = [tuple(each.judgement for each in answer.judged) for answer in found]
    return {
        "judge_deviation": typical_deviation(said),
        "judgements": [
            {
                "example": answer.example.index,
                "score": answer.score,
                "flags": list(answer.flags),
                "grades": [each.score for each in judgements],
                "reasons": [each.reason for each in judgements],
                "deviation": deviation(judgements),
            }
            for answer, judgements in zip(found, said, strict=True)
            if answer.example is not None
        ],
    }


def costs_json(state: State) -> dict[str, Any]:
    """The costs as `costs --json` prints them."""
    forecasts = {step.number: step.started.forecast.to_json() for step in state.steps}
    numbers = sorted({number for number, _ in state.ledger} | set(forecasts))
    return {
        "steps": [
            {
                "step": number,
                "usage": usage_json(state, number),
                "cost_usd": state.usage(step=number).cost_usd,
                "forecast": forecasts.get(number, {}),
            }
            for number in numbers
        ],
        "total": usage_json(state),
        "waste": waste(state).to_json(),
    }


def spent(usage: Usage) -> str:
    """Dollars in words: unknown is unknown."""
    return "unknown cost" if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
