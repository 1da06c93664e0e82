from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.cli import figures, output
from opro_tui.cli.watching import RedrawnLine
from tests.cli.conftest import ROOT, Cli

HOSTILE = "\x1b]0;owned\x07\x1b[31mred\x9b2J\u202egnp.exe\u200b\x00\x7f"
anything = st.text(st.characters(codec=None))


@pytest.mark.parametrize("lines", [["12 of 480 scored"], ["x" * 200], ["a long one", "b"]])
def test_a_redrawn_line_leaves_nothing_of_itself_nor_of_an_echoed_interrupt(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    width = 40
    monkeypatch.setattr("opro_tui.cli.watching.terminal_width", lambda: width)
    stream = io.StringIO()
    drawn = RedrawnLine(stream)
    for line in lines:
        drawn.draw(line)
    stream.write("^C")  # as the terminal does, where the cursor stands
    seen = shown(stream.getvalue(), width)
    assert len(seen) == 1
    assert seen[0].rstrip().endswith("^C")
    drawn.clear()
    assert [row.strip() for row in shown(stream.getvalue(), width)] == [""]


def shown(written: str, width: int) -> list[str]:
    """The rows of a terminal that got this."""
    rows, column = [[" "] * width], 0
    for char in written:
        if char == "\r":
            column = 0
            continue
        if column == width:
            rows.append([" "] * width)
            column = 0
        rows[-1][column] = char
        column += 1
    return ["".join(row) for row in rows]


@given(anything)
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    shown = output.visible(text)
    assert not any(ord(char) < 32 and char not in "\t\n" for char in shown)
    assert not any(0x7F <= ord(char) <= 0x9F or 0x202A <= ord(char) <= 0x202E for char in shown)
    assert not any(0xD800 <= ord(char) <= 0xDFFF for char in shown)
    assert "\n" not in output.one_line(text)


def test_plain_text_stays_as_it_is() -> None:
    text = "Größe: 3 × 4\n\tденьги 💶 {x} <INS>"
    assert output.visible(text) == text


@given(anything)
def test_any_text_can_be_encoded_and_what_is_valid_stays(text: str) -> None:
    written = output.encoded(text)
    if not any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        assert written == text.encode()


def test_undecodable_bytes_of_arguments_come_back() -> None:
    assert output.encoded(os.fsdecode(b"a\xff")) == b"a\xff"


def test_json_is_one_valid_document_whatever_it_holds(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    value = {"text": HOSTILE + "\ud800ü", "score": float("nan"), "list": [float("inf"), 1]}
    output.document(value)
    written = capsysbinary.readouterr().out
    assert b"\x1b" not in written
    assert "ü".encode() in written
    assert written.endswith(b"}\n")
    expected = {"text": HOSTILE + "\ud800ü", "score": None, "list": [None, 1]}
    assert json.loads(written) == expected


@pytest.mark.parametrize(
    ("usd", "shown"),
    [(None, "unknown"), (0, "$0"), (12.5, "$12.50"), (0.412, "$0.412"), (0.00012, "$0.000120")],
)
def test_money(usd: float | None, shown: str) -> None:
    assert figures.money(usd) == shown


@given(anything, st.integers(1, 40))
def test_a_cut_text_fits(text: str, width: int) -> None:
    assert figures.cells(figures.cut(text, width)) <= width


def hostile_session(cli: Cli) -> None:
    file = cli.folder / "warm.jsonl"
    row = {"text": "say \x1b[31mred\x1b]0;t\x07 \u202ex", "score": 0.9}
    file.write_text(json.dumps(row), encoding="utf-8")
    cli.ok("new", "h", "--task", "sums", "--solutions", file, "--headless")


def test_pipes_get_the_exact_bytes(cli: Cli) -> None:
    hostile_session(cli)
    assert cli.ok("best", "h").stdout == "say \x1b[31mred\x1b]0;t\x07 \u202ex\n".encode()
    assert b"\x1b[31mred" in cli.ok("meta-prompt", "h").stdout
    assert b"\x1b" not in cli.ok("show", "h").stdout
    assert cli.ok("show", "h", "--json").json["best"]["text"].startswith("say \x1b[31m")


@pytest.mark.parametrize("command", ["best", "meta-prompt", "show"])
def test_terminals_get_harmless_text(cli: Cli, command: str) -> None:
    hostile_session(cli)
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "opro_tui", command, "h"]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            written += data
        process.wait()
    os.close(ours)
    assert process.returncode == 0
    assert b"\x1b" not in written
    assert "\u202e".encode() not in written
    assert b"\\x1b[31mred" in written


def test_a_reader_that_goes_away_is_no_traceback(small: Cli) -> None:
    process = small.process("examples", "s")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    message = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert b"Traceback" not in message
    assert Path(small.db).exists()
