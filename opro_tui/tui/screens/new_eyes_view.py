"""What the screen for looking back with new eyes says, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.engine.rebuild import differs, signed
from opro_tui.engine.regrade import changes, untouched
from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell, Part
from opro_tui.tui.rows import TEXT_WIDTH
from opro_tui.tui.widgets.row_list import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from opro_tui.core.regrade import Regrading
    from opro_tui.core.regrade import Row as Solution
    from opro_tui.core.state import Facts, State
    from opro_tui.engine.rebuild import Rebuilt
    from opro_tui.engine.regrade import Verdict
    from opro_tui.tui.parts import Row

REGRADE, REBUILD = "regrade", "rebuild"
NAMED = 6
SOLUTION_COLUMNS = (
    Column("rank", 4, right=True),
    Column("was", 6, right=True),
    Column("#", 5, right=True),
    Column("score", 10, right=True),
    Column("before", 10, right=True, from_width=72),
    Column("change", 7),
    Column("up", 4, right=True),
    Column("down", 4, right=True),
    Column("p", 6, right=True, from_width=100),
    Column("unread", 6, right=True, from_width=84),
    Column("solution", 0),
)
STEP_COLUMNS = (
    Column("step", 4, right=True),
    Column("sent ≈", 8, right=True),
    Column("now ≈", 8, right=True),
    Column("tokens", 8, right=True),
    Column("input", 9, right=True),
    Column("what differs", 0),
)
ANSWER_COLUMNS = (
    Column("ex.", 5, right=True),
    Column("verdict", 16),
    Column("read before", 15),
    Column("read now", 15),
    Column("target", 0),
)
METRICS = (
    ("exact", "right when the answer, or its first or last line, is the target"),
    ("contains", "right when the target stands in the answer as whole words"),
    ("numeric", "right when the number found is the target"),
    ("boolean", "right when the truth value found is the target's"),
    ("multiple-choice", "right when the choice found is the target's"),
    ("json", "the share of the target's keys whose values are equal"),
)
REGEX, PYTHON = "regex:", "python:"
PATTERNS = {
    REGEX: "The pattern. What its first group finds in an answer, or the whole match where it has"
    " no group, is compared with the target.",
    PYTHON: "module:function, called with (answer, target) for every answer; it gives 0 to 1.",
}
WHAT = (
    "The stored answers graded again by another metric or parser: what would it have ranked first?"
    " Nothing is bought, nothing in the session changes."
)
DISCOUNT = "before any discount for cached input"


@dataclass(frozen=True, slots=True)
class Eyes:
    """What the screen was told to look with.

    Attributes:
        name: The session's name.
        own: The session's own metric; None where its task has none.
        metric: The other metric; None before one is chosen.
        settings: Settings of the meta-prompt that shall be otherwise.
        scores: Whether the meta-prompts are rebuilt with the scores of the other metric.
        computed: Why there are no answers to grade; empty where there are.
        command: The command that goes on with the metric; empty without.
    """

    name: str
    own: str | None = None
    metric: str | None = None
    settings: Mapping[str, Any] | None = None
    scores: bool = False
    computed: str = ""
    command: str = ""


def metrics(own: str | None) -> list[tuple[str, str]]:
    """The metrics to choose from, the session's own first, each with a line about it."""
    mine = [] if own is None else [(own, "the session's own, to check or after it was mended")]
    others = [(name, about) for name, about in METRICS if name != own]
    patterns = [
        (REGEX, "a pattern of yours; what its first group finds is compared with the target"),
        (PYTHON, "a function of yours, python:module:function, giving 0 to 1"),
    ]
    return [*mine, *others, *patterns]


def header(eyes: Eyes, tab: str, state: State | None, *, simulated: bool) -> list[Part]:
    """The line on top: the session and the two parts of the screen."""
    marks = {part: "▸ " if part == tab else "  " for part in (REGRADE, REBUILD)}
    parts = [Part(f"New eyes on {fmt.safe(eyes.name, 40)}", "title", 100)]
    if simulated:
        parts.append(Part(" SIMULATED ", "badge", 95))
    for part, words in ((REGRADE, "answers (1)"), (REBUILD, "meta-prompts (2)")):
        parts.append(Part(f"{marks[part]}{words}", "accent" if part == tab else "muted", 90))
    parts.append(Part("reading…" if state is None else "no cost, nothing changes", "muted", 40))
    return parts


