"""`export` and `import`, and that hostile texts stay texts in every format."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.spreadsheet import disarmed
from opro_tui.engine.exchange.markdown import escaped
from opro_tui.engine.exchange.text import one_line
from tests.support.reading import markdown_cells, markdown_tokens

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

HOSTILE = (
    "<script>document.title='pwned';console.error('pwned')</script>",
    "</pre></style><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "| a |\n# head\n```\n[x](javascript:alert(1))",
    "{{7*7}} {% raw %} {# c #} {{question}} {",
    "'''\n\"\"\"\nimport os; os.system('x')",
    "\x1b[31m \u202e right to left",
)
FORMATS = ("json", "jsonl", "csv", "md", "html", "promptfoo", "dspy")


@pytest.fixture
def hostile(cli: Cli) -> Cli:
    """A session whose every solution tries to be something else; the best is its first."""
    initial = [word for text in HOSTILE for word in ("--initial", text)]
    cli.ok("new", "h", "--task", "sums", "--train", 4, "--candidates", 1, "--headless", *initial)
    cli.ok("run", "h")
    cli.ok("edit", "h", "--pin", 1, "--note", "<b onclick=x>| note")
    return cli


def parsed(text: str) -> tuple[list[str], set[tuple[str, str]]]:
    tags: list[str] = []
    names: set[tuple[str, str]] = set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)
            names.update((tag, name) for name, _ in attrs)

    Parser().feed(text)
    return tags, names


def test_the_page_runs_and_loads_nothing_whatever_models_write(hostile: Cli) -> None:
    out = hostile.ok("export", "h", "--format", "html").out
    tags, names = parsed(out)
    known = "html head meta title style body main section h1 h2 p span pre dl dt dd div table thead"
    known += " tbody tr th td svg g line polyline polygon circle text footer"
    assert set(tags) <= set(known.split())
    assert not any(name.startswith("on") or name in ("src", "href", "style") for _, name in names)
    assert "default-src 'none'; style-src 'sha256-" in out
    assert "simulated models" in out.lower()
    assert tags.count("svg") == 2


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_chromium_shows_the_page_without_an_error(hostile: Cli, tmp_path: Path) -> None:
    page = tmp_path / "h.html"
    hostile.ok("export", "h", "--format", "html", "-o", page)
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --dump-dom"
    options += " --disable-background-networking --disable-component-update --disable-sync"
    options += f" --enable-logging=stderr --user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        ["chromium", *options.split(), page.as_uri()], capture_output=True, timeout=60, check=True
    )
    assert b"CONSOLE" not in done.stderr
    dom = done.stdout.decode()
    assert "<title>h</title>" in dom
    assert not {"script", "img"} & set(parsed(dom)[0])


def test_spreadsheets_get_no_formula_and_markdown_no_markup(hostile: Cli) -> None:
    table = hostile.ok("export", "h", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(table)))
    assert rows
    assert not any(row["text"].startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows)
    assert any(row["text"].startswith("'=cmd") for row in rows)
    report = hostile.ok("export", "h", "--format", "md").out
    body = re.sub(r"^(`{3,})text\n.*?^\1$", "", report, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"(?<!\\)[<`\[]", body)
    heads = [line for line in report.splitlines() if line.startswith("#")]
    assert "# head" not in body.splitlines()
    assert heads[0] == "# h"
    cells = [re.sub(r"\\.", "", line).count("|") for line in body.splitlines() if line[:1] == "|"]
    assert set(cells) <= {3, 4, 7, 9, 11, 13, 17}
    for text in (table, report):
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("text", HOSTILE)
def test_the_best_is_carried_over_as_it_is(cli: Cli, text: str, tmp_path: Path) -> None:
    cli.ok("new", "h", "--task", "sums", "--train", 2, "--headless", "--initial", text)
    assert "fully scored" in cli.refused("export", "h", "--format", "dspy")
    cli.ok("edit", "h", "--max-steps", 0)
    cli.ok("run", "h")
    shown = cli.ok("show", "h", "--json").json
    best = shown["best"]["text"]
    tree = ast.parse(cli.ok("export", "h", "--format", "dspy").out)
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
    }
    assert values["INSTRUCTIONS"] == best
    imports = [node.names[0].name for node in tree.body if isinstance(node, ast.Import)]
    assert imports == ["dspy"]
    lines = cli.ok("export", "h", "--format", "promptfoo").out.splitlines()
    prompt = json.loads(lines[lines.index("prompts:") + 1].removeprefix("  - "))
    content = json.loads(prompt)[0]["content"]
    assert content.count("{{question}}") == 1
    rendered = re.sub(r"\{\{ '([{#])' \}\}", r"\1", content.replace("{{question}}", "Q?"))
    assert rendered == f"Q: {best}\nQ?\n\nA:"


def test_a_file_is_replaced_whole_and_a_database_never(hostile: Cli, tmp_path: Path) -> None:
    for kind in FORMATS:
        path = tmp_path / f"out.{kind}"
        path.write_text("before")
        assert hostile.ok("export", "h", "--format", kind, "-o", path).out == ""
        assert path.read_text(encoding="utf-8") == hostile.ok("export", "h", "--format", kind).out
    assert not list(tmp_path.glob(".out*"))
    before = hostile.db.read_bytes()
    assert "is a database" in hostile.refused("export", "h", "--format", "md", "-o", hostile.db)
    copy = tmp_path / "copy.txt"
    copy.write_bytes(before)
    assert "is a database" in hostile.refused("export", "h", "--format", "md", "-o", copy)
    assert "is a folder" in hostile.refused("export", "h", "--format", "md", "-o", tmp_path)
    missing = tmp_path / "none" / "x"
    assert "can't be written" in hostile.refused("export", "h", "--format", "md", "-o", missing)
    assert hostile.db.read_bytes() == before


def test_an_import_says_its_name_and_shows_the_same(hostile: Cli, tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    hostile.ok("export", "h", "--format", "jsonl", "-o", path)
    assert "imported as h-2 ('h' is taken)" in hostile.ok("import", path).out
    first, second = (hostile.ok("show", name, "--json").json for name in ("h", "h-2"))
    assert second | {"name": "h"} == first
    path.write_text(path.read_text()[:-50])
    assert str(path) in hostile.refused("import", path)
    assert "is no file" in hostile.refused("import", tmp_path / "missing")
    assert len(hostile.ok("list", "--json").json) == 2


def test_addresses_that_a_file_names_are_said(cli: Cli, tmp_path: Path, server) -> None:
    """When it is imported, and when it is run, also as a fork; an own address is nobody's."""
    models = ("--optimizer", "simulated", "--scorer", "openai/m", "--scorer-url", server.url)
    small = ("--train", 2, "--test", 0, "--candidates", 1)
    cli.ok("new", "u", "--task", "sums", "--headless", *models, *small)
    path = tmp_path / "u.json"
    cli.ok("export", "u", "--format", "json", "-o", path)
    assert f"its requests go to {server.url}" in cli.ok("import", path).out
    told = f"{server.url} was named by the file that this session was imported from"
    assert told not in cli("run", "u").out
    assert cli("run", "u-2").out.count(told) == 1
    assert told not in cli("run", "u-2").out
    cli.ok("export", "u", "--format", "json", "-o", path)
    cli.ok("import", path)
    cli.ok("fork", "u-3", "--at", 0, "--as", "v")
    other = server.url.replace("127.0.0.1", "localhost")
    cli.ok("fork", "u-2", "--as", "w", "--scorer-url", other)
    assert [cli("run", name).out.count("was named by the file") for name in "vw"] == [1, 0]


