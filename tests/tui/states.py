"""States made by hand, through the reducer that makes the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.events import (
    CandidateRejected,
    CandidateSampled,
    CandidateScored,
    Event,
    SamplingFinished,
    StepFinished,
    StepStarted,
)
from opro_tui.core.reducer import fold
from opro_tui.core.settings import Settings
from opro_tui.core.solution import Origin
from opro_tui.core.state import Facts, State
from opro_tui.core.statistics import score_of
from opro_tui.tasks.meta_prompts import prompt_template

N = 40
if TYPE_CHECKING:
    from opro_tui.core.meta_prompt import Template

FACTS = Facts(minimize=False, bounded=True, binary=True, train=tuple(range(N)))
LOSS = Facts(minimize=True, bounded=False, binary=False, train=(-1,))

HOSTILE = (
    "[/INST] solve",
    "[@click=app.quit]x[/] [x=1] [bold",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J",
    "nul\x00 del\x7f bell\x07 back\x08",
    "汉字很宽" * 20,
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽",
    "\u202edesrever\u202c \u2066x\u2069 שלום مرحبا",
    "lone \ud800 surrogate \udfff",
    "a" + "\u0301" * 500,
    "tags \U000e0041\U000e0042 zero\u200bwidth\u2060 \ufeff",
    "line\nline\r\nline\u2028line\x85line\ttab",
    "x" * 10_000,
    "",
)


def empty(facts: Facts = FACTS, **settings: object) -> State:
    """A session before its first step."""
    values = Settings().with_values(
        {"optimizer": "openai/gpt-x", "scorer": "openai/gpt-y"} | settings
    )
    return State(facts, values, prompt_template("tuned"))


def scored(step: int, id_: int, right: int) -> CandidateScored:
    """A full score of some right answers; more right answers contain the fewer."""
    values = [float(place < right) for place in range(N)]
    score = score_of(values, binary=True, bounded=True, seed=0)
    assert score is not None
    return CandidateScored(step=step, candidate=id_, score=score)


def told(
    settings: Settings, template: Template, *lists: list[tuple[str, int | None]]
) -> list[Event]:
    """The events of whole steps; each candidate is (text, right answers or None: a duplicate)."""
    events: list[Event] = []
    id_ = 0
    for number, candidates in enumerate(lists):
        events.append(StepStarted(step=number, settings=settings, template=template))
        results: list[Event] = []
        for text, right in candidates:
            id_ += 1
            origin = Origin.OPTIMIZER if number else Origin.START
            events.append(CandidateSampled(step=number, id=id_, text=text, origin=origin))
            if right is None:
                reason = "duplicate of #1"
                events.append(CandidateRejected(step=number, id=id_, reason=reason, duplicate_of=1))
            else:
                results.append(scored(number, id_, right))
        events += [SamplingFinished(step=number), *results]
        events.append(StepFinished(step=number, seq=10 * number + 10))
    return events


def steps(state: State, *lists: list[tuple[str, int | None]]) -> State:
    """A state after whole steps."""
    return fold(state, told(state.settings, state.template, *lists))
