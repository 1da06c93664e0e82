"""`ablate`: the same search under settings that differ in one thing, repeated, on one budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import FILE, Command, headed
from opro_tui.cli.flags import MOST_STEPS, given_settings, settings_flags
from opro_tui.cli.opening import wait_for
from opro_tui.cli.several import Texts
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.cli.root import App
    from opro_tui.engine.ablation.plan import Cell
    from opro_tui.engine.ablation.runner import Options
    from opro_tui.engine.create import Draft, Start

_EXAMPLE = """\
opro-tui ablate --task sums --vary order=ascending,descending,random --vary temperature=0,0.5,1.5
opro-tui ablate --name pos --task bbh/navigate --data-dir data --optimizer openai/gpt-5-mini \\
    --scorer openai/gpt-5-nano --vary 'initial=,"Let us think, step by step."' --one-shot \\
    --repetitions 3 --steps 10 --budget 5
opro-tui ablate --name pos          goes on where it was stopped
opro-tui ablate --name pos --show   the curves and the table"""
_STEPS = 5
_ELSEWHERE = ("max_steps", "review", "arm")
_LIVE = ("budget", "budget_tokens", "concurrency")
_OWN = ("vary", "name", "repetitions", "steps", "one_shot", "held_out")


class Files:
    """Reads the files that values of `--vary` name."""

    def solutions(self, path: Path) -> tuple[Start, ...]:
        """Starting solutions with their scores where known."""
        from opro_tui.cli.files import read_solutions

        return read_solutions(path)

    def template(self, path: Path) -> dict[str, str]:
        """Texts of a meta-prompt by name."""
        from opro_tui.cli.files import read_template

        return read_template(path)


@settings_flags(starred_only=False)
@click.command("ablate", cls=Command, example=_EXAMPLE)
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=V,V…",
    help="A setting and the values that arms have of it, one at a time around the base; also"
    " initial=TEXT,…, solutions=FILE,… and meta-prompt=FILE,…. Quote a value that holds a comma"
    ' as "…"; repeatable.',
)
@click.option(
    "--name", default="ablation", show_default=True, help="The ablation's name, to go on by."
)
@click.option(
    "--repetitions",
    type=click.IntRange(1, 1000),
    metavar="R",
    help="How often each arm is run, each time with other draws and another split [default: 1]",
)
@click.option(
    "--steps",
    type=MOST_STEPS,
    metavar="N",
    help=f"Steps of each session [default: {_STEPS}]",
)
@click.option(
    "--one-shot",
    is_flag=True,
    help="Add the control of the base that samples as many candidates in one step.",
)
@click.option(
    "--held-out/--no-held-out",
    default=True,
    help="Measure each arm's best on the test split, where there is one [default: yes]",
)
@click.option(
    "--initial",
    cls=Texts,
    metavar="TEXT…",
    help="The base's starting solutions; several after one flag.",
)
@click.option(
    "--solutions",
    type=FILE,
    metavar="FILE",
    help="The base's warm start: .jsonl or .csv with text and, if known, score.",
)
@click.option(
    "--meta-prompt",
    "texts",
    type=FILE,
    metavar="FILE",
    help="TOML with the base's meta-prompt texts.",
)
@click.option("--dry-run", is_flag=True, help="Say arms and price; store and spend nothing.")
@click.option("--show", is_flag=True, help="Only show what there is: the screen, or the table.")
@click.option("--headless", is_flag=True, help="Plain lines of progress, and no screen.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def ablate_command(
    app: App,
    /,
    vary: tuple[str, ...],
    name: str,
    repetitions: int | None,
    steps: int | None,
    one_shot: bool,
    held_out: bool,
    initial: tuple[str, ...],
    solutions: Path | None,
    texts: Path | None,
    dry_run: bool,
    show: bool,
    headless: bool,
    as_json: bool,
    **flags: Any,  # noqa: ANN401 - one for each setting
) -> int:
    """Run a base and arms that differ from it in one thing, and put them side by side.

    Each --vary is a group of arms around one base; the base, made of the other flags, is always
    run. Within a repetition all arms share seed, examples and bought answers; each repetition
    has a seed and a replicate of its own, so that its answers are new draws. --budget holds for
    all arms together and is a hard stop (exit code 3). Every session is kept; the same command, or
    --name alone, goes on where it was stopped, and nothing is bought twice.
    """
    from opro_tui.cli.ablating import Ablating
    from opro_tui.core.ablation import check_name

    check_name(name)
    values = given_settings(flags)
    if show:
        return _show(app, name, as_json=as_json, headless=headless)
    options = _options(values, held_out=held_out, one_shot=one_shot)
    planned: list[Cell] | None = None
    if "task" in values:
        shape, starts = (vary, repetitions or 1, steps or _STEPS), (initial, solutions, texts)
        planned = _planned(app, name, values, shape, starts)
    else:
        _check_alone(
            values
            | {"vary": vary, "repetitions": repetitions, "steps": steps, "initial": initial}
            | {"solutions": solutions, "meta_prompt": texts}
        )
    work = Ablating(app, name, options, planned, plain=headless, as_json=as_json)
    return wait_for(work.dry_run() if dry_run else work.run())


def _show(app: App, name: str, *, as_json: bool, headless: bool) -> int:
    """The screen of an ablation; its table where there is no terminal."""
    from opro_tui.cli.ablating import check_there, show
    from opro_tui.cli.output import interactive

    if as_json or headless or not interactive():
        return wait_for(show(app, name, as_json=as_json))
    wait_for(check_there(app, name))
    from opro_tui.tui.app import run_ablation

    return run_ablation(app.db, name, app.config)


for _param in ablate_command.params:
    if isinstance(_param, click.Option):
        _param.hidden |= _param.name in _ELSEWHERE
        if _param.name in _OWN:
            headed(_param, "Ablation")


def _options(values: dict[str, Any], *, held_out: bool, one_shot: bool) -> Options:
    from opro_tui.core.settings import find
    from opro_tui.engine.ablation.runner import Options

    usd, tokens, calls = (find(n).parse(values[n]) if n in values else None for n in _LIVE)
    return Options(usd, tokens, held_out, one_shot, calls)


def _check_alone(given: dict[str, Any]) -> None:
    """Refuse flags that only make sense where the arms are named too."""
    others = [name for name, value in given.items() if value and name not in _LIVE]
    if others:
        flag = "--" + others[0].replace("_", "-")
        raise BadInput(
            "is missing",
            where="--task",
            todo=f"Give it beside {flag}; --name alone goes on with what is stored.",
        )


def _planned(
    app: App,
    name: str,
    values: dict[str, Any],
    shape: tuple[tuple[str, ...], int, int],
    starts: tuple[tuple[str, ...], Path | None, Path | None],
) -> list[Cell]:
    """The sessions that the flags ask for, checked; nothing is stored."""
    from opro_tui.cli.commands.new import check_both_models
    from opro_tui.engine.ablation import plan as planning
    from opro_tui.engine.ablation.vary import groups, variants

    vary, repetitions, steps = shape
    wanted = groups(vary)
    draft = _draft(values, *starts)
    base = planning.base_of(draft, app.config)
    check_both_models(base)
    plan = planning.Plan(
        name=name,
        draft=draft,
        variants=tuple(variants(wanted, base.settings, Files())),
        repetitions=repetitions,
        steps=steps,
    )
    cells = planning.cells(plan, app.config)
    planning.check_pot(base.settings.budget, cells, app.config)
    return cells


def _draft(
    values: dict[str, Any], initial: tuple[str, ...], solutions: Path | None, texts: Path | None
) -> Draft:
    from opro_tui.cli.files import read_solutions, read_template
    from opro_tui.engine.create import Draft

    return Draft(
        name="base",
        values=values,
        initial=initial,
        warm=read_solutions(solutions) if solutions else (),
        template=read_template(texts) if texts else {},
    )
