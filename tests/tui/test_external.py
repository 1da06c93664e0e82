from __future__ import annotations

import contextlib
import os
import stat

import pytest
from textual.app import App

from opro_tui.tui import external
from opro_tui.tui.external import editor_command, write_outside


class Aside(App[None]):
    """An app that stands aside without a terminal."""

    @contextlib.contextmanager
    def suspend(self):
        yield


def script(folder, body: str) -> str:
    path = folder / "my editor"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"'{path}'"


async def written(monkeypatch, editor: str, text: str = "one"):
    monkeypatch.setenv("VISUAL", editor)
    async with Aside().run_test() as pilot:
        return await write_outside(pilot.app, text, "instructions")


async def test_what_the_editor_saved_is_taken_over(tmp_path, monkeypatch) -> None:
    editor = script(tmp_path, 'printf "two\\n\\nthree\\n" > "$2"; test "$1" = --wait')
    outcome = await written(monkeypatch, f"{editor} --wait")
    assert outcome == external.Outcome("two\n\nthree")


async def test_a_line_end_that_the_text_had_stays(tmp_path, monkeypatch) -> None:
    outcome = await written(monkeypatch, script(tmp_path, 'printf "b\\r\\n" > "$1"'), "a\n")
    assert outcome.text == "b\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exit 0", "back at once"),
        ("exit 3", "ended with code 3"),
        ("kill -INT $$", "was broken off"),
        ('printf "\\377" > "$1"', "not UTF-8"),
        ('rm "$1"', "could not be used"),
    ],
)
async def test_an_editor_that_fails_is_said(tmp_path, monkeypatch, body, words) -> None:
    outcome = await written(monkeypatch, script(tmp_path, body))
    assert outcome.text is None
    assert words in outcome.problem


async def test_an_editor_left_without_a_change_is_no_failure(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(external, "AT_ONCE_SECONDS", 0)
    outcome = await written(monkeypatch, script(tmp_path, "exit 0"))
    assert outcome.text == "one"
    assert "changed nothing" in outcome.problem


async def test_a_terminal_that_can_not_be_handed_over_is_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("VISUAL", script(tmp_path, "exit 0"))
    async with App().run_test() as pilot:
        outcome = await write_outside(pilot.app, "one", "x")
    assert "can't be handed" in outcome.problem


def test_the_command_comes_from_the_environment() -> None:
    path = {"PATH": os.environ["PATH"]}
    assert editor_command({"VISUAL": "sh -c", "EDITOR": "cat"} | path) == (["sh", "-c"], "")
    assert editor_command({"VISUAL": " ", "EDITOR": "cat"} | path) == (["cat"], "")
    assert "quotation mark" in editor_command({"EDITOR": "vi 'x"} | path)[1]
    assert "no such program" in editor_command({"EDITOR": "no-such-editor"} | path)[1]
    assert "EDITOR=nano" in editor_command({"PATH": "/nowhere"})[1]
