"""What the next step will cost: an estimate, corrected by how earlier estimates turned out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opro_tui.core.forecast import Forecast, RoleForecast
from opro_tui.core.protocols import Message, Request
from opro_tui.core.racing import BLOCK
from opro_tui.core.usage import TokenUsage, Usage, to_picodollars
from opro_tui.engine.caller import estimate_input
from opro_tui.engine.prompt import completions_at_once, request_limit, sampling_plan
from opro_tui.engine.racing import leader
from opro_tui.models import prices, tokens

if TYPE_CHECKING:
    from opro_tui.config import Config
    from opro_tui.core.meta_prompt import MetaPrompt
    from opro_tui.core.protocols import Judge, Model, Task, Traits
    from opro_tui.core.state import State

SAMPLE = 12
"""Training examples whose requests are measured; the rest are taken to be like them."""
ANSWER_TOKENS = 120
"""Tokens of a scorer's answer before any was seen."""
JUDGEMENT_TOKENS = 80
"""Tokens of a judge's reply before any was seen."""
CRITIQUE_TOKENS = 200
"""Tokens of a critique, and about those of a wrong answer with its question."""
WRONG_ANSWERS = 6
"""Wrong answers that a critique is written about."""
PROPOSAL_TOKENS = 60
"""Tokens of a proposal before any was seen."""
SPREAD_UNSEEN = (0.4, 2.5)
"""The range around an output estimate that nothing was learned for yet."""
SPREAD_LEARNED = 0.08
"""The least half-width of a learned range."""
LEARNED_FROM = 10
"""Steps from which it is learned how estimates turn out."""
RECENT = 5
"""Steps from which the share of candidates that pass vetting is learned."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """How actual tokens compared with estimated ones, for a role under its present model.

    Attributes:
        input: Actual over estimated input tokens, of each step.
        output: The same of the output.
        cached: The share of the input that was read from the provider's cache.
        to_cache: The share of it that was written to the cache.
    """

    input: tuple[float, ...] = ()
    output: tuple[float, ...] = ()
    cached: float = 0.0
    to_cache: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A role's calls in a step and their estimated tokens."""

    calls: int
    input_tokens: int
    output_tokens: int


def learned(state: State, role: str) -> Ratios:
    """Actual over estimated tokens in the last finished steps that had the model of now."""
    inputs: list[float] = []
    outputs: list[float] = []
    counted: list[Usage] = []
    for step in reversed(state.steps):
        if len(counted) == LEARNED_FROM:
            break
        if not step.finished_seq or not _same_model(state, step.started.settings, role):
            continue
        said = next((r for r in step.started.forecast.roles if r.role == role), None)
        used = state.ledger.get((step.number, role))
        if said is None or used is None or not said.calls or not used.calls:
            continue
        counted.append(used)
        share = used.calls / said.calls
        if used.input_tokens and said.estimate_input:
            inputs.append(used.input_tokens / (said.estimate_input * share))
        if used.output_tokens and said.estimate_output:
            outputs.append(used.output_tokens / (said.estimate_output * share))
    known = [used for used in counted if used.input_tokens]
    read = sum(used.input_tokens or 0 for used in known) or 1
    return Ratios(
        tuple(reversed(inputs)),
        tuple(reversed(outputs)),
        sum(used.cached_tokens for used in known) / read,
        sum(used.cache_write_tokens for used in known) / read,
    )


def _same_model(state: State, then: object, role: str) -> bool:
    names = (role, f"{role}_url")
    return all(getattr(then, name) == getattr(state.settings, name) for name in names)


