"""From rows back to events: a session's own and those of its ancestors, in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import Damaged
from opro_tui.core.events import (
    CallFinished,
    CandidateRejected,
    CandidateSampled,
    CandidateScored,
    Continued,
    CritiqueWritten,
    EditMade,
    Evaluation,
    Event,
    Measured,
    PromptBuilt,
    SamplingFinished,
    StepFinished,
    StepStarted,
    Stopped,
    Warned,
)
from opro_tui.core.forecast import Forecast
from opro_tui.core.meta_prompt import Region
from opro_tui.core.solution import Origin, Score
from opro_tui.core.usage import Usage
from opro_tui.store.judgements import judgements_of
from opro_tui.store.rows import OUTCOMES, real
from opro_tui.store.texts import SharedTexts, decode, decode_optional, load
from opro_tui.store.usages import usage_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from opro_tui.core.judgement import Judgement

FOREVER = 2**62
_OUTCOMES = {number: outcome for outcome, number in OUTCOMES.items()}
_EVALUATION = "seq, step, at, candidate, example, score, replicate, parsed, flags, call, from_store"
_CALL = (
    "calls.seq, calls.step, calls.at, calls.id, routes.role, routes.purpose, outcome, candidate,"
    " attempts, error, estimate, milliseconds, input_tokens, cached_tokens, output_tokens,"
    " reasoning_tokens, cost_pico, cache_write_tokens, cache_saved_pico, counted"
)


@dataclass(frozen=True, slots=True)
class Span:
    """The rows of one session with after < seq ≤ upto."""

    session: int
    after: int
    upto: int


def spans(db: sqlite3.Connection, session: int, after: int, upto: int | None) -> list[Span]:
    """What a session reads, oldest ancestor first."""
    found: list[Span] = []
    limit = FOREVER if upto is None else upto
    at: int | None = session
    while at is not None:
        found.append(Span(at, after, limit))
        parent, fork_seq = db.execute(
            "SELECT parent, fork_seq FROM sessions WHERE id = ?", (at,)
        ).fetchone()
        at, limit = parent, min(limit, fork_seq)
    return [span for span in reversed(found) if span.upto > span.after]


def read_events(
    db: sqlite3.Connection, session: int, after: int, upto: int | None, *, fine: bool
) -> list[Event]:
    """Events in order; see `Store.events`."""
    try:
        return _read_events(db, session, after, upto, fine=fine)
    except (ValueError, LookupError, TypeError) as error:
        row = db.execute("SELECT name FROM sessions WHERE id = ?", (session,)).fetchone()
        raise Damaged(
            f"can't be opened: what is stored of it cannot be read ({error})",
            where=f"session {decode(row[0])}" if row else "",
            todo="`opro-tui doctor` names backups that may have it whole.",
        ) from error


def _read_events(
    db: sqlite3.Connection, session: int, after: int, upto: int | None, *, fine: bool
) -> list[Event]:
    parts = spans(db, session, after, upto)
    reader = _Rows(db)
    last = 0 if fine else _last_finished(db, parts)
    unscored = "[]" if fine else json.dumps(_unscored(db, spans(db, session, 0, upto)))
    events: list[Event] = []
    for part in parts:
        own = [
            *reader.steps(part),
            *reader.critiques(part),
            *reader.candidates(part),
            *reader.scores(part),
            *reader.measurements(part),
            *reader.edits(part),
            *reader.notices(part),
            *reader.continuations(part),
        ]
        recent = Span(part.session, max(part.after, last), part.upto)
        own += reader.evaluations(recent)
        own += reader.calls(recent)
        settled = Span(part.session, part.after, min(part.upto, last))
        if settled.upto > settled.after:
            own += reader.evaluations(settled, unscored)
            own += reader.calls(settled, unscored)
        own.sort(key=attrgetter("seq"))
        events += own
    return events


def _last_finished(db: sqlite3.Connection, parts: Iterable[Span]) -> int:
    """The last StepFinished: it counts the usage of all that came before."""
    found = [
        db.execute(
            "SELECT max(finished_seq) FROM steps"
            " WHERE session = ? AND finished_seq > ? AND finished_seq <= ?",
            (part.session, part.after, part.upto),
        ).fetchone()[0]
        for part in parts
    ]
    return max((seq for seq in found if seq is not None), default=0)


def _unscored(db: sqlite3.Connection, parts: Iterable[Span]) -> list[int]:
    """Candidates whose evaluations a fold still needs: neither scored nor rejected."""
    ids: set[int] = set()
    settled: set[int] = set()
    for part in parts:
        where = (part.session, part.upto)
        ids.update(
            row[0]
            for row in db.execute("SELECT id FROM candidates WHERE session = ? AND seq <= ?", where)
        )
        settled.update(
            row[0]
            for row in db.execute(
                "SELECT id FROM candidates WHERE session = ? AND rejected_seq <= ?", where
            )
        )
        settled.update(
            row[0]
            for row in db.execute(
                "SELECT candidate FROM scores WHERE session = ? AND seq <= ?", where
            )
        )
    return sorted(ids - settled)


def step_bounds(db: sqlite3.Connection, session: int, after: int, upto: int | None) -> list[int]:
    """The places of the StepFinished events, in order."""
    return [
        row[0]
        for part in spans(db, session, after, upto)
        for row in db.execute(
            "SELECT finished_seq FROM steps WHERE session = ? AND finished_seq > ?"
            " AND finished_seq <= ? ORDER BY finished_seq",
            (part.session, part.after, part.upto),
        )
    ]


def evaluation(
    row: Any,  # noqa: ANN401 - a row of _EVALUATION
    judged: Mapping[int, tuple[Judgement, ...]],
) -> Evaluation:
    """An evaluation from its columns."""
    seq, step, at, candidate, example, score, replicate, parsed, flags, call, from_store = row
    return Evaluation(
        seq=seq,
        step=step,
        at=at,
        candidate=candidate,
        example=example,
        score=real(score),
        replicate=replicate,
        parsed=decode_optional(parsed),
        flags=() if flags is None else tuple(decode(flags).split(",")),
        call=call,
        from_store=bool(from_store),
        judgements=judged.get(seq, ()),
    )


def evaluations_of(db: sqlite3.Connection, part: Span, candidate: int) -> list[Evaluation]:
    """A candidate's evaluations."""
    rows = db.execute(
        f"SELECT {_EVALUATION} FROM evaluations INDEXED BY evaluations_by_candidate"  # noqa: S608
        " WHERE session = ? AND candidate = ? AND seq > ? AND seq <= ?",
        (part.session, candidate, part.after, part.upto),
    )
    judged = judgements_of(db, part, json.dumps([candidate]))
    return [evaluation(row, judged) for row in rows]


