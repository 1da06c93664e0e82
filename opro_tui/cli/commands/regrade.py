"""`regrade`: a session's stored answers graded again by another metric, at no cost."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for
from opro_tui.cli.several import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opro_tui.cli.root import App
    from opro_tui.core.regrade import Regrading, Row
    from opro_tui.core.solution import Score
    from opro_tui.core.statistics import Difference
    from opro_tui.engine.regrade import Verdict
    from opro_tui.engine.session import Session

_SHOWN = 600
"""Characters of an answer that are printed."""


@click.command(
    "regrade",
    cls=Command,
    example="opro-tui regrade triage --metric exact\n"
    "opro-tui regrade triage --metric 'regex:queue: (.*)' --solution 3 --json",
)
@click.argument("name")
@click.option(
    "--metric", metavar="METRIC", help="Grades the answers again [default: the session's own]"
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def regrade_command(
    app: App, name: str, metric: str | None, as_json: bool, solution: tuple[int, ...]
) -> int:
    """Grade the stored answers again with another metric or parser, and show the other ranking.

    Nothing is bought and nothing in the session changes; a fork goes on with the metric.
    """
    return wait_for(_regrade(app, name, metric, tuple(dict.fromkeys(solution)), as_json))


regrade_command.params.insert(
    2,
    Numbers(["--solution"], metavar="ID…", help="List these ones' answers that score otherwise."),
)


async def _regrade(
    app: App, name: str, metric: str | None, ids: Sequence[int], as_json: bool
) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.progress import Counter
    from opro_tui.engine.regrade import differing, own_metric, regrade, verdicts

    async with opened(app, name) as (store, session):
        listed = {id_: tuple(differing(await verdicts(session, id_, metric))) for id_ in ids}
        with Counter("answers graded again") as counter:
            found = await regrade(session, metric, watch=counter)
        own = own_metric(session)
        new_name = await store.free_name(f"{name}-regraded")
        metrics = (own, metric or own)
        if as_json:
            output.document(to_json(session, found, metrics, listed))
            return 0
        for line in _lines(session, found, metrics, listed, new_name):
            output.say(line)
    return 0


def _lines(
    session: Session,
    found: Regrading,
    metrics: tuple[str | None, str | None],
    listed: dict[int, tuple[Verdict, ...]],
    new_name: str,
) -> Iterator[str]:
    from opro_tui.cli.figures import plural
    from opro_tui.cli.output import one_line
    from opro_tui.cli.report import SIMULATED
    from opro_tui.engine.regrade import changes, fork_command, untouched

    if session.record.simulated:
        yield SIMULATED
    old, new = (one_line(metric or "the task's own grading") for metric in metrics)
    graded = len(found.rows) - found.kept
    how = f"{old} → {new}" if old != new else f"by {new} again"
    yield (
        f"{session.name}: {plural(found.answers, 'stored answer')} of"
        f" {plural(graded, 'solution')} graded, {how}; nothing is bought or changed"
    )
    yield f"  {changes(found)}"
    yield f"  {best_words(found)}"
    if found.kept:
        noun = "score stays as it is" if found.kept == 1 else "scores stay as they are"
        yield f"  {found.kept:,} {noun}, for there are no stored answers (marked kept)"
    if looks := untouched(found, *metrics):
        yield f"  {one_line(looks)}"
    yield ""
    yield from _table(found)
    for id_, verdicts in listed.items():
        yield from _listing(id_, verdicts)
    yield ""
    if (found.up or found.down) and not listed:
        example = next(row for row in found.rows if row.up or row.down).candidate.id
        flag = f" --metric {quote(metrics[1])}" if metrics[1] != metrics[0] and metrics[1] else ""
        yield (
            f"`opro-tui regrade {quote(session.name)}{flag} --solution {example}`"
            " lists the answers that score otherwise"
        )
    if command := fork_command(session, metrics[1], new_name):
        yield f"to go on with it: `{command}`"


def best_words(found: Regrading) -> str:
    """Whether the best would have been another, in words."""
    if found.new_best == found.old_best:
        best = "nothing is fully scored" if found.new_best is None else f"#{found.new_best}"
        return f"best: {best}, as before" if found.new_best is not None else best
    before = "none" if found.old_best is None else f"#{found.old_best}"
    now = "none" if found.new_best is None else f"#{found.new_best}"
    return f"best: {now} instead of {before}{_lead(found.lead)}"


def _lead(lead: Difference | None) -> str:
    from opro_tui.cli.figures import points

    if lead is None:
        return ""
    gain, low, high = (points(v, bounded=True) for v in (lead.gain, lead.low, lead.high))
    test = "" if lead.p is None else f", p = {lead.p:.3g}"
    verdict = "beyond noise" if lead.real else "can't be told apart"
    return f", {gain} ahead by the new grades (95 % {low} to {high}{test}): {verdict}"


def _table(found: Regrading) -> list[str]:
    from opro_tui.cli.figures import half_width, points, table

    up, down = ("w→r", "r→w") if found.verdicts else ("more", "less")
    head = (
        "rank",
        "was",
        "#",
        "score",
        "±",
        "before",
        "±",
        "",
        up,
        down,
        "p",
        "unread",
        "solution",
    )
    rows = []
    for row in found.rows:
        new, old, test = row.new, row.old, row.test
        rows.append(
            (
                str(row.new_rank),
                moved(row),
                str(row.candidate.id),
                points(new.value, bounded=True) + ("" if new.full else f" ({new.n} of {new.of})"),
                half_width(new, bounded=True).lstrip("±"),
                points(old.value, bounded=True),
                half_width(old, bounded=True).lstrip("±"),
                gain(row),
                str(row.up) if row.graded else "",
                str(row.down) if row.graded else "",
                "" if test is None or test.p is None else f"{test.p:.3g}",
                _unread(row),
                row.candidate.text or "(empty)",
            )
        )
    return table(head, rows, left=(7,)) if rows else ["no solution is scored yet"]


def moved(row: Row) -> str:
    """A row's rank before, with the way it went."""
    if row.new_rank == row.old_rank:
        return f"{row.old_rank} ="
    return f"{row.old_rank} {'▲' if row.new_rank < row.old_rank else '▼'}"