def forecast(
    state: State,
    task: Task,
    *,
    prompt: MetaPrompt | None,
    optimizer: Model,
    scorer: Model | None,
    judge: Model | None = None,
    traits: Traits,
    config: Config,
    bought: bool = False,
) -> Forecast:
    """The forecast of the next step.

    Args:
        state: The session now.
        task: What is optimized.
        prompt: The step's meta-prompt; None for step 0.
        optimizer: The model that will propose.
        scorer: The model that will score; None where scores are computed.
        judge: The model that will grade; None where no judge does.
        traits: What is known of the optimizer.
        config: Prices.
        bought: Whether a critique that is there counts, for it was bought for this step.
    """
    roles = []
    waiting = float(len([c for c in state.waiting() if c.step <= state.next_step]))
    if prompt is not None:
        estimate = _sampling(state, prompt, optimizer, traits, bought=bought)
        roles.append(_role("optimizer", estimate, learned(state, "optimizer"), optimizer, config))
        waiting += state.settings.candidates * accepted_share(state)
    calls = round(waiting * len(state.facts.train))
    scoring = of_scoring(
        state,
        task,
        scorer=scorer,
        judge=judge,
        calls=calls,
        config=config,
        batch=state.settings.scoring == "batch",
    )
    if state.settings.scoring == "racing" and leader(state, state.next_step) is not None:
        return Forecast((*roles, *(_raced(role, state) for role in scoring.roles)))
    return Forecast((*roles, *scoring.roles))


def _raced(full: RoleForecast, state: State) -> RoleForecast:
    """At most the full scoring; what is expected is learned from the races before."""
    shares = [
        used.calls / said.calls
        for step in state.steps
        if step.finished_seq and step.started.settings.scoring == "racing" and step.number
        for said in step.started.forecast.roles
        if said.role == full.role and said.calls
        if (used := state.ledger.get((step.number, full.role))) is not None
    ][-10:]
    likely = min(1.0, math.fsum(shares) / len(shares)) if shares else 1.0
    least = min([BLOCK / max(BLOCK, len(state.facts.train)), *(share / 2 for share in shares)])

    def part(cost: int | None, share: float) -> int | None:
        return None if cost is None else round(cost * share)

    return replace(
        full,
        input_tokens=round(full.input_tokens * likely),
        output_tokens=round(full.output_tokens * likely),
        low=round(full.low * least),
        cost_pico=part(full.cost_pico, likely),
        cost_low=part(full.cost_low, least),
    )


def of_scoring(
    state: State,
    task: Task,
    *,
    scorer: Model | None,
    judge: Model | None = None,
    calls: int,
    judged: int | None = None,
    config: Config,
    batch: bool = False,
) -> Forecast:
    """The forecast of some of the scorer's answers alone, outside of a step.

    Args:
        state: The session now.
        task: What is optimized.
        scorer: The model that will answer; None where scores are computed, which costs nothing.
        judge: The model that will grade the answers; None where no judge does.
        calls: How many answers.
        judged: How many answers the judge is asked about; None for the same number.
        config: Prices.
        batch: Whether the scorer's calls go into a batch; a judge's never do.
    """
    if scorer is None:
        return Forecast()
    estimate = _scoring(state, task, scorer, calls)
    roles = [_role("scorer", estimate, learned(state, "scorer"), scorer, config, batch)]
    if judge is not None and task.judge is not None:
        answers = calls if judged is None else judged
        estimate = _judging(state, task, task.judge, judge, answers)
        roles.append(_role("judge", estimate, learned(state, "judge"), judge, config))
    return Forecast(tuple(roles))


