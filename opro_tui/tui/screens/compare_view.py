"""What the comparison of two sessions says, as plain data: no widget, no event loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len

from opro_tui.core.money_report import report, tokens
from opro_tui.engine.compare import CONTROL_MEANS
from opro_tui.tui import charting, edit_words
from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell, Part
from opro_tui.tui.view import forecast_amount
from opro_tui.tui.widgets.row_list import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opro_tui.core.state import Facts, State
    from opro_tui.core.statistics import Difference
    from opro_tui.engine.compare import Arm, Comparison
    from opro_tui.tui.archive import Compared
    from opro_tui.tui.charting import Run
    from opro_tui.tui.measuring import Offer
    from opro_tui.tui.parts import Row

EDIT_COLUMNS = (
    Column("", 1),
    Column("step", 4, right=True),
    Column("what", 20),
    Column("why", 0),
)
NO_EDITS = "No edits set them apart."
SIGNS = ("●", "○", "◉")
"""A's curve, B's curve, and where both are."""
ASCII_SIGNS = ("*", "o", "@")
Signs = tuple[str, str, str]
Curve = list[tuple[float, float]]


def header(first: str, second: str, compared: Compared | None, signs: Signs = SIGNS) -> list[Part]:
    """The line on top."""
    parts = [
        Part("Compare", "title", 100),
        Part(f"A {signs[0]} {fmt.safe(first, 30)}", "best", 90),
        Part(f"B {signs[1]} {fmt.safe(second, 30)}", "accent", 90),
    ]
    if compared is None:
        return [*parts, Part("reading…", "muted", 10)]
    if compared.simulated:
        parts.insert(1, Part(" SIMULATED ", "badge", 95))
    parted = compared.found.parted
    shared = "no shared past" if parted is None else f"parted after step {parted}"
    parts.append(Part(shared, "", 70))
    if compared.found.conditions:
        parts.append(Part("! not the same conditions", "warning", 80))
    return parts


def conditions(found: Comparison) -> str:
    """What differs beside the solutions, and what that means for the differences below."""
    lines = [
        f"{condition.name.replace('_', '-')}: A {first} · B {second}"
        for condition in found.conditions
        for first, second in [map(_condition, (condition.first, condition.second))]
    ]
    if not found.same_grading:
        lines.append("Answers are graded in two ways: nothing is paired.")
    elif [condition.name for condition in found.conditions] == ["training set"]:
        lines.append("Training scores don't compare; held-out ones do on the same examples.")
    else:
        lines.append("A difference is that of solution and conditions together.")
    return "\n".join(lines)


def _condition(value: object) -> str:
    if isinstance(value, tuple):
        return fmt.plural(len(value), "example")
    return fmt.safe(edit_words.setting_value(value if value != "" else None), 60)


def in_words(found: Difference, facts: Facts, *, held_out: bool) -> str:
    """A paired difference as sentences that say no more than the test allows."""
    ends = f"{fmt.change(found.low, facts)} to {fmt.change(found.high, facts)}"
    unit = " points" if facts.bounded else ""
    gain = f"B − A = {fmt.change(found.gain, facts)}{unit}, 95 % interval {ends}"
    counts = f"B better on {found.wins}, worse on {found.losses} of {fmt.count(found.n)}"
    test = "paired bootstrap"
    if found.p is not None:
        p = "< 0.001" if found.p < 0.001 else f"= {found.p:.2g}"
        test = f"exact McNemar test p {p}"
    if not found.real:
        verdict = "They can't be told apart."
    else:
        better = (found.gain < 0) == facts.minimize
        verdict = f"{'B' if better else 'A'} is better, beyond noise."
    if not held_out:
        verdict = f"{verdict} Both were chosen by these examples, so this flatters both."
    return f"{gain}\n{counts} ({test}). {verdict}"


def headline(compared: Compared, offers: Sequence[Offer]) -> str:
    """The held-out difference, or how to get it."""
    facts, found = compared.first.facts, compared.found
    if found.held_out is not None:
        return in_words(found.held_out, facts, held_out=True)
    if not found.same_grading:
        return "Not paired, for a point isn't the same in both."
    if found.first.held_out is not None and found.second.held_out is not None:
        return "The two have different held-out examples: nothing to pair."
    if not all(compared.held_out):
        return "There are no held-out examples; a session made with a test split has them."
    prices = []
    for sign, offer in zip("AB", offers, strict=False):
        if offer.answers and offer.price is not None:
            amount = forecast_amount(offer.price)
            prices.append(f"{sign} {fmt.plural(offer.answers, 'answer')} ≈ {amount}")
        elif offer.answers:
            prices.append(f"{sign} at most {fmt.plural(offer.answers, 'answer')}")
    price = "; ".join(prices) or "pricing…"
    return f"Not measured yet. m evaluates both on the test split: {price}"


def arm(sign: str, own: Arm, state: State, since: str, facts: Facts) -> str:
    """One arm: its best, and what it used since the two parted."""
    spent = own.spent
    used = tokens(spent)
    count = "? tokens" if used is None else f"{fmt.short_count(used)} tokens"
    training = "?" if own.best.score is None else fmt.with_half_width(own.best.score, facts)
    held = "not looked at"
    if own.held_out is not None:
        held = fmt.with_half_width(own.held_out.score, facts)
    cost = fmt.dollars(spent.cost_usd)
    edits = fmt.plural(len(own.edits), "edit")
    return (
        f"{sign} best of {state.scored_count()}: #{own.best.id} · held out {held} · "
        f"training {training}\n"
        f"  {since}: {cost}, {fmt.plural(spent.calls, 'call')}, {count}, {edits}"
    )


def sections(compared: Compared, offers: Sequence[Offer]) -> Iterator[tuple[str, str]]:
    """The pane with the headline: titles and texts."""
    found, facts = compared.found, compared.first.facts
    if found.conditions:
        yield "NOT THE SAME CONDITIONS", conditions(found)
    yield "Held out: what counts", headline(compared, offers)
    if found.training is None:
        training = "Different training examples, or none: not paired."
    else:
        training = in_words(found.training, facts, held_out=False)
    yield "Training examples: these flatter both", training
    since = "in all" if found.parted is None and not found.afresh else "since they parted"
    yield "Arms", arm("A", found.first, compared.first, since, facts)
    yield "", arm("B", found.second, compared.second, since, facts)
    for own in (found.first, found.second):
        if own.control:
            unfinished = "" if own.finished else "; its step is not finished: not equal yet"
            yield own.label[:1].upper() + own.label[1:] + unfinished, CONTROL_MEANS
    if facts.minimize:
        yield "", "lower is better"


def edits(compared: Compared) -> list[Row]:
    """The edits that set the two apart, by step."""
    rows: list[tuple[int, str, int, Row]] = []
    for sign, own in (("A", compared.found.first), ("B", compared.found.second)):
        for edit in own.edits:
            if edit.kind == "approve":
                continue
            what = Cell(fmt.safe(edit_words.words(edit).line, 200))
            cells = (
                Cell(sign, "best" if sign == "A" else "accent"),
                Cell(str(edit.step)),
                what,
                Cell(fmt.safe(edit.note, 200) or "–", "muted"),
            )
            rows.append((edit.step, sign, edit.seq, cells))
    return [cells for *_, cells in sorted(rows, key=lambda item: item[:3])]


def curve(state: State, by: str) -> Curve:
    """The best score over steps, dollars or tokens.

    Args:
        state: A session.
        by: `step`, `dollars` or `tokens`.
    """
    found: Curve = []
    spent = dict(report(state, {}).cumulative) if by != "step" else {}
    for point in charting.series(state):
        if point.best is None or not math.isfinite(point.best):
            continue
        x: float | None = point.step
        if by == "dollars":
            x = spent[point.step].cost_usd
        elif by == "tokens":
            used = tokens(spent[point.step])
            x = None if used is None else float(used)
        if x is not None:
            found.append((x, point.best))
    return found


def axes(compared: Compared) -> tuple[str, str]:
    """What the curves can be drawn over: tokens stand for dollars that are unknown or zero."""
    costs = [state.usage().cost_usd for state in (compared.first, compared.second)]
    return ("step", "dollars" if all(costs) else "tokens")


def curves(
    first: Curve,
    second: Curve,
    facts: Facts,
    by: str,
    width: int,
    height: int,
    *,
    signs: Signs = SIGNS,
) -> list[list[Run]]:
    """Two step lines in one frame."""
    points = [*first, *second]
    if not points:
        return [[("nothing to draw yet", "muted")]]
    if height < 4:
        return [[("Tab comes here and draws the curves", "muted")]]
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    labels = [fmt.cut(fmt.value(value, facts), 8) for value in (high, low)]
    left = max(map(len, labels)) + 1
    room, rows = max(4, width - left - 1), height - 2
    cells: dict[tuple[int, int], set[int]] = {}
    for number, own in enumerate((first, second)):
        _trace(cells, number, own, (low_x, high_x, low, high), (room, rows))
    lines: list[list[Run]] = []
    for y in range(rows):
        label = labels[0] if y == 0 else labels[1] if y == rows - 1 else ""
        line: list[Run] = [(label.rjust(left - 1) + "│", "muted")]
        line += [_cell(cells.get((x, y), set()), signs) for x in range(room)]
        lines.append(line)
    ends = [_amount(value, by) for value in (low_x, high_x)]
    gap = max(1, room - len(ends[0]) - len(ends[1]))
    lines.append([(" " * left + ends[0] + " " * gap + ends[1], "muted")])
    figures = [
        f"{name} {sign} {fmt.value(own[0][1], facts)} → {fmt.value(own[-1][1], facts)}"
        for name, sign, own in zip("AB", signs, (first, second), strict=False)
        if own
    ]
    caption = "  ".join((*figures, f"both {signs[2]}"))
    lines.append([(caption if cell_len(caption) <= width else "  ".join(figures), "muted")])
    return lines


def _trace(
    cells: dict[tuple[int, int], set[int]],
    number: int,
    own: Curve,
    frame: tuple[float, float, float, float],
    size: tuple[int, int],
) -> None:
    """Set the cells of one step line: level up to the next point, then there."""
    low_x, high_x, low, high = frame
    room, rows = size
    before: tuple[int, int] | None = None
    for x, y in own:
        column = round((x - low_x) / ((high_x - low_x) or 1) * (room - 1))
        share = (y - low) / (high - low) if high > low else 0.5
        row = round((1 - share) * (rows - 1))
        if before is not None:
            for between in range(before[0], column):
                cells.setdefault((between, before[1]), set()).add(number)
            for between in range(min(before[1], row), max(before[1], row)):
                cells.setdefault((column, between), set()).add(number)
        cells.setdefault((column, row), set()).add(number)
        before = (column, row)


def _cell(who: set[int], signs: Signs) -> Run:
    if not who:
        return " ", ""
    if len(who) == 2:
        return signs[2], "strong"
    return (signs[0], "best") if 0 in who else (signs[1], "accent")


def _amount(value: float, by: str) -> str:
    if by == "dollars":
        return fmt.dollars(value)
    return f"step {value:.0f}" if by == "step" else f"{fmt.short_count(value)} tok"
