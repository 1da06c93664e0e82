"""The trajectory as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from opro_tui.core.spreadsheet import disarmed
from opro_tui.engine.exchange.text import visible
from opro_tui.engine.report import solution_json

if TYPE_CHECKING:
    from opro_tui.core.state import State

_COLUMNS = (
    "rank",
    "id",
    "score",
    "stderr",
    "low",
    "high",
    "n",
    "of",
    "unparsed",
    "step",
    "origin",
    "pinned",
    "dropped",
    "in_prompt",
    "behind",
    "text",
)


def trajectory_csv(state: State) -> str:
    """Every scored solution, best first, a row each; texts can't become formulas."""
    shown = frozenset(candidate.id for candidate in state.shown())
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for rank, candidate in enumerate(state.ranked(), start=1):
        row = {"rank": rank} | solution_json(state, candidate, shown)
        writer.writerow(row | {"text": visible(disarmed(candidate.text))})
    return out.getvalue()
