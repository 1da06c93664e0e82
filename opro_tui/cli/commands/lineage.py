"""`lineage`: where a solution's words came from, and what each change did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opro_tui.cli.root import App
    from opro_tui.core.lineage import Lineage, Link
    from opro_tui.core.state import State

_NUMBERS = 12
"""Numbers of examples that a line lists."""


@click.command(
    "lineage",
    cls=Command,
    example="opro-tui lineage triage\nopro-tui lineage triage --solution 12 --json",
)
@click.argument("name")
@click.option(
    "--solution", type=int, metavar="ID", help="Which solution [default: the best by training]."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def lineage_command(app: App, name: str, solution: int | None, as_json: bool) -> int:
    """Trace a solution back through the meta-prompts.

    Each ancestor is the solution of its step's meta-prompt that shares most words with it. The
    command says in which step or with which edit each word came in, which examples each change
    fixed and broke, and what stands word for word in a training example. It compares words of the
    texts that the optimizer saw; that proves no cause.
    """
    return wait_for(_lineage(app, name, solution, as_json))


async def _lineage(app: App, name: str, solution: int | None, as_json: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.report import SIMULATED
    from opro_tui.engine.lineage import lineage, lineage_json

    async with opened(app, name) as (_, session):
        found = lineage(session, solution)
        if as_json:
            output.document(lineage_json(session, found))
            return 0
        state, simulated = session.state, session.record.simulated
    if simulated:
        output.say(SIMULATED)
    for line in lines(state, found):
        output.say(line)
    return 0


def lines(state: State, found: Lineage) -> Iterator[str]:
    """A lineage in lines of text."""
    from opro_tui.cli.figures import plural, scored
    from opro_tui.cli.output import one_line
    from opro_tui.core.lineage import HONEST

    own = state.candidates[found.solution]
    score = scored(own.score, bounded=state.facts.bounded)
    yield f"#{own.id} of step {own.step}, {score}"
    yield f"  {one_line(own.text) or '(empty)'}"
    yield "its words, by where they first stood:"
    for entry in found.entries:
        pieces = [own.text[s.start : s.end] for s in found.spans if s.entry == entry]
        quoted = " · ".join(f"'{one_line(piece)}'" for piece in pieces)
        yield f"  {quoted} {entry.said}"
    if found.links:
        yield f"its chain, {plural(len(found.links), 'change')}:"
    else:
        yield _alone(found)
    for id_, link in zip(found.chain, (None, *found.links), strict=True):
        yield from _member(state, id_, link)
    yield from _copies(found, own.text)
    if not state.facts.bounded:
        yield "The solutions are values, and the comparison is of them as texts."
    yield HONEST


def _alone(found: Lineage) -> str:
    if found.root == "new":
        return "no ancestor: it is near no solution that the optimizer saw"
    return f"no ancestor: no optimizer wrote it (origin: {found.root})"


def _member(state: State, id_: int, link: Link | None) -> Iterator[str]:
    """A solution of the chain, and how it differs from the one before it."""
    from opro_tui.cli.figures import plural, scored
    from opro_tui.cli.output import one_line

    member = state.candidates[id_]
    score = scored(member.score, bounded=state.facts.bounded)
    yield f"  #{id_}  step {member.step}  {member.origin}  {score}  {one_line(member.text)}"
    if link is None:
        return
    pinned = ", which a person had pinned" if link.pinned else ""
    seen = plural(link.shown, "solution")
    others = ", ".join(f"#{other}" for other in link.others)
    also = f"; words of {others} as well" if others else ""
    yield (
        f"      nearest of {seen} shown: #{link.parent}{pinned},"
        f" {link.likeness:.0%} in common{also}"
    )
    yield f"      {_change(state, link)}"
    if state.facts.bounded and link.exchange.both:
        yield f"      fixed {_examples(link.exchange.fixed)}"
        yield f"      broke {_examples(link.exchange.broken)}"
    if link.edits:
        kinds = ", ".join(dict.fromkeys(edit.kind.replace("_", " ") for edit in link.edits))
        yield f"      edits before step {member.step}: {kinds}"


def _change(state: State, link: Link) -> str:
    from opro_tui.cli.figures import points

    if link.gain is None:
        return "one of the two has no score"
    sign = "+" if link.gain >= 0 else "−"
    size = f"{sign}{points(abs(link.gain), bounded=state.facts.bounded)}"
    if not state.facts.bounded:
        return f"value {size}; both are exact"
    found = link.difference
    if found is None:
        return f"score {size}, no example in common to test it on"
    verdict = "differ beyond noise" if found.real else "can't be told apart"
    test = "" if found.p is None else f" (exact McNemar p = {found.p:.2g})"
    return f"score {size}: they {verdict}{test}"


def _examples(numbers: tuple[int, ...]) -> str:
    listed = ", ".join(map(str, numbers[:_NUMBERS]))
    more = " …" if len(numbers) > _NUMBERS else ""
    return f"{len(numbers)}: {listed}{more}" if numbers else "0"


def _copies(found: Lineage, text: str) -> Iterator[str]:
    from opro_tui.cli.figures import plural
    from opro_tui.cli.output import one_line
    from opro_tui.core.lineage import came_with

    for copy in found.copies:
        where = "exemplar" if copy.shown else "training example"
        run = one_line(text[copy.start : copy.end])
        yield (
            f"! copied: {plural(copy.words, 'word')} of the {copy.part} of {where}"
            f" {copy.example}: '{run}', came in with #{came_with(found, copy)}"
        )
