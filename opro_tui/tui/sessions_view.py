"""What the list of sessions says, as plain data: no widget, no event loop."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.names import check_name
from opro_tui.core.retention import KEPT_DAYS
from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from opro_tui.engine.listing import Entry
    from opro_tui.store.records import DeletedSession
    from opro_tui.tui.parts import Row

SORTS: tuple[tuple[str, Callable[[Entry], tuple[bool, float | str]], bool], ...] = (
    ("last used", lambda e: (True, e.updated), True),
    ("name", lambda e: (True, e.name.casefold()), False),
    ("task", lambda e: (True, e.task.casefold()), False),
    ("best", lambda e: (e.best is not None, e.best or 0.0), True),
    ("steps", lambda e: (e.steps is not None, e.steps or 0), True),
    ("cost", lambda e: (e.cost is not None, e.cost or 0.0), True),
)
"""What the list can be sorted by: its name, the key, and whether the highest comes first."""

EMPTY = """\
No sessions yet.

d  makes a demo on simulated models: no key, no network, no cost.
n  makes a session on a task or a data file of yours, priced before it costs."""
BEST_WIDTH = 6
MOST_NAMED = 6
LONGEST_INDENT = 6
TONES = {"running": "accent", "incomplete": "warning", "reviewing": "accent", "stopped": "muted"}


@dataclass(frozen=True, slots=True)
class Line:
    """A session in its place: how many of its parents stand above it."""

    entry: Entry
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """How the list is sorted: the index in `SORTS`, and whether it is turned round."""

    by: int = 0
    reverse: bool = False

    def next(self) -> Order:
        """Sorted by the next thing."""
        return Order((self.by + 1) % len(SORTS))

    def turned(self) -> Order:
        """The other way round."""
        return Order(self.by, not self.reverse)

    @property
    def words(self) -> str:
        """What the header says of it."""
        name, _, highest_first = SORTS[self.by]
        return f"by {name} {'▼' if highest_first != self.reverse else '▲'}"


def matches(entry: Entry, query: str) -> bool:
    """Whether every word of a query stands somewhere in a session's row."""
    simulated = "simulated" if entry.simulated else ""
    models = (entry.optimizer, entry.scorer)
    fields = (entry.name, entry.task, *models, entry.status, simulated, entry.arm)
    text = "\n".join(fields).casefold()
    return all(word in text for word in query.casefold().split())


def arrange(entries: Iterable[Entry], query: str = "", order: Order | None = None) -> list[Line]:
    """The sessions that match, sorted, each fork below its parent.

    A fork whose parent isn't shown stands by itself; what isn't known comes last.
    """
    order = order or Order()
    _, key, highest_first = SORTS[order.by]
    shown = [entry for entry in entries if matches(entry, query)]
    known = [entry for entry in shown if key(entry)[0]]
    known.sort(key=key, reverse=highest_first != order.reverse)
    ordered = known + [entry for entry in shown if not key(entry)[0]]
    ids = {entry.id for entry in ordered}
    children: dict[int | None, list[Entry]] = defaultdict(list)
    for entry in ordered:
        children[entry.parent if entry.parent in ids else None].append(entry)
    lines: list[Line] = []
    waiting = [Line(entry) for entry in reversed(children[None])]
    while waiting:
        line = waiting.pop()
        lines.append(line)
        waiting += [Line(child, line.depth + 1) for child in reversed(children[line.entry.id])]
    return lines


