"""The next meta-prompt, from a state and its task."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from opro_tui.core import exemplars, meta_prompt
from opro_tui.core.meta_prompt import MetaPrompt, ShownExemplar, ShownSolution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.protocols import Model, Task, Traits
    from opro_tui.core.settings import Settings
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State

PENDING = "(It is written here when the step begins, by a call of the optimizer's own.)"
"""What stands for a critique that isn't written yet; never sent."""
NOTHING: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a step will ask its optimizer.

    Attributes:
        proposals: Proposals asked for in one completion.
        draws: Completions that will be sampled.
        takes_temperature: Whether the optimizer takes one, as far as is known.
    """

    proposals: int
    draws: int
    takes_temperature: bool


def sampling_plan(settings: Settings, traits: Traits) -> Plan:
    """Decide how to ask.

    An optimizer that takes no temperature is asked for all its proposals in one completion, so that
    they differ because it was asked to make them differ.
    """
    takes_temperature = traits.get("temperature") is not False
    proposals = min(settings.proposals, settings.candidates)
    if not takes_temperature and proposals == 1:
        proposals = settings.candidates
    return Plan(proposals, -(-settings.candidates // proposals), takes_temperature)


def completions_at_once(model: Model, traits: Traits, wanted: int) -> int:
    """How many completions one request may be asked for: what was learned, or all that are wanted.

    Zero and refused mean one by one; a trait that only says that `n` works sets no limit.
    """
    if not model.offers_n:
        return 1
    most = traits.get("n", True)
    return wanted if most is True else max(1, int(most))


def request_limit(settings: Settings, proposals: int, draws: int) -> int:
    """How many completions of so many proposals one request may ask for, as the settings say."""
    if settings.request_size is None:
        return draws
    return max(1, min(draws, settings.request_size // proposals))


def build(
    state: State,
    task: Task,
    *,
    proposals: int,
    step: int | None = None,
    settings: Settings | None = None,
    errors: Mapping[int, str] = NOTHING,
) -> MetaPrompt:
    """The exact meta-prompt of a step (default: the next one), as it will be sent.

    Args:
        state: The state that it is made from.
        task: What is optimized.
        proposals: Proposals asked for in one completion.
        step: Its step.
        settings: The settings that it is made by; default: the state's.
        errors: Wrong answers to show with the exemplars, by example (`errors.of_best_shown`).
    """
    number = state.edit_step if step is None else step
    chosen = settings or state.settings
    candidates = state.shown(chosen, number)
    shown = [
        ShownSolution(candidate.id, candidate.text, _score(candidate, task, chosen))
        for candidate in candidates
    ]
    return meta_prompt.build(
        state.template,
        shown,
        _exemplars(state, task, chosen, number, candidates, errors),
        proposals=proposals,
        critique=_critique(state, chosen, number),
    )


def _critique(state: State, settings: Settings, step: int) -> str:
    """What a step's meta-prompt says as critique; a stand-in while it isn't written yet."""
    if not settings.critique:
        return ""
    found = state.critique_of(step)
    return PENDING if found is None else found


def _score(candidate: Candidate, task: Task, settings: Settings) -> str | None:
    buckets, score = settings.score_buckets, candidate.score
    if not buckets or score is None:
        return None
    shown = task.show_score(score.value, buckets)
    half = score.half_width
    if not settings.score_uncertainty or not task.bounded or not half or not score.n:
        return shown
    width = half * buckets
    return f"{shown} ± {width:.0f} (n={score.n})" if width >= 1 else f"{shown} ± <1 (n={score.n})"


def _exemplars(
    state: State,
    task: Task,
    settings: Settings,
    step: int,
    shown: tuple[Candidate, ...],
    errors: Mapping[int, str],
) -> list[ShownExemplar]:
    if not task.examples:
        return []
    wrong: dict[int, float] | None = None
    if settings.exemplar_choice == "hardest":
        wrong = exemplars.wrong_rates(state.candidates.values(), state.facts.train)
    elif settings.exemplar_choice == "hardest-shown":
        wrong = exemplars.wrong_rates(shown, state.facts.train)
    chosen = exemplars.choose(
        state.facts.train,
        settings.exemplars,
        choice=settings.exemplar_choice,
        seed=settings.seed,
        step=step,
        pinned=state.exemplars_pinned,
        dropped=state.exemplars_dropped,
        wrong=wrong,
        redraw=state.redraw,
    )
    found = []
    for index in chosen:
        text, target = task.exemplar(task.examples[index], state.template.placeholder)
        error = meta_prompt.quoted(errors.get(index, ""), state.template)
        found.append(ShownExemplar(index, text, target, error))
    return found
