from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import pytest
from textual.app import App

from opro_tui.core.edits import Edits
from opro_tui.tui import external
from opro_tui.tui.external import editor_command, write_outside
from tests.support.hostile import SHORT
from tests.trust.scanner import scan
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until


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
        ('rm "$1"; mkdir "$1"', "none of text"),
        ('rm "$1"; mkfifo "$1"', "none of text"),
        ('truncate -s 100M "$1"', "over 10 MB"),
    ],
)
async def test_an_editor_that_fails_is_said(tmp_path, monkeypatch, body, words) -> None:
    outcome = await written(monkeypatch, script(tmp_path, body))
    assert outcome.text is None
    assert words in outcome.problem


@pytest.mark.parametrize("body", ["exit 0", 'cat "$1" > "$1.new"; mv "$1.new" "$1"'])
async def test_what_an_editor_left_alone_is_the_same_to_the_byte(
    tmp_path, monkeypatch, body
) -> None:
    monkeypatch.setattr(external, "AT_ONCE_SECONDS", 0)
    monkeypatch.setenv("VISUAL", script(tmp_path, body))
    texts = [*SHORT.values(), "a\r\nb\r\n", "a\r\nb\n", "a\n\n", "\n", "\r"]
    async with Aside().run_test() as pilot:
        for text in texts:
            outcome = await write_outside(pilot.app, text, "x")
            assert outcome.text == text
            assert outcome.problem.endswith("changed nothing.")


async def test_a_line_end_that_an_editor_adds_is_no_change(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(external, "AT_ONCE_SECONDS", 0)
    for text in ("one", "a\r\nb", "", "\ud800"):
        outcome = await written(monkeypatch, script(tmp_path, 'echo >> "$1"'), text)
        assert outcome.text == text


async def test_what_an_editor_reads_is_its_owners_alone_and_goes(tmp_path, monkeypatch) -> None:
    told = tmp_path / "told"
    body = f'stat -c "%a %n" "$1" "$(dirname "$1")" > {told}; echo two > "$1"'
    assert (await written(monkeypatch, script(tmp_path, body))).text == "two"
    (mode, file), (folder_mode, folder) = (
        line.split(" ", 1) for line in told.read_text().splitlines()
    )
    assert (mode, folder_mode) == ("600", "700")
    assert file.endswith("/instructions.txt")
    assert folder not in map(str, Path(folder).parent.iterdir())


async def test_nothing_acts_in_a_pager(tmp_path, monkeypatch) -> None:
    got = tmp_path / "got"
    monkeypatch.setenv("PAGER", script(tmp_path, f'stat -c %a "$1" > {got}.mode; cat "$1" > {got}'))
    async with Aside().run_test() as pilot:
        for text in (*SHORT.values(), "\n".join(SHORT.values())):
            assert not await external.read_outside(pilot.app, text)
            assert scan(got.read_bytes()).wrong == []
            assert b"\x1b" not in got.read_bytes()
    assert (tmp_path / "got.mode").read_text() == "600\n"


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


async def paged(app, pilot, key: str, got) -> str:
    got.unlink(missing_ok=True)
    await pilot.press(key)
    for _ in range(300):
        await pilot.pause(0.01)
        if got.exists() and got.read_text():
            break
    await pilot.pause()
    return got.read_text()


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_long_texts_are_read_in_the_pager_from_where_they_stand(
    tmp_path, monkeypatch, size
) -> None:
    path, got = tmp_path / "sessions.db", tmp_path / "got"
    await make_session(path)
    monkeypatch.setenv("PAGER", script(tmp_path, f'cat "$1" > {got}.part; mv {got}.part {got}'))
    async with opened(path, size) as (app, pilot):
        monkeypatch.setattr(app, "suspend", Aside.suspend.__get__(app))
        app.workbench.prompt_pane.body.focus()
        await pilot.pause()
        assert await paged(app, pilot, "Y", got) == app.steering.prompt.text
        await app.steering.edit(Edits(add=("w=1, b=2",)))
        app.workbench.draw()
        app.workbench.candidates.rows.focus()
        await pilot.pause()
        chosen = app.workbench.candidates.rows.key
        expected = app.steering.state.candidates[chosen].text
        assert await paged(app, pilot, "Y", got) == expected
        await pilot.press("a", *"kept", "escape")
        await app.steering.edit(Edits(template={"instructions": "\x1b[31m{trajectory} new"}))
        await pilot.press("D")
        await until(pilot, lambda: getattr(app.screen, "loaded", None) is not None)
        found = await paged(app, pilot, "O", got)
        assert "+␛[31m" in found
        assert "\x1b" not in found
        await pilot.press("escape", "m")
        assert "no warnings" in await paged(app, pilot, "Y", got)
        await pilot.press("escape")
        monkeypatch.setenv("PAGER", "no-such-pager")
        await pilot.press("Y")
        await until(
            pilot, lambda: any("no such program" in note.message for note in app._notifications)
        )


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_a_pager_that_fails_says_so_and_the_screen_is_back(
    tmp_path, monkeypatch, size
) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    aside: list[str] = []

    @contextlib.contextmanager
    def suspend():
        aside.append("away")
        yield
        aside.append("back")

    async with opened(path, size) as (app, pilot):
        monkeypatch.setattr(app, "suspend", suspend)
        app.workbench.prompt_pane.body.focus()
        for body, words in (("exit 3", "ended with code 3"), ("kill -TERM $$", "was broken off")):
            monkeypatch.setenv("PAGER", script(tmp_path, body))
            await pilot.press("Y")
            await until(pilot, lambda: any(words in n.message for n in app._notifications))  # noqa: B023
        assert aside == ["away", "back"] * 2
        assert app.workbench.prompt_pane.body.has_focus
        assert "META-PROMPT" in screen_text(app)
        await pilot.press("z")
        assert app.workbench.has_class("-zoomed")


async def test_a_trace_and_look_alikes_are_read_in_the_pager_too(tmp_path, monkeypatch) -> None:
    path, got = tmp_path / "sessions.db", tmp_path / "got"
    await make_session(path, "sums", candidates=3, train=4, test=4)
    monkeypatch.setenv("PAGER", script(tmp_path, f'cat "$1" > {got}.part; mv {got}.part {got}'))
    async with opened(path) as (app, pilot):
        monkeypatch.setattr(app, "suspend", Aside.suspend.__get__(app))
        await pilot.press("s")
        await run_out(app, pilot)
        app.workbench.trajectory.rows.focus()
        for key in ("L", "l"):
            await pilot.press(key)
            await until(pilot, lambda: bool(app.screen.query("#change, #difference")))
            await until(pilot, lambda: bool(app.screen.rows.keys))
            assert await paged(app, pilot, "O", got) == app.screen.whole
            assert len(app.screen.whole) > 20
            await pilot.press("escape")
