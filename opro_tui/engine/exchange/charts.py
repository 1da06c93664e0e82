"""Charts as SVG that needs nothing but the page's own style."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opro_tui.engine.exchange.report import Point, Report

_WIDTH, _HEIGHT = 760, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 20, 16, 44
_LARGE = 1e15


@dataclass(frozen=True, slots=True)
class _Scale:
    """From data to places on the chart."""

    steps: tuple[int, int]
    low: float
    high: float

    def x(self, step: int) -> float:
        first, last = self.steps
        room = _WIDTH - _LEFT - _RIGHT
        if first == last:
            return _LEFT + room / 2
        return _LEFT + room * (step - first) / (last - first)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share


def score_chart(report: Report) -> str:
    """The best and the mean score by step, with the best's 95 % interval; empty without scores."""
    steps = report.points
    values = [
        value
        for point in steps
        for value in (point.best, point.mean, point.low, point.high)
        if _drawable(value)
    ]
    if not values:
        return ""
    scale = _scale(steps, [value for value in values if value is not None])
    shown = _percent if report.percent else _plain
    best = [(p.step, p.best) for p in steps if p.best is not None and _drawable(p.best)]
    mean = [(p.step, p.mean) for p in steps if p.mean is not None and _drawable(p.mean)]
    parts = [
        _frame(scale, steps, shown),
        _band(scale, steps),
        _line(scale, mean, "mean", shown),
        _line(scale, best, "best", shown),
    ]
    return _svg("Best and mean score by step", parts)


def spending_chart(report: Report) -> str:
    """What was used in all up to each step; empty before anything was."""
    steps = report.points
    if not steps or not any(point.spent for point in steps):
        return ""
    scale = _scale(steps, [0.0, *(point.spent for point in steps)])
    scale = _Scale(scale.steps, 0.0, scale.high)
    shown = _dollars if report.unit == "dollars" else _plain
    line = [(point.step, point.spent) for point in steps]
    base = scale.y(0)
    corners = [(scale.x(step), scale.y(value)) for step, value in line]
    area = [(corners[0][0], base), *corners, (corners[-1][0], base)]
    parts = [_frame(scale, steps, shown), _polygon(area, "band"), _line(scale, line, "best", shown)]
    return _svg(f"{report.unit.capitalize()} used in all by step", parts)


def _drawable(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and abs(value) < _LARGE


def _scale(steps: Sequence[Point], values: Sequence[float]) -> _Scale:
    low, high = min(values), max(values)
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return _Scale((steps[0].step, steps[-1].step), low - room, high + room)


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers within a range, evenly apart."""
    rough = (high - low) / count
    size = 10 ** math.floor(math.log10(rough))
    step = next((size * factor for factor in (1, 2, 5) if size * factor >= rough), size * 10)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _frame(scale: _Scale, steps: Sequence[Point], shown: Callable[[float], str]) -> str:
    parts = []
    for value in _ticks(scale.low, scale.high):
        y = f"{scale.y(value):.1f}"
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick end" x="{_LEFT - 8}" y="{y}" dy="4">{shown(value)}</text>')
    every = max(1, math.ceil(len(steps) / 14))
    for point in steps[::every]:
        x = f"{scale.x(point.step):.1f}"
        y_text = _HEIGHT - _BOTTOM + 18
        parts.append(f'<text class="tick middle" x="{x}" y="{y_text}">{point.step}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text class="tick middle" x="{middle:.1f}" y="{_HEIGHT - 8}">step</text>')
    return "".join(parts)


def _band(scale: _Scale, steps: Sequence[Point]) -> str:
    """The intervals as one area; a point without one ends the area."""
    areas: list[list[tuple[float, float, float]]] = [[]]
    for point in steps:
        if point.low is None or point.high is None or not _drawable(point.low + point.high):
            areas.append([])
            continue
        areas[-1].append((scale.x(point.step), scale.y(point.low), scale.y(point.high)))
    parts = []
    for area in areas:
        if len(area) == 1:
            x, low, high = area[0]
            parts.append(
                f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
            )
        elif area:
            upper = [(x, high) for x, _, high in area]
            lower = [(x, low) for x, low, _ in reversed(area)]
            parts.append(_polygon([*upper, *lower], "band"))
    return "".join(parts)


def _polygon(corners: Sequence[tuple[float, float]], name: str) -> str:
    return f'<polygon class="{name}" points="{_places(corners)}"/>'


def _line(
    scale: _Scale, values: Sequence[tuple[int, float]], name: str, shown: Callable[[float], str]
) -> str:
    corners = [(scale.x(step), scale.y(value)) for step, value in values]
    dots = "".join(
        f'<circle class="{name}-dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5">'
        f"<title>step {step}: {name} {shown(value)}</title></circle>"
        for (x, y), (step, value) in zip(corners, values, strict=True)
    )
    return f'<polyline class="{name}" points="{_places(corners)}"/>{dots}'


def _places(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def _percent(value: float) -> str:
    return f"{100 * value:.4g}"


def _plain(value: float) -> str:
    return f"{value:,.6g}" if abs(value) < 1e5 else f"{value:,.0f}"


def _dollars(value: float) -> str:
    return f"${value:.4g}"