def row(line: Line, *, marked: bool, now: int) -> Row:
    """A session's row: mark, name, best, ±, steps, cost, status, last used and so on.

    Args:
        line: The session in its place.
        marked: Whether it is marked.
        now: Milliseconds since 1970.
    """
    entry = line.entry
    indent = "  " * min(line.depth - 1, LONGEST_INDENT) + "└ " if line.depth else ""
    status = entry.status or "…"
    return (
        Cell("●" if marked else "", "pinned"),
        Cell(indent + fmt.safe(entry.name, 200), "strong", ends=True),
        *_score(entry),
        Cell("…" if entry.steps is None else fmt.count(entry.steps)),
        Cell(cost(entry)),
        Cell(status, TONES.get(status, "")),
        Cell(ago(entry.updated, now), "muted"),
        Cell("sim" if entry.simulated else "", "warning"),
        Cell(fmt.safe(task_name(entry.task), 200)),
        Cell(fmt.safe(models(entry), 400), "muted"),
    )


def _score(entry: Entry) -> tuple[Cell, ...]:
    """The best and its half-width, over two columns; a long objective takes both."""
    text, tone = best(entry), "best" if entry.best is not None else "muted"
    if len(text) > BEST_WIDTH:
        return (Cell(text, tone, 2),)
    return (Cell(text, tone), Cell(half(entry), "muted"))


def task_name(task: str) -> str:
    """A task as a list shows it: of a file its name, without the folders."""
    return task.rstrip("/").rpartition("/")[2] if task.startswith(("/", "~", ".")) else task


def best(entry: Entry) -> str:
    """The best score; a dash before there is one, dots while it isn't known."""
    if entry.best is None:
        return "–" if entry.known else "…"
    return f"{100 * entry.best:.1f}" if entry.bounded else fmt.number(entry.best)


def half(entry: Entry) -> str:
    """The half-width of its 95 % interval; empty where it has none."""
    if not entry.bounded or entry.low is None or entry.high is None:
        return ""
    return f"±{50 * (entry.high - entry.low):.1f}"


def cost(entry: Entry) -> str:
    """What was spent; unknown is a question mark, never 0."""
    if not entry.known and entry.cost is None:
        return "…"
    return "?" if entry.cost is None else fmt.dollars(entry.cost)


def models(entry: Entry) -> str:
    """Optimizer and scorer, where there is one; one name where they are the same."""
    if entry.scorer in ("", entry.optimizer):
        return entry.optimizer
    return f"{entry.optimizer} → {entry.scorer}"


def ago(then: int, now: int) -> str:
    """When something was, in at most eight cells; arguments are milliseconds since 1970."""
    minutes = max(0, now - then) // 60_000
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 60 * 24:
        return f"{minutes // 60} h"
    if minutes < 60 * 24 * 14:
        days = minutes // (60 * 24)
        return f"{days} d"
    day = _time(then)
    return f"{day.day} {day:%b}" if now - then < 300 * 86_400_000 else f"{day:%b %Y}"


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()


def unreadable(database: Path) -> str:
    """What stands in the list when its database can't be read."""
    return (
        f"The sessions can't be read from {fmt.harmless(str(database))}.\n\n"
        "R  tries again.\nq  quits; opro-tui --db FILE opens another database."
    )


def header(
    shown: int, total: int, order: Order, marked: int, *, loading: bool, unreadable: bool = False
) -> list[Part]:
    """The line above the list."""
    parts = [Part("OPRO TUI", "title", 90)]
    if loading and not total:
        return [*parts, Part("reading the sessions…", "muted", 80)]
    if unreadable:
        parts.append(Part("the sessions can't be read; R tries again", "error", 85))
    if not total and unreadable:
        return parts
    if not total:
        return [*parts, Part("no sessions yet", "muted", 80)]
    parts.append(Part(f"{fmt.count(shown)} of {fmt.plural(total, 'session')} shown", "", 80))
    parts.append(Part(order.words, "muted", 40))
    if marked:
        parts.append(Part(f"● {fmt.count(marked)} marked", "pinned", 70))
    if loading:
        parts.append(Part("reading…", "muted", 30))
    return parts


def marked_line(marked: int) -> list[Part]:
    """What can be done with the marked sessions, as long as there are some."""
    if not marked:
        return []
    both = "W compares them" if marked == 2 else "W compares it with the selected one"
    words = f"{both} · x deletes" if marked < 3 else "x deletes them"
    return [Part(f"● {fmt.count(marked)} marked: {words} · space unmarks", "pinned", 99)]


