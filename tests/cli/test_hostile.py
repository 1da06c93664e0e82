"""Every command over a session in which everything foreign is hostile, and hostile arguments."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support import hostile_session
from tests.support.hostile import SHORT
from tests.support.hostile_session import FORK, NAME
from tests.support.reading import Page, markdown_tokens, said
from tests.trust.fuzzed_writing import FORMULA, STEERING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

S = hostile_session.NAME
PLAIN = [
    ("list",),
    ("show", S),
    ("examples", S),
    ("examples", S, "--search", "x"),
    ("costs", S),
    ("costs", S, "--csv"),
    ("replay", S),
    ("replay", S, "--step", 1),
    ("lineage", S),
    ("regrade", S, "--metric", "contains"),
    ("rebuild", S, "--shown", 3),
    ("compare", "--", S, FORK),
    ("batch", S),
    ("show", "--", FORK),
    ("try", S, "--examples", 1),
    ("doctor",),
    *(("export", S, "--format", kind) for kind in ("csv", "md", "html", "promptfoo", "dspy")),
]
JSON = [
    ("list", "--json"),
    ("show", S, "--json"),
    ("examples", S, "--json"),
    ("costs", S, "--json"),
    ("lineage", S, "--json"),
    ("meta-prompt", S, "--json"),
    ("meta-prompt", S, "--step", 1, "--json"),
    ("compare", "--json", "--", S, FORK),
    ("regrade", S, "--metric", "contains", "--json"),
    ("rebuild", S, "--shown", 3, "--json"),
    ("export", S, "--format", "json"),
]
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    asyncio.run(hostile_session.make(folder))
    return folder


@pytest.fixture
def over(told: Path, cli: Cli) -> Cli:
    shutil.copytree(told, cli.folder, dirs_exist_ok=True)
    return cli


def test_what_commands_print_acts_on_no_terminal(over: Cli) -> None:
    for argv in PLAIN:
        result = over(*argv)
        assert result.code in (0, 1, 2), argv
        for text in (result.out, result.err):
            assert not ACTS.search(text), (argv, ACTS.search(text))
        assert "Traceback" not in result.err
        assert "unexpected" not in result.err, (argv, result.err)
        assert result.code == 0 or result.err.count("\n") <= 2, argv
        assert result.code == 0 or argv[0] in ("compare", "try", "batch", "doctor"), result.err


def test_what_commands_print_as_json_is_json(over: Cli) -> None:
    for argv in JSON:
        result = over(*argv)
        if argv[0] == "compare" and result.code:
            assert result.err.count("\n") == 1
            continue
        assert result.code == 0, (argv, result.err)
        assert not ACTS.search(result.out)
        json.loads(result.out)
    over.ok("rename", "--", FORK, "plain")
    for line in over.ok("export", S, "--format", "jsonl").out.splitlines():
        json.loads(line)
    shown = over.ok("show", S, "--json").json
    assert shown["name"] == S
    exact = over.ok("best", S).stdout.decode("utf-8", "surrogatepass")
    assert exact.startswith(shown["best"]["text"][:5])


def test_reports_of_it_hold_text_and_nothing_else(over: Cli) -> None:
    page = Page(over.ok("export", S, "--format", "html").out)
    known = "html head meta title style body main section h1 h2 p span pre dl dt dd div table thead"
    known += " tbody tr th td svg g line polyline polygon circle text footer"
    assert {tag for tag, _ in page.elements} <= set(known.split())
    names = {name for _, attrs in page.elements for name, _ in attrs}
    assert not any(name.startswith("on") or name in ("src", "href", "style") for name in names)
    tokens = markdown_tokens(over.ok("export", S, "--format", "md").out)
    assert not {token.type for token in tokens} & {"html_block", "blockquote_open", "code_block"}
    texts = [said(token) for token in tokens if token.type == "inline"]
    assert any("onerror=alert(1)" in text for text in texts)
    table = over.ok("export", S, "--format", "csv").out
    for row in csv.DictReader(io.StringIO(table, newline="")):
        assert not row["text"].lstrip(" \n").startswith(FORMULA)
        assert not STEERING.search(row["text"])


def can_be_typed(text: str) -> bool:
    """Whether a system hands it on as an argument."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


ARGUMENTS = {
    name: text
    for name, text in (SHORT | {"long": "x" * 10_000, "bytes": os.fsdecode(b"\xff\xfe")}).items()
    if can_be_typed(text)
}


@pytest.mark.parametrize("text", ARGUMENTS.values(), ids=list(ARGUMENTS))
def test_any_argument_is_taken_or_refused_in_a_line(cli: Cli, text: str, tmp_path: Path) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    for argv in (
        ("import", text),
        ("new", text, "--task", text),
        ("new", "a", "--task", text, "--headless"),
        ("new", "a", "--task", f"{text}.csv", "--headless"),
        ("new", "a", "--task", "sums", "--solutions", text, "--headless"),
        ("new", "a", "--task", "sums", "--meta-prompt", text, "--headless"),
        ("new", "a", "--task", "sums", "--metric", text or "x", "--headless"),
        ("new", "a", "--task", "sums", "--optimizer", text or "x", "--headless"),
        ("new", "a", "--task", "gsm8k", "--data-dir", text, "--headless"),
        ("new", "a", "--task", f"bbh/{text}", "--data-dir", tmp_path, "--headless"),
        ("show", text),
        ("export", text, "--format", "json", "-o", tmp_path / "out"),
        ("rename", text, text),
        ("--db", f"{tmp_path}/{text}/x", "list"),
    ):
        result = cli(*argv)
        assert result.code in (0, 2), (argv, result)
        assert "unexpected" not in result.err, (argv, result.err[:2000])
        assert result.code == 0 or result.err.count("\n") == 1, (argv, result.err)
        assert not ACTS.search(result.out + result.err), argv
        assert len(result.err) < 3000
    made = {path.name for path in tmp_path.iterdir()} - before
    assert made <= {"sessions.db", "sessions.db-wal", "sessions.db-shm", "state"}


def test_names_are_no_paths(cli: Cli, tmp_path: Path) -> None:
    for name in ("../../up", "/etc/x", "a/b", "-rf", "--x", "=1+1", "'; DROP TABLE sessions; --"):
        cli.ok("new", "--task", "sums", "--train", 2, "--headless", "--", name)
        assert cli.ok("show", "--json", "--", name).json["name"] == name
    assert len(cli.ok("list", "--json").json) == 7
    assert {path.name for path in tmp_path.iterdir()} <= {
        *("sessions.db", "sessions.db-wal", "sessions.db-shm", "config.toml", "data", "state"),
        *("cache", "config"),
    }


def test_pictures_are_harmless(cli: Cli) -> None:
    cli.ok("new", NAME, "--task", "tsp:n=5", "--candidates", 2, "--headless")
    cli.ok("run", NAME)
    assert not ACTS.search(cli.ok("picture", NAME).out)
