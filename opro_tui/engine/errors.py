"""Wrong answers that a session has stored, for what the optimizer is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.grades import unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.settings import Settings
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.run import Run

WRONG = 0.5
"""The score from which down an answer counts as wrong, where there are others than 0 and 1."""


async def of_best_shown(
    run: Run, state: State, settings: Settings | None = None, step: int | None = None
) -> Mapping[int, str]:
    """The wrong answers of the best solution that a meta-prompt shows, by example.

    Args:
        run: The session's hands.
        state: The state that the meta-prompt is made from.
        settings: The settings that it is made by; default: the state's.
        step: Its step; default: the next one.

    Returns:
        Nothing where they are not to be shown.
    """
    chosen = settings or state.settings
    if not chosen.exemplar_errors or not run.task.examples:
        return {}
    shown = {candidate.id for candidate in state.shown(chosen, step)}
    best = next((c for c in state.ranked() if c.id in shown and c.score and c.score.of), None)
    return {} if best is None else await wrong_answers(run, state, best)


async def wrong_answers(run: Run, state: State, candidate: Candidate) -> dict[int, str]:
    """A scored candidate's wrong answers by example, those that its score rests on."""
    score = candidate.score
    if score is None or not score.grades:
        return {}
    most = 0.0 if state.facts.binary else WRONG
    wrong = {
        index: grade
        for index, grade in zip(state.facts.train, unpack(score.grades), strict=False)
        if grade is not None and grade <= most
    }
    found: dict[int, str] = {}
    stored = await run.store.evaluations(run.session, candidate.id)
    # While it waits to be scored again, its score rests on an earlier replicate.
    for item in sorted(stored, key=lambda item: (-item.event.replicate, item.event.seq)):
        event = item.event
        known = event.replicate <= candidate.replicate and wrong.get(event.example) == event.score
        if known and item.completions and item.completions[0].text.strip():
            found.setdefault(event.example, item.completions[0].text)
    return found
