"""Solutions as tables to be pasted elsewhere."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from opro_tui.core.spreadsheet import disarmed
from opro_tui.engine.exchange.markdown import escaped
from opro_tui.tui.format import harmless
from opro_tui.tui.rows import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opro_tui.core.state import State
    from opro_tui.tui.charting import Point

Table = list[list[str]]
SOLUTION_COLUMNS = ["id", "score", "low", "high", "n", "of", "step", "origin", "mark", "solution"]
STEP_COLUMNS = ["step", "best", "low", "high", "best_id", "mean", "edits"]


def solutions(state: State, ids: Iterable[int]) -> Table:
    """Solutions with their figures, under a row of names; scores are 0–1 or raw, as in JSON."""
    table = [list(SOLUTION_COLUMNS)]
    for id_ in ids:
        candidate = state.candidates[id_]
        score = candidate.score
        figures = [""] * 5
        if score is not None:
            values = (score.value, score.low, score.high, score.n, score.of)
            figures = [_figure(value) for value in values]
        mark = "pinned" if id_ in state.pinned else "dropped" if id_ in state.dropped else ""
        if candidate.rejected is not None:
            mark = f"rejected: {candidate.rejected}"
        elif candidate.vetoed:
            mark = "vetoed"
        origin = ORIGINS[candidate.origin]
        table.append([str(id_), *figures, str(candidate.step), origin, mark, candidate.text])
    return table


def by_step(points: Sequence[Point]) -> Table:
    """The chart's figures."""
    table = [list(STEP_COLUMNS)]
    for point in points:
        figures = (point.best, point.low, point.high, point.best_id, point.mean)
        table.append(
            [str(point.step), *(_figure(value) for value in figures), "; ".join(point.edits)]
        )
    return table


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def markdown(table: Table) -> str:
    """A table in Markdown in which no text is markup; each stays in one line."""
    head, *rows = ([escaped(harmless(text)) for text in row] for row in table)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def as_csv(table: Table) -> str:
    """A table in CSV, of which no cell can be taken for a formula by a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in table:
        writer.writerow([_inert(text) for text in row])
    return buffer.getvalue()


def _inert(text: str) -> str:
    return text if _is_number(text) else disarmed(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
