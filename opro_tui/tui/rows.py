"""Rows of the candidates and of the trajectory, as plain data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from opro_tui.core.solution import Origin
from opro_tui.tui import format as fmt
from opro_tui.tui.compare import tied
from opro_tui.tui.parts import Cell, Row
from opro_tui.tui.view import shown_step

if TYPE_CHECKING:
    from collections.abc import Collection

    from opro_tui.core.picture import Reference
    from opro_tui.core.solution import Candidate, Score
    from opro_tui.core.state import Facts, Partial, State
    from opro_tui.core.usage import Usage

NOTE_WIDTH = 60
PART_WIDTH = 21
"""Cells that the columns score and change have together, in the narrowest list."""
BAR_WIDTH, LEAST_BAR = 8, 3
TEXT_WIDTH = 400
"""Cells of a text that a row carries; no terminal shows more of it in one line."""

ORIGINS = {
    Origin.OPTIMIZER: "optimizer",
    Origin.START: "start",
    Origin.PERSON: "you",
    Origin.IMPORT: "import",
}


def candidate_ids(state: State, step: int | None = None) -> list[int]:
    """A step's candidates by id; without one those of the newest, and what waits for the next."""
    newest = shown_step(state)
    if step is not None and step != newest:
        return list(state.by_step.get(step, ()))
    if newest is None:
        return []
    return sorted(id_ for step, own in state.by_step.items() if step >= newest for id_ in own)


def candidate_row(
    state: State,
    id_: int,
    *,
    used: Usage | None = None,
    unselected: Collection[int] = frozenset(),
    batched: bool = False,
) -> Row:
    """A candidate's row: mark, id, score, change against the best, unread, tokens, cost, text.

    Args:
        state: The session now.
        id_: The candidate.
        used: What its scoring used so far; None while that isn't known.
        unselected: Candidates in review that shall not be scored.
        batched: Whether what waits is in a batch at a provider.
    """
    candidate = state.candidates[id_]
    return (
        _mark(state, candidate, unselected),
        Cell(str(id_), "muted"),
        *_verdict(state, candidate, unselected, batched=batched),
        *_spent(used),
        _text(state, candidate, muted=candidate.waiting and id_ in unselected),
    )


def _mark(state: State, candidate: Candidate, unselected: Collection[int]) -> Cell:
    if state.reviewing and candidate.waiting:
        chosen = candidate.id not in unselected
        return Cell("[x]" if chosen else "[ ]", "accent" if chosen else "warning")
    best = candidate.id == state.best_id
    return Cell("★" if best else _origin_sign(candidate), "best" if best else "muted")


def _spent(used: Usage | None) -> tuple[Cell, Cell]:
    if used is None or not (used.calls or used.failed):
        return Cell(), Cell()
    if used.input_tokens is None or used.output_tokens is None:
        read = "?"
    else:
        read = fmt.short_count(used.input_tokens + used.output_tokens)
    return Cell(read, "muted"), Cell(fmt.dollars(used.cost_usd), "muted")


def _origin_sign(candidate: Candidate) -> str:
    return "+" if candidate.origin is Origin.PERSON else ""


def _text(state: State, candidate: Candidate, *, muted: bool = False) -> Cell:
    out = (
        muted or candidate.rejected is not None or candidate.vetoed or candidate.id in state.dropped
    )
    tone = "muted" if out else "best" if candidate.id == state.best_id else ""
    if not candidate.text:
        return Cell("(empty)", "muted")
    return Cell(fmt.safe(candidate.text, TEXT_WIDTH), tone)


def _verdict(
    state: State, candidate: Candidate, unselected: Collection[int], *, batched: bool
) -> tuple[Cell, ...]:
    """What became of a candidate, over the three columns score, change and unread."""
    if candidate.rejected is not None:
        # The detail has the whole sentence; here the figures matter.
        reason = candidate.rejected.replace(", over the limit of ", ", limit ")
        return (Cell(f"✕ {fmt.safe(reason, NOTE_WIDTH)}", "warning", 3),)
    if candidate.vetoed:
        return (Cell("✕ vetoed by you", "warning", 3),)
    if candidate.score is None or candidate.due:
        return (_unscored(state, candidate, unselected, batched=batched),)
    score = candidate.score
    shown = fmt.with_half_width(score, state.facts)
    if not score.full:
        return (Cell(_partial(candidate, score, shown), "warning", 3),)
    unread = Cell(f"{score.unparsed} unread" if score.unparsed else "", "warning")
    return (Cell(shown), _change(state, candidate, score), unread)


def _partial(candidate: Candidate, score: Score, shown: str) -> str:
    if candidate.behind is None:
        return f"{shown} on {score.n} of {score.of}"
    return f"{shown} {score.n}/{score.of} behind #{candidate.behind}"


def _rests_on(score: Score) -> str:
    """How many of how many examples, in the cells that a ± has."""
    text = f"{score.n}/{score.of}"
    return text if len(text) <= fmt.HALF_WIDTH else f"n={fmt.short_count(score.n)}"


