"""`try`: what the scorer is asked and answers, before a step is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.errors import ModelError
    from opro_tui.engine.trial import Trial


@click.command(
    "try",
    cls=Command,
    example='opro-tui try triage --examples 5 --instruction "Name the queue."',
)
@click.argument("name")
@click.option(
    "--examples", type=click.IntRange(1), default=3, show_default=True, help="How many to ask."
)
@click.option("--instruction", metavar="TEXT", help="What to try [default: the best so far]")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def try_command(app: App, name: str, examples: int, instruction: str | None, as_json: bool) -> int:
    """Ask the scorer about a few training examples and show request, answer and verdict.

    For the judge metric the judge's request, reply, grade and reason are shown too. The answers are
    paid for and kept: a later step does not buy them again.
    """
    return wait_for(_try(app, name, examples, instruction, as_json))


async def _try(app: App, name: str, examples: int, instruction: str | None, as_json: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.report import SIMULATED
    from opro_tui.cli.signals import stoppable
    from opro_tui.engine.job import CallFailed
    from opro_tui.engine.trial import trials

    async with opened(app, name, readonly=False) as (_, session):
        made: list[Trial] = []
        if session.record.simulated and not as_json:
            output.say(SIMULATED)
        failure: ModelError | None = None
        try:
            with stoppable(session):
                async for trial in trials(session, examples, instruction):
                    made.append(trial)
                    if not as_json:
                        _show(trial)
        except CallFailed as failed:
            failure = failed.error
        if as_json and (made or failure is None):
            output.document([trial.to_json() for trial in made])
        if failure is not None:
            raise failure
        if not as_json:
            _conclude(made)
        return 0


def _show(trial: Trial) -> None:
    from opro_tui.cli.figures import plural
    from opro_tui.cli.output import say
    from opro_tui.core.judgement import deviation

    stored = ", from the store" if trial.from_store else ""
    say(f"── example {trial.example.index}{stored} " + "─" * 40)
    for message in trial.messages:
        say(f"[{message.role}]")
        say(message.content)
    finish = str(trial.completion.finish)
    say("[answer]" if finish == "stop" else f"[answer, ended by {finish}]")
    say(trial.completion.text or "(empty)")
    grade = trial.grade
    flags = f" ({', '.join(grade.flags)})" if grade.flags else ""
    if trial.judged:
        _show_judged(trial)
        spread = deviation([each.judgement for each in trial.judged])
        varied = "" if spread is None else f", standard deviation {spread:.2f}"
        times = f" over {plural(len(trial.judged), 'judgement')}" if len(trial.judged) > 1 else ""
        say(f"[verdict] {grade.score:.2f}{flags}{times}{varied}")
    else:
        read = "no answer found in it" if grade.parsed is None else f"read as {grade.parsed!r}"
        verdict = {1.0: "right", 0.0: "wrong"}.get(grade.score, f"{grade.score:g}")
        say(f"[verdict] {verdict}{flags}: {read}, target {trial.example.target!r}")
    say()


def _show_judged(trial: Trial) -> None:
    """What the judge was asked, once, and each of its replies as it was read."""
    from opro_tui.cli.output import one_line, say

    for message in trial.judged[0].messages:
        say(f"[judge's {message.role} message]")
        say(message.content)
    for each in trial.judged:
        found, stored = each.judgement, ", from the store" if each.judgement.from_store else ""
        say(f"[judge's reply{stored}]")
        say(each.reply or "(empty)")
        grade = "no grade could be read" if found.score is None else f"{found.score:g}"
        say(f"[grade] {grade}: {one_line(found.reason) or '(no reason)'}")


def _conclude(made: list[Trial]) -> None:
    from opro_tui.cli.output import say

    unread = sum(1 for trial in made if trial.grade.parsed is None)
    right = sum(trial.grade.score for trial in made)
    if any(trial.judged for trial in made):
        say(f"mean grade {right / len(made):.2f} of {len(made)}")
        if unread:
            say(f"{unread} of {len(made)} count 0: the flag says why")
        return
    say(f"{right:g} of {len(made)} right")
    if unread:
        say(
            f"in {unread} of {len(made)} no answer was found: let the instruction ask for the"
            " format, or check --metric"
        )