def test_tasks_that_compute_their_score_have_no_prompt_to_carry(cli: Cli) -> None:
    cli.ok("new", "l", "--task", "linear-regression", "--headless")
    for kind in ("promptfoo", "dspy"):
        assert "computes its score" in cli.refused("export", "l", "--format", kind)
    for kind in ("json", "csv", "md", "html"):
        assert cli.ok("export", "l", "--format", kind).out


def test_dspy_takes_the_program_where_it_is_installed(hostile: Cli, tmp_path: Path) -> None:
    pytest.importorskip("dspy")
    path = tmp_path / "program.py"
    hostile.ok("export", "h", "--format", "dspy", "-o", path)
    code = f"import runpy; m = runpy.run_path({str(path)!r}); p = m['Program']()\n"
    code += "assert p.answer.signature.instructions == m['INSTRUCTIONS']"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.skipif(shutil.which("promptfoo") is None, reason="promptfoo is not installed")
def test_promptfoo_sends_the_best_as_it_is(cli: Cli, tmp_path: Path) -> None:
    text = HOSTILE[4]
    cli.ok("new", "h", "--task", "sums", "--train", 2, "--headless", "--initial", text)
    cli.ok("edit", "h", "--max-steps", 0)
    cli.ok("run", "h")
    config, out = tmp_path / "promptfooconfig.yaml", tmp_path / "out.json"
    cli.ok("export", "h", "--format", "promptfoo", "-o", config)
    quiet = {"TELEMETRY": "1", "UPDATE": "1", "REMOTE_GENERATION": "1"}
    env = {f"PROMPTFOO_DISABLE_{name}": value for name, value in quiet.items()}
    env |= {"PROMPTFOO_CONFIG_DIR": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    subprocess.run(
        ["promptfoo", "eval", "--no-cache", "-c", config, "-o", out],
        env=env,
        capture_output=True,
        timeout=120,
        check=False,  # the echo provider answers nothing right
    )
    result = json.loads(out.read_text())["results"]["results"][0]
    message = json.loads(result["response"]["output"])[0]
    assert message["content"] == f"Q: {text}\n{result['vars']['question']}\n\nA:"


@pytest.mark.parametrize(
    "text", ["see bample.org", "//exampl\ufffd.org", "www.x.org a@b.org", "x//y.zz"]
)
def test_no_address_in_a_report_becomes_a_link(text: str) -> None:
    (cell,) = markdown_cells(f"| h |\n| --- |\n| {escaped(text)} |\n")[1]
    assert cell == text


@pytest.mark.parametrize(
    "text",
    [
        "Best of 53: 87.5 at 12:00",
        "tickets.csv",
        "max_length=500, a + b",
        "Yes! It is (so far).",
        "3 of 5 (2 of 3) agree. 7. is the rest",
    ],
)
def test_what_is_no_markup_stands_in_a_report_as_it_is(text: str) -> None:
    assert escaped(text) == text


@given(st.text(st.sampled_from("_:=+.!/-()1ab \ttickets.csvjsonorgwwwhttp"), max_size=30))
def test_what_is_left_unescaped_is_no_markup(text: str) -> None:
    (cell,) = markdown_cells(f"| h |\n| --- |\n| {escaped(text)} |\n")[1]
    assert cell == one_line(text).strip()
    tokens = [each.type for each in markdown_tokens(f"{escaped(text.strip())}\n")]
    assert tokens in ([], ["paragraph_open", "inline", "paragraph_close"])


def test_an_export_goes_through_a_pipe_that_somebody_reads(cli: Cli, tmp_path: Path) -> None:
    cli.ok("new", "p", "--task", "sums", "--train", 2, "--headless")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    said = cli.refused("export", "p", "--format", "csv", "-o", pipe)
    assert "nobody reads from this pipe" in said
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    cli.ok("export", "p", "--format", "csv", "-o", pipe)
    reader.join(10)
    assert got == [cli.ok("export", "p", "--format", "csv").out]


def test_formulas_behind_separators_are_disarmed_and_lists_stay() -> None:
    for text in ("a;=1+1", "a\n=1", "a\t@SUM(1)", "a; +1", "a\n-1", "=1", " +x", "a;\t=1"):
        assert re.search("' *[=+@-]", disarmed(text)), text
        assert disarmed(text).replace("'", "") == text
    for text in ("Steps:\n- read\n- think", "a; b", "x = 1; y = 2", "2 + 2", "e-mail@x"):
        assert disarmed(text) == text
