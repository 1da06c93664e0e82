"""`edit`: a person's edits, from a script."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import FILE, Command, headed
from opro_tui.cli.flags import given_settings, settings_flags
from opro_tui.cli.opening import opened, wait_for
from opro_tui.cli.several import Numbers, Texts
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.cli.root import App
    from opro_tui.core.edits import Edits
    from opro_tui.core.events import EditMade
    from opro_tui.engine.session import Session

_SOLUTIONS = "Solutions"
_EXEMPLARS = "Exemplars"
_MARKS = {
    "pin": "Always show",
    "unpin": "No longer always show",
    "drop": "Never show, and never call the best,",
    "undrop": "Take back the drop of",
}


_SCORING = {
    "halt": "End the scoring of these where it is; they stay partial.",
    "complete": "Score these partial ones to the end with the next step.",
    "rescore": "Score these again on new answers with the next step.",
}


def _options() -> list[click.Option]:
    options = [
        headed(Numbers([f"--{mark}"], metavar="ID…", help=f"{what} these solutions."), _SOLUTIONS)
        for mark, what in _MARKS.items()
    ]
    options += [
        headed(
            Texts(["--add"], metavar="TEXT…", help="Solutions of your own, scored with the next."),
            _SOLUTIONS,
        ),
        headed(
            Numbers(["--veto"], metavar="ID…", help="Do not score these waiting candidates."),
            _SOLUTIONS,
        ),
    ]
    options += [
        headed(Numbers([f"--{name}"], metavar="ID…", help=what), _SOLUTIONS)
        for name, what in _SCORING.items()
    ]
    what = dict(_MARKS, drop="Never show")
    options += [
        headed(
            Numbers([f"--{mark}-exemplar"], metavar="I…", help=f"{what[mark]} these examples."),
            _EXEMPLARS,
        )
        for mark in _MARKS
    ]
    return options


@settings_flags(starred_only=True)
@click.command(
    "edit",
    cls=Command,
    example="opro-tui edit triage --pin 3 5 --drop 7 --temperature 0.7\n"
    'opro-tui edit triage --add "Name the queue." --note "short ones do well"',
)
@click.argument("name")
@click.option(
    "--meta-prompt",
    "texts",
    type=FILE,
    metavar="FILE",
    help="TOML with texts of the meta-prompt to change.",
)
@click.option(
    "--critique-text",
    "words",
    metavar="TEXT",
    help="What the next meta-prompt shall say as critique, in your own words.",
)
@click.option("--note", default="", metavar="TEXT", help="Why, kept with the edits.")
@click.pass_obj
def edit_command(
    app: App,
    /,
    name: str,
    texts: Path | None,
    words: str | None,
    note: str,
    **flags: Any,  # noqa: ANN401 - one for each setting and mark
) -> int:
    """Change what the optimizer sees from the next step on; all of the changes, or none."""
    from opro_tui.cli.files import read_template
    from opro_tui.core.edits import Edits

    settings = given_settings(flags)
    marks: dict[str, Any] = {
        mark: value
        for mark, value in flags.items()
        if mark not in settings and isinstance(value, tuple) and value
    }
    if not settings and not marks and texts is None and words is None:
        raise BadInput(
            "there is nothing to change",
            where=f"edit {name}",
            todo="Give a change, such as --pin 3 or --temperature 0.7 (`opro-tui edit --help`).",
        )
    template = read_template(texts) if texts else {}
    edits = Edits(**marks, settings=settings, template=template, critique=words, note=note)
    return wait_for(_edit(app, name, edits))


edit_command.params[1:1] = _options()


async def _edit(app: App, name: str, edits: Edits) -> int:
    from opro_tui.cli.output import one_line, say
    from opro_tui.core.events import EditMade

    async with opened(app, name, readonly=False) as (_, session):
        before = len(session.state.warnings)
        made = await session.edit(edits)
        for event in made:
            if isinstance(event, EditMade):
                say(describe(event))
        if not made:
            say("nothing changed: it is so already")
        for warning in session.state.warnings[before:]:
            say(f"warning: {one_line(warning.message)}")
        say(await _next_prompt(session))
    return 0


def describe(event: EditMade) -> str:
    """An edit in one line."""
    from opro_tui.cli.figures import cut

    kind, before, after = event.kind, event.before, event.after
    if kind == "set":
        return ", ".join(
            f"{setting}: {_plain(before.get(setting))} → {_plain(value)}"
            for setting, value in after.items()
        )
    if kind == "meta_prompt":
        return f"meta-prompt: {', '.join(after)} changed"
    if kind == "add":
        return f"added #{after['id']}, scored with the next candidates: {cut(after['text'], 60)}"
    if kind == "critique":
        return f"the critique of the next meta-prompt: {cut(after, 60)}"
    if kind.endswith("_exemplar"):
        return f"{_PAST[kind.removesuffix('_exemplar')]} exemplar {after}"
    return f"{_PAST.get(kind, kind)} #{after}"


_PAST = {
    "pin": "pinned",
    "unpin": "unpinned",
    "drop": "dropped",
    "undrop": "took back the drop of",
    "veto": "vetoed",
    "halt": "ended the scoring of",
    "complete": "to be scored to the end:",
    "rescore": "to be scored again:",
}


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{role}={text}" for role, text in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


async def _next_prompt(session: Session) -> str:
    """What the next meta-prompt will look like, in one line."""
    from opro_tui.cli.figures import plural

    prompt = await session.meta_prompt()
    tokens = await session.prompt_tokens(prompt.text)
    solutions, exemplars = prompt.solution_ids, prompt.exemplar_ids
    shown = plural(len(exemplars), "exemplar")
    if exemplars:
        shown += f" ({', '.join(map(str, exemplars[:8]))})"
    state = session.state
    pinned = sum(1 for id_ in solutions if id_ in state.pinned)
    marks = f" ({pinned} pinned)" if pinned else ""
    return (
        f"next meta-prompt, step {state.edit_step}: ≈ {tokens:,} tokens,"
        f" {plural(len(solutions), 'solution')}{marks}, {shown};"
        f" `opro-tui meta-prompt {quote(session.name)}` prints it"
    )
