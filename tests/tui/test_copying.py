from __future__ import annotations

import asyncio
import base64
import csv
import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.widgets import Input

from opro_tui.core.meta_prompt import MetaPrompt, Region
from opro_tui.engine.exchange.text import one_line
from opro_tui.tui import copying, tables, terminal
from opro_tui.tui.charting import series
from opro_tui.tui.format import harmless
from opro_tui.tui.host import feed
from opro_tui.tui.screens.layers import Prompt, Question
from tests.support import hostile
from tests.support.reading import markdown_cells
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import HOSTILE, empty, steps

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


def test_osc_52_holds_the_text_and_passes_tmux() -> None:
    plain = terminal.clipboard("grüß\nGott", {})
    assert plain.startswith("\x1b]52;c;")
    assert base64.b64decode(plain[7:-1]).decode() == "grüß\nGott"
    wrapped = terminal.clipboard("x", {"TMUX": "/tmp/tmux-0/default,1,0"})
    assert wrapped.startswith("\x1bPtmux;\x1b\x1b]52;")
    assert wrapped.endswith("\x1b\\")
    assert terminal.clipboard("\ud800", {})


def test_the_systems_tool_is_used_only_where_it_is_ours(tmp_path) -> None:
    for name in ("wl-copy", "xclip", "pbcopy"):
        tool = tmp_path / name
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
    path = {"PATH": str(tmp_path)}
    assert terminal.clipboard_tool(path | {"WAYLAND_DISPLAY": "w"}, "linux") == ("wl-copy",)
    x11 = terminal.clipboard_tool(path | {"DISPLAY": ":0"}, "linux")
    assert x11 is not None
    assert x11[0] == "xclip"
    assert terminal.clipboard_tool(path, "darwin") == ("pbcopy",)
    assert terminal.clipboard_tool(path, "linux") is None
    over_ssh = path | {"DISPLAY": ":0", "SSH_TTY": "/dev/pts/1"}
    assert terminal.clipboard_tool(over_ssh, "linux") is None
    assert terminal.clipboard_tool({"DISPLAY": ":0", "PATH": ""}, "linux") is None


async def test_a_tool_that_is_missing_fails_or_hangs_does_no_harm(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("opro_tui.tui.host.TOOL_SECONDS", 0.2)
    await feed((str(tmp_path / "none"),), "x")
    await feed((sys.executable, "-c", "import sys; sys.exit(3)"), "x" * 200_000)
    await asyncio.wait_for(feed((sys.executable, "-c", "import time; time.sleep(60)"), "x"), 10)
    written = tmp_path / "got"
    script = f"import sys; open({str(written)!r}, 'w').write(sys.stdin.read())"
    monkeypatch.setattr("opro_tui.tui.host.TOOL_SECONDS", 10.0)
    await feed((sys.executable, "-c", script), "kept")
    assert written.read_text() == "kept"


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1, max_size=5))
def test_csv_reads_back_and_no_cell_is_a_formula(table) -> None:
    read = list(csv.reader(io.StringIO(tables.as_csv(table), newline="")))
    for row, again in zip(table, read, strict=True):
        for cell, got in zip(row, again, strict=True):
            same = got.replace("\r\n", "\n").replace("\r", "\n")
            was = cell.replace("\r\n", "\n").replace("\r", "\n")
            assert same in (was, "'" + was)
            try:
                float(got)
            except ValueError:
                assert not got.lstrip(" \n").startswith(("=", "+", "-", "@"))


def test_formulas_are_disarmed_and_negative_numbers_are_not() -> None:
    out = tables.as_csv([["=HYPERLINK(1)", "@x", "  =1+1", "-0.5", "+cmd|' /C calc'!A0"]])
    cells = next(csv.reader(io.StringIO(out)))
    assert cells == ["'=HYPERLINK(1)", "'@x", "'  =1+1", "-0.5", "'+cmd|' /C calc'!A0"]


