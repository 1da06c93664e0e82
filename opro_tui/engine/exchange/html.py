"""A report as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import html
from typing import TYPE_CHECKING

from opro_tui.engine.exchange.charts import score_chart, spending_chart
from opro_tui.engine.exchange.drawings import drawing
from opro_tui.engine.exchange.report import SIMULATED
from opro_tui.engine.exchange.text import visible

if TYPE_CHECKING:
    from opro_tui.engine.exchange.report import Report
    from opro_tui.engine.exchange.sections import Section, Table

_STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1c2330; --soft: #5b6676;
  --rule: #dde2ea; --best: #0b6e99; --mean: #b4571a; --band: #0b6e9926; --note: #fff4d6;
  --code: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --page: #12161d; --card: #1a202a; --ink: #e6eaf0;
  --soft: #9aa6b6; --rule: #2c3542; --best: #5cc0ee; --mean: #f0a15f; --band: #5cc0ee2e;
  --note: #3a3016; --code: #232b37; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 64px; }
h1 { margin: 0 0 4px; font-size: 28px; overflow-wrap: anywhere; }
h2 { margin: 0 0 8px; font-size: 18px; }
section { margin-top: 20px; padding: 18px 20px; background: var(--card);
  border: 1px solid var(--rule); border-radius: 10px; }
.headline { margin: 0; font-size: 17px; }
.simulated { margin: 12px 0 0; padding: 8px 12px; border-radius: 8px; background: var(--note); }
.note, .legend, footer { margin: 0 0 10px; color: var(--soft); font-size: 13px; }
footer { margin-top: 24px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 0; padding: 14px 16px; border-radius: 8px; background: var(--code);
  white-space: pre-wrap; overflow-wrap: anywhere;
  font: 14px/1.5 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-size: 13px; font-weight: 600; white-space: nowrap; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--rule); text-align: right;
  vertical-align: top; }
th.left, td.left { text-align: left; }
td.left { white-space: pre-wrap; }
td.wide { min-width: 320px; overflow-wrap: anywhere; }
tbody tr:last-child td { border-bottom: 0; }
svg { display: block; width: 100%; height: auto; }
.grid { stroke: var(--rule); }
.tick { fill: var(--soft); font-size: 12px; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.band { fill: var(--band); }
.whisker { stroke: var(--best); stroke-width: 8; opacity: .25; }
polyline { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.best { stroke: var(--best); }
.mean { stroke: var(--mean); stroke-dasharray: 5 4; }
.best-dot { fill: var(--best); }
.mean-dot { fill: var(--mean); }
.level { fill: var(--soft); }
.line-best, .line-selected { fill: none; stroke: var(--best); stroke-width: 2.2; }
.line-goal { fill: none; stroke: var(--mean); stroke-width: 1.8; }
.dotted { stroke-dasharray: 2 5; }
.mark-tried { fill: var(--ink); opacity: .6; }
.mark-node, .mark-start { fill: var(--ink); }
.mark-best, .mark-selected { fill: var(--best); stroke: var(--card); stroke-width: 2; }
.mark-goal { fill: var(--card); stroke: var(--mean); stroke-width: 3; }
.key-best { color: var(--best); font-weight: 600; }
.key-mean { color: var(--mean); font-weight: 600; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
"""
_WIDE = 60
"""Characters from which a cell gets room of its own."""


def html_report(report: Report) -> str:
    """The report as a page; texts of models and files stand in it as text and nothing else."""
    parts = [f"<h1>{_text(report.name)}</h1>", f'<p class="headline">{_text(report.headline)}</p>']
    if report.simulated:
        parts.append(f'<p class="simulated">{SIMULATED}</p>')
    parts.append(_facts(report))
    if report.best is not None:
        best = _text(report.best or "(empty)")
        # The parser drops a line break right behind <pre>.
        parts.append(f"<section><h2>Best solution</h2><pre>\n{best}</pre></section>")
    parts += _picture(report)
    parts += _charts(report)
    parts += [_section(section) for section in report.sections]
    parts.append("<footer>Written by opro-tui from what the session stored.</footer>")
    return _page(report.name, "\n".join(parts))


def _page(title: str, body: str) -> str:
    key = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{key}'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return html.escape(visible(text))


def _facts(report: Report) -> str:
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in report.facts)
    return f"<section><dl>{rows}</dl></section>"


def _picture(report: Report) -> list[str]:
    found = report.picture
    if found is None:
        return []
    said = "".join(f'<p class="legend">{_text(words)}</p>' for words in found.captions)
    return [f"<section><h2>{_text(found.name.capitalize())}</h2>{said}{drawing(found)}</section>"]


def _charts(report: Report) -> list[str]:
    parts = []
    if chart := score_chart(report):
        legend = (
            '<p class="legend"><span class="key-best">●</span> best so far, with its 95 % interval'
            ' · <span class="key-mean">●</span> mean of the step’s own candidates</p>'
        )
        parts.append(f"<section><h2>Score by step</h2>{legend}{chart}</section>")
    if chart := spending_chart(report):
        title = "Cost" if report.unit == "dollars" else "Tokens"
        legend = f'<p class="legend">{report.unit.capitalize()} used in all, up to each step</p>'
        parts.append(f"<section><h2>{title} by step</h2>{legend}{chart}</section>")
    return parts


def _section(section: Section) -> str:
    note = f'<p class="note">{_text(section.note)}</p>' if section.note else ""
    table = _table(section.table)
    return f"<section><h2>{_text(section.title)}</h2>{note}{table}</section>"


def _table(table: Table) -> str:
    head = "".join(
        _cell("th", name, column in table.left) for column, name in enumerate(table.head)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(_cell("td", text, column in table.left) for column, text in enumerate(row))
        + "</tr>"
        for row in table.rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cell(tag: str, text: str, left: bool) -> str:
    names = ["left"] * left + ["wide"] * (tag == "td" and len(text) > _WIDE)
    attribute = f' class="{" ".join(names)}"' if names else ""
    return f"<{tag}{attribute}>{_text(text)}</{tag}>"
