"""`new`: make a session, priced, with nothing spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import FILE, Command
from opro_tui.cli.flags import given_settings, settings_flags
from opro_tui.cli.opening import database, wait_for
from opro_tui.cli.several import Texts
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.cli.root import App
    from opro_tui.config import Config
    from opro_tui.core.settings import Settings
    from opro_tui.engine.create import Prepared
    from opro_tui.engine.session import Session

_TASKS = (
    "sums, gsm8k, bbh/NAME, mmlu/SUBJECT, aqua, multiarith, linear-regression, tsp, a .toml or a"
    " data file, or python:module:Class"
)

SHOWN = 3
"""The most starting solutions that are printed."""


@settings_flags(starred_only=False)
@click.command(
    "new",
    cls=Command,
    example="opro-tui new triage --task tickets.jsonl --input ticket --target queue \\\n"
    "    --optimizer openai/gpt-5-mini --scorer openai/gpt-5-nano --train 60",
)
@click.argument("name")
@click.option(
    "--initial",
    cls=Texts,
    metavar="TEXT…",
    help="Starting solutions instead of the task's own; several after one flag.",
)
@click.option(
    "--solutions",
    type=FILE,
    metavar="FILE",
    help="A warm start: .jsonl or .csv with text and, if known, score; or known:gsm8k (paper).",
)
@click.option(
    "--meta-prompt",
    "texts",
    type=FILE,
    metavar="FILE",
    help="TOML with the meta-prompt's texts.",
)
@click.option("--headless", is_flag=True, help="Do not open the workbench.")
@click.option("--json", "as_json", is_flag=True, help="For programs; opens no workbench.")
@click.pass_obj
def new_command(
    app: App,
    /,
    name: str,
    initial: tuple[str, ...],
    solutions: Path | None,
    texts: Path | None,
    headless: bool,
    as_json: bool,
    **flags: Any,  # noqa: ANN401 - one for each setting
) -> int:
    """Make a session NAME, say what a step will cost, and open the workbench. Nothing is spent."""
    from opro_tui.cli.files import read_solutions, read_template
    from opro_tui.cli.output import interactive
    from opro_tui.engine.create import Draft, prepare

    config = app.config
    values = given_settings(flags)
    if "task" not in values:
        raise BadInput("is missing", where="--task", todo=f"Give one of: {_TASKS}.")
    draft = Draft(
        name=name,
        values=values,
        initial=initial,
        warm=read_solutions(solutions) if solutions else (),
        template=read_template(texts) if texts else {},
    )
    prepared = prepare(draft, config)
    check_both_models(prepared)
    wait_for(_create(app, prepared, config, as_json))
    if headless or as_json or not interactive():
        return 0
    from opro_tui.tui.app import run_workbench

    return run_workbench(app.db, name, config)


def check_both_models(prepared: Prepared) -> None:
    """Refuse a session whose one model is real and whose other would silently be simulated."""
    from opro_tui.engine.pool import roles_of

    values = prepared.draft.values
    roles = roles_of(prepared.task)[:2]  # without a judge the engine says so itself
    missing = [role for role in roles if role not in values]
    if len(missing) == 1 and len(roles) > 1:
        given = next(role for role in roles if role in values)
        if values[given] != "simulated":
            raise BadInput(
                "is missing",
                where=f"--{missing[0]}",
                todo=f"Give provider/model, such as --{missing[0]} {values[given]}.",
            )


async def _create(app: App, prepared: Prepared, config: Config, as_json: bool) -> None:
    from opro_tui.cli.output import document
    from opro_tui.engine.create import create
    from opro_tui.engine.session import Session

    async with database(app) as store:
        record = await create(store, prepared)
        session = await Session.open(store, record.name, config, readonly=True)
        try:
            if as_json:
                document(await _document(session))
            else:
                await _tell(session, prepared)
        finally:
            await session.close()


def _tell_data(prepared: Prepared) -> None:
    """How the data was read and how answers are graded, where the person didn't say."""
    from opro_tui.cli.output import one_line, say

    for source in prepared.loaded.sources:
        if source.assumed:
            say(f"{one_line(source.path)}: {source.assumed}")
    settings = prepared.settings
    if settings.input and "metric" not in prepared.draft.values:
        say(f"metric: {settings.metric}, guessed from the targets; --metric sets another")
    if prepared.task.judge is not None:
        _tell_judge(settings)


