"""What the form says of a draft: its data's first rows and its price, as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.protocols import Split
from opro_tui.core.usage import ROLES
from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.forecast import Forecast, RoleForecast
    from opro_tui.engine.create import Prepared
    from opro_tui.engine.preview import Preview
    from opro_tui.tasks.data import Peek
    from opro_tui.tui.parts import Row

ROWS_SHOWN = 4
MODELS_NOTE = (
    "Listed are local servers that answer and providers whose key is set. Any other is typed as "
    "provider/NAME: openai/… anthropic/… ollama/…; its address under More settings."
)
NOT_ENCRYPTED = "not encrypted: others can read it; use https://"
INITIAL_HELP = (
    "They are scored in step 0. A line of three dashes (---) begins another; Ctrl+E opens $EDITOR."
)
NARROWEST = 6
KEYS = (
    ("Tab  Shift+Tab", "Go to the next field or the one before."),
    ("Enter", "Take the completion that is shown, else go to the next field."),
    ("↓ or a click on ▾", "List what a field may be, with a line about each."),
    ("Ctrl+O", "Find a data file: .csv, .tsv, .jsonl or .json, or a task file: .toml."),
    ("Ctrl+E  F4", "In the starting solutions: write them in your own editor, $EDITOR."),
    ("Ctrl+S  F2", "Create the session and open it. Nothing is spent."),
    ("Escape", "Leave; asks when something was typed."),
)
HELP = "An empty field leaves a setting to the task or to the paper's default, which it shows."
TONES = {
    "title": "bold $text-primary",
    "strong": "bold",
    "warning": "$text-warning",
    "muted": "$foreground 62%",
}
"""What the tones of the price's lines look like."""


def column_widths(columns: Sequence[str], rows: Sequence[Row], width: int) -> list[int]:
    """Cells for each column of a preview: what they need, the widest cut to what there is."""
    from rich.cells import cell_len

    wanted = [
        max([cell_len(name) + 2, *(cell_len(row[place].text) for row in rows)])
        for place, name in enumerate(columns)
    ]
    room = width - len(columns)
    while sum(wanted) > room and max(wanted) > NARROWEST:
        widest = wanted.index(max(wanted))
        over = sum(wanted) - room
        second = max([NARROWEST, *(w for i, w in enumerate(wanted) if i != widest)])
        wanted[widest] = max(
            second if second < wanted[widest] else wanted[widest] - 1,
            wanted[widest] - over,
            NARROWEST,
        )
    return wanted


def data_rows(peek: Peek) -> list[Row]:
    """The first rows of a data file as rows of a list."""
    return [
        tuple(Cell(fmt.safe(row.fields.get(column, ""), 200)) for column in peek.columns)
        for row in peek.rows[:ROWS_SHOWN]
    ]


def sample(peek: Peek, column: str) -> str:
    """What a column holds, by its first texts."""
    texts = [fmt.safe(row.fields.get(column, ""), 40) for row in peek.rows[:3]]
    return " · ".join(text or "(empty)" for text in texts)


def data_lines(peek: Peek, width: int, question: str, target: str) -> list[str]:
    """A table of a data file's first rows, with the two columns marked that are used."""
    rows = data_rows(peek)
    marks = {question: "▸ ", target: "◎ "}
    names = [f"{marks.get(column, '')}{fmt.safe(column, 40)}" for column in peek.columns]
    widths = column_widths(names, rows, max(20, width))
    lines = [" ".join(fmt.fit(name, size) for name, size in zip(names, widths, strict=True))]
    lines += [
        " ".join(fmt.fit(cell.text, size) for cell, size in zip(row, widths, strict=True))
        for row in rows
    ]
    total = "rows, more follow" if peek.more else f"of {fmt.plural(len(peek.rows), 'row')}"
    shown = [fmt.cut(line, max(20, width)).rstrip() for line in lines]
    legend = "▸ input  ◎ target · " if question or target else ""
    told = [f"! {peek.assumed}"] if peek.assumed else []
    return [*shown, f"{legend}first {len(rows)} {total}", *told]


