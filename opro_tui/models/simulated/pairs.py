"""Writing pairs of integers: a local search from the points that the meta-prompt shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from opro_tui.models.simulated.extract import as_pair
from opro_tui.models.simulated.habits import attended, between, ignores_trajectory, soft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.models.simulated.draws import Dice
    from opro_tui.models.simulated.extract import Shown
    from opro_tui.models.simulated.reader import Brief

_INTEGER = re.compile(r"[-−]?\d+")
_REACH: Final = 4.0
_TRIES: Final = 4
_MOVES: Final = {
    "stay": (0.45, 0.02, 0.0),
    "nudge": (0.32, 0.18, 0.25),
    "leap": (0.03, 0.15, 0.1),
    "slope": (0.1, 0.32, 0.35),
    "bowl": (0.1, 0.23, 0.05),
    "cross": (0.0, 0.1, 0.25),
}

Pair = tuple[int, int]


class Point(NamedTuple):
    """A visited pair; a lower value is better."""

    first: int
    second: int
    value: float


def propose(brief: Brief, dice: Dice, temperature: float) -> str:
    """Write one pair, in the form in which the shown ones are written."""
    points = _points(attended(brief.shown, dice), brief)
    taken = {pair for item in brief.shown if (pair := as_pair(item.text)) is not None}
    pair = _move(points, brief, dice, temperature)
    for _ in range(_TRIES):
        if pair not in taken or dice.chance(between(0.7, 0.1, 0.1, temperature)):
            break
        pair = _move(points, brief, dice, temperature)
    return _written(pair, brief)


def spoil(text: str, brief: Brief, dice: Dice) -> str:
    """A pair that vetting rejects: one already shown, half of one, or words."""
    kind = dice.choice(("duplicate", "half", "words"))
    if kind == "duplicate" and brief.shown:
        pair = as_pair(dice.choice(brief.shown).text)
        return _written(pair, brief) if pair else text
    if kind == "half":
        return text.rsplit(",", 1)[0]
    return "a pair a little below the last one"


def _points(seen: list[Shown], brief: Brief) -> list[Point]:
    """The pairs that were taken in, best first."""
    points: list[Point] = []
    for position, item in enumerate(seen):
        pair = as_pair(item.text)
        if pair is None or (item.score is None and brief.scored):
            continue
        value = -float(position) if item.score is None else item.score
        points.append(Point(*pair, value if brief.minimize or not brief.scored else -value))
    return sorted(points, key=lambda point: point.value)


def _move(points: list[Point], brief: Brief, dice: Dice, temperature: float) -> Pair:
    if not points:
        return _rounded(dice.uniform(-50, 50), dice.uniform(-50, 50))
    if ignores_trajectory(brief, dice, temperature):
        centre = points[0]
        return _rounded(centre.first + dice.normal(18), centre.second + dice.normal(18))
    move = dice.weighted(list(_MOVES), [between(*odds, temperature) for odds in _MOVES.values()])
    if move == "stay":
        return points[0].first, points[0].second
    ranks = [-0.5 * rank for rank in range(len(points))]
    base = dice.weighted(points, soft(ranks, between(0.2, 1.0, 6.0, temperature)))
    if move == "bowl" and (bottom := _bottom(points, dice, temperature)) is not None:
        return _towards(base, bottom, dice, temperature)
    if move == "cross" and len(points) > 1:
        return base.first, dice.choice(points).second
    if move in ("slope", "bowl") and len(points) > 1:
        return _along(base, dice.choice(points), dice, temperature)
    if move == "leap":
        return _leap(base, dice)
    noise = between(0.7, 1.3, 5.0, temperature)
    return _rounded(base.first + dice.normal(noise), base.second + dice.normal(2.5 * noise))


def _leap(base: Point, dice: Dice) -> Pair:
    """Far along one number and hardly along the other, to leave a narrow valley."""
    near, far = dice.choice((-1, 0, 1)), dice.normal(15)
    if dice.chance(0.7):
        return _rounded(base.first + near, base.second + far)
    return _rounded(base.first + far, base.second + near)


def _along(base: Point, other: Point, dice: Dice, temperature: float) -> Pair:
    """On from the worse of two points through the better one."""
    better, worse = (base, other) if base.value <= other.value else (other, base)
    stride = dice.uniform(0.2, 1.3)
    noise = between(0.2, 0.7, 3.0, temperature)
    ahead = _limited(stride * (better.first - worse.first), 2 * _REACH)
    aside = _limited(stride * (better.second - worse.second), 2 * _REACH)
    return _rounded(
        better.first + ahead + dice.normal(noise), better.second + aside + dice.normal(2 * noise)
    )


def _towards(base: Point, bottom: tuple[float, float], dice: Dice, temperature: float) -> Pair:
    """Some way from a point to where the bottom of the bowl seems to be."""
    noise = between(0.2, 0.6, 3.0, temperature)
    first = _limited(bottom[0] - base.first, _REACH)
    second = _limited(bottom[1] - base.second, 1.5 * _REACH)
    return _rounded(
        base.first + first + dice.normal(noise), base.second + second + dice.normal(1.5 * noise)
    )


def _bottom(points: Sequence[Point], dice: Dice, temperature: float) -> tuple[float, float] | None:
    """Where a quadratic through the points, read with a blur, is lowest; None if it has no bottom.

    The blur keeps the search a plausible one: nobody reads twenty values to the last digit.
    """
    if len(points) < 6:
        return None
    blur = between(0.02, 0.06, 0.3, temperature)
    centre = points[0]
    scale = max(abs(point.value) for point in points) or 1.0
    rows: list[list[float]] = []
    for point in points:
        x, y = point.first - centre.first, point.second - centre.second
        value = point.value / scale * (1 + dice.normal(blur))
        rows.append([x * x, x * y, y * y, x, y, 1.0, value])
    fit = _least_squares(rows)
    if fit is None:
        return None
    a, b, c, d, e, _ = fit
    determinant = 4 * a * c - b * b
    if a <= 0 or c <= 0 or determinant <= 1e-12:
        return None
    return (
        centre.first + (b * e - 2 * c * d) / determinant,
        centre.second + (b * d - 2 * a * e) / determinant,
    )


def _least_squares(rows: list[list[float]]) -> list[float] | None:
    """Coefficients that fit rows of [terms …, value] best; None where they are not determined."""
    size = len(rows[0]) - 1
    matrix = [[sum(row[i] * row[j] for row in rows) for j in range(size + 1)] for i in range(size)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda i: abs(matrix[i][column]))
        if abs(matrix[pivot][column]) < 1e-9:
            return None
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        for i in range(size):
            if i != column:
                factor = matrix[i][column] / matrix[column][column]
                matrix[i] = [
                    value - factor * top
                    for value, top in zip(matrix[i], matrix[column], strict=True)
                ]
    return [matrix[i][size] / matrix[i][i] for i in range(size)]


def _limited(value: float, most: float) -> float:
    return min(max(value, -most), most)


def _rounded(first: float, second: float) -> Pair:
    return round(_limited(first, 1e6)), round(_limited(second, 1e6))


def _written(pair: Pair, brief: Brief) -> str:
    """A pair in the form of the last shown one, without the brackets that the tags bring."""
    bracketed = brief.tags is not None and brief.tags[0] == "["
    if bracketed or not brief.shown or as_pair(brief.shown[-1].text) is None:
        return f"{pair[0]}, {pair[1]}"
    numbers = iter(map(str, pair))
    return _INTEGER.sub(lambda match: next(numbers, match.group()), brief.shown[-1].text)
