"""What the judge said of evaluations, from its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.judgement import Judgement
from opro_tui.store.texts import decode

if TYPE_CHECKING:
    import sqlite3

    from opro_tui.store.timeline import Span

_OF_CANDIDATES = (
    " AND seq IN (SELECT seq FROM evaluations INDEXED BY evaluations_by_candidate"
    " WHERE session = ? AND candidate IN (SELECT value FROM json_each(?)))"
)


def judgements_of(
    db: sqlite3.Connection, part: Span, candidates: str | None = None
) -> dict[int, tuple[Judgement, ...]]:
    """The places of evaluations to what the judge said of them.

    Args:
        db: The database.
        part: Which evaluations.
        candidates: Those of these candidates only, a JSON array.
    """
    chosen = "" if candidates is None else _OF_CANDIDATES
    extra = () if candidates is None else (part.session, candidates)
    found: dict[int, tuple[Judgement, ...]] = {}
    for seq, call, score, from_store, reason in db.execute(
        "SELECT seq, call, score, from_store, reason FROM judgements"  # noqa: S608
        f" WHERE session = ? AND seq > ? AND seq <= ?{chosen} ORDER BY seq, position",
        (part.session, part.after, part.upto, *extra),
    ):
        said = Judgement(call, score, decode(reason), bool(from_store))
        found[seq] = (*found.get(seq, ()), said)
    return found
