"""What the screen of an ablation says, as plain data: no widget, no event loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from opro_tui.core.money_report import tokens
from opro_tui.engine.ablation.table import NO_DIFFERENCE, notes
from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell, Part
from opro_tui.tui.widgets.row_list import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opro_tui.core.state import Facts
    from opro_tui.core.usage import Usage
    from opro_tui.engine.ablation.table import Figure, Table
    from opro_tui.engine.ablation.table import Row as Arm
    from opro_tui.tui.charting import Glyphs, Run, Scale
    from opro_tui.tui.parts import Row

TONES = ("best", "accent", "better", "pinned", "warning", "request", "error", "strong")
"""Colours of the arms, in turn; their letters tell them apart without."""
SHARED = "*"
"""Stands where several arms are."""
STARS = f"{SHARED} several"
MOST_LETTERS = 6
"""Arms whose letters stand beside each other where their curves meet."""
LEAST_HEIGHT = 5
LABEL_EVERY = 8
"""Columns between two letters on a curve, at least."""


def columns(found: Table | None) -> tuple[Column, ...]:
    """The table's columns."""
    looked = found is not None and found.held_out
    best, gain = ("", "") if found is None else found.headings
    return (
        Column("", 2),
        Column("done", 5, right=True),
        Column(best, 18, right=True, from_width=110).unless(not looked),
        Column(best, 22, right=True).unless(looked),
        Column("held out", 18, right=True).unless(not looked),
        Column(gain, 24, right=True),
        Column("spent", 8, right=True, from_width=100),
        Column("alone", 8, right=True, from_width=100),
        Column("   arm", 0),
    )


def row(arm: Arm, found: Table) -> Row:
    """An arm's figures."""
    facts = found.facts
    gain = arm.held_out_gain if found.held_out else arm.training_gain
    whole = arm.done == len(arm.outcomes)
    return (
        Cell(arm.sign, tone_of(arm.place)),
        Cell(f"{arm.done}/{len(arm.outcomes)}", "" if whole else "warning"),
        Cell(figure(arm.training, facts)),
        Cell(figure(arm.training, facts)),
        Cell(figure(arm.held_out, facts), "strong"),
        Cell(gained(gain, facts), "" if gain.apart else "muted"),
        Cell(_spent(arm.paid)),
        Cell(_spent(arm.alone), "muted"),
        Cell(f"   {_state(arm)}{fmt.safe(found.words(arm), 200)}"),
    )


def tone_of(place: int) -> str:
    """The colour of an arm."""
    return TONES[place % len(TONES)]


def _state(arm: Arm) -> str:
    edited = sum(outcome.edited for outcome in arm.outcomes)
    return f"! {edited} edited · " if edited else ""


def figure(found: Figure, facts: Facts) -> str:
    """A mean with its interval; two values as they are."""
    if found.mean is None:
        return "–"
    if found.low is None or found.high is None:
        if len(found.values) == 2:
            return ", ".join(_value(value, facts) for value in found.values)
        return _value(found.mean, facts)
    dash = "–" if facts.bounded else " … "
    ends = f"{_value(found.low, facts)}{dash}{_value(found.high, facts)}"
    return f"{_value(found.mean, facts)} ({ends})"


def gained(found: Figure, facts: Facts) -> str:
    """A difference with its interval, `~` where that holds 0."""
    if found.mean is None:
        return ""
    if found.low is None or found.high is None:
        if len(found.values) == 2:
            return ", ".join(_change(value, facts) for value in found.values)
        return _change(found.mean, facts)
    tied = "" if found.apart else f" {NO_DIFFERENCE}"
    ends = f"{_change(found.low, facts)} … {_change(found.high, facts)}"
    return f"{_change(found.mean, facts)} ({ends}){tied}"


def _value(value: float, facts: Facts) -> str:
    """A score, an objective in at most about five characters, for an interval has three of them."""
    if facts.bounded:
        return fmt.value(value, facts)
    return f"{'−' if value < 0 else ''}{_size(abs(value))}"


def _change(value: float, facts: Facts) -> str:
    if facts.bounded:
        return fmt.change(value, facts)
    return f"{'−' if value < 0 else '+'}{_size(abs(value))}"


def _size(size: float) -> str:
    return fmt.short_count(size) if size >= 1000 else f"{size:.3g}"


def _spent(used: Usage) -> str:
    """Dollars; where nothing costs any, tokens."""
    if used.cost_usd != 0:
        return fmt.dollars(used.cost_usd)
    read = tokens(used)
    return "?" if read is None else f"{fmt.short_count(read)} tok"


