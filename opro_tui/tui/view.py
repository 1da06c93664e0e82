"""What the screen says about a session, as plain data: no widget, no event loop.

The panes draw what these functions return; tests read the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.picture import percent
from opro_tui.core.schedule import temperature_at
from opro_tui.tui import format as fmt
from opro_tui.tui import watching
from opro_tui.tui.parts import Part

if TYPE_CHECKING:
    from opro_tui.core.forecast import Forecast
    from opro_tui.core.picture import Reference
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State, Step
    from opro_tui.core.waste import Waste
    from opro_tui.engine.traffic import Batched
    from opro_tui.models.held_back import HeldBack


@dataclass(frozen=True, slots=True)
class Situation:
    """What a screen has to know beside the state, at one moment.

    Attributes:
        name: The session's name.
        simulated: Whether simulated models take part.
        status: The engine's status word.
        stopping: Whether the run was asked to stop and calls are still in flight.
        readonly: Why the session can only be looked at; empty when it can be written.
        forecast: What the next step will cost; None while that is being worked out.
        prompt_tokens: Estimated tokens of the next meta-prompt.
        in_flight: Calls that are out now.
        rate: Evaluations per second over the last seconds.
        reply_age: Seconds since the last reply; None before the first.
        retry_in: Seconds until a call is tried again; 0 when none waits.
        held: How an endpoint's limits hold calls back; None when they don't.
        batched: What is in batches at a provider; None where nothing is.
        look_in: Seconds until that is looked at again; 0 while it happens.
        last_error: The last failed attempt, in one line.
        takes_temperature: Whether the optimizer takes one, as far as is known.
        waste: The waste meter after the last step; None while it isn't worked out.
        reference: What scores are compared with: the best there is, or the best known.
        missing_code: Whether the user's code that the session names can't be had.
    """

    name: str
    simulated: bool = False
    status: str = "new"
    stopping: bool = False
    readonly: str = ""
    forecast: Forecast | None = None
    prompt_tokens: int | None = None
    in_flight: int = 0
    rate: float = 0.0
    reply_age: float | None = None
    retry_in: float = 0.0
    held: HeldBack | None = None
    batched: Batched | None = None
    look_in: float = 0.0
    last_error: str = ""
    takes_temperature: bool = True
    waste: Waste | None = None
    reference: Reference | None = None
    missing_code: bool = False

    @property
    def running(self) -> bool:
        """Whether a step is under way, here or in another process."""
        return self.status == "running"


def header(state: State, now: Situation) -> list[Part]:
    """The line on top: what this session is and where it stands."""
    settings = state.settings
    parts = [Part(fmt.safe(now.name, 40), "title", 100)]
    if now.simulated:
        parts.append(Part(" SIMULATED ", "badge", 95))
    if now.readonly:
        parts.append(Part(f"read-only: {watching.short(now.readonly)}", "warning", 92))
    parts += [
        Part(_step_text(state, now), "", 80),
        Part(_best_text(state), "best", 90),
        Part(_gap_text(state, now), "best", 78),
        Part(f"spent {fmt.dollars(state.usage().cost_usd)}", "", 70),
        Part(_forecast_text(state, now), "", 75),
        Part(_temperature_text(state, now), "", 72),
    ]
    if settings.review:
        parts.append(Part("review on", "accent", 60))
    parts.append(Part(_models_text(state), "muted", 40))
    return parts


def _temperature_text(state: State, now: Situation) -> str:
    if not now.takes_temperature:
        return "T n/a"
    return f"T {temperature_at(state.settings, state.edit_step):g}"


def _step_text(state: State, now: Situation) -> str:
    current = state.current
    if current is not None:
        word = {"running": "", "reviewing": " in review"}.get(now.status, " unfinished")
        return f"step {current.number}{word}"
    return f"step {state.steps[-1].number}" if state.steps else "no step yet"


def _best_text(state: State) -> str:
    best = state.best()
    if best is None or best.score is None:
        return ""
    shown = fmt.with_half_width(best.score, state.facts)
    return f"best of {state.scored_count()}: {shown} (#{best.id})"


def _gap_text(state: State, now: Situation) -> str:
    """How far the best is from the best there is."""
    best = state.best()
    if now.reference is None or best is None or best.score is None:
        return ""
    gap = now.reference.gap(best.score.value)
    if gap is None:
        return ""
    return f"gap {percent(gap)}{'' if now.reference.proven else ' to the best known'}"


def _forecast_text(state: State, now: Situation) -> str:
    if now.forecast is None:
        return ""
    name = "next" if state.steps else "steps 0–1"
    return f"{name} ≈ {forecast_amount(now.forecast)}"


def forecast_amount(forecast: Forecast) -> str:
    """The forecast's range in dollars, or in tokens where a price is unknown."""
    costs = forecast.cost_range
    if costs is not None:
        return fmt.dollar_range(*costs)
    low, high = forecast.token_range
    return f"{fmt.short_count(low)}–{fmt.short_count(high)} tok, price unknown"


