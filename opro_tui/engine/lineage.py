"""A solution's lineage in a session, and as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.core.lineage import HONEST, came_with
from opro_tui.core.tracing import trace

if TYPE_CHECKING:
    from opro_tui.core.lineage import Lineage, Link
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session


def lineage(session: Session, solution: int | None = None) -> Lineage:
    """Where a solution came from; this compares many texts and belongs in a thread.

    Args:
        session: An open session.
        solution: The solution's id; None for the best.

    Raises:
        BadInput: There is no such solution, or none is scored yet.
    """
    state = session.state
    if solution is None:
        solution = state.best_id
    if solution is None:
        raise BadInput(
            "nothing is fully scored yet",
            where=session.name,
            todo="Run a step first, or name a solution with --solution.",
        )
    if solution not in state.candidates:
        last = state.next_candidate - 1
        todo = f"Ids go from 1 to {last}." if last else "There are no solutions yet."
        raise BadInput(f"there is no solution #{solution}", where="--solution", todo=todo)
    return trace(state, session.task.examples, solution)


def lineage_json(session: Session, found: Lineage) -> dict[str, Any]:
    """A lineage as `lineage --json` prints it."""
    state = session.state
    text = state.candidates[found.solution].text
    return {
        "session": session.name,
        "simulated": session.record.simulated,
        "solution": found.solution,
        "text": text,
        "root": str(found.root),
        "chain": [_solution(state.candidates[id_]) for id_ in found.chain],
        "links": [_link(state, link) for link in found.links],
        "words": [
            {
                "start": span.start,
                "end": span.end,
                "text": text[span.start : span.end],
                "step": span.entry.step,
                "solution": span.entry.solution,
                "came": str(span.entry.came),
                "edit": span.entry.number if span.entry.before is not None else None,
                "exemplar": span.entry.number if span.entry.came == "exemplar" else None,
            }
            for span in found.spans
        ],
        "copies": [
            {
                "example": copy.example,
                "part": copy.part,
                "start": copy.start,
                "end": copy.end,
                "text": text[copy.start : copy.end],
                "words": copy.words,
                "telling": copy.telling,
                "shown": copy.shown,
                "came_with": came_with(found, copy),
            }
            for copy in found.copies
        ],
        "note": HONEST,
    }


def _solution(candidate: Candidate) -> dict[str, Any]:
    score = candidate.score
    return {
        "id": candidate.id,
        "text": candidate.text,
        "score": score.value if score else None,
        "n": score.n if score else 0,
        "of": score.of if score else 0,
        "low": score.low if score else None,
        "high": score.high if score else None,
        "step": candidate.step,
        "origin": str(candidate.origin),
    }


def _link(state: State, link: Link) -> dict[str, Any]:
    found = link.difference
    return {
        "parent": link.parent,
        "child": link.child,
        "step": state.candidates[link.child].step,
        "likeness": link.likeness,
        "shown": link.shown,
        "pinned": link.pinned,
        "others": list(link.others),
        "gain": link.gain,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "p": found.p if found else None,
        "differ": found.real if found else None,
        "fixed": list(link.exchange.fixed) if state.facts.bounded else None,
        "broken": list(link.exchange.broken) if state.facts.bounded else None,
        "both": link.exchange.both,
        "edits": [
            {"seq": edit.seq, "step": edit.step, "kind": edit.kind, "note": edit.note}
            for edit in link.edits
        ],
    }
