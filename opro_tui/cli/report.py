"""What a run prints for a person, event by event, and the ranked table."""

from __future__ import annotations

from shlex import quote
from statistics import fmean
from typing import TYPE_CHECKING, Protocol

from opro_tui.cli import output
from opro_tui.cli.figures import (
    cut,
    forecast_line,
    half_width,
    money,
    plural,
    points,
    scored,
    table,
    terminal_width,
)
from opro_tui.core.events import (
    CandidateRejected,
    CandidateScored,
    CritiqueWritten,
    Event,
    PromptBuilt,
    StepFinished,
    StepStarted,
    Stopped,
    Warned,
)
from opro_tui.core.picture import percent
from opro_tui.core.waste import waste

if TYPE_CHECKING:
    from opro_tui.core.picture import Reference
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State

SIMULATED = "simulated models: nothing here is evidence about LLMs"


class Told(Protocol):
    """A session whose events are told: a live one or a replay."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def state(self) -> State:
        """Its state now."""


class StepPrinter:
    """Prints a run's events as lines on stdout."""

    def __init__(self, session: Told) -> None:
        self._session = session
        self._bounded = session.state.facts.bounded

    def begin(self) -> None:
        """Say what an unfinished step has already."""
        step = self._session.state.current
        if step is None:
            return
        done, wanted = self._session.state.scoring_progress()
        there = f", {done:,} of {wanted:,} evaluations are there" if wanted else ""
        lost = self._session.state.usage(step=step.number).unknown
        if lost:
            there += f"; {plural(lost, 'outcome')} unknown, which may be billed"
        output.say(f"step {step.number}: going on with what was unfinished{there}")

    def show(self, event: Event) -> None:
        """Print an event, if it is one that a person wants to see as a line."""
        match event:
            case StepStarted():
                what = " (starting solutions)" if event.step == 0 else ""
                output.say(f"step {event.step}{what}: {forecast_line(event.forecast)}")
            case CritiqueWritten():
                output.say(f"  critique: {cut(event.text, 200) or 'nothing usable'}")
            case PromptBuilt():
                output.say(
                    f"  meta-prompt ≈ {event.tokens:,} tokens, temperature {event.temperature:g}"
                )
            case CandidateScored():
                lost = (
                    "" if event.behind is None else f", behind #{event.behind}: not scored further"
                )
                self._line(event.candidate, scored(event.score, bounded=self._bounded) + lost)
            case CandidateRejected():
                self._line(event.id, f"rejected: {event.reason}")
            case Warned():
                output.say(f"  warning: {output.one_line(event.message)}")
            case StepFinished():
                output.say(f"  {self._summary(event.step)}")
            case _:
                pass

    def _line(self, id_: int, verdict: str) -> None:
        candidate = self._session.state.candidates.get(id_)
        start = f"  #{id_}  {verdict}  "
        width = terminal_width()
        room = None if width is None else max(20, width - len(start))
        output.say(start + cut(candidate.text if candidate else "", room))

    def _summary(self, number: int) -> str:
        state = self._session.state
        own = [
            candidate.score.value
            for candidate in state.candidates.values()
            if candidate.step == number and candidate.score and candidate.score.full
        ]
        parts = [f"step {number} done", best_line(state)]
        if own:
            parts.append(f"its mean {points(fmean(own), bounded=self._bounded)}")
        used = state.usage(step=number)
        parts.append(f"{plural(used.calls, 'call')}, {money(used.cost_usd)}")
        if used.from_store:
            parts.append(f"{used.from_store:,} from the store")
        parts.append(f"spent in all {money(state.usage().cost_usd)}")
        return " · ".join(parts)

    def end(self, stopped: Stopped | None) -> None:
        """Say how the run ended and how to go on."""
        session, state = self._session, self._session.state
        for candidate in state.waiting() if state.current else ():
            part = state.partial_score(candidate.id)
            if part is not None:
                self._line(candidate.id, f"so far {scored(part, bounded=self._bounded)}")
        name = quote(session.name)
        if stopped is None:
            output.say(f"done: {best_line(state)}")
            if advice := waste(state).advice:
                output.say(f"advice: {advice}")
            return
        output.say(f"stopped: {output.one_line(stopped.message)}")
        if stopped.code == "patience":
            if advice := waste(state).advice:
                output.say(f"advice: {advice}")
            output.say(f"`opro-tui edit {name} --patience N` lets it go on; N may be `none`")
        elif stopped.code == "review":
            for candidate in state.waiting():
                self._line(candidate.id, "waits")
            output.say(
                f"veto with `opro-tui edit {name} --veto ID…`, add with `--add TEXT…`, then"
                f" `opro-tui run {name}` scores what is left"
            )
        elif stopped.code == "batch":
            output.say(
                f"`opro-tui run {name}` takes it up, `opro-tui batch {name}` says how far it is"
            )
        elif stopped.code in ("error", "missing", "person"):
            output.say(f"`opro-tui run {name}` goes on from here")
        elif stopped.code == "budget":
            output.say(f"`opro-tui edit {name} --budget USD` raises it, then `run` goes on")


def best_line(state: State) -> str:
    """The best score, and of how many tries."""
    best = state.best()
    if best is None:
        return "nothing is fully scored yet"
    value = scored(best.score, bounded=state.facts.bounded)
    return f"best of {state.scored_count():,}: {value} (#{best.id})"


def ranked_table(
    state: State, limit: int | None = None, reference: Reference | None = None
) -> list[str]:
    """The trajectory, best first, as lines.

    Args:
        state: The session.
        limit: Only so many.
        reference: What scores are compared with: its gap stands instead of the ±.
    """
    shown = frozenset(candidate.id for candidate in state.shown())
    ranked = state.ranked()
    rows = [_row(state, candidate, shown, reference) for candidate in ranked[:limit]]
    if not rows:
        return ["no solution is scored yet"]
    half = "±" if reference is None else "gap %"
    lines = table(("#", "score", half, "of", "step", "by", "marks", "solution"), rows, left=(5, 6))
    if limit is not None and len(ranked) > limit:
        lines.append(f"… and {len(ranked) - limit:,} more")
    return lines


def _row(
    state: State, candidate: Candidate, shown: frozenset[int], reference: Reference | None
) -> tuple[str, ...]:
    score, bounded = candidate.score, state.facts.bounded
    half = half_width(score, bounded=bounded).lstrip("±")
    if reference is not None:
        gap = reference.gap(score.value if score else None)
        half = "" if gap is None else percent(gap).removesuffix(" %")
    marks = [
        name
        for name, holds in (
            ("best", candidate.id == state.best_id),
            ("pinned", candidate.id in state.pinned),
            ("dropped", candidate.id in state.dropped),
            ("shown", candidate.id in shown),
        )
        if holds
    ]
    if score is not None and score.unparsed:
        marks.append(f"{score.unparsed} unread")
    if candidate.behind is not None and score is not None and not score.full:
        marks.append(f"behind #{candidate.behind}")
    return (
        str(candidate.id),
        points(score.value if score else None, bounded=bounded),
        half,
        f"{score.n} of {score.of}" if score and not score.full else "",
        str(candidate.step),
        str(candidate.origin),
        " ".join(marks),
        candidate.text or "(empty)",
    )