def _models_text(state: State) -> str:
    optimizer = fmt.safe(fmt.model_name(state.settings.optimizer), 24)
    if state.facts.computed:
        return optimizer
    models = f"{optimizer} → {fmt.safe(fmt.model_name(state.settings.scorer), 24)}"
    if state.settings.rubric is None:
        return models
    return f"{models} → {fmt.safe(fmt.model_name(state.settings.judge or ''), 24)}"


def status_line(state: State, now: Situation) -> list[Part]:
    """The line above the keys: what goes on, or what to do next."""
    if now.running:
        return _progress(state, now)
    step = state.current
    if now.missing_code:
        return [Part("Its own code is missing: look back here, or play it again with P.", "muted")]
    if now.readonly:
        return [Part(watching.sentence(now.readonly), "muted")]
    if step is not None:
        hint = f"s goes on with step {step.number}, no answer is paid twice"
        lost = state.usage(step=step.number).unknown
        unknown = f"{fmt.plural(lost, 'outcome')} unknown, may be billed"
        warned = [Part(unknown, "warning", 50)] if lost else []
        return [*_why_stopped(state), Part(hint, "accent", 60), *warned]
    if not state.steps:
        return _first_hint(state, now)
    next_ = Part("s runs the next step", "muted", 20)
    return [*_why_stopped(state), *_last_step(state), *_idle(now.waste, state), next_]


def _idle(meter: Waste | None, state: State) -> list[Part]:
    """How long nothing has got better, from the second step on, and what that cost."""
    if meter is None or meter.idle_steps < 2:
        return []
    cost = meter.spent.cost_usd
    price = "" if cost == 0 else f", {fmt.dollars(cost)}"
    # A new best that may be noise is no gain: both may stand in the line.
    noise = " beyond noise" if state.facts.bounded else ""
    return [Part(f"{meter.idle_steps} steps without a gain{noise}{price}", "warning", 55)]


def _first_hint(state: State, now: Situation) -> list[Part]:
    parts = [Part("s scores the starting solutions and runs step 1", "accent", 90)]
    if now.forecast is not None:
        calls = fmt.plural(now.forecast.calls, "call")
        parts.append(Part(f"≈ {calls}, {forecast_amount(now.forecast)}", "muted", 50))
    if not state.facts.computed:
        parts.append(Part("T tries a few examples first", "muted", 40))
    return parts


def _why_stopped(state: State) -> list[Part]:
    stopped = state.stopped
    if stopped is None or stopped.code == "review":
        return []
    if state.steps and stopped.seq < state.steps[-1].finished_seq:
        # It was gone on with since, and the step came to its end.
        return []
    if stopped.code == "batch":
        return [Part("stopped; its batch goes on", "accent", 95)]
    if stopped.code == "person":
        return [Part("stopped", "", 95)]
    tone = "error" if stopped.code in ("error", "missing", "budget") else "accent"
    sign = "! " if tone == "error" else ""
    return [Part(f"{sign}{fmt.safe(stopped.message, 120)}", tone, 90)]