def split_words(prepared: Prepared) -> str:
    """How many examples lie on each side; empty for tasks without examples."""
    sides = [example.split for example in prepared.task.examples]
    if not sides:
        return ""
    text = f"{fmt.count(sides.count(Split.TRAIN))}, held out {sides.count(Split.TEST):,}"
    rest = sides.count(Split.REST)
    return f"{text}, fresh {rest:,}" if rest else text


def initial_words(starts: Sequence[str], count: int) -> str:
    """What is said under the starting solutions: how many were typed, or the task's own first."""
    if count:
        return f"✓ {count} to be scored in step 0. {INITIAL_HELP}"
    own = f": “{fmt.safe(starts[0], 200)}”" if starts else "."
    return f"Empty takes the task's own{own} {INITIAL_HELP}"


def price_table(preview: Preview) -> list[tuple[str, str]]:
    """The price by role, of one step and of the planned run: lines with their tones."""
    lines: list[tuple[str, str]] = []
    problems = [(line, "warning") for line in unpriced(preview)]
    steps = fmt.plural(preview.steps, "step")
    for title, forecast in (
        ("First step, with step 0", preview.first),
        (f"Planned run of {steps}", preview.planned),
    ):
        lines.append((title, "title"))
        lines.append((_columns("", "calls", "tokens", "dollars"), "muted"))
        lines += [(_role_line(role), "") for role in forecast.roles if role.calls]
        lines.append((_total_line(forecast), "strong"))
        lines.append(("", ""))
    return [*lines, *problems] if problems else lines[:-1]


def _role_line(role: RoleForecast) -> str:
    calls, reach = fmt.short_count(role.calls), tokens(role.low, role.high)
    return _columns(role.role, calls, reach, role_dollars(role))


def _total_line(forecast: Forecast) -> str:
    calls, reach = fmt.short_count(forecast.calls), tokens(*forecast.token_range)
    return _columns("together", calls, reach, dollars(forecast))


def _columns(name: str, calls: str, reach: str, cost: str) -> str:
    return f"{name:9} {calls:>5} {reach:>11} {cost:>14}"


def tokens(low: int, high: int) -> str:
    """A range of tokens, shortly."""
    one, other = fmt.short_count(low), fmt.short_count(high)
    return one if one == other else f"{one}–{other}"


def role_dollars(role: RoleForecast) -> str:
    """A role's dollars, from and to."""
    if role.cost_low is None or role.cost_high is None:
        return "$?"
    return fmt.dollar_range(role.cost_low / 1e12, role.cost_high / 1e12)


def dollars(forecast: Forecast) -> str:
    """Dollars from and to; `$?` when a price is unknown."""
    cost = forecast.cost_range
    return "$?" if cost is None else fmt.dollar_range(*cost)


def price_lines(preview: Preview) -> list[tuple[str, str]]:
    """The same in a line for each, for narrow screens."""
    lines = []
    for title, forecast in (
        ("first step", preview.first),
        (fmt.plural(preview.steps, "step"), preview.planned),
    ):
        low, high = forecast.token_range
        parts = [
            f"{title:10} {fmt.short_count(forecast.calls)} calls",
            f"{tokens(low, high)} tokens",
        ]
        roles = [f"{role.role} {role_dollars(role)}" for role in forecast.roles if role.calls]
        free = forecast.cost_range is not None and forecast.cost_range[1] == 0
        if len(roles) > 1 and not free:
            parts += roles
        if forecast.cost_range is not None:
            parts.append(f"{dollars(forecast)} together" if len(roles) > 1 else dollars(forecast))
        elif len(roles) < 2:
            parts.append("$?")
        lines.append((" · ".join(parts), "strong"))
    return lines + [(line, "warning") for line in unpriced(preview)]


def unpriced(preview: Preview) -> list[str]:
    """What to do about models whose price isn't known, one line each."""
    settings = preview.state.settings
    names = {role: str(getattr(settings, role)) for role in ROLES}
    roles = [role for role in preview.first.roles if role.calls and role.cost_high is None]
    models = dict.fromkeys(names.get(role.role, role.role) for role in roles)
    return [f'Price unknown: set [prices."{fmt.safe(m, 60)}"] in the config.' for m in models]
