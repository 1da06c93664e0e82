"""`rebuild`: a session's past meta-prompts made again under other settings, at no cost."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import FILE, Command
from opro_tui.cli.flags import given_settings, option_for
from opro_tui.cli.opening import opened, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from opro_tui.cli.root import App
    from opro_tui.core.meta_prompt import MetaPrompt
    from opro_tui.engine.rebuild import Changes, Rebuilt
    from opro_tui.engine.session import Session


@click.command(
    "rebuild",
    cls=Command,
    example="opro-tui rebuild triage --shown 10 --order descending\n"
    "opro-tui rebuild triage --exemplars 0 --step 3",
)
@click.argument("name")
@click.option("--step", type=click.IntRange(1), metavar="N", help="That step's, with its diff.")
@click.option(
    "--meta-prompt",
    "texts",
    type=FILE,
    metavar="FILE",
    help="TOML with texts of the meta-prompt to use instead.",
)
@click.option("--metric", metavar="METRIC", help="With the scores that `regrade` gives by it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def rebuild_command(
    app: App,
    /,
    name: str,
    step: int | None,
    texts: Path | None,
    metric: str | None,
    as_json: bool,
    **flags: Any,  # noqa: ANN401 - one for each setting
) -> int:
    """Make each step's meta-prompt again under other settings, and show what would differ.

    Each is made from the state that its step found. Nothing is bought and nothing in the session
    changes. Without a setting, every one comes out as it was sent, to the byte.
    """
    from opro_tui.cli.files import read_template
    from opro_tui.engine.rebuild import Changes

    changes = Changes(given_settings(flags), read_template(texts) if texts else {})
    return wait_for(_rebuild(app, name, (step, metric, as_json), changes))


def _options() -> list[click.Option]:
    from opro_tui.core.settings import OF_META_PROMPT, find

    return [option_for(find(name), defaults=False) for name in OF_META_PROMPT]


rebuild_command.params[1:1] = _options()


async def _rebuild(
    app: App, name: str, asked: tuple[int | None, str | None, bool], changes: Changes
) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.progress import Counter
    from opro_tui.engine.rebuild import check, rebuild
    from opro_tui.engine.regrade import regrade

    step, metric, as_json = asked
    async with opened(app, name) as (_, session):
        check(session, changes, step)
        regraded = None
        if metric is not None:
            with Counter("answers graded again") as counter:
                regraded = await regrade(session, metric, watch=counter)
        with Counter("meta-prompts rebuilt") as counter:
            found = await rebuild(session, changes, step=step, regraded=regraded, watch=counter)
        if as_json:
            output.document(_json(session, found, changes, metric, with_text=step is not None))
            return 0
        for line in _lines(session, found, changes, metric):
            output.say(line)
        if step is not None:
            for line in _diff(found[0]):
                output.say(line)
        elif advice := _advice(session, changes):
            output.say(advice)
    return 0


def _lines(
    session: Session, found: Sequence[Rebuilt], changes: Changes, metric: str | None
) -> Iterator[str]:
    from opro_tui.cli.figures import plural, table
    from opro_tui.cli.output import one_line
    from opro_tui.cli.report import SIMULATED
    from opro_tui.engine.rebuild import differs, signed

    if session.record.simulated:
        yield SIMULATED
    what = one_line(", ".join(_changed(changes, metric)) or "the settings of each step")
    yield (
        f"{session.name}: {plural(len(found), 'meta-prompt')} rebuilt with {what};"
        " nothing is bought or changed"
    )
    same = sum(item.same for item in found)
    if same == len(found):
        yield "  each is what was sent, to the byte"
    elif same:
        yield f"  {same:,} of {len(found):,} would be what was sent, to the byte"
    head = ("step", "sent ≈", "now ≈", "tokens", "requests", "input cost", "what differs")
    rows = [
        (
            str(item.step),
            f"{item.sent_tokens:,}",
            f"{item.built_tokens:,}",
            signed(item.built_tokens - item.sent_tokens),
            str(item.calls),
            signed_money(item.cost),
            differs(item),
        )
        for item in found
    ]
    yield from table(head, rows)
    yield f"  {_total(found)}"


def _changed(changes: Changes, metric: str | None) -> Iterator[str]:
    for name, value in changes.settings.items():
        yield f"{name.replace('_', '-')} {value}"
    if changes.template:
        yield f"other texts ({', '.join(changes.template)})"
    if metric is not None:
        yield f"scores by {metric}"


def signed_money(usd: float | None) -> str:
    """A difference in dollars with its sign; what is unknown is called so."""
    from opro_tui.cli.figures import money

    if usd is None:
        return "unknown"
    return "$0" if not usd else f"{'−' if usd < 0 else '+'}{money(abs(usd))}"


def _total(found: Sequence[Rebuilt]) -> str:
    from opro_tui.cli.figures import plural
    from opro_tui.engine.rebuild import signed

    tokens = sum(item.more_tokens for item in found)
    costs = [item.cost for item in found]
    cost = None if None in costs else sum(cost for cost in costs if cost is not None)
    calls = sum(item.calls for item in found)
    what = f"input of {plural(calls, 'request')}"
    if not tokens:
        return f"{what}: as many tokens as were sent"
    return (
        f"{what}: ≈ {signed(tokens)} tokens, ≈ {signed_money(cost)}"
        " (before any discount for cached input)"
    )


def _diff(item: Rebuilt) -> Iterator[str]:
    from opro_tui.core.difference import Change, lines

    marks = {Change.SAME: "  ", Change.ADDED: "+ ", Change.REMOVED: "− "}
    yield ""
    for piece in lines(item.sent.text, item.built.text):
        for line in piece.text.splitlines():
            yield marks[piece.change] + line


def _advice(session: Session, changes: Changes) -> str:
    if not changes.settings:
        return ""
    flags = " ".join(
        f"--{name.replace('_', '-')} {quote(str(value))}"
        for name, value in changes.settings.items()
    )
    return f"to use it from the next step on: `opro-tui edit {quote(session.name)} {flags}`"


def _json(
    session: Session,
    found: Sequence[Rebuilt],
    changes: Changes,
    metric: str | None,
    *,
    with_text: bool,
) -> dict[str, Any]:
    settings = session.state.settings.with_values(changes.settings).to_json()
    return {
        "name": session.name,
        "simulated": session.record.simulated,
        "settings": {name: settings[name] for name in changes.settings},
        "texts": sorted(changes.template),
        "metric": metric,
        "steps": [
            {
                "step": item.step,
                "same": item.same,
                "sent": _prompt_json(item.sent, item.sent_tokens, with_text=with_text),
                "rebuilt": _prompt_json(item.built, item.built_tokens, with_text=with_text),
                "requests": item.calls,
                "input_tokens": item.more_tokens,
                "cost_usd": item.cost,
            }
            for item in found
        ],
    }


def _prompt_json(prompt: MetaPrompt, tokens: int, *, with_text: bool) -> dict[str, Any]:
    return {
        "tokens": tokens,
        "solutions": list(prompt.solution_ids),
        "exemplars": list(prompt.exemplar_ids),
        "text": prompt.text if with_text else None,
    }
