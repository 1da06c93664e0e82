"""`confirm` and `evaluate`: scores on examples that nothing was chosen by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for
from opro_tui.cli.several import Numbers
from opro_tui.core.errors import BadInput, OproError
from opro_tui.core.events import TRANSFER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.cli.root import App
    from opro_tui.core.events import Measured
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session
    from opro_tui.engine.transfer import Elsewhere


_EVALUATE = """\
opro-tui evaluate triage --top 3
opro-tui evaluate math --on multiarith --data-dir data"""


@click.command("confirm", cls=Command, example="opro-tui confirm triage --examples 100")
@click.argument("name")
@click.option(
    "--examples", type=click.IntRange(1), help="How many fresh ones [default: up to 200]."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def confirm_command(app: App, name: str, examples: int | None, as_json: bool) -> int:
    """Score the solutions that can't be told from the best on fresh training-side examples.

    The best of many tries looks better than it is, for it was chosen by its score: the best of 20
    equal solutions of true 75 % reads on average 87.1 on 40 examples, 83.7 on 80, 80.6 on 200,
    79.9 on 261. The score from here isn't flattered by that choice: report this one.
    """
    return wait_for(_confirm(app, name, examples, as_json))


async def _confirm(app: App, name: str, examples: int | None, as_json: bool) -> int:
    from opro_tui.engine import heldout

    async with opened(app, name, readonly=False) as (_, session):
        chosen = heldout.fresh(session, examples)
        ties = heldout.tied(session.state)
        await _show(session, ties, chosen, "confirm", as_json)
    return 0


@click.command("evaluate", cls=Command, example=_EVALUATE)
@click.argument("name")
@click.option("--solution", cls=Numbers, metavar="ID…", help="These [default: the best].")
@click.option("--top", type=click.IntRange(1), help="The best so many instead.")
@click.option(
    "--split",
    type=click.Choice(["train", "test"]),
    default="test",
    show_default=True,
    help="Where.",
)
@click.option(
    "--on",
    metavar="TASK",
    help="On another task's held-out examples: a preset, a task file or a data file.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --on: where the benchmarks' files lie [default: the session's].",
)
@click.option(
    "--examples", type=click.IntRange(1), help="With --on: how many [default: all held out]."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def evaluate_command(
    app: App,
    name: str,
    solution: tuple[int, ...],
    top: int | None,
    split: str,
    on: str | None,
    data_dir: Path | None,
    examples: int | None,
    as_json: bool,
) -> int:
    """Score solutions on the held-out examples; each look is counted.

    With --on it measures transfer: what an instruction found here is worth on another task, with
    that task's metric, this session's scorer and position. The score is labelled with the task and
    never mixed with the session's own held-out ones.
    """
    which = (solution, top)
    if on is None:
        if data_dir is not None or examples is not None:
            flag = "--examples" if data_dir is None else "--data-dir"
            raise BadInput("goes with --on only", where=flag, todo="Leave it out.")
        return wait_for(_evaluate(app, name, which, split, as_json))
    return wait_for(_transfer(app, name, which, (on, data_dir, examples), as_json))


async def _evaluate(
    app: App, name: str, which: tuple[tuple[int, ...], int | None], split: str, as_json: bool
) -> int:
    from opro_tui.engine import heldout

    async with opened(app, name, readonly=False) as (_, session):
        chosen = heldout.indexes(session, split)
        await _show(session, _solutions(session.state, *which), chosen, "evaluate", as_json)
    return 0


async def _transfer(
    app: App,
    name: str,
    which: tuple[tuple[int, ...], int | None],
    on: tuple[str, Path | None, int | None],
    as_json: bool,
) -> int:
    from opro_tui.engine import transfer

    async with opened(app, name, readonly=False) as (_, session):
        there = await transfer.elsewhere(session, *on)
        await _show(session, _solutions(session.state, *which), there, TRANSFER, as_json)
    return 0


def _solutions(state: State, ids: tuple[int, ...], top: int | None) -> list[Candidate]:
    """The solutions that were asked for.

    Raises:
        BadInput: There is none of an id, or none at all.
    """
    if ids and top:
        raise BadInput("goes without --top", where="--solution", todo="Give one of the two.")
    for id_ in ids:
        if id_ not in state.candidates:
            raise BadInput(f"there is no solution #{id_}", where="--solution")
    if ids:
        return [state.candidates[id_] for id_ in dict.fromkeys(ids)]
    best = state.best()
    if best is None:
        raise BadInput("there is no scored solution yet", todo="Run a step first.")
    ranked = [c for c in state.ranked() if c.id not in state.dropped and c.score and c.score.full]
    return ranked[:top] if top else [best]


async def _show(
    session: Session,
    candidates: Sequence[Candidate],
    examples: Sequence[int] | Elsewhere,
    kind: str,
    as_json: bool,
) -> None:
    from opro_tui.cli import output
    from opro_tui.cli.figures import forecast_line
    from opro_tui.cli.report import SIMULATED
    from opro_tui.cli.signals import stoppable
    from opro_tui.engine import transfer
    from opro_tui.engine.job import CallFailed
    from opro_tui.engine.run import Incomplete

    if not as_json:
        if session.record.simulated:
            output.say(SIMULATED)
        n = len(examples.examples if isinstance(examples, transfer.Elsewhere) else examples)
        price = forecast_line(await session.scoring_forecast(len(candidates) * n))
        output.note(f"{len(candidates)} × {n} examples, at most: {price}")
    try:
        with stoppable(session):
            found = await transfer.measure_there(session, candidates, examples, kind)
    except CallFailed as failed:
        raise failed.error from failed
    except Incomplete as missing:
        raise OproError(str(missing), where=session.name, todo="Run it again to retry.") from None
    looks = sum(event.split == found[0].split for event in session.state.measured)
    if as_json:
        output.document([_json(session.state, event, looks) for event in found])
        return
    for line in _lines(session.state, found, looks):
        output.say(line)


def _json(state: State, event: Measured, looks: int) -> dict[str, Any]:
    candidate, score = state.candidates[event.candidate], event.score
    train = candidate.score if event.kind != TRANSFER else None
    return {
        "id": candidate.id,
        "text": candidate.text,
        "kind": event.kind,
        "split": event.split,
        "score": score.value,
        "n": score.n,
        "of": score.of,
        "stderr": score.stderr,
        "low": score.low,
        "high": score.high,
        "unparsed": score.unparsed,
        "train_score": train.value if train else None,
        "drop": train.value - score.value if train else None,
        "looks": looks,
    }


def _lines(state: State, found: Sequence[Measured], looks: int) -> list[str]:
    from opro_tui.cli.figures import half_width, points, scored, table
    from opro_tui.cli.output import one_line

    bounded = state.facts.bounded
    rows = []
    for event in sorted(found, key=lambda e: -e.score.value):
        candidate = state.candidates[event.candidate]
        train = candidate.score if event.kind != TRANSFER else None
        drop = None if train is None else train.value - event.score.value
        rows.append(
            (
                str(candidate.id),
                points(event.score.value, bounded=bounded),
                half_width(event.score, bounded=bounded).removeprefix("±"),
                f"{event.score.n}",
                scored(train, bounded=bounded) if event.kind != TRANSFER else "",
                "" if drop is None else points(drop, bounded=bounded),
                candidate.text,
            )
        )
    where = "fresh" if found[0].kind == "confirm" else one_line(found[0].split)
    head = ("#", where, "±", "n", "training", "drop", "solution")
    lines = table(head, rows, left=(6,))
    if found[0].kind == "confirm":
        k = state.scored_count()
        lines.append(
            f"training scores are the best of {k} and flatter; fresh examples were not chosen by"
        )
    elif found[0].kind == TRANSFER:
        lines.append(
            f"transfer {one_line(found[0].split)}, looks there so far: {looks}; this is no score of"
            " the session's own held-out examples"
        )
    elif found[0].split == "test":
        lines.append(
            f"looks at the test split so far: {looks}; each further one makes it less fresh"
        )
    else:
        lines.append("the solutions were chosen by their training scores: these flatter")
    return lines
