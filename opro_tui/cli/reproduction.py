"""How a reproduction is told: its progress on stderr, and its tables."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from opro_tui.cli import output
from opro_tui.cli.figures import count, money, plural, table
from opro_tui.cli.watching import Watching
from opro_tui.core.usage import total
from opro_tui.engine import paper
from opro_tui.engine.repetition import spread
from opro_tui.engine.reproduce import NOT_AN_LLM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.engine.paper import Figure, Line
    from opro_tui.engine.repetition import Repetition
    from opro_tui.engine.reproduce import Outcome, Plan, Progress


class Watcher(Watching):
    """Writes a reproduction's progress: a line for each repetition, and one that is redrawn."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._last = time.monotonic()

    def begin(self) -> None:
        """Say what will be run."""
        plan = self._plan
        sessions = plan.repetitions * len(plan.experiment.rows)
        model = NOT_AN_LLM if plan.simulated else output.one_line(plan.optimizer)
        output.note(f"{plan.experiment.name} on {model}")
        output.note(
            f"{plural(sessions, 'session')} of up to {plural(plan.steps, 'step')},"
            f" seeds from {plan.seed}; each is kept as reproduce-{plan.experiment.short}-…"
        )

    def tell(self, progress: Progress) -> None:
        """Take in some progress."""
        if progress.finished is not None:
            self.clear()
            output.note(self._ended(progress, progress.finished))
            return
        now = time.monotonic()
        if now - self._last < self.every:
            return
        self._last = now
        at = f"repetition {progress.number}, step {progress.step}"
        what = at if progress.number else "heuristics and their optima"
        done = f"{progress.done} of {progress.wanted} sessions done"
        self.show(f"{progress.row.label}: {what} · {done}")

    def _ended(self, progress: Progress, found: Repetition) -> str:
        if found.failed:
            how = "failed"
        elif found.found_at is None:
            gap = "" if found.gap is None else f", {found.gap:.1f} % above the optimum"
            how = f"not found in {plural(found.steps, 'step')}{gap}"
        else:
            how = f"found in step {found.found_at}, {count(found.unique)} solutions tried"
        kept = " (kept from before)" if found.reused else ""
        return f"{progress.row.label}: {found.session} {how}{kept}"


def lines(plan: Plan, outcomes: Sequence[Outcome]) -> list[str]:
    """The tables, with what they rest on."""
    who = "ours (simulated)" if plan.simulated else "ours"
    told = _trips(outcomes, who) if _has_gaps(outcomes) else _pairs(outcomes, who)
    everything = [each for outcome in outcomes for each in outcome.repetitions]
    spent = total(each.usage for each in everything)
    note = f"ours: {NOT_AN_LLM}" if plan.simulated else f"ours: {output.one_line(plan.optimizer)}"
    sampled = sum(each.sampled for each in everything)
    copies = sum(each.duplicates for each in everything)
    rejected = sum(each.rejected for each in everything)
    size = f"{plural(plan.repetitions, 'repetition')}, up to {plural(plan.steps, 'step')}"
    return [
        f"{note}; {size} of 8 proposals",
        "",
        *told,
        "",
        (
            f"{count(sampled)} proposals: {plural(copies, 'duplicate')}, {count(rejected)} rejected"
            f" for other reasons; spent {money(spent.cost_usd)} in {plural(spent.calls, 'call')}"
        ),
        f"replay any of them: opro-tui replay {everything[0].session}" if everything else "",
    ]


def _has_gaps(outcomes: Sequence[Outcome]) -> bool:
    return any(each.gap is not None for outcome in outcomes for each in outcome.repetitions)


def _pairs(outcomes: Sequence[Outcome], who: str) -> list[str]:
    """Steps and unique pairs until the exact pair, mean ± sd over those that found it."""
    head = ["true pair", "found", who, *paper.OPTIMIZERS, ""]
    steps, unique = [], []
    for outcome in outcomes:
        found = [each for each in outcome.repetitions if each.found_at is not None]
        start = [outcome.row.label, f"{len(found)} of {len(outcome.repetitions)}"]
        theirs = [outcome.row.paper.get(name) for name in paper.OPTIMIZERS]
        steps.append(
            [
                *start,
                _sd([e.steps for e in found]),
                *(_figure(x.steps if x else None) for x in theirs),
                "",
            ]
        )
        unique.append(
            [
                *start,
                _sd([e.unique for e in found]),
                *(_figure(x.unique if x else None) for x in theirs),
                "",
            ]
        )
    return [
        "steps to the exact pair (mean ± sd; the named models as in the paper)",
        *table(head, steps, left=(0,), indent=2),
        "",
        "unique pairs tried until then (ours with the 5 starting ones)",
        *table(head, unique, left=(0,), indent=2),
    ]


def _trips(outcomes: Sequence[Outcome], who: str) -> list[str]:
    """Gaps to the proven optimum with their standard errors, and steps until it was found."""
    head = ["nodes", "who", "gap in %", "heuristics: NN", "FI", "steps to optimum", "found"]
    rows: list[list[str]] = []
    for outcome in outcomes:
        own = outcome.repetitions
        found = [each for each in own if each.found_at is not None]
        heuristics = [_stderr(outcome.baselines.get(name, ())) for name in paper.HEURISTICS]
        gaps = [each.gap for each in own if each.gap is not None]
        steps = _sd([each.steps for each in found])
        rows.append(
            [
                outcome.row.label,
                who,
                _stderr(gaps),
                *heuristics,
                steps,
                f"{len(found)} of {len(own)}",
            ]
        )
        figures = outcome.row.paper
        theirs = [_gap(figures.get(name)) for name in paper.HEURISTICS]
        for number, name in enumerate(paper.OPTIMIZERS if figures else ()):
            line = figures[name]
            shown = theirs if number == 0 else ["", ""]
            reached = f"{line.successes} of 5"
            rows.append(["", name, _gap(line), *shown, _figure(line.steps), reached])
    optima = [each.proven for outcome in outcomes for each in outcome.repetitions]
    unproven = sum(outcome.unproven for outcome in outcomes)
    instances = max((len(v) for o in outcomes for v in o.baselines.values()), default=0)
    return [
        (
            "gap to the optimum (mean ± standard error) and steps to it (mean ± sd of those that"
            " found it); NN: nearest neighbour, FI: farthest insertion; named models: the paper"
        ),
        *table(head, rows, left=(0, 1), indent=2),
        (
            f"optima proven in {sum(map(bool, optima))} of {plural(len(optima), 'session')};"
            f" our heuristics on {plural(instances, 'problem')} a row"
            f"{f', {unproven} of them without proof' if unproven else ''}, the paper's on 5"
        ),
    ]


def _sd(values: Sequence[float]) -> str:
    return _shown(spread(values)["mean"], spread(values)["sd"])


def _stderr(values: Sequence[float]) -> str:
    return _shown(spread(values)["mean"], spread(values)["stderr"])


def _gap(line: Line | None) -> str:
    return _figure(line.gap if line else None)


def _figure(figure: Figure | None) -> str:
    return "–" if figure is None else _shown(figure.mean, figure.spread)


def _shown(mean: float | None, deviation: float | None) -> str:
    if mean is None:
        return "–"
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f}±{deviation:.1f}"
