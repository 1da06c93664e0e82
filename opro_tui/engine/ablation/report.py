"""An ablation for programs: the stable document of `ablate --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.engine.ablation.table import SAYS_NOTHING

if TYPE_CHECKING:
    from opro_tui.core.solution import Score
    from opro_tui.core.statistics import Difference
    from opro_tui.engine.ablation.outcome import Outcome
    from opro_tui.engine.ablation.runner import Options
    from opro_tui.engine.ablation.table import Figure, Pair, Row, Table


def to_json(table: Table, options: Options | None = None) -> dict[str, Any]:
    """The document of `ablate --json`.

    FIGURE is `{values, mean, low, high}` over repetitions: a 95 % interval of the mean from three
    on, of the one value where there is one, else null. `gain` is arm − base, paired by repetition.
    `usage` is what the sessions used, `alone` what they would have used without answers that others
    had bought; both are USAGE. `curve` is the mean best so far as [step, score].
    """
    first = table.rows[0].outcomes[0].entry.record.settings
    return {
        "name": table.name,
        "task": first.task,
        "optimizer": first.optimizer,
        "scorer": first.scorer if table.has_examples else None,
        "simulated": table.simulated,
        "note": SAYS_NOTHING if table.simulated else None,
        "minimize": table.facts.minimize,
        "repetitions": table.repetitions,
        "steps": first.max_steps,
        "complete": table.complete,
        "budget_usd": options.usd if options else None,
        "budget_tokens": options.tokens if options else None,
        "arms": [_arm(row) for row in table.rows],
        "usage": table.paid.to_json(),
    }


def _arm(row: Row) -> dict[str, Any]:
    pairs = zip(row.outcomes, row.pairs, strict=True)
    return {
        "sign": row.sign,
        "arm": row.arm,
        "control": row.control,
        "done": row.done,
        "of": len(row.outcomes),
        "training": _figure(row.training),
        "held_out": _figure(row.held_out),
        "training_gain": _figure(row.training_gain),
        "held_out_gain": _figure(row.held_out_gain),
        "curve": [list(point) for point in row.curve],
        "usage": row.paid.to_json(),
        "alone": row.alone.to_json(),
        "sessions": [_session(outcome, pair) for outcome, pair in pairs],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "values": list(figure.values),
        "mean": figure.mean,
        "low": figure.low,
        "high": figure.high,
    }


def _session(outcome: Outcome, pair: Pair) -> dict[str, Any]:
    best = outcome.best
    return {
        "name": outcome.entry.record.name,
        "repetition": outcome.entry.label.repetition,
        "seed": outcome.seed,
        "status": outcome.status,
        "steps": outcome.steps,
        "done": outcome.done,
        "edited": outcome.edited,
        "best": None if best is None else {"id": best.id, "text": best.text} | _score(best.score),
        "best_of": outcome.scored,
        "held_out": _score(outcome.held_out.score) if outcome.held_out else None,
        "looks": outcome.looks,
        "training_gain": _difference(pair.training),
        "held_out_gain": _difference(pair.held_out),
        "usage": outcome.paid.to_json(),
        "alone": outcome.alone.to_json(),
    }


def _score(score: Score | None) -> dict[str, Any]:
    if score is None:
        return {}
    names = ("n", "of", "stderr", "low", "high", "unparsed")
    return {"score": score.value} | {name: getattr(score, name) for name in names}


def _difference(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    names = ("gain", "low", "high", "p", "wins", "losses", "n")
    return {name: getattr(found, name) for name in names} | {"differ": found.real}
