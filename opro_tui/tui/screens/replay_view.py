"""What the replay says: the event at its place, and the scrubber's lines; no widget in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opro_tui.core import events as happened
from opro_tui.tui import edit_words, view
from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Part
from opro_tui.tui.view import Situation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.events import Event
    from opro_tui.core.picture import Reference
    from opro_tui.core.state import Facts, State
    from opro_tui.tui.charting import Run

SPEEDS = (1, 2, 4, 8, 16, 32, 64)
EVENTS_PER_SECOND = 4
"""How many events pass in a second at speed 1×."""
EVENT_WIDTH = 120
STEP, EDIT, BEST = "┴", "▲", "★"


@dataclass(frozen=True, slots=True)
class Marks:
    """Places in a replay that one jumps to."""

    steps: tuple[int, ...] = ()
    edits: tuple[int, ...] = ()
    bests: tuple[int, ...] = ()


def after(places: Sequence[int], place: int) -> int | None:
    """The next of some places behind one; None behind the last."""
    at = bisect_right(places, place)
    return places[at] if at < len(places) else None


def before(places: Sequence[int], place: int) -> int | None:
    """The last of some places before one; None before the first."""
    at = bisect_left(places, place)
    return places[at - 1] if at else None


def event_words(event: Event | None, facts: Facts) -> str:
    """An event in one harmless line."""
    return fmt.safe(_words(event, facts), EVENT_WIDTH)


def _words(event: Event | None, facts: Facts) -> str:
    match event:
        case None:
            return "before the first event"
        case happened.StepStarted():
            return f"step {event.step} begins" + (" (starting solutions)" * (not event.step))
        case happened.PromptBuilt():
            return f"meta-prompt built, ≈{event.tokens:,} tokens, T {event.temperature:g}"
        case happened.CritiqueWritten():
            return f"critique written: {fmt.safe(event.text, 80) or '(nothing usable)'}"
        case happened.CandidateSampled():
            return f"#{event.id} proposed: {fmt.safe(event.text, 60)}"
        case happened.CandidateRejected():
            return f"#{event.id} rejected: {fmt.safe(event.reason, 60)}"
        case happened.SamplingFinished():
            return "all candidates are there"
        case happened.StepFinished():
            return f"step {event.step} done"
        case happened.EditMade():
            note = f" ({event.note})" if event.note else ""
            return f"edit: {edit_words.words(event).line}{note}"
        case happened.Warned():
            return f"warning: {event.message}"
        case happened.Stopped():
            return f"stopped: {event.message}"
    return _scored(event, facts)


def _scored(event: Event, facts: Facts) -> str:
    match event:
        case happened.CandidateScored():
            lost = (
                "" if event.behind is None else f" on {event.score.n} of {event.score.of}, behind"
            )
            where = "" if event.behind is None else f" #{event.behind}"
            shown = fmt.with_half_width(event.score, facts)
            return f"#{event.candidate} scored {shown}{lost}{where}"
        case happened.Measured():
            score = fmt.with_half_width(event.score, facts)
            where = event.split if event.kind == happened.TRANSFER else f"on {event.split}"
            return f"#{event.candidate} measured {fmt.safe(where, 60)}: {score}"
        case happened.Evaluation():
            score = fmt.value(event.score, facts)
            said = next((each.reason for each in event.judgements), "")
            why = f", the judge: {fmt.safe(said, 60)}" if said else ""
            return f"#{event.candidate} on example {event.example}: {score}{why}"
        case happened.CallFinished():
            took = f", {event.milliseconds:,} ms" if event.milliseconds else ""
            return f"{event.role} call {event.outcome}{took}"
    return event.type


def header(state: State, situation: Situation) -> list[Part]:
    """The line on top: the session as it was."""
    parts = view.header(state, situation)
    badge = Part(" REPLAY ", "badge", 99)
    return [parts[0], badge, *(part for part in parts[1:] if not part.text.startswith("read-only"))]


def situation(
    name: str, state: State, *, simulated: bool, reference: Reference | None = None
) -> Situation:
    """What the panes know beside the state; nothing runs in a replay."""
    status = state.status()
    step = next((s for s in reversed(state.steps) if s.prompt is not None), None)
    tokens = None if step is None or step.prompt is None else step.prompt.tokens
    return replace(
        Situation(name, simulated, status, readonly="a replay: no model, no cost"),
        prompt_tokens=tokens,
        reference=reference,
    )


def line(
    event: Event | None, facts: Facts, place: int, total: int, speed: int, *, playing: bool
) -> list[Part]:
    """The scrubber's words."""
    step = 0 if event is None else event.step
    return [
        Part(f"▶ {speed}×" if playing else f"paused {speed}×", "accent", 70),
        Part(f"event {fmt.count(place)} of {fmt.count(total)}", "strong", 90),
        Part(f"step {step}", "", 80),
        Part(event_words(event, facts), "", 85),
    ]


def coarse_words(shown: int, stored: int) -> str:
    """What is said of a long session of which only the results are read."""
    return (
        f"long session: {fmt.count(shown)} of {fmt.count(stored)} events, each step's results; "
        "a reads all"
    )


def column(place: int, total: int, width: int) -> int:
    """In which column of a bar a place stands."""
    return 0 if total <= 0 else min(width - 1, place * (width - 1) // total)


def place_at(column_: int, total: int, width: int) -> int:
    """The place that a column of a bar stands for."""
    if width <= 1:
        return 0
    return max(0, min(total, round(column_ / (width - 1) * total)))


def bar(place: int, total: int, width: int) -> list[Run]:
    """The bar with its knob."""
    at = column(place, total, width)
    return [("━" * at, "accent"), ("●", "strong"), ("─" * (width - 1 - at), "muted")]


def marks_line(marks: Marks, total: int, width: int) -> list[Run]:
    """Steps, edits and new bests under the bar; where they share a column the rarest shows."""
    cells = [(" ", "")] * width
    for places, sign, tone in (
        (marks.steps, STEP, "muted"),
        (marks.bests, BEST, "best"),
        (marks.edits, EDIT, "pinned"),
    ):
        for place in places:
            cells[column(place, total, width)] = (sign, tone)
    return cells