def _tell_judge(settings: Settings) -> None:
    """By what answers are graded, and where repeated judging would buy the same again."""
    from opro_tui.cli.output import one_line, say

    say(f"rubric: {one_line(settings.rubric or '')}")
    if settings.judge_repeats > 1:
        say(f"each answer is judged {settings.judge_repeats} times; its score is the mean")
        if not settings.judge_temperature:
            say("at --judge-temperature 0 many models give the same grade each time")


async def _tell(session: Session, prepared: Prepared) -> None:
    from shlex import quote

    from opro_tui.cli.figures import plural
    from opro_tui.cli.output import one_line, say
    from opro_tui.cli.report import SIMULATED
    from opro_tui.engine.pool import models_of
    from opro_tui.engine.provenance import unencrypted

    state, task = session.state, session.task
    sides = [str(example.split) for example in task.examples]
    settings = state.settings
    models = " → ".join(models_of(settings, task))
    say(f"session {session.name}: {one_line(task.name)}, {one_line(models)}")
    if session.record.simulated:
        say(SIMULATED)
    if sides:
        fresh = f", {sides.count('rest'):,} fresh" if "rest" in sides else ""
        held = f"{sides.count('test'):,} held out{fresh}"
        say(f"examples: {sides.count('train'):,} to train on, {held}")
    _tell_data(prepared)
    starts = [candidate for candidate in state.candidates.values() if candidate.rejected is None]
    waiting = len(state.waiting())
    known = len(starts) - waiting
    parts = [f"{waiting:,} to be scored in step 0"] if waiting else []
    parts += [f"{known:,} with a known score"] if known else []
    say(f"{plural(len(starts), 'starting solution')}: {', '.join(parts)}")
    for start in starts[:SHOWN]:
        say(f"  {one_line(start.text)}")
    if len(starts) > SHOWN:
        say(f"  … and {len(starts) - SHOWN:,} more")
    await _tell_forecast(session)
    for warning in unencrypted(settings, session.hands.pool.config):
        say(f"warning: {one_line(warning)}")
    typed = quote(session.name)
    say("nothing is spent yet; next:")
    if sides:
        say(f"  opro-tui try {typed}      what the scorer is asked and answers")
    say(f"  opro-tui run {typed}      the first step")


async def _document(session: Session) -> dict[str, Any]:
    """The same for programs."""
    from opro_tui.engine.discovery import missing_keys
    from opro_tui.engine.provenance import unencrypted

    state, config = session.state, session.hands.pool.config
    sides = [str(example.split) for example in session.task.examples]
    forecast = await session.forecast()
    settings = state.settings
    return {
        "name": session.name,
        "task": session.task.name,
        "optimizer": settings.optimizer,
        "scorer": settings.scorer if sides else None,
        "judge": settings.judge,
        "simulated": session.record.simulated,
        "examples": {side: sides.count(side) for side in ("train", "test", "rest")},
        "starting": len([c for c in state.candidates.values() if c.rejected is None]),
        "waiting": len(state.waiting()),
        "settings": settings.to_json(),
        "forecast": forecast.to_json(),
        "warnings": list(unencrypted(settings, config)),
        "missing": await missing_keys(settings, session.task, config),
    }


async def _tell_forecast(session: Session) -> None:
    """The price of the first step, and which keys are still missing before it can run."""
    from shlex import quote

    from opro_tui.cli.figures import forecast_line
    from opro_tui.cli.output import one_line, say
    from opro_tui.engine.discovery import missing_keys
    from opro_tui.engine.preview import short_budget

    forecast = await session.forecast()
    say(f"the first step, with step 0: {forecast_line(forecast)}")
    if short := short_budget(session.state.settings, forecast):
        change = f"`opro-tui edit {quote(session.name)} --budget …` changes it"
        say(f"{short[:1].lower()}{short[1:]} {change}")
    config = session.hands.pool.config
    for problem in await missing_keys(session.state.settings, session.task, config):
        say(f"before it can run: {one_line(problem)}")