def status(tab: str, working: str, done: int, total: int) -> list[Part]:
    """The line above the keys."""
    if working:
        bar = fmt.bar(done, total, 12)
        count = f"{fmt.count(done)} of {fmt.count(total)}" if total else ""
        return [
            Part(f"{working} {bar} {count}".rstrip(), "accent", 90),
            Part("Escape stops it", "muted", 50),
        ]
    if tab == REGRADE:
        return [
            Part("m chooses the metric", "accent", 90),
            Part("Enter lists the answers of a solution that score otherwise", "muted", 50),
        ]
    return [
        Part("c changes a setting", "accent", 90),
        Part("Enter shows what differs in a step's meta-prompt", "muted", 50),
    ]


def regrade_facts(eyes: Eyes, found: Regrading | None) -> list[tuple[str, str]]:
    """What the other metric says, in a few sentences."""
    if eyes.computed:
        return [("not here", eyes.computed), ("instead", "2 rebuilds the meta-prompts.")]
    if eyes.metric is None:
        return [
            ("what", WHAT),
            ("metric", f"m chooses it; the session's own is {eyes.own or 'its task'}"),
        ]
    own = eyes.own or "the task's own"
    how = f"{own} → {eyes.metric}" if eyes.metric != eyes.own else f"by {own} again"
    if found is None:
        return [("metric", how)]
    graded = len(found.rows) - found.kept
    answers = fmt.plural(found.answers, "stored answer")
    facts = [
        ("metric", f"{how}: {answers} of {fmt.plural(graded, 'solution')}"),
        ("answers", changes(found)),
        ("best", best(found)),
    ]
    if found.kept:
        kept = fmt.plural(found.kept, "score")
        facts.append(("kept", f"{kept} without stored answers, as before"))
    if looks := untouched(found, eyes.own, eyes.metric):
        facts.append(("looks", looks))
    if eyes.command:
        facts.append(("go on", f"{eyes.command}  (y copies it)"))
    return facts


def best(found: Regrading) -> str:
    """Whether the best would have been another, in words."""
    now = "none" if found.new_best is None else f"#{found.new_best}"
    if found.new_best == found.old_best:
        return f"{now}, as before"
    before = "none" if found.old_best is None else f"#{found.old_best}"
    lead, facts = found.lead, found.state.facts
    if lead is None:
        return f"{now} instead of {before}"
    low, high = fmt.change(lead.low, facts), fmt.change(lead.high, facts)
    test = "" if lead.p is None else f", p = {lead.p:.2g}"
    verdict = "beyond noise" if lead.real else "can't be told apart"
    gain = fmt.change(lead.gain, facts)
    return f"{now} instead of {before}: {gain} by the new grades ({low} to {high}{test}), {verdict}"


def solution_row(row: Solution, facts: Facts, found: Regrading) -> Row:
    """A solution under both graders."""
    same = row.new_rank == row.old_rank
    up = row.new_rank < row.old_rank
    sign = "=" if same else "▲" if up else "▼"
    tone = "" if same else "better" if up else "worse"
    new = fmt.with_half_width(row.new, facts)
    if not row.new.full:
        new = f"{fmt.value(row.new.value, facts)} {row.new.n}/{row.new.of}"
    is_best = row.candidate.id == found.new_best
    unread = f"{row.old.unparsed}→{row.new.unparsed}"
    if row.old.unparsed == row.new.unparsed:
        unread = str(row.new.unparsed) if row.new.unparsed else ""
    return (
        Cell(str(row.new_rank), "best" if is_best else "strong"),
        Cell(f"{row.old_rank} {sign}", tone),
        Cell(str(row.candidate.id), "muted"),
        Cell(new, "best" if is_best else "strong"),
        Cell(fmt.with_half_width(row.old, facts), "muted"),
        _change(row, facts),
        Cell(str(row.up) if row.up else "", "better"),
        Cell(str(row.down) if row.down else "", "worse"),
        Cell(_p_value(row), "muted"),
        Cell(unread, "warning"),
        Cell(fmt.safe(row.candidate.text, TEXT_WIDTH) or "(empty)"),
    )


