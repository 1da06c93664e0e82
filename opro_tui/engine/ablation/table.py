"""An ablation's table: each arm's means over its repetitions, and what sets it apart from the base.

Within a repetition all arms have the same training and held-out examples, so that arm and base are
paired. Over repetitions the values are independent draws (another split, other answers), whose mean
has a t-interval from three of them on; with fewer each value is shown as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opro_tui.core.ablation import BASE, mean_curve
from opro_tui.core.grades import unpack
from opro_tui.core.statistics import Difference, difference, mean, mean_interval
from opro_tui.core.usage import Usage, total
from opro_tui.engine.ablation.outcome import outcome
from opro_tui.engine.ablation.vary import base_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.config import Config
    from opro_tui.core.ablation import Curve
    from opro_tui.core.solution import Score
    from opro_tui.core.state import Facts
    from opro_tui.engine.ablation.outcome import Outcome
    from opro_tui.engine.ablation.stored import Entry
    from opro_tui.store.database import Store

SAYS_NOTHING = "simulated: says nothing about LLMs"
NO_DIFFERENCE = "~"
"""Stands behind a difference whose interval holds 0."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity over repetitions.

    Attributes:
        values: Its value in each repetition that has one, in order.
        mean: Their mean; None without any.
        low: Lower end of the 95 % interval: of the mean from three values on, of the one value
            where there is one; None for two, and where a value is exact.
        high: Upper end of it.
    """

    values: tuple[float, ...] = ()
    mean: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def apart(self) -> bool | None:
        """Whether the interval leaves out 0; None where there is none."""
        return None if self.low is None or self.high is None else self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Pair:
    """An arm against the base of its repetition.

    Attributes:
        training: The difference on the training examples, or of the exact scores.
        held_out: The difference on the held-out examples.
    """

    training: Difference | None = None
    held_out: Difference | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """An arm.

    Attributes:
        place: Its place among the arms, the base's being 0.
        sign: A letter for it.
        arm: What differs from the base.
        control: Whether it is the one-shot control.
        outcomes: Its sessions by repetition.
        pairs: Each session against its repetition's base; nothing where one isn't done.
        training: The best score on the training examples; the best of many, so it flatters.
        held_out: That solution's score on the held-out examples.
        training_gain: Arm − base, paired by repetition, on the training examples.
        held_out_gain: The same on the held-out ones.
        curve: The mean best so far, by step.
        paid: What its sessions used.
        alone: What they would have used without answers that others had bought.
    """

    place: int
    sign: str
    arm: str
    control: bool
    outcomes: tuple[Outcome, ...]
    pairs: tuple[Pair, ...]
    training: Figure
    held_out: Figure
    training_gain: Figure
    held_out_gain: Figure
    curve: Curve
    paid: Usage
    alone: Usage

    @property
    def done(self) -> int:
        """Repetitions that are done."""
        return sum(each.done for each in self.outcomes)


@dataclass(frozen=True, slots=True)
class Table:
    """An ablation as it is.

    Attributes:
        name: What it is called.
        rows: The base, the other arms, the one-shot control.
        facts: What is known about the task.
        simulated: Whether a simulated model takes part.
        repetitions: How many there are.
        base: What the base has of all that the other arms differ in, in words.
    """

    name: str
    rows: tuple[Row, ...]
    facts: Facts
    simulated: bool
    repetitions: int
    base: str = ""

    def words(self, row: Row) -> str:
        """What an arm is; of the base, what the others differ from."""
        return f"{row.arm}: {self.base}" if row.arm == BASE and self.base else row.arm

    @property
    def has_examples(self) -> bool:
        """Whether scores are measured on examples rather than computed."""
        return self.facts.train != (-1,)

    @property
    def headings(self) -> tuple[str, str]:
        """What the best score and its difference to the base are called."""
        best = "training" if self.has_examples else "best"
        return best, "− A held out" if self.held_out else f"− A {best}"

    @property
    def complete(self) -> bool:
        """Whether every session is done."""
        return all(row.done == len(row.outcomes) for row in self.rows)

    @property
    def held_out(self) -> bool:
        """Whether any best was measured on held-out examples."""
        return any(row.held_out.values for row in self.rows)

    @property
    def paid(self) -> Usage:
        """What all sessions used."""
        return total(row.paid for row in self.rows)

    def only(self, repetition: int) -> Table:
        """The same of one repetition; arms keep their letters, and nothing is compared anew."""
        rows = []
        for row in self.rows:
            both = zip(row.outcomes, row.pairs, strict=True)
            own = [each for each in both if each[0].entry.label.repetition == repetition]
            if own:
                rows.append(_row(row.place, row.arm, own))
        return replace(self, rows=tuple(rows), repetitions=1)


async def read(store: Store, entries: Sequence[Entry], config: Config) -> Table:
    """Read an ablation; nothing is changed or bought.

    Args:
        store: Where it is.
        entries: Its sessions, in order.
        config: The user's.
    """
    return table([await outcome(store, entry, config) for entry in entries])


def table(outcomes: Sequence[Outcome]) -> Table:
    """Work out the table of some sessions, one or more, of one ablation, the base's first."""
    by_arm: dict[str, list[Outcome]] = {}
    for each in outcomes:
        by_arm.setdefault(each.entry.label.arm, []).append(each)
    bases = {o.entry.label.repetition: o for o in by_arm.get(BASE, ())}
    rows = []
    for place, (arm, own) in enumerate(by_arm.items()):
        ordered = sorted(own, key=lambda each: each.entry.label.repetition)
        pairs = [(each, _pair(bases.get(each.entry.label.repetition), each)) for each in ordered]
        rows.append(_row(place, arm, pairs))
    first = outcomes[0]
    return Table(
        name=first.entry.label.ablation,
        rows=tuple(rows),
        facts=first.facts,
        simulated=any(each.entry.record.simulated for each in outcomes),
        repetitions=len({each.entry.label.repetition for each in outcomes}),
        base=base_words(outcomes),
    )


