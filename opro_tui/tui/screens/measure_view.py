"""What the screen for fresh and held-out examples says, as plain data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opro_tui.core.events import TRANSFER
from opro_tui.core.protocols import Split
from opro_tui.core.statistics import expected_best
from opro_tui.engine import heldout, transfer
from opro_tui.tui import format as fmt
from opro_tui.tui.measuring import CONFIRM, looks
from opro_tui.tui.parts import Cell, Part
from opro_tui.tui.rows import TEXT_WIDTH
from opro_tui.tui.view import forecast_amount
from opro_tui.tui.widgets.row_list import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.events import Measured
    from opro_tui.core.state import State
    from opro_tui.tui.measuring import Measuring, Offer
    from opro_tui.tui.parts import Row

COLUMNS = (
    Column("#", 5, right=True),
    Column("on", 6),
    Column("score", 7, right=True),
    Column("±", 5, right=True),
    Column("n", 5, right=True),
    Column("training", 8, right=True),
    Column("drop", 6, right=True),
    Column("", 3),
    Column("solution", 0),
)
EMPTY = "Nothing was measured yet. s measures what is described above, after a question."
NAMED = 8
TITLES = {
    CONFIRM: "CONFIRM ON FRESH EXAMPLES",
    "evaluate": "EVALUATE ON THE HELD-OUT TEST SPLIT",
    TRANSFER: "TRANSFER TO ANOTHER TASK",
}
ELSEWHERE = 22
"""Cells of the column that says on what, once something was measured on another task."""


def columns(events: Sequence[Measured]) -> tuple[Column, ...]:
    """The list's columns; wider where a row names another task."""
    far = any(event.kind == TRANSFER for event in events)
    return (COLUMNS[0], replace(COLUMNS[1], width=ELSEWHERE), *COLUMNS[2:]) if far else COLUMNS


def header(name: str, state: State | None, *, simulated: bool) -> list[Part]:
    """The line on top."""
    parts = [Part(f"Measure {fmt.safe(name, 40)}", "title", 100)]
    if state is None:
        return [*parts, Part("reading…", "muted", 10)]
    if simulated:
        parts.append(Part(" SIMULATED ", "badge", 95))
    best = state.best()
    if best is not None and best.score is not None:
        shown = fmt.with_half_width(best.score, state.facts)
        parts.append(
            Part(f"best of {state.scored_count()}: {shown} in training (#{best.id})", "best", 90)
        )
    count = looks(state)
    parts.append(Part(f"{fmt.plural(count, 'look')} at the test split", "", 80))
    return parts


def about(offer: Offer, state: State) -> list[tuple[str, str]]:
    """What a measurement is, why one makes it, and what it costs."""
    if offer.why_not:
        return [("not now", fmt.safe(offer.why_not, 300))]
    ids = ", ".join(f"#{id_}" for id_ in offer.candidates[:NAMED])
    ids += " …" if len(offer.candidates) > NAMED else ""
    n = fmt.plural(len(offer.examples), "example")
    best_of = state.scored_count()
    if offer.kind == CONFIRM:
        one = "the best" if len(offer.candidates) == 1 else "what can't be told from the best"
        what = f"{ids}, {one}, on {n} of the training side that nothing was chosen by"
        why = (
            f"The best of {best_of} tries looks better than it is, for it was chosen by its score: "
            f"{_flattery(state)}. The score on fresh examples isn't flattered by that choice; "
            "report one from here."
        )
    elif offer.there is not None:
        what = f"{ids} {fmt.safe(offer.there.name, 80)}: {n} held out there, graded by its metric"
        why = (
            "It says whether the instruction helps elsewhere. The look is counted and labelled "
            "with the task; it is no score of this session's own held-out examples."
        )
    else:
        what = f"{ids} on the {n} of the test split, which nothing was chosen by"
        why = (
            f"It is the figure to report for the best of {best_of}. Looks so far: {looks(state)}. "
            "Whoever chooses by what a look showed makes the next one less fresh."
        )
    facts = [("what", what), ("why", why), ("price", price(offer))]
    found = result(offer, state)
    return [("result", found), *facts] if found else facts


def _flattery(state: State) -> str:
    """How much the best of so many tries would be flattered if all were equally good."""
    tries, n = state.scored_count(), len(state.facts.train)
    if not state.facts.binary or tries < 2:
        tries, n = 20, 80
    reads = 100 * expected_best(tries, 0.75, n)
    return f"the best of {tries} equal solutions of true 75 % reads {reads:.1f} % on {n} examples"


