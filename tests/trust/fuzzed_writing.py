"""Fuzz targets: all that the program draws and writes, read back by somebody else."""

from __future__ import annotations

import ast
import base64
import csv
import io
import json
import re
import unicodedata
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from rich.cells import cell_len

from opro_tui.cli import figures, output
from opro_tui.core import difference, meta_prompt
from opro_tui.core.copied import copies
from opro_tui.core.meta_prompt import ShownExemplar, ShownSolution
from opro_tui.core.picture import Kind, Mark, Panel, Picture
from opro_tui.core.protocols import Example, Split
from opro_tui.core.word_sources import Source, overlap
from opro_tui.engine.exchange import dspy, promptfoo, text, wire
from opro_tui.engine.exchange.html import html_report
from opro_tui.engine.exchange.markdown import markdown_report
from opro_tui.engine.exchange.report import Report
from opro_tui.engine.exchange.sections import Section, Table
from opro_tui.engine.exchange.table import trajectory_csv
from opro_tui.store import texts as stored
from opro_tui.tasks.prompt_task import POSITIONS, PromptSpec, PromptTask
from opro_tui.tui import format as fmt
from opro_tui.tui import tables, terminal
from tests.support.reading import Page, markdown_cells, markdown_tokens, said
from tests.trust.fuzzed_reading import SHORT, template_of
from tests.trust.material import LONGEST, Material, encoded
from tests.tui.states import empty, steps

STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What must not reach a terminal or a reader, line breaks and tabs apart."""
TAG_LETTERS = dict.fromkeys(range(0xE0000, 0xE0080))
"""They act on no terminal; JSON is read by programs and keeps them."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


# --- the meta-prompt ---


def fill_prompts(material: Material) -> None:
    """Texts of a template and of what it shows: filled in one pass, the map exact."""
    # A format is a person's own: of one that names a slot thousands of times a prompt is long.
    formats = (each[:400] for each in material.texts(4))
    instructions, solution, exemplar, separator = formats
    first, second, question, wrong = (material.text(index) for index in range(4, 8))
    template = template_of(("<A>", "</A>", "<B>")).with_texts(
        {
            "instructions": instructions,
            "solution_format": solution,
            "exemplar_format": exemplar,
            "solution_separator": separator,
            "critique_format": second[:400],
        }
    )
    shown = (ShownSolution(1, first, "61"), ShownSolution(2, second, "62"))
    error = meta_prompt.quoted(wrong, template)
    exemplars = (ShownExemplar(3, question, second, error),)
    critique = meta_prompt.quoted(wrong, template, lines=True)
    built = meta_prompt.build(template, shown, exemplars, proposals=2, critique=critique)
    end = 0
    for region in built.regions:
        assert region.start == end < region.end
        end = region.end
        piece = built.text[region.start : region.end]
        if region.kind == meta_prompt.SOLUTION:
            own = shown[0] if region.id == 1 else shown[1]
            assert piece == _filled(solution, {"solution": own.text, "score": own.score or ""})
        elif region.kind == meta_prompt.EXEMPLAR:
            said_wrong = _filled(template.error_format, {"answer": error}) if error else ""
            assert piece == _filled(exemplar, {"input": question, "target": second}) + said_wrong
        elif region.kind == meta_prompt.INSTRUCTIONS:
            assert piece in instructions
    assert end == len(built.text)
    for quoted in (error, critique):
        assert not any(tag in quoted for tag in ("<A>", "</A>", "<B>", "[answer]", "[/answer]"))


def _filled(text: str, slots: dict[str, str]) -> str:
    """The same by other means: cut at the slots, put together, nothing looked at twice."""
    pieces = re.split("(" + "|".join(re.escape("{" + name + "}") for name in slots) + ")", text)
    return "".join(slots[p[1:-1]] if number % 2 else p for number, p in enumerate(pieces))


def prompt_seeds() -> list[bytes]:
    """Templates to begin with."""
    formats = ("text: {solution}\nscore: {score}\n", "{input}\n{target}", "--")
    return [
        encoded(
            f"{text} {{trajectory}} {{x}} {{exemplars}}", *formats, text, "{critique}", text, text
        )
        for text in SHORT
    ]


# --- the screen ---


