"""The figures that stand beside the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Part, fitting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.state import Facts
    from opro_tui.tui.charting import Glyphs, Point


def figures(points: Sequence[Point], facts: Facts, cursor: int | None) -> list[Part]:
    """First, best and last; at a marked step, what that step brought."""
    if cursor is not None:
        return _of_step(points[cursor], facts)
    known = [point for point in points if point.best is not None]
    if not known:
        return [Part("no solution is fully scored yet", "muted")]
    first, last = known[0], known[-1]
    return [
        Part(f"first {_value(first.best, facts)}", "", 60),
        Part(f"best {_with_half(last, facts)}", "best", 90),
        Part(f"last mean {_value(points[-1].mean, facts)}", "accent", 70),
        Part("lower is better" if facts.minimize else "", "muted", 30),
    ]


def in_lines(parts: list[Part], width: int) -> list[list[Part]]:
    """Figures in one line, or in two where one is too narrow: what matters most comes first."""
    if len(fitting(parts, width)) == sum(1 for part in parts if part.text):
        return [parts]
    first = max(parts, key=lambda part: part.keep)
    return [[first], [part for part in parts if part is not first]]


def _of_step(point: Point, facts: Facts) -> list[Part]:
    return [
        Part(f"step {point.step}", "strong", 95),
        Part(f"best {_with_half(point, facts)}", "best", 90),
        Part(f"mean {_value(point.mean, facts)}", "accent", 80),
    ]


def edits_of(point: Point) -> list[Part]:
    """What a person had changed for a step."""
    if not point.edits:
        return [Part("no edits for this step", "muted")]
    return [Part("▲ " + "; ".join(point.edits), "pinned")]


def legend(glyphs: Glyphs, *, log: bool) -> list[Part]:
    """What the signs mean."""
    line = {"#": "#"}.get(glyphs.glyph(frozenset({(0, 0)})), "▀▄")
    return [
        Part(f"{line} best", "best", 90),
        Part(f"{glyphs.band} 95 %", "muted", 70),
        Part(f"{glyphs.mean} mean", "accent", 80),
        Part(f"{glyphs.edit} edits", "pinned", 75),
        Part("log scale" if log else "", "muted", 85),
    ]


def _value(value: float | None, facts: Facts) -> str:
    return "–" if value is None else fmt.value(value, facts)


def _with_half(point: Point, facts: Facts) -> str:
    if point.best is None:
        return "–"
    text = fmt.value(point.best, facts)
    if facts.bounded and point.low is not None and point.high is not None:
        text += f" ±{100 * (point.high - point.low) / 2:.1f}"
    return f"{text} (#{point.best_id})"
