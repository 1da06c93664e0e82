"""`compare`: two sessions side by side."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App
    from opro_tui.core.statistics import Difference
    from opro_tui.engine.compare import Arm, Comparison
    from opro_tui.engine.conditions import Condition


@click.command("compare", cls=Command, example="opro-tui compare triage triage-cooler")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def compare_command(app: App, first: str, second: str, as_json: bool) -> int:
    """Compare the best solutions of two sessions, paired, with what each arm cost.

    Nothing is bought: the held-out difference needs `evaluate` of both first.
    """
    return wait_for(_compare(app, first, second, as_json))


async def _compare(app: App, first: str, second: str, as_json: bool) -> int:
    from opro_tui.cli import output
    from opro_tui.cli.report import SIMULATED
    from opro_tui.engine.compare import compare

    async with opened(app, first) as (store, one), opened(app, second) as (_, other):
        found = await compare(store, one, other)
        bounded = one.state.facts.bounded
        simulated = one.record.simulated or other.record.simulated
    if as_json:
        output.document(_json(found))
        return 0
    if simulated:
        output.say(SIMULATED)
    for line in _lines(found, bounded=bounded):
        output.say(line)
    return 0


def _lines(found: Comparison, *, bounded: bool) -> list[str]:
    from opro_tui.engine.compare import CONTROL_MEANS

    parted = "they share no past"
    if found.afresh:
        parted = "one is a fork of the other's solutions, scored anew"
        if found.parted is not None:
            parted = f"they parted after step {found.parted}, with all solutions scored anew"
    elif found.parted is not None:
        parted = f"they share the past up to step {found.parted}"
    lines = [f"{found.first.name} and {found.second.name}: {parted}"]
    if found.conditions:
        lines.append(f"not the same conditions: {'; '.join(map(_condition, found.conditions))}")
        lines.append(f"  {_what_it_means(found)}")
    for arm in (found.first, found.second):
        lines += _arm(arm, since=_since(found), bounded=bounded)
    if found.first.control or found.second.control:
        lines.append(CONTROL_MEANS)
    names = (found.first.name, found.second.name)
    if found.held_out is not None:
        lines.append(f"held out: {_difference(found.held_out, *names, bounded=bounded)}")
    elif not found.same_grading:
        lines.append("held out: not compared, for a point isn't the same in both")
    else:
        missing = " and ".join(
            f"`opro-tui evaluate {quote(arm.name)}`"
            for arm in (found.first, found.second)
            if arm.held_out is None
        )
        lines.append(
            f"held out: not known; {missing} first"
            if missing
            else "held out: the two have different held-out examples"
        )
    if found.training is not None:
        lines.append(
            f"training (flatters both): {_difference(found.training, *names, bounded=bounded)}"
        )
    return lines


def _condition(condition: Condition) -> str:
    from opro_tui.cli.output import one_line

    first, second = condition.first, condition.second
    if condition.name == "training set":
        same = len(set(first) & set(second))
        return f"training set {len(first):,} / {len(second):,} examples, {same:,} of them in both"
    words = ["none" if value in (None, "") else str(value) for value in (first, second)]
    return one_line(f"{condition.name} {words[0]} / {words[1]}")[:200]


def _what_it_means(found: Comparison) -> str:
    if not found.same_grading:
        return "answers are graded in two ways, so that the scores can't be set against each other"
    if all(condition.name == "training set" for condition in found.conditions):
        return "training scores don't compare; held-out ones do where both looked at the same"
    return "a difference is that of solution and conditions together, not of the solution alone"


def _since(found: Comparison) -> str:
    """From where on an arm's use is counted."""
    return "in all" if found.parted is None and not found.afresh else "since they parted"


def _arm(arm: Arm, *, since: str, bounded: bool) -> list[str]:
    from opro_tui.cli.figures import count, money, plural, scored
    from opro_tui.cli.output import one_line

    spent = arm.spent
    tokens = f"{count(spent.input_tokens)} in, {count(spent.output_tokens)} out"
    held = scored(arm.held_out.score, bounded=bounded) if arm.held_out else "not looked at"
    training = scored(arm.best.score, bounded=bounded)
    used = f"{money(spent.cost_usd)}, {plural(spent.calls, 'call')}, {tokens}"
    sampled = f"{plural(arm.sampled, 'candidate')} sampled"
    control = "" if arm.finished else "; its step is not finished, so that it is not equal yet"
    return [
        *([f"  {arm.name} is the {one_line(arm.label)}{control}"] if arm.control else []),
        f"  {arm.name}: best #{arm.best.id}, training {training}, test {held}",
        f"    {one_line(arm.best.text)}",
        f"    {since}: {used}, {sampled}, {plural(len(arm.edits), 'edit')}",
    ]


def _difference(found: Difference, first: str, second: str, *, bounded: bool) -> str:
    from opro_tui.cli.figures import points

    gain, low, high = (points(v, bounded=bounded) for v in (found.gain, found.low, found.high))
    verdict = "differ beyond noise" if found.real else "can't be told apart"
    test = "" if found.p is None else f", p = {found.p:.3g}"
    return (
        f"{second} − {first} = {gain} (95 % interval {low} to {high}{test}):"
        f" {found.wins} won, {found.losses} lost of {found.n}; they {verdict}"
    )


def _json(found: Comparison) -> dict[str, Any]:
    return {
        "a": _arm_json(found.first),
        "b": _arm_json(found.second),
        "parted": found.parted,
        "afresh": found.afresh,
        "conditions": [_condition_json(condition) for condition in found.conditions],
        "held_out": _difference_json(found.held_out),
        "training": _difference_json(found.training),
    }


def _condition_json(condition: Condition) -> dict[str, Any]:
    values = {"a": condition.first, "b": condition.second}
    if condition.name == "training set":
        values = {key: len(value) for key, value in values.items()}
    return {"name": condition.name} | values


def _arm_json(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "best": arm.best.id,
        "text": arm.best.text,
        "train_score": arm.best.score.value if arm.best.score else None,
        "test_score": arm.held_out.score.value if arm.held_out else None,
        "usage": arm.spent.to_json(),
        "edits": len(arm.edits),
        "sampled": arm.sampled,
        "arm": arm.label or None,
        "control": arm.control,
    }


def _difference_json(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    names = ("gain", "low", "high", "p", "wins", "losses", "n")
    return {name: getattr(found, name) for name in names} | {"differ": found.real}
