"""A report as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from opro_tui.engine.exchange.report import SIMULATED
from opro_tui.engine.exchange.text import one_line, visible

if TYPE_CHECKING:
    from opro_tui.engine.exchange.report import Report
    from opro_tui.engine.exchange.sections import Section

_MARKUP = re.compile(
    r"""
    [\\`*{}\[\]<>\#~|&$^@]
    | (?<![^\W_])_ | _(?![^\W_])            # not within a word
    | [+=](?=[+=]) | (?<=[+=])[+=]          # marks of some dialects
    | (?<!\d):(?=\S) | :(?=[^\s\d])         # addresses and emoji
    | (?<=www)\. | (?<=/)/                  # addresses
    | (?<=\S)\.(?=[^\W\d_])(?!(?:csv|tsv|jsonl?|toml|txt)(?![\w.-]))
    | ^[-+=:.)] | ^[0-9]+[.)](?=\s|$)       # lists, rules, headings
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TICKS = re.compile("`+")


def markdown_report(report: Report) -> str:
    """The report as Markdown in which no text of a model or file is markup."""
    lines = [f"# {escaped(report.name)}", ""]
    if report.simulated:
        lines += [f"**{SIMULATED}**", ""]
    lines += [escaped(report.headline), ""]
    lines += [f"- **{name}**: {escaped(value)}" for name, value in report.facts]
    if report.best is not None:
        lines += ["", "## Best solution", "", *_fenced(report.best or "(empty)")]
    for section in report.sections:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A text on one line in which nothing is markup."""
    return _MARKUP.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", one_line(text))


def _fenced(text: str) -> list[str]:
    """A text as it is, in a fence longer than any that it holds."""
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", visible(text), fence]


def _section(section: Section) -> list[str]:
    table = section.table
    rules = ["---" if column in table.left else "---:" for column in range(len(table.head))]
    lines = [f"## {section.title}", ""]
    if section.note:
        lines += [section.note, ""]
    rows = [[escaped(cell) for cell in row] for row in (table.head, *table.rows)]
    lines += [_row(rows[0]), _row(rules), *(_row(row) for row in rows[1:])]
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