def _p_value(row: Solution) -> str:
    p = None if row.test is None else row.test.p
    if p is None or p == 1:
        return ""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def _change(row: Solution, facts: Facts) -> Cell:
    if not row.graded:
        return Cell("kept", "warning")
    gap = row.new.value - row.old.value
    if not gap:
        return Cell("=", "muted")
    return Cell(fmt.change(gap, facts), "better" if gap > 0 else "worse")


def answer_row(verdict: Verdict) -> Row:
    """An answer that scores otherwise now."""
    return (
        Cell(str(verdict.example.index), "muted"),
        Cell(
            verdict_words(verdict), "better" if verdict.new.score > verdict.old.score else "worse"
        ),
        Cell(_read(verdict.old.parsed)),
        Cell(_read(verdict.new.parsed), "strong"),
        Cell(fmt.safe(verdict.example.target, TEXT_WIDTH)),
    )


def verdict_words(verdict: Verdict) -> str:
    """What became of an answer's grade."""
    words = {0.0: "wrong", 1.0: "right"}
    old, new = (words.get(g.score, f"{g.score:.2g}") for g in (verdict.old, verdict.new))
    return f"{old} → {new}"


def _read(parsed: str | None) -> str:
    return "(nothing)" if parsed is None else fmt.safe(parsed, TEXT_WIDTH) or "(empty)"


def answer_text(verdict: Verdict) -> list[tuple[str, str]]:
    """One answer in full, as names and texts."""
    flags = f" ({', '.join(verdict.new.flags)})" if verdict.new.flags else ""
    return [
        ("question", verdict.example.input),
        ("answer", verdict.text or "(empty)"),
        ("target", verdict.example.target),
        ("verdict", verdict_words(verdict) + flags),
    ]


def rebuild_facts(eyes: Eyes, found: Sequence[Rebuilt] | None) -> list[tuple[str, str]]:
    """What other settings would have sent, in a few sentences."""
    changed = ", ".join(
        f"{name.replace('_', '-')} {value}" for name, value in (eyes.settings or {}).items()
    )
    what = changed or "as they were (c changes one)"
    facts = [("settings", what)]
    if eyes.metric is not None and eyes.metric != eyes.own:
        used = f"those of {eyes.metric}" if eyes.scores else "as they were"
        facts.append(("scores", f"{used} (w switches)"))
    if found is None:
        return facts
    same = sum(item.same for item in found)
    if same == len(found):
        facts.append(("found", "each is what was sent, to the byte"))
        return facts
    tokens = sum(item.more_tokens for item in found)
    calls = fmt.plural(sum(item.calls for item in found), "request")
    costs = [item.cost for item in found]
    cost = None if None in costs else sum(each for each in costs if each is not None)
    facts += [
        ("found", f"{same} of {len(found)} as sent, to the byte"),
        ("input", f"≈ {signed(tokens)} tokens in {calls}, ≈ {signed_dollars(cost)}, {DISCOUNT}"),
    ]
    return facts


def signed_dollars(usd: float | None) -> str:
    """A difference in dollars with its sign; what is unknown stays so."""
    if not usd:
        return fmt.dollars(usd)
    return f"{'−' if usd < 0 else '+'}{fmt.dollars(abs(usd))}"


def step_row(item: Rebuilt) -> Row:
    """A step's meta-prompt as sent and rebuilt."""
    more = item.built_tokens - item.sent_tokens
    return (
        Cell(str(item.step), "muted"),
        Cell(fmt.count(item.sent_tokens), "muted"),
        Cell(fmt.count(item.built_tokens), "strong"),
        Cell(signed(more), "" if not more else "better" if more < 0 else "worse"),
        Cell(signed_dollars(item.cost), "muted"),
        Cell(differs(item, NAMED), "muted" if item.same else ""),
    )
