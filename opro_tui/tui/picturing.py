"""A task's picture as lines of characters: captions, panels side by side, legend; no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from opro_tui.tui import format as fmt
from opro_tui.tui.raster import SIGNS, TONES, Raster

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opro_tui.core.picture import Kind, Panel, Picture, Range

Run = tuple[str, str, str]
"""Some characters, their tone, and the tone of what stands behind them."""

LEAST = 28
"""Cells of width that a panel wants before another one may stand beside it."""
GAP = 2
AXIS = 6
"""Cells of the labels beside a panel at most."""


def paint(picture: Picture, width: int, height: int, chart: str, more: str = "") -> list[list[Run]]:
    """A picture in exactly so many lines of at most so many cells.

    Args:
        picture: What is drawn; its words may hold anything.
        width: Cells.
        height: Lines.
        chart: Which characters draw, of `options.CHARTS`.
        more: What shows the marks that lie outside, for where that can be done.
    """
    captions = [fmt.cut(fmt.safe(words, 200), width) for words in picture.captions]
    above = captions[: 1 if height < 16 else 3]
    legend = height >= 7
    room = height - len(above) - legend
    if room < 3:
        return [[(words, "", "")] for words in captions[:height]]
    panels, outside = _side_by_side(picture, width, room, chart)
    lines: list[list[Run]] = [
        [(words, "best" if number == 0 else "", "")] for number, words in enumerate(above)
    ]
    lines += panels
    if legend:
        words = f"{outside:,} outside{f', {more}' if more else ''}" if outside else ""
        lines.append(_legend(picture, words, width, chart))
    return lines


def plain(picture: Picture, width: int, height: int, chart: str) -> list[str]:
    """The same without colours, for a terminal's scrollback or a file."""
    drawn = paint(picture, width, height, chart)
    return ["".join(text for text, _, _ in line).rstrip() for line in drawn]


def _side_by_side(
    picture: Picture, width: int, height: int, chart: str
) -> tuple[list[list[Run]], int]:
    """As many panels as there is room for, from the first on."""
    count = max(1, min(len(picture.panels), (width + GAP) // (LEAST + GAP)))
    each = (width - GAP * (count - 1)) // count
    lines: list[list[Run]] = [[] for _ in range(height)]
    outside = 0
    for number, panel in enumerate(picture.panels[:count]):
        drawn, left_out = _panel(panel, each, height, chart)
        outside += left_out
        for line, part in zip(lines, drawn, strict=True):
            line.extend([(" " * GAP, "", ""), *part] if number else part)
    return lines, outside


def _panel(panel: Panel, width: int, height: int, chart: str) -> tuple[list[list[Run]], int]:
    """A panel with its title and axes, each line exactly so wide; and the marks left out."""
    title: list[Run] = [(fmt.fit(fmt.safe(panel.title, 200), width), "header", "")]
    axes = bool(panel.x_name) and width >= 3 * AXIS and height >= 6
    if not axes:
        raster = Raster(panel, width, height - 1, chart)
        return [title, *_rows(raster)], raster.outside
    left = max(cell_len(text) for text in (*map(_figure, panel.y), fmt.safe(panel.y_name, AXIS)))
    left = min(left, 2 * AXIS)
    raster = Raster(panel, width - left - 1, height - 2, chart)
    last = raster.height - 1
    labels = {0: _figure(panel.y[1]), last // 2: fmt.safe(panel.y_name, AXIS)}
    labels[last] = _figure(panel.y[0])
    rows: list[list[Run]] = [
        [(fmt.fit(labels.get(row, ""), left, right=True) + " ", "muted", ""), *runs]
        for row, runs in enumerate(_rows(raster))
    ]
    foot = [(" " * (left + 1) + _across(panel.x, panel.x_name, raster.width), "muted", "")]
    return [title, *rows, foot], raster.outside


def _across(x: Range, name: str, width: int) -> str:
    """The labels under a panel: lowest, name, highest."""
    low, high = _figure(x[0]), _figure(x[1])
    middle = fmt.safe(name, AXIS)
    room = width - len(low) - len(high)
    if room < cell_len(middle) + 2:
        return fmt.fit(middle, width)
    before = (room - cell_len(middle)) // 2
    return fmt.fit(low + " " * before + middle, width - len(high)) + high


def _figure(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < 1e6 else f"{value:.2g}"


def _rows(raster: Raster) -> Iterable[list[Run]]:
    for line in raster.cells:
        runs: list[Run] = []
        for cell in line:
            if runs and runs[-1][1:] == (cell.tone, cell.ground):
                runs[-1] = (runs[-1][0] + cell.text, cell.tone, cell.ground)
            else:
                runs.append((cell.text, cell.tone, cell.ground))
        yield runs


def _legend(picture: Picture, outside: str, width: int, chart: str) -> list[Run]:
    parts = [(_sign(picture.panels, kind, chart), words, kind) for kind, words in picture.legend]
    line: list[Run] = []
    left = width
    for sign, words, kind in parts:
        text = f"{sign} {fmt.safe(words, 40)}"
        if cell_len(text) + 2 * bool(line) > left:
            break
        if line:
            line.append(("  ", "", ""))
        line.append((text, TONES[kind], ""))
        left -= cell_len(text) + 2
    if outside and cell_len(outside) + 2 <= left:
        line.append((f"  {outside}", "warning", ""))
    return line


def _sign(panels: Sequence[Panel], kind: Kind, chart: str) -> str:
    """What stands for a kind: its mark where there is one, else a piece of its line."""
    signs = SIGNS[chart]
    if any(mark.kind is kind for panel in panels for mark in panel.marks):
        return signs.marks[kind]
    lines = [line for panel in panels[:1] for line in panel.lines if line.kind is kind]
    return signs.dotted if lines and lines[0].dotted else signs.solid