class _Rows:
    """Reads events off the tables."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._texts = SharedTexts(db)

    def steps(self, part: Span) -> Iterator[Event]:
        rows = self._db.execute(
            "SELECT number, started_seq, started_at, prompt_seq, prompt_at, sampled_seq,"
            " sampled_at, finished_seq, finished_at, settings, template, tokens, temperature,"
            " proposals, forecast, usage, regions, prompt FROM steps WHERE session = ?"
            " AND started_seq <= ? AND (finished_seq IS NULL OR finished_seq > ?) ORDER BY number",
            (part.session, part.upto, part.after),
        )
        for row in rows:
            for event in self._step(row):
                if part.after < event.seq <= part.upto:
                    yield event

    def _step(self, row: Any) -> Iterator[Event]:  # noqa: ANN401
        number, settings, template, forecast = row[0], row[9], row[10], row[14]
        yield StepStarted(
            step=number,
            seq=row[1],
            at=row[2],
            settings=self._texts.settings(settings),
            template=self._texts.template(template),
            forecast=Forecast.restored(load(forecast)),
        )
        if row[3] is not None:
            yield PromptBuilt(
                step=number,
                seq=row[3],
                at=row[4],
                text=decode(row[17]),
                regions=tuple(Region(*part) for part in load(row[16])),
                tokens=row[11],
                temperature=row[12],
                proposals=row[13],
            )
        if row[5] is not None:
            yield SamplingFinished(step=number, seq=row[5], at=row[6])
        if row[7] is not None:
            usage = tuple((step, role, Usage(**used)) for step, role, used in load(row[15]))
            yield StepFinished(step=number, seq=row[7], at=row[8], usage=usage)

    def critiques(self, part: Span) -> Iterator[Event]:
        for row in self._db.execute(
            "SELECT seq, step, at, call, text FROM critiques"
            " WHERE session = ? AND seq > ? AND seq <= ?",
            (part.session, part.after, part.upto),
        ):
            yield CritiqueWritten(
                seq=row[0], step=row[1], at=row[2], call=row[3], text=decode(row[4])
            )

    def candidates(self, part: Span) -> Iterator[Event]:
        where = (part.session, part.after, part.upto)
        for row in self._db.execute(
            "SELECT seq, step, at, id, origin, draw, text, raw FROM candidates"
            " WHERE session = ? AND seq > ? AND seq <= ?",
            where,
        ):
            yield CandidateSampled(
                seq=row[0],
                step=row[1],
                at=row[2],
                id=row[3],
                origin=Origin(row[4]),
                draw=row[5],
                text=decode(row[6]),
                raw="" if row[7] is None else decode(row[7]),
            )
        for row in self._db.execute(
            "SELECT rejected_seq, rejected_step, rejected_at, id, reason, duplicate_of"
            " FROM candidates WHERE session = ? AND rejected_seq > ? AND rejected_seq <= ?",
            where,
        ):
            yield CandidateRejected(
                seq=row[0],
                step=row[1],
                at=row[2],
                id=row[3],
                reason=decode(row[4]),
                duplicate_of=row[5],
            )

    def scores(self, part: Span) -> Iterator[Event]:
        for row in self._db.execute(
            'SELECT seq, step, at, candidate, value, n, "of", stderr, low, high, unparsed,'
            " flagged, grades, behind FROM scores WHERE session = ? AND seq > ? AND seq <= ?",
            (part.session, part.after, part.upto),
        ):
            yield CandidateScored(
                seq=row[0],
                step=row[1],
                at=row[2],
                candidate=row[3],
                score=Score(real(row[4]), *row[5:13]),
                behind=row[13],
            )

    def measurements(self, part: Span) -> Iterator[Event]:
        for row in self._db.execute(
            'SELECT seq, step, at, kind, candidate, split, examples, value, n, "of", stderr, low,'
            " high, unparsed, flagged, grades FROM measurements"
            " WHERE session = ? AND seq > ? AND seq <= ?",
            (part.session, part.after, part.upto),
        ):
            yield Measured(
                seq=row[0],
                step=row[1],
                at=row[2],
                kind=row[3],
                candidate=row[4],
                split=row[5],
                examples=tuple(self._texts.data(row[6])),
                score=Score(real(row[7]), *row[8:]),
            )

    def evaluations(self, part: Span, candidates: str | None = None) -> Iterator[Event]:
        """Evaluations, of some candidates (a JSON array) or of all."""
        where: tuple[Any, ...] = (part.session, part.after, part.upto)
        sql, chosen = f"SELECT {_EVALUATION} FROM evaluations", ""  # noqa: S608
        if candidates is not None:
            sql += " INDEXED BY evaluations_by_candidate"
            chosen = " AND candidate IN (SELECT value FROM json_each(?))"
            where = (*where, candidates)
        sql += f" WHERE session = ? AND seq > ? AND seq <= ?{chosen}"
        judged = judgements_of(self._db, part, candidates)
        for row in self._db.execute(sql, where):
            yield evaluation(row, judged)

    def calls(self, part: Span, candidates: str | None = None) -> Iterator[Event]:
        """Outcomes of calls: all, or only the failed ones of some candidates (a JSON array)."""
        where: tuple[Any, ...] = (part.session, part.after, part.upto)
        index, chosen = "calls_by_seq", ""
        if candidates is not None:
            index = "calls_failed"
            chosen = " AND outcome = 1 AND candidate IN (SELECT value FROM json_each(?))"
            where = (*where, candidates)
        sql = (
            f"SELECT {_CALL} FROM calls INDEXED BY {index}"  # noqa: S608
            " JOIN routes ON routes.id = calls.route"
            f" WHERE session = ? AND seq > ? AND seq <= ?{chosen}"
        )
        for row in self._db.execute(sql, where):
            outcome = _OUTCOMES[row[6]]
            yield CallFinished(
                seq=row[0],
                step=row[1],
                at=row[2],
                call=row[3],
                role=row[4],
                purpose=row[5],
                outcome=outcome,
                usage=usage_of(outcome, row[12:19], row[19]),
                candidate=row[7],
                attempts=row[8],
                error="" if row[9] is None else decode(row[9]),
                estimate=row[10],
                milliseconds=row[11],
            )

    def edits(self, part: Span) -> Iterator[Event]:
        for row in self._db.execute(
            "SELECT seq, step, at, kind, before, after, note FROM edits"
            " WHERE session = ? AND seq > ? AND seq <= ?",
            (part.session, part.after, part.upto),
        ):
            yield EditMade(
                seq=row[0],
                step=row[1],
                at=row[2],
                kind=row[3],
                before=load(row[4]),
                after=load(row[5]),
                note=decode(row[6]),
            )

    def notices(self, part: Span) -> Iterator[Event]:
        for row in self._db.execute(
            "SELECT seq, step, at, kind, code, message FROM notices"
            " WHERE session = ? AND seq > ? AND seq <= ?",
            (part.session, part.after, part.upto),
        ):
            kind = Stopped if row[3] == Stopped.type else Warned
            yield kind(
                seq=row[0], step=row[1], at=row[2], code=decode(row[4]), message=decode(row[5])
            )

    def continuations(self, part: Span) -> Iterator[Event]:
        for row in self._db.execute(
            "SELECT seq, step, at, versions, sources FROM continuations"
            " WHERE session = ? AND seq > ? AND seq <= ?",
            (part.session, part.after, part.upto),
        ):
            yield Continued(
                seq=row[0], step=row[1], at=row[2], versions=load(row[3]), sources=load(row[4])
            )