def _last_step(state: State) -> list[Part]:
    step = state.steps[-1]
    own = state.of_step(step.number)
    kept_out = sum(1 for c in own if c.rejected or c.vetoed)
    behind = sum(1 for c in own if c.behind is not None and c.score and not c.score.full)
    scored = sum(1 for c in own if c.score is not None) - behind
    text = f"step {step.number} done: {scored} scored"
    if kept_out:
        text += f", {kept_out} kept out"
    if behind:
        text += f", {behind} fell behind"
    parts = [Part(text, "", 70)]
    if step.mean is not None:
        parts.append(Part(f"mean {fmt.value(step.mean, state.facts)}", "muted", 40))
    if step.best is not None and state.candidates[step.best].step == step.number and step.number:
        parts.append(Part(_new_best(state, state.candidates[step.best]), "best", 60))
    return parts


def _new_best(state: State, best: Candidate) -> str:
    """What a step's best is: better than the one before, or no more than shorter."""
    found = (s.best for s in reversed(state.steps[:-1]) if s.finished_seq)
    before = next((state.candidates[id_] for id_ in found if id_ is not None), None)
    if before is None or not (before.score and best.score):
        return f"new best #{best.id}"
    level = before.score.value == best.score.value
    return f"best now #{best.id}, level with #{before.id}" if level else f"new best #{best.id}"


def _progress(state: State, now: Situation) -> list[Part]:
    step = state.current
    if now.batched is not None:
        return _batch(state, now, now.batched)
    parts: list[Part] = []
    if now.stopping:
        calls = fmt.plural(now.in_flight, "call")
        parts.append(Part(f"stopping… {calls} in flight; x again breaks off", "warning", 99))
    parts += [_alone(state)] if step is None else _phase(state, step)
    done, wanted = state.scoring_progress() if step else scoring_alone(state)
    if now.rate > 0 and (step is None or step.sampled):
        parts.append(Part(f"{now.rate:.0f}/s" if now.rate >= 1 else f"{now.rate:.1f}/s", "", 60))
        if wanted > done:
            parts.append(Part(f"{fmt.duration((wanted - done) / now.rate)} left", "", 70))
    number = step.number if step else state.steps[-1].number if state.steps else 0
    parts.append(Part(f"{fmt.dollars(state.usage(step=number).cost_usd)} so far", "", 65))
    if now.held is not None:
        parts.append(Part(now.held.words(fmt.duration), "muted", 80))
    if now.retry_in > 0:
        parts.append(Part(f"next try in {fmt.duration(now.retry_in)}", "warning", 85))
        parts.append(Part(fmt.safe(now.last_error, 40), "warning", 84))
    elif now.reply_age is not None and now.reply_age >= 1:
        parts.append(Part(f"last reply {fmt.duration(now.reply_age)} ago", "muted", 50))
    return parts


def _batch(state: State, now: Situation, batched: Batched) -> list[Part]:
    """What goes on at a provider, and when it is looked at again."""
    step = state.current
    where = f"step {step.number}: " if step else ""
    if batched.phase != "waiting":
        parts = [Part(where + fmt.safe(batched.words(fmt.clock), 60), "accent", 90)]
    else:
        line = fmt.bar(batched.done, batched.total, 6)
        done = f"{fmt.count(batched.done)} of {fmt.count(batched.total)} done"
        more = f" +{batched.more}" if batched.more else ""
        parts = [
            Part(f"{where}batch {line} {done}", "accent", 90),
            Part(fmt.safe(batched.name, 36) + more, "muted", 45),
            Part(f"since {fmt.clock(batched.since)}", "", 60),
        ]
        if now.look_in > 0:
            parts.append(Part(f"next look in {fmt.duration(now.look_in)}", "", 85))
    if now.stopping:
        parts.insert(0, Part("stopping… the batch goes on at the provider", "warning", 99))
    if batched.trouble:
        parts.append(Part(fmt.safe(batched.trouble, 60), "warning", 87))
    number = step.number if step else state.steps[-1].number if state.steps else 0
    parts.append(Part(f"{fmt.dollars(state.usage(step=number).cost_usd)} so far", "", 50))
    return parts