def header(name: str, found: Table | None, repetition: int) -> list[Part]:
    """The line on top.

    Args:
        name: The ablation's name.
        found: Its table; None while it is read.
        repetition: The one that is shown; 0 for all.
    """
    parts = [Part(f"Ablation {fmt.safe(name, 40)}", "title", 100)]
    if found is None:
        return [*parts, Part("reading…", "muted", 10)]
    if found.simulated:
        parts.append(Part(" SIMULATED ", "badge", 95))
    settings = found.rows[0].outcomes[0].entry.record.settings
    parts.append(Part(fmt.safe(settings.task, 60), "", 50))
    parts.append(Part(fmt.plural(len(found.rows), "arm"), "", 70))
    whole = fmt.plural(found.repetitions, "repetition")
    parts.append(Part(f"repetition {repetition}" if repetition else whole, "strong", 80))
    if not found.complete:
        parts.append(Part("not complete", "warning", 90))
    parts.append(Part(f"spent {_spent(found.paid)}", "best", 60))
    return parts


def told(found: Table) -> list[tuple[str, str]]:
    """What the arms are, and what the figures mean."""
    lines = [(arm.sign, _arm(arm, found.words(arm))) for arm in found.rows]
    return [*lines, *(("·", note) for note in notes(found))]


def _arm(arm: Arm, what: str) -> str:
    best = [outcome for outcome in arm.outcomes if outcome.best is not None]
    steps = " ".join(f"{outcome.steps}/{outcome.of}" for outcome in arm.outcomes)
    words = f"{what}; steps {steps}"
    if len(best) == 1 and best[0].best is not None:
        words += f"; best: {fmt.safe(best[0].best.text, 120)}"
    return words


def status(found: Table | None, arm: Arm | None, session: str) -> list[Part]:
    """The line above the keys: what Enter opens."""
    if found is None or arm is None:
        return []
    return [
        Part(f"{arm.sign} {fmt.safe(arm.arm, 60)}", "strong", 80),
        Part(f"session {fmt.safe(session, 60)}", "muted", 60),
        Part("P replays it, Enter opens it", "muted", 40),
    ]


def as_table(found: Table) -> list[list[str]]:
    """The figures under a row of names, to be pasted elsewhere."""
    names = ("training", "held_out", "training_gain", "held_out_gain")
    ends = ("mean", "low", "high")
    head = ["sign", "arm", "done", "of", *(f"{name}_{end}" for name in names for end in ends)]
    rows = [[*head, "spent_usd", "alone_usd", "spent_tokens", "alone_tokens"]]
    for arm in found.rows:
        figures = [getattr(getattr(arm, name), end) for name in names for end in ends]
        used = [arm.paid.cost_usd, arm.alone.cost_usd, tokens(arm.paid), tokens(arm.alone)]
        start = [arm.sign, arm.arm, str(arm.done), str(len(arm.outcomes))]
        rows.append([*start, *("" if x is None else f"{x:.10g}" for x in (*figures, *used))])
    return rows


# The curves


def curves(
    found: Table, width: int, height: int, *, glyphs: Glyphs, scale: Scale
) -> list[list[Run]]:
    """Every arm's best so far by step in one frame, each marked with its letter.

    Args:
        found: The table.
        width: Cells.
        height: Lines.
        glyphs: Which characters draw the lines.
        scale: The vertical axis.
    """
    drawn = [(arm.place, arm) for arm in found.rows if arm.curve]
    if not drawn:
        return [[("no step is finished yet", "muted")]]
    if height < LEAST_HEIGHT:
        return [[("Tab comes here and draws the curves", "muted")]]
    labels = [fmt.cut(fmt.value(v, found.facts), 8) for v in (scale.high, scale.low)]
    left = max(map(len, labels)) + 1
    frame = _Frame(drawn, scale, max(8, width - left - 1), height - 2, glyphs)
    lines: list[list[Run]] = []
    for y in range(frame.rows):
        label = labels[0] if y == 0 else labels[1] if y == frame.rows - 1 else ""
        side: Run = (label.rjust(left - 1) + glyphs.side, "muted")
        lines.append([side, *(frame.cell(x, y) for x in range(frame.width))])
    first, last = f"step {frame.first}", f"step {frame.last}"
    gap = max(1, frame.width - len(first) - len(last))
    lines.append([(" " * left + first + " " * gap + last, "muted")])
    lines.append(_legend(drawn, found.facts, width, stars=frame.stars))
    return lines