def draw_texts(material: Material) -> None:
    """A text, a second and a width: what a terminal gets steers nothing and fits."""
    one, two = material.text(0), material.text(1)
    width = material.number(2, 200)
    shown = fmt.harmless(one)
    assert not [c for c in set(shown) if c != "\n" and _acts(c)]
    assert fmt.harmless(shown) == shown
    assert str(fmt.plain(one)) == shown
    assert not fmt.plain(one).spans
    assert len(fmt.pictured(one)) == len(one)
    line = fmt.safe(one, width)
    assert "\n" not in line
    assert cell_len(line) <= width
    assert cell_len(fmt.fit(line, width)) == width
    _wrapped(shown, max(1, width))
    _sequences(one, two)
    for printed in (output.visible(one), output.one_line(one), text.visible(one)):
        assert not STEERING.search(printed)
    assert figures.cells(figures.cut(output.one_line(one), width + 1)) <= width + 1
    for differ in (difference.words, difference.lines):
        pieces = differ(one, two)
        assert "".join(p.text for p in pieces if p.change is not difference.Change.ADDED) == one
        assert "".join(p.text for p in pieces if p.change is not difference.Change.REMOVED) == two
    assert 0 <= overlap(Source(one), Source(two)) <= 1
    copies(one, [Example(0, two, one[:100]), Example(1, one[:500], two)], {0})