def scoring_alone(state: State) -> tuple[int, int]:
    """Answers that are there and that are wanted, of candidates scored outside of a step."""
    parts = [part for id_, part in state.partial.items() if state.candidates[id_].waiting]
    return sum(len(part.grades) for part in parts), len(parts) * len(state.facts.train)


def _alone(state: State) -> Part:
    done, wanted = scoring_alone(state)
    if not wanted and state.settings.critique and state.critique_of(state.next_step) is None:
        return Part(f"step {state.next_step}: writing the critique", "accent", 90)
    if not wanted:
        return Part("between steps…", "muted", 90)
    text = f"scoring {fmt.bar(done, wanted, 10)} {fmt.count(done)} of {fmt.count(wanted)}"
    return Part(text, "accent", 90)


def _phase(state: State, step: Step) -> list[Part]:
    own = state.of_step(step.number)
    if step.number and not step.sampled:
        if step.prompt is None:
            return [Part(f"step {step.number}: building the meta-prompt", "accent", 90)]
        wanted = step.started.settings.candidates
        there = min(len(own), wanted)
        line = fmt.bar(there, wanted, 10)
        return [Part(f"step {step.number}: sampling {line} {there} of {wanted}", "accent", 90)]
    done, wanted = state.scoring_progress()
    line = fmt.bar(done, wanted, 10)
    text = f"step {step.number}: scoring {line} {fmt.count(done)} of {fmt.count(wanted)}"
    return [Part(text, "accent", 90)]


def meta_prompt_title(state: State, now: Situation) -> str:
    """The meta-prompt pane's title."""
    title = f"META-PROMPT · step {state.edit_step}"
    if now.prompt_tokens is None:
        return title
    return f"{title} · ≈{fmt.count(now.prompt_tokens)} tok"


def candidates_title(
    state: State,
    past: int | None = None,
    review: str | None = None,
    batched: Batched | None = None,
) -> str:
    """The candidates pane's title.

    Args:
        state: The session now.
        past: An earlier step that is listed instead of the newest.
        review: What is said of a review under way.
        batched: What is in batches at a provider.
    """
    step = shown_step(state)
    if step is None:
        return "CANDIDATES"
    if past is not None:
        return f"CANDIDATES · step {past} of {step} · n the next, b the one before"
    title = f"CANDIDATES · step {step}"
    current = state.current
    if current is None or current.number != step:
        return title
    done, wanted = state.scoring_progress()
    if not current.sampled and current.number:
        return f"{title} · sampling"
    if review is not None:
        return f"{title} · {review}"
    if batched is not None and batched.phase == "waiting":
        through = f"{fmt.count(batched.done)}/{fmt.count(batched.total)}"
        return f"{title} · batch {through} · {fmt.safe(batched.name, 36)}"
    return f"{title} · scored {fmt.count(done)}/{fmt.count(wanted)}" if wanted else title


def trajectory_title(state: State, listed: int, in_prompt: int, order: str) -> str:
    """The trajectory pane's title.

    Args:
        state: The session now.
        listed: How many solutions the filter lets through.
        in_prompt: How many the optimizer will see.
        order: How they are sorted, in words.
    """
    scored = len(state.ranking)
    if not scored:
        return "TRAJECTORY"
    counted = f"{fmt.count(listed)} of {fmt.count(scored)} shown"
    return f"TRAJECTORY · {counted} · {order} · {in_prompt} in the prompt"


def shown_step(state: State) -> int | None:
    """The step whose candidates are listed; None before there are any."""
    if state.steps:
        return state.steps[-1].number
    return min(state.by_step, default=None)