def base_words(outcomes: Sequence[Outcome]) -> str:
    """What the base has of all that the other arms differ in."""
    base = next((each for each in outcomes if each.entry.label.arm == BASE), None)
    if base is None:
        return ""
    labels = [each.entry.label.arm for each in outcomes]
    return base_values(labels, base.entry.record.settings, base.starts)


def _sign(place: int) -> str:
    """A to Z, then AA, AB and so on."""
    letter = chr(ord("A") + place % 26)
    return letter if place < 26 else _sign(place // 26 - 1) + letter


def _row(place: int, arm: str, own: Sequence[tuple[Outcome, Pair]]) -> Row:
    ordered, pairs = [each for each, _ in own], tuple(pair for _, pair in own)
    done = [each for each in ordered if each.done]
    bounded = ordered[0].facts.bounded
    train = [each.best.score for each in done if each.best and each.best.score]
    test = [each.held_out.score for each in done if each.held_out]
    return Row(
        place=place,
        sign=_sign(place),
        arm=arm,
        control=ordered[0].entry.control,
        outcomes=tuple(ordered),
        pairs=pairs,
        training=_scores(train, bounded=bounded),
        held_out=_scores(test, bounded=bounded),
        training_gain=_gains([pair.training for pair in pairs], bounded=bounded),
        held_out_gain=_gains([pair.held_out for pair in pairs], bounded=bounded),
        curve=mean_curve([each.walk for each in ordered]),
        paid=total(each.paid for each in ordered),
        alone=total(each.alone for each in ordered),
    )


def _pair(base: Outcome | None, arm: Outcome) -> Pair:
    """An arm against its base; nothing for the base itself and what isn't done."""
    if base is None or base.entry is arm.entry or not base.done or not arm.done:
        return Pair()
    first = base.best.score if base.best else None
    second = arm.best.score if arm.best else None
    held = None
    if base.held_out and arm.held_out and base.held_out.examples == arm.held_out.examples:
        held = _difference(base.held_out.score, arm.held_out.score, arm)
    return Pair(_difference(first, second, arm), held)


def _difference(first: Score | None, second: Score | None, arm: Outcome) -> Difference | None:
    if first is None or second is None:
        return None
    facts = arm.facts
    grades = unpack(first.grades), unpack(second.grades)
    if not facts.bounded:
        gain = second.value - first.value
        return Difference(gain, gain, gain, None, int(gain > 0), int(gain < 0), 1)
    if len(grades[0]) != len(grades[1]):
        return None
    return difference(*grades, binary=facts.binary, seed=arm.seed)


def _scores(scores: Sequence[Score], *, bounded: bool) -> Figure:
    values = tuple(score.value for score in scores)
    if len(scores) == 1 and bounded:
        return Figure(values, values[0], scores[0].low, scores[0].high)
    figure = _over(values)
    if not bounded or figure.low is None or figure.high is None:
        return figure
    return Figure(values, figure.mean, max(0.0, figure.low), min(1.0, figure.high))


def _gains(found: Sequence[Difference | None], *, bounded: bool) -> Figure:
    known = [each for each in found if each is not None]
    values = tuple(each.gain for each in known)
    if len(known) == 1 and bounded:
        return Figure(values, values[0], known[0].low, known[0].high)
    return _over(values)


def _over(values: tuple[float, ...]) -> Figure:
    """The mean of independent repetitions, with its interval from three of them on."""
    finite = tuple(value for value in values if math.isfinite(value))
    if not finite:
        return Figure(values)
    low, high = mean_interval(finite) or (None, None)
    return Figure(values, mean(finite), low, high)


def notes(found: Table) -> list[str]:
    """What the table's figures mean, and what they don't, as sentences."""
    told = [SAYS_NOTHING] if found.simulated else []
    if found.facts.bounded:
        most = max(each.scored for row in found.rows for each in row.outcomes)
        told.append(
            f"training: the best of up to {most} solutions, which flatters; held out is the figure"
            " to go by"
        )
    if found.facts.minimize:
        told.append("lower is better")
    told += _about_intervals(found)
    others = len(found.rows) - 1
    if others > 2 and any(row.done for row in found.rows):
        told.append(
            f"{others} arms are compared with A: about one interval in twenty misses by chance"
        )
    if any(row.control for row in found.rows):
        told.append(
            "one-shot control: as many candidates as A sampled, all in one step from one"
            " meta-prompt, for at most the same spending"
        )
    looks = sum(each.looks for row in found.rows for each in row.outcomes)
    if looks:
        told.append(f"looks at test splits: {looks}, each counted in its session")
    return told


def _about_intervals(found: Table) -> list[str]:
    runs = max(row.done for row in found.rows)
    if runs >= 3:
        means = "intervals: 95 %, of the mean over repetitions (t); − A is paired by repetition"
        return [f"{means}; {NO_DIFFERENCE} holds 0"]
    if runs == 2:
        return ["two repetitions are too few for an interval: both values are shown"]
    if runs and found.facts.bounded:
        return [
            "intervals: 95 %, of one repetition over its examples; they say nothing of other draws"
        ]
    return []