def table(entries: Iterable[Entry]) -> list[list[str]]:
    """Sessions with their figures, under a row of names, to be pasted elsewhere."""
    rows = [["name", "task", "optimizer", "scorer", "simulated", "best", "steps", "cost_usd"]]
    for entry in entries:
        figures = (entry.best, entry.steps, entry.cost)
        shown = ["" if figure is None else f"{figure:.10g}" for figure in figures]
        who = [entry.name, entry.task, entry.optimizer, entry.scorer]
        rows.append([*who, "yes" if entry.simulated else "no", *shown])
    return rows


def detail(entry: Entry | None, parent: str = "") -> list[Part]:
    """All of the selected session's row that may have been cut."""
    if entry is None:
        return []
    parts = [Part(fmt.safe(entry.name, 200), "strong", 90)]
    if entry.simulated:
        parts.append(Part("SIMULATED", "badge", 95))
    parts.append(Part(fmt.safe(entry.task, 200), "", 60))
    if entry.steps is not None:
        parts.append(Part(fmt.plural(entry.steps, "step"), "", 45))
    parts.append(Part(fmt.safe(models(entry), 400), "accent", 70))
    if entry.arm:
        parts.append(Part(fmt.safe(entry.arm, 200), "better", 55))
    if parent:
        parts.append(Part(f"fork of {fmt.safe(parent, 100)}", "muted", 50))
    if entry.elsewhere:
        parts.append(Part("open in another process", "warning", 80))
    parts.append(Part(f"last used {_time(entry.updated):%Y-%m-%d %H:%M}", "muted", 40))
    return parts


def what_is_lost(entries: Sequence[Entry], forks: int) -> str:
    """What deleting some sessions would lose, for the question.

    Args:
        entries: The sessions.
        forks: How many others were forked from them.
    """
    lines = []
    for entry in entries[:MOST_NAMED]:
        facts = [fmt.plural(entry.steps or 0, "step")]
        if entry.best is not None:
            facts.append(f"best {best(entry)}")
        facts.append("unknown cost" if entry.cost is None else f"{fmt.dollars(entry.cost)} spent")
        if entry.elsewhere:
            facts.append("open in another process, so it will be kept")
        lines.append(f"{fmt.safe(entry.name, 60)}: {', '.join(facts)}")
    if len(entries) > MOST_NAMED:
        rest = entries[MOST_NAMED:]
        steps = sum(entry.steps or 0 for entry in rest)
        lines.append(f"and {len(rest)} more with {fmt.plural(steps, 'step')}")
    lines += ["", f"For {KEPT_DAYS} days u brings {'it' if len(entries) == 1 else 'them'} back."]
    if forks:
        kept = "Its fork keeps" if forks == 1 else f"Its {forks} forks keep"
        lines.append(f"{kept} the past they share." if forks > 1 else f"{kept} the past it shares.")
    return "\n".join(lines)


def kept_until(gone: DeletedSession) -> str:
    """What is said of a deleted session that can be brought back."""
    data = gone.record.summary or {}
    steps = fmt.plural(int(data.get("steps") or 0), "step")
    return f"{steps}, deleted {_time(gone.at):%d %b %H:%M}, kept until {_time(gone.until):%d %b %Y}"


def name_problem(name: str, taken: Collection[str]) -> str | None:
    """What is wrong with a session's name; None when nothing is."""
    try:
        check_name(name)
    except BadInput as error:
        return f"{error.what[:1].upper()}{error.what[1:]}. {error.todo}".strip()
    return "There is a session of that name already." if name in taken else None


def step_problem(value: str, last: int) -> str | None:
    """What is wrong with a step to fork at; None when nothing is."""
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= last:
        return None
    return f"Give a finished step: 0 to {last}." if last else "Only step 0 is finished: give 0."