def result(offer: Offer, state: State) -> str:
    """What the measurement says, once all of it is there: the winner is reported from here."""
    there_ = offer.there
    events = [
        heldout.known(state, id_, offer.examples)
        if there_ is None
        else transfer.known(state, id_, there_)
        for id_ in offer.candidates
    ]
    there = [event for event in events if event is not None]
    if not there or len(there) < len(events):
        return ""
    sign = 1 if state.facts.minimize else -1
    best = min(there, key=lambda event: (sign * event.score.value, event.candidate))
    score = fmt.with_half_width(best.score, state.facts)
    where = "on fresh examples" if offer.kind == CONFIRM else "held out"
    if there_ is not None:
        where = fmt.safe(there_.name, 80)
    training = state.candidates[best.candidate].score
    beside = ""
    if training is not None and there_ is None:
        drop = fmt.change(best.score.value - training.value, state.facts)
        beside = f", {drop} beside its training score {fmt.value(training.value, state.facts)}"
    lead, again = "", ""
    if len(there) > 1:
        lead = f" leads {len(there)}"
        again = f"; the best of {len(there)} again, so still a little flattered"
    return f"#{best.candidate}{lead} {where}: {score}{beside}{again}"


def price(offer: Offer) -> str:
    """What a measurement buys, in words."""
    if not offer.answers:
        return "nothing to buy: it is measured already, the result stands below"
    answers = fmt.plural(offer.answers, "answer")
    if offer.price is None:
        return f"at most {answers}"
    known = "those that are there already are not bought again"
    return f"at most {answers}, ≈ {forecast_amount(offer.price)}; {known}"


GOES_ON = "The measurement goes on; Ctrl+C stops it, and what is paid for is kept."


def status(job: Measuring | None, offer: Offer | None, *, stop: str = "x") -> list[Part]:
    """The line above the keys; `stop` is the key that stops."""
    if job is not None and not job.finished:
        bar = fmt.bar(job.done, job.total, 12)
        done = f"{fmt.count(job.done)} of at most {fmt.count(job.total)} answers"
        parts = [Part(f"measuring {bar} {done}", "accent", 90)]
        if job.stopping:
            parts.insert(0, Part("stopping…", "warning", 95))
        else:
            parts.append(Part(f"{stop} stops; what is paid for is kept", "muted", 50))
        return parts
    if job is not None and job.stopped is not None:
        return [
            Part(f"! {fmt.safe(job.stopped.message, 120)}", "warning", 90),
            Part("s goes on, nothing is paid twice", "accent", 60),
        ]
    if offer is None or offer.why_not:
        return [Part("c confirm · v held out · o another task", "muted")]
    if not offer.answers:
        return [Part("measured already; nothing to buy", "best", 90)]
    return [Part("s measures, after a question", "accent", 90)]


def latest(state: State) -> list[Measured]:
    """The last measurement of each solution on each set of examples, held out first, then best.

    Those on other tasks stand last.
    """
    found: dict[tuple[int, str, tuple[int, ...]], Measured] = {}
    for event in state.measured:
        key = (event.candidate, event.split, event.examples)
        found.pop(key, None)
        found[key] = event
    sign = 1 if state.facts.minimize else -1
    newest = reversed(found.values())

    def place(event: Measured) -> tuple[bool, str, float]:
        away = event.split if event.kind == TRANSFER else ""
        return event.split != Split.TEST, away, sign * event.score.value

    return sorted(newest, key=place)


def row(event: Measured, state: State) -> Row:
    """One measurement: the score beside the training score, with the drop."""
    facts, score = state.facts, event.score
    candidate = state.candidates[event.candidate]
    training = candidate.score if event.kind != TRANSFER else None
    drop = None if training is None else score.value - training.value
    on = "test" if event.split == Split.TEST else "fresh"
    if event.kind == TRANSFER:
        on = fmt.safe(event.split, ELSEWHERE)
    if event.split == Split.TRAIN:
        on = "train"
    worse = drop is not None and (drop > 0 if facts.minimize else drop < 0)
    return (
        Cell(f"{event.candidate}"),
        Cell(on, "accent" if on == "test" else ""),
        Cell(fmt.value(score.value, facts), "strong"),
        Cell(fmt.half_width(score, facts), "muted"),
        Cell(fmt.count(score.n), "muted"),
        Cell("" if training is None else fmt.value(training.value, facts)),
        Cell("" if drop is None else fmt.change(drop, facts), "worse" if worse else "better"),
        Cell("★" if event.candidate == state.best_id else "", "best"),
        Cell(fmt.safe(candidate.text, TEXT_WIDTH)),
    )