def _sampling(
    state: State, prompt: MetaPrompt, model: Model, traits: Traits, *, bought: bool
) -> Estimate:
    plan = sampling_plan(state.settings, traits)
    limit = request_limit(state.settings, plan.proposals, plan.draws)
    calls = -(-plan.draws // min(limit, completions_at_once(model, traits, limit)))
    size = estimate_input(model, Request((Message("user", prompt.text),)))
    shown = [c.text for c in state.shown()] or [""]
    proposal = max(PROPOSAL_TOKENS, sum(map(len, shown)) // (4 * len(shown)))
    written = proposal * state.settings.candidates
    there = state.critique_of(state.edit_step) is not None
    if not state.settings.critique or (there and not bought):
        return Estimate(calls, size * calls, written)
    # The critique reads the same and some wrong answers, and stands in each request after.
    read = size * (calls + 1) + CRITIQUE_TOKENS * (calls + WRONG_ANSWERS)
    return Estimate(calls + 1, read, written + CRITIQUE_TOKENS)


def accepted_share(state: State) -> float:
    """The share of the optimizer's candidates that lately passed vetting; 1 before any."""
    last = state.next_step - RECENT
    tried = [c for c in state.candidates.values() if c.draw is not None and c.step >= last]
    if not tried:
        return 1.0
    return sum(c.rejected is None for c in tried) / len(tried)


def _scoring(state: State, task: Task, model: Model, calls: int) -> Estimate:
    train = state.facts.train
    sample = train[:: max(1, len(train) // SAMPLE)][:SAMPLE]
    texts = _likely(state)
    sizes = [
        estimate_input(model, Request(task.messages(texts[place % len(texts)], task.examples[i])))
        for place, i in enumerate(sample)
    ]
    mean = sum(sizes) / len(sizes) if sizes else 0.0
    return Estimate(calls, round(mean * calls), ANSWER_TOKENS * calls)


def _judging(state: State, task: Task, judge: Judge, model: Model, answers: int) -> Estimate:
    """What a judge reads and writes: an answer is as long as the scorer's were so far."""
    train = state.facts.train
    sample = train[:: max(1, len(train) // SAMPLE)][:SAMPLE]
    sizes = [
        estimate_input(model, Request(judge.messages(task.examples[index], ""))) for index in sample
    ]
    used = state.usage("scorer")
    known = used.calls and used.output_tokens
    answer = round(known / used.calls) if known else ANSWER_TOKENS
    mean = sum(sizes) / len(sizes) if sizes else 0.0
    calls = answers * state.settings.judge_repeats
    return Estimate(calls, round((mean + answer) * calls), JUDGEMENT_TOKENS * calls)


def _likely(state: State) -> list[str]:
    """Solutions such as the next ones will be: what waits, and the candidates of the last steps.

    One of them alone, the best, would be off by its own length.
    """
    lately = state.next_step - RECENT
    waiting = [candidate.text for candidate in state.waiting()]
    recent = [c.text for c in state.candidates.values() if c.score and c.step >= lately]
    return [*waiting, *reversed(recent)] or [""]


def _role(
    role: str,
    estimate: Estimate,
    ratios: Ratios,
    model: Model,
    config: Config,
    batch: bool = False,
) -> RoleForecast:
    inputs = _range(estimate.input_tokens, ratios.input, (0.85, 1.2))
    outputs = _range(estimate.output_tokens, ratios.output, SPREAD_UNSEEN)
    shares = Ratios() if batch else ratios  # a batch's requests don't wait for each other
    low, middle, high = (
        to_picodollars(
            prices.price(model.name, _usage(inputs[i], outputs[i], shares), config, batch=batch)
        )
        for i in range(3)
    )
    return RoleForecast(
        role=role,
        calls=estimate.calls,
        input_tokens=inputs[1],
        output_tokens=outputs[1],
        low=inputs[0] + outputs[0],
        high=inputs[2] + outputs[2],
        cost_pico=middle,
        cost_low=low,
        cost_high=high,
        estimate_input=estimate.input_tokens,
        estimate_output=estimate.output_tokens,
    )


def _usage(inputs: int, outputs: int, shares: Ratios) -> TokenUsage:
    return TokenUsage(
        input_tokens=inputs,
        cached_tokens=round(inputs * shares.cached),
        cache_write_tokens=round(inputs * shares.to_cache),
        output_tokens=outputs,
    )


def _range(
    estimate: int, ratios: tuple[float, ...], unseen: tuple[float, float]
) -> tuple[int, int, int]:
    """Low, expected and high: the estimate times what was learned, ± two standard deviations."""
    if not ratios:
        return round(estimate * unseen[0]), estimate, round(estimate * unseen[1])
    centre = math.fsum(ratios) / len(ratios)
    squares = math.fsum((ratio - centre) ** 2 for ratio in ratios)
    deviation = math.sqrt(squares / (len(ratios) - 1)) if len(ratios) > 1 else 0.15 * centre
    half = max(2 * deviation, SPREAD_LEARNED * centre)
    low = max(0.0, centre - half)
    return round(estimate * low), round(estimate * centre), round(estimate * (centre + half))


def prompt_tokens(text: str, model: Model) -> int:
    """Estimated tokens of a meta-prompt."""
    return tokens.count(text, model.name)[0]