def test_markdown_keeps_every_solution_in_its_cell() -> None:
    state = steps(empty(), [(text, 10) for text in ("a|b", "x\ny", "[/INST] \x1b[31m", "c\\|d")])
    out = tables.markdown(tables.solutions(state, sorted(state.candidates)))
    lines = out.splitlines()
    assert len(lines) == 2 + len(state.candidates)
    assert {line.replace("\\|", "").replace("\\\\", "").count("|") for line in lines} == {11}
    assert "\x1b" not in out


def test_offers_follow_what_is_under_the_cursor() -> None:
    state = steps(empty(), [("first", 10), ("second", None)])
    assert copying.of_rows(state, None, ()) == []
    names = [offer.name for offer in copying.of_rows(state, 1, (1, 2))]
    assert names == ["text", "score", "row", "markdown", "csv"]
    assert "score" not in [offer.name for offer in copying.of_rows(state, 2, (1, 2))]
    offers = {offer.name: offer.text() for offer in copying.of_rows(state, 1, (1, 2))}
    assert offers["text"] == "first"
    assert offers["row"].split("\t")[:2] == ["1", "0.25"]
    assert offers["csv"].count("\n") == 3
    prompt = MetaPrompt("abc", (Region(0, 2, "solution", 7), Region(2, 3, "instructions")))
    whole, part = copying.of_prompt(prompt, prompt.regions[0])
    assert (whole.text(), part.text()) == ("abc", "ab")
    assert "#7" in part.label
    assert copying.of_prompt(None, None) == []
    chart = {offer.name: offer.text() for offer in copying.of_chart(series(state))}
    assert chart["csv"].splitlines()[1].startswith("0,0.25")


@both_sizes
async def test_the_menu_copies_a_whole_instruction_and_says_so(tmp_path, size, monkeypatch) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, size) as (app, pilot):
        sent: list[str] = []
        monkeypatch.setattr(app, "send", sent.append)
        await pilot.press("s")
        await run_out(app, pilot)
        app.workbench.trajectory.rows.focus()
        key = app.workbench.trajectory.rows.key
        await pilot.press("y")
        assert isinstance(app.screen, Question)
        await pilot.press("i")
        await pilot.pause()
        text = app.steering.state.candidates[key].text
        assert app.clipboard == text
        assert base64.b64decode(sent[-1][7:-1]).decode() == text
        assert f"Sent to the terminal: {len(text)} characters." in screen_text(app)
        app.workbench.prompt_pane.body.focus()
        await pilot.press("y", "w")
        assert app.clipboard == app.steering.prompt.text


async def test_what_is_too_long_for_a_clipboard_is_offered_as_a_file(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=10)
    async with opened(path) as (app, pilot):
        long = "".join(t for t in HOSTILE if "\ud800" not in t) + "x" * 100_000
        copy = copying.Copy("text", "i", "Instruction", lambda: long, "text.txt")
        app.workbench._copy(copy)
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        target = tmp_path / "out.txt"
        app.screen.query_one(Input).value = str(tmp_path / "nowhere" / "out.txt")
        await pilot.press("enter")
        assert "There is no folder" in screen_text(app)
        app.screen.query_one(Input).value = str(target)
        await pilot.press("enter")
        await pilot.pause()
        assert target.read_bytes().decode() == long
        assert app.clipboard == ""


def test_a_file_that_is_there_is_never_overwritten(tmp_path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("kept")
    assert "there already" in (copying.problem(str(file)) or "")
    assert "Nothing was written" in copying.write(str(file), "other")
    assert file.read_text() == "kept"


def test_paths_that_no_system_takes_are_answered_in_words(tmp_path) -> None:
    for path in (
        "~no-such-person/x",
        "a\0b",
        "x" * 5_000,
        f"/{'x' * 5_000}/y",
        str(tmp_path / "\ud800"),
    ):
        said = copying.problem(path) or copying.write(path, "text")
        assert said.startswith(("Nothing was written", "There is no folder")), said
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None)
@given(hostile.texts)
def test_a_table_as_markdown_holds_no_markup(text) -> None:
    head, *rows = markdown_cells(tables.markdown([["a", "b"], [text, "x"], ["y", text]]))
    assert head == ["a", "b"]
    shown = one_line(harmless(text))
    assert rows == [[shown, "x"], ["y", shown]]