def _legend(
    drawn: Sequence[tuple[int, Arm]], facts: Facts, width: int, *, stars: bool
) -> list[Run]:
    """Where each curve ends, as many as there is room for."""
    runs: list[Run] = []
    room = width - len(STARS) * stars
    for place, arm in drawn:
        text = f"{arm.sign} {fmt.value(arm.curve[-1][1], facts)}  "
        if len(text) > room:
            break
        runs.append((text, tone_of(place)))
        room -= len(text)
    return [*runs, (STARS, "muted")] if stars else runs


class _Frame:
    """The cells within the axes: dots of the lines, and letters on them."""

    def __init__(
        self,
        drawn: Sequence[tuple[int, Arm]],
        scale: Scale,
        width: int,
        rows: int,
        glyphs: Glyphs,
    ) -> None:
        self.width = width
        self.rows = rows
        self.first = min(arm.curve[0][0] for _, arm in drawn)
        self.last = max(arm.curve[-1][0] for _, arm in drawn)
        self._scale = scale
        self._glyphs = glyphs
        self._dots: dict[tuple[int, int], dict[int, set[tuple[int, int]]]] = {}
        self._letters: dict[tuple[int, int], Run] = {}
        for place, arm in drawn:
            self._trace(place, arm)
        wanted: dict[tuple[int, int], list[tuple[str, int]]] = {}
        for number, (place, arm) in enumerate(drawn):
            for at in self._marks(arm, number, len(drawn)):
                wanted.setdefault(at, []).append((arm.sign[:1], place))
        for (x, y), signs in wanted.items():
            self._write(x, y, signs)

    def _x(self, step: int, fine: int) -> int:
        span = max(1, self.last - self.first)
        return round((step - self.first) / span * (self.width * fine - 1))

    def _y(self, value: float, fine: int) -> int:
        return round((1 - self._scale.share(value)) * (self.rows * fine - 1))

    @property
    def stars(self) -> bool:
        """Whether arms meet anywhere whose letters have no room."""
        return any(sign == SHARED for sign, _ in self._letters.values())

    def _trace(self, place: int, arm: Arm) -> None:
        """Steps: level up to the next point, then straight up or down."""
        across, down = self._glyphs.across, self._glyphs.down
        before: tuple[int, int] | None = None
        for step, value in _finite(arm.curve):
            x, y = self._x(step, across), self._y(value, down)
            path = [(x, y)]
            if before is not None:
                path += [(between, before[1]) for between in range(before[0], x)]
                path += [(x, at) for at in range(min(before[1], y), max(before[1], y))]
            for px, py in path:
                cell = self._dots.setdefault((px // across, py // down), {})
                cell.setdefault(place, set()).add((px % across, py % down))
            before = (x, y)

    def _marks(self, arm: Arm, number: int, count: int) -> Iterator[tuple[int, int]]:
        """Where an arm's letter stands: at its last point, and along its curve by turns."""
        points = list(_finite(arm.curve))
        every = max(1, math.ceil(LABEL_EVERY * len(points) / self.width))
        for index, (step, value) in enumerate(points):
            if index == len(points) - 1 or not (index - number * every // count) % every:
                across, down = self._glyphs.across, self._glyphs.down
                yield self._x(step, across) // across, self._y(value, down) // down

    def _write(self, x: int, y: int, signs: list[tuple[str, int]]) -> None:
        """Put the letters of curves that meet beside each other, a star where they are many."""
        if len(signs) > MOST_LETTERS:
            self._letters[x, y] = (SHARED, "strong")
            return
        start = min(x, self.width - len(signs))
        for offset, (sign, place) in enumerate(signs):
            at = (start + offset, y)
            self._letters[at] = (
                (SHARED, "strong") if at in self._letters else (sign, tone_of(place))
            )

    def cell(self, x: int, y: int) -> Run:
        """One character and its tone."""
        if (x, y) in self._letters:
            return self._letters[x, y]
        dots = self._dots.get((x, y))
        if not dots:
            return " ", ""
        merged = frozenset(dot for own in dots.values() for dot in own)
        tone = tone_of(next(iter(dots))) if len(dots) == 1 else "muted"
        return self._glyphs.glyph(merged), tone


def _finite(curve: Sequence[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    return ((step, value) for step, value in curve if math.isfinite(value))