def _unscored(
    state: State, candidate: Candidate, unselected: Collection[int], *, batched: bool
) -> Cell:
    current = state.current
    part = state.partial.get(candidate.id)
    if part is not None and (part.grades or part.failed):
        return Cell(_part_text(part, state.facts), "accent", 3)
    if candidate.due:
        return Cell("to be scored again", "muted", 3)
    if current is None or candidate.step != current.number:
        return Cell(f"waits for step {candidate.step}", "muted", 3)
    if batched:
        return Cell("in the batch", "accent", 3)
    if not state.reviewing:
        return Cell("waits", "muted", 3)
    if candidate.id in unselected:
        return Cell("✕ left out by you", "warning", 3)
    return Cell("waits for you", "muted", 3)


def _part_text(part: Partial, facts: Facts) -> str:
    """How far scoring is: a bar in the room that is left, k/N, and the mean so far or failures."""
    done, wanted = len(part.grades), len(facts.train)
    text = f"{done}/{wanted}"
    if part.failed:
        text += f" {part.failed} failed"
    elif done and facts.bounded:
        text += f" {fmt.value(math.fsum(part.grades.values()) / done, facts)}"
    room = min(BAR_WIDTH, PART_WIDTH - len(text) - 1)
    return text if room < LEAST_BAR else f"{fmt.bar(done, wanted, room)} {text}"


def _change(state: State, candidate: Candidate, score: Score) -> Cell:
    """The change against the best before this step; `~` where it may be noise."""
    reference = best_before(state, candidate)
    if reference is None or reference.score is None:
        return Cell()
    difference = score.value - reference.score.value
    if difference == 0:
        return Cell("= best", "muted")
    better = (difference < 0) == state.facts.minimize
    tie = tied(state, score, reference.score)
    noise = " ~" if tie else " …" if tie is None else ""
    text = f"{'▲' if better else '▼'} {fmt.change(difference, state.facts)}{noise}"
    return Cell(text, ("better" if better else "worse") if not noise else "")


def best_before(state: State, candidate: Candidate) -> Candidate | None:
    """The best solution when the last step before a candidate's ended."""
    for step in reversed(state.steps):
        if step.number < candidate.step and step.finished_seq:
            return None if step.best is None else state.candidates[step.best]
    return None


def trajectory_row(
    state: State, id_: int, in_prompt: frozenset[int], reference: Reference | None = None
) -> Row:
    """A solution's row: mark, id, score, ± or gap, step, origin, place in the prompt, text.

    Args:
        state: The session.
        id_: The solution.
        in_prompt: What the optimizer will see.
        reference: What scores are compared with; the gap to it stands instead of the ±.
    """
    candidate = state.candidates[id_]
    score = candidate.score
    best = state.best()
    if score is None:
        return (Cell(), Cell(str(id_), "muted"), Cell("waits", "muted", 5), _text(state, candidate))
    is_best = id_ == state.best_id
    tone = "best" if is_best else ""
    tie = bool(score.full and best and best.score and tied(state, score, best.score))
    half = fmt.half_width(score, state.facts)
    if reference is not None:
        half = fmt.gap(reference.gap(score.value))
    return (
        Cell("★" if is_best else "~" if tie else "", tone or "muted"),
        Cell(str(id_), "muted"),
        Cell(fmt.value(score.value, state.facts), tone or "strong"),
        Cell(half, "muted") if score.full else Cell(_rests_on(score), "warning"),
        Cell(str(candidate.step), "muted"),
        Cell(ORIGINS[candidate.origin], "muted"),
        _place(state, id_, in_prompt),
        _text(state, candidate),
    )


def _place(state: State, id_: int, in_prompt: frozenset[int]) -> Cell:
    if id_ in state.pinned:
        return Cell("◆ pinned", "pinned")
    if id_ in state.dropped:
        return Cell("✕ dropped", "warning")
    return Cell("● shown", "solution") if id_ in in_prompt else Cell()


def describe(state: State, id_: int) -> list[tuple[str, str]]:
    """All that is known of a candidate, as name and value, for its detail."""
    candidate = state.candidates[id_]
    facts = [
        ("proposed", f"step {candidate.step}, by {ORIGINS[candidate.origin]}"),
        ("length", fmt.plural(len(candidate.text), "character")),
    ]
    score = candidate.score
    if score is not None:
        facts.insert(0, ("score", _score_words(state, score)))
        if score.unparsed:
            facts.append(("unread", f"{score.unparsed} of {score.n} answers"))
        if score.flagged:
            facts.append(("flagged", f"{score.flagged} of {score.n} answers"))
    if candidate.rejected is not None:
        facts.append(("rejected", fmt.safe(candidate.rejected, 200)))
    marks = [
        word
        for word, chosen in (
            ("best", id_ == state.best_id),
            ("pinned", id_ in state.pinned),
            ("dropped", id_ in state.dropped),
            ("vetoed", candidate.vetoed),
        )
        if chosen
    ]
    if marks:
        facts.append(("marks", ", ".join(marks)))
    return facts


def _score_words(state: State, score: Score) -> str:
    text = fmt.with_half_width(score, state.facts)
    if not score.of:
        return f"{text}, brought along"
    if state.facts.computed:
        return f"{text}, computed"
    return f"{text} on {score.n} of {fmt.plural(score.of, 'example')}"