def gain(row: Row) -> str:
    """What a score gained or lost, signed; kept where there was nothing to grade."""
    if not row.graded:
        return "kept"
    change = row.new.value - row.old.value
    return "=" if not change else f"{'−' if change < 0 else '+'}{100 * abs(change):.1f}"


def _unread(row: Row) -> str:
    old, new = row.old.unparsed, row.new.unparsed
    if not old and not new:
        return ""
    return f"{new}" if old == new else f"{old}→{new}"


def _listing(id_: int, verdicts: Sequence[Verdict]) -> Iterator[str]:
    from opro_tui.cli.output import one_line

    yield ""
    if not verdicts:
        yield f"#{id_}: every answer gets the grade it had"
    for verdict in verdicts:
        old, new = verdict.old, verdict.new
        yield f"── #{id_}, example {verdict.example.index}: {old.score:g} → {new.score:g}"
        yield f"  question  {one_line(verdict.example.input)[:_SHOWN]}"
        yield f"  answer    {one_line(verdict.text)[:_SHOWN] or '(empty)'}"
        yield f"  target    {one_line(verdict.example.target)[:_SHOWN]}"
        yield f"  read      {_read(old.parsed)} → {_read(new.parsed)}"


def _read(parsed: str | None) -> str:
    return "nothing" if parsed is None else repr(parsed)


def to_json(
    session: Session,
    found: Regrading,
    metrics: tuple[str | None, str | None],
    listed: dict[int, tuple[Verdict, ...]],
) -> dict[str, Any]:
    """A regrading as `regrade --json` prints it."""
    from opro_tui.core.regrade import changed

    train = session.state.facts.train
    solutions = []
    for row in found.rows:
        up, down = changed(row, train)
        solutions.append(
            {
                "id": row.candidate.id,
                "text": row.candidate.text,
                "step": row.candidate.step,
                "graded": row.graded,
                "old": _score_json(row.old, row.old_rank),
                "new": _score_json(row.new, row.new_rank),
                "up": list(up),
                "down": list(down),
                "p": row.test.p if row.test else None,
            }
        )
    lead = found.lead
    names = ("gain", "low", "high", "p", "wins", "losses", "n")
    return {
        "name": session.name,
        "simulated": session.record.simulated,
        "metric": {"old": metrics[0], "new": metrics[1]},
        "answers": found.answers,
        "up": found.up,
        "down": found.down,
        "right_or_wrong": found.verdicts,
        "best": {
            "old": found.old_best,
            "new": found.new_best,
            "lead": {n: getattr(lead, n) for n in names} | {"differ": lead.real} if lead else None,
        },
        "solutions": solutions,
        "listed": [_verdict_json(id_, item) for id_, items in listed.items() for item in items],
    }


def _score_json(score: Score, rank: int) -> dict[str, Any]:
    return {
        "rank": rank,
        "score": score.value,
        "n": score.n,
        "of": score.of,
        "stderr": score.stderr,
        "low": score.low,
        "high": score.high,
        "unparsed": score.unparsed,
        "flagged": score.flagged,
    }


def _verdict_json(id_: int, item: Verdict) -> dict[str, Any]:
    grades = {
        name: {"score": grade.score, "parsed": grade.parsed, "flags": list(grade.flags)}
        for name, grade in (("old", item.old), ("new", item.new))
    }
    return {
        "solution": id_,
        "example": item.example.index,
        "target": item.example.target,
        "answer": item.text,
    } | grades
