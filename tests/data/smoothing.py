"""Find the two hyper-parameters of Holt's exponential smoothing that forecast a series best."""

import re

from opro_tui.core.picture import Field, Kind, Mark, Panel, Picture
from opro_tui.core.protocols import Grade
from opro_tui.tasks.base import BaseTask

VISITORS = (30, 33, 31, 38, 42, 40, 47, 55, 51, 58, 66, 61, 70, 79, 75, 83, 80, 92, 99, 94, 108)


def error(alpha, beta):
    """Mean squared error of each month's forecast from the months before."""
    level, trend, total = VISITORS[0], 0.0, 0.0
    for actual in VISITORS[1:]:
        forecast = level + trend
        total += (actual - forecast) ** 2
        before, level = level, alpha * actual + (1 - alpha) * forecast
        trend = beta * (level - before) + (1 - beta) * trend
    return total / (len(VISITORS) - 1)


def read(solution):
    match = re.fullmatch(r"alpha=(\d{1,3}), beta=(\d{1,3})", solution)
    return match and (int(match[1]), int(match[2]))


class Smoothing(BaseTask):
    name = "smoothing"
    description = "Whole percentages for the smoothing of a series, written alpha=50, beta=50."
    minimize = True

    def starting_solutions(self):
        return ("alpha=5, beta=80", "alpha=90, beta=90", "alpha=50, beta=50")

    def reject(self, solution):
        if read(solution) is None:
            return "not written as alpha=50, beta=50"
        return "over 100 %" if max(read(solution)) > 100 else None

    def compute(self, solution):
        alpha, beta = read(solution)
        return Grade(error(alpha / 100, beta / 100))

    def picture(self, view):  # optional: a map of the error, with every try on it
        rows = tuple(tuple(error(a / 50, b / 25) for a in range(51)) for b in range(26))
        best = [Mark(read(view.best.text), Kind.BEST)] if view.best else []
        tried = [Mark(read(seen.text), Kind.TRIED) for seen in view.tried]
        panel = Panel(
            "error: emptier is lower",
            (0, 100),
            (0, 100),
            "alpha",
            "beta",
            field=Field(rows, log=True),
            marks=(*best, *tried),
        )
        return Picture("error", (panel,), legend=((Kind.BEST, "best"), (Kind.TRIED, "tried")))