def _acts(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _wrapped(shown: str, width: int) -> None:
    line = shown.partition("\n")[0][:5000]
    breaks = [0, *fmt.wrap_offsets(line, width), len(line)]
    for start, end in pairwise(breaks):
        assert cell_len(line[start:end]) <= max(width, 2)


def _sequences(one: str, two: str) -> None:
    """What goes past the screen to the terminal itself is one sequence of ours."""
    assert re.fullmatch("\x1b\\]0;[^\x00-\x1f\x7f-\x9f]*\x07", terminal.title(one))
    for environ in ({}, {"TERM": "foot"}):
        notice = terminal.notice(one, two, environ)
        assert re.fullmatch("\x1b\\](9|777);[^\x00-\x1f\x7f-\x9f]*\x07", notice)
        assert notice.count(";") == (3 if environ else 1)
    copied = re.fullmatch("\x1b\\]52;c;([A-Za-z0-9+/=]*)\x07", terminal.clipboard(one, {}))
    assert copied is not None
    assert base64.b64decode(copied[1]) == one.encode("utf-8", "replace")
    wrapped = terminal.clipboard(one, {"TMUX": "x"})
    assert wrapped.startswith("\x1bPtmux;\x1b\x1b]52;c;")
    assert wrapped.count("\x1b") == 4


def text_seeds() -> list[bytes]:
    """Texts to begin with, two by two."""
    return [encoded(one, two, "P") for one, two in zip(SHORT, [*SHORT[1:], SHORT[0]], strict=True)]


# --- what is stored and exported ---


def export_texts(material: Material) -> None:
    """A session's name, texts and facts: every format reads back as text, and as nothing else."""
    parts = [material.text(index)[:5000] for index in range(min(6, max(3, len(material))))]
    _stored(material, parts)
    _csv(parts)
    _reports(parts)
    _carried(parts)


def _stored(material: Material, parts: list[str]) -> None:
    value = {"texts": parts, parts[0]: material.value(1), "$x": [1, None, float("inf")]}
    line = wire.dumps(wire.wrap(value))
    assert not STEERING.search(line.translate(TAG_LETTERS))
    assert "\n" not in line
    try:
        assert repr(wire.unwrap(wire.loads(line.encode(), "x"))) == repr(value)
    except ValueError as error:
        assert "nested" in str(error)  # noqa: PT017 - only deep data may be refused
    for part in parts:
        assert stored.decode(stored.encode(part)) == part
        assert stored.load(stored.dump([part, {part: part}])) == [part, {part: part}]


def _csv(parts: list[str]) -> None:
    csv.field_size_limit(10 * LONGEST)
    state = steps(empty(), [(part, 20) for part in parts])
    rows = list(csv.DictReader(io.StringIO(trajectory_csv(state), newline="")))
    assert len(rows) == len(state.ranked())
    tables_out = list(csv.reader(io.StringIO(tables.as_csv([parts, parts]), newline="")))
    assert [len(row) for row in tables_out] == [len(parts)] * 2
    for cell in (*(row["text"] for row in rows), *tables_out[0]):
        assert not cell.lstrip(" \n").startswith(FORMULA) or _is_number(cell)
        for piece in re.split("[;\t\n]", cell):  # how a spreadsheet of semicolons reads it
            assert not re.match(r"[ \t]*([=@＝＠]|[+\-＋－]\S)", piece) or _is_number(cell)
    ranked = [candidate.text for candidate in state.ranked()]
    for row, own in zip(rows, ranked, strict=True):
        assert row["text"].replace("'", "") == text.visible(own).replace("'", "")
        assert not STEERING.search(row["text"])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def report_with(parts: list[str]) -> Report:
    """A report in which every text from outside is one of these."""
    name, fact, best = (part if part.strip() else "x" for part in parts[:3])
    table = Table(
        ("rank", "instruction"), tuple((str(n), p) for n, p in enumerate(parts)), frozenset({1})
    )
    panel = Panel(name, (0, 1), (0, 1), fact, best, marks=(Mark((0.5, 0.5), Kind.BEST),))
    picture = Picture(name or "x", (panel,), legend=((Kind.BEST, fact),))
    return Report(
        name=name,
        facts=(("task", fact), ("note", best)),
        simulated=True,
        headline=fact,
        best=best,
        points=(),
        percent=True,
        unit="dollars",
        sections=(Section("Solutions", table), Section("Edits", table, "A note.")),
        picture=picture,
    )


def _reports(parts: list[str]) -> None:
    report = report_with(parts)
    plain = report_with(["w" + "x" * min(len(part), 100) for part in parts])
    page, same = (Page(html_report(each)) for each in (report, plain))
    assert page.shape() == same.shape()
    assert page.said("pre") == ["\n" + text.visible(report.best or "(empty)")]
    cells = [cell for _, cell in report.sections[0].table.rows] * 2
    assert page.said("td")[1::2] == [text.visible(cell) for cell in cells]
    written = markdown_report(report)
    for whole in (html_report(report), written):
        assert not STEERING.search(whole)
    tokens, usual = markdown_tokens(written), markdown_tokens(markdown_report(plain))
    kinds = [token.type for token in tokens if token.type != "inline"]
    assert kinds == [token.type for token in usual if token.type != "inline"]
    inline = [said(token) for token in tokens if token.type == "inline"]
    for part in parts:
        assert text.one_line(part) in inline
    shown = [[fmt.harmless(part) for part in parts]]
    assert markdown_cells(tables.markdown([["h"] * len(parts), parts]))[1:] == [
        [text.one_line(part) for part in shown[0]]
    ]


def _carried(parts: list[str]) -> None:
    best, question, target = parts[:3]
    position = POSITIONS[len(best) % len(POSITIONS)]
    spec = PromptSpec(name="t", metric="exact", position=position)
    examples = [
        Example(0, question, target, Split.TRAIN, {"column": best}),
        Example(1, "What?", "4", Split.TEST, {"column": "x"}),
    ]
    state = empty(scorer=f"openai/{parts[-1] or 'm'}")
    state = steps(state, [(best, 20)])
    session: Any = SimpleNamespace(
        task=PromptTask(spec, examples),
        state=state,
        name=parts[0],
        record=SimpleNamespace(simulated=True),
    )
    tree = ast.parse(dspy.dspy_program(session))
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert values == {"INSTRUCTIONS": best, "EXAMPLES": [("What?", "4")]}
    kinds = ("Import", "Assign", "Assign", "ClassDef", "ClassDef", "If")
    assert tuple(type(node).__name__ for node in tree.body) == kinds
    _promptfoo(promptfoo.promptfoo_config(session), best)


def _promptfoo(written: str, best: str) -> None:
    """Block YAML whose values are all JSON: each line is a comment, a key of ours, or a value."""
    assert not STEERING.search(written.translate(TAG_LETTERS))
    lines = written.splitlines()
    for line in lines:
        found = re.fullmatch(
            r"#.*|(?P<key> *(?:- )*[A-Za-z_0-9]+:)(?: (?P<value>.+))?| *- (?P<item>.+)", line
        )
        assert found, line
        value = found["value"] or found["item"]
        if value:
            json.loads(value)
    prompt = json.loads(lines[lines.index("prompts:") + 1].removeprefix("  - "))
    messages = json.loads(prompt)
    whole = "".join(message["content"] for message in messages)
    assert whole.count("{{question}}") == 1
    bare = re.sub(r"\{\{ '([{#])' \}\}", r"\1", whole.replace("{{question}}", "\0"))
    # JSON makes one character of two lone surrogates that stand side by side.
    assert json.loads(json.dumps(best)) in bare


def export_seeds() -> list[bytes]:
    """Texts to begin with."""
    return [
        encoded(one, two, one, "m")
        for one, two in zip(SHORT, [*SHORT[7:], *SHORT[:7]], strict=True)
    ]
