"""A session in which everything foreign is hostile: no screen lets any of it through."""

from __future__ import annotations

import asyncio
import re
import shutil
import unicodedata
from typing import TYPE_CHECKING

import pytest
from textual.events import Paste
from textual.widgets import Input

from opro_tui.config import Config
from opro_tui.tui.app import OproApp
from opro_tui.tui.bindings import possible
from opro_tui.tui.commands import COMMANDS
from opro_tui.tui.messages import Failed
from opro_tui.tui.screens.problem import Problem
from opro_tui.tui.session_commands import SESSION_COMMANDS
from tests.support import hostile_session
from tests.support.hostile import SHORT
from tests.support.hostile_session import NAME
from tests.tui.driving import run_out, until
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot


TEXTS = [text for text in (*HOSTILE, *SHORT.values()) if text.strip()]
OURS = re.compile(r"\x1b\[(?:[0-9;]*m|[0-9]+;[0-9]+H)")
"""The escape sequences of a drawn screen: colours, and where to go on."""
SHOWING = (
    *("help", "edit", "exemplars", "differences", "reword", "try_out", "look_alikes", "details"),
    *("settings", "copy", "history", "costs", "replay", "compare", "confirm", "evaluate"),
    *("lineage", "new_eyes", "null_arm", "palette", "chart"),
    *("messages", "about", "session_new", "session_rename", "session_fork", "session_delete"),
)
"""Commands that bring foreign text to the screen, in layers and screens of their own."""
MOST_LAYERS = 5


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    asyncio.run(hostile_session.make(folder))
    return folder


@pytest.fixture
def database(told: Path, tmp_path: Path) -> Path:
    shutil.copytree(told, tmp_path / "own")
    return tmp_path / "own" / "sessions.db"


JOINERS = "\u200c\u200d"
"""What a field of one line keeps, and draws, of what a person typed."""


def acting(text: str) -> set[str]:
    """The characters that could move, hide or reorder others, line breaks apart."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return {c for c in set(text) if unicodedata.category(c) in kinds and c != "\n"}


def seen(app: OproApp, but: str = "") -> str:
    """What the terminal shows, after making sure that it can do no harm.

    Args:
        app: The program.
        but: What may be shown of what acts.
    """
    lines = []
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            meta = segment.style.meta if segment.style is not None else {}
            assert "app.quit" not in str(meta.get("@click"))
            assert segment.style is None or segment.style.link is None
        lines.append(strip.text)
    text = "\n".join(lines)
    assert not acting(text) - set(but)
    update = app.screen._compositor.render_update(full=True)
    assert update is not None
    sent = OURS.sub("", update.render_segments(app.console))
    assert not acting(sent) - set(but)
    return text


async def look_around(app: OproApp, pilot: Pilot[None]) -> str:
    """Look at a screen or layer, its panes and its lists."""
    await app.workers.wait_for_complete([w for w in app.screen.workers if w.node is app.screen])
    await pilot.pause()
    text = seen(app)
    for key in ("down", "tab"):
        await pilot.press(key)
        text += seen(app)
    return text


async def through(app: OproApp, pilot: Pilot[None], table: object) -> str:
    """Do every action of a screen that shows something; returns all that was seen."""
    home, texts = app.screen, []
    for command in table:
        if command.id not in SHOWING or not possible(home, command):
            continue
        await home.run_action(command.action)
        await pilot.pause()
        if app.screen is not home:
            texts.append(await look_around(app, pilot))
        for _ in range(MOST_LAYERS):
            if app.screen is home:
                break
            await pilot.press("escape")
            await pilot.pause()
            texts.append(seen(app))
        assert app.screen is home, command.id
    return "\n".join(texts)


async def test_no_screen_over_a_session_lets_anything_through(database: Path) -> None:
    app = OproApp(database, NAME, Config())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.steering.opened and app.steering.prompt is not None)
        for pane in app.workbench.panes:
            pane.body.focus()
            await pilot.press("pagedown", "end")
            seen(app)
        app.workbench.trajectory.rows.focus()
        text = await through(app, pilot, COMMANDS)
        assert "[/INST] solve" in text
        assert "[@click=app.quit]" in text
        app.workbench.say("".join(HOSTILE))
        await pilot.pause()
        seen(app)
        app.post_message(Failed("".join(HOSTILE[:3]), "".join(HOSTILE)))
        await until(pilot, lambda: isinstance(app.screen, Problem))
        seen(app)
        await pilot.press("y", "escape")
        await run_out(app, pilot)
        assert app.return_code is None


async def paste(app: OproApp, text: str) -> None:
    """Paste a text instead of what stands in the field that has the focus."""
    field = app.focused
    assert isinstance(field, Input)
    field.value = ""
    await app.on_event(Paste(text))


async def test_filters_and_the_palette_take_any_text(database: Path) -> None:
    app = OproApp(database, NAME, Config())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.steering.opened and app.steering.prompt is not None)
        for rows in (app.workbench.trajectory.rows, app.workbench.candidates.rows):
            rows.focus()
            await pilot.press("slash")
            await pilot.pause()
            field = app.screen.focused
            assert isinstance(field, Input)
            for text in HOSTILE:
                await paste(app, text)
                await pilot.pause()
                seen(app, JOINERS)
            await pilot.press("escape")
            seen(app)
            assert rows.has_focus
        await pilot.press("colon")
        await pilot.pause()
        for text in TEXTS:
            await paste(app, text)
            await pilot.pause()
            seen(app, JOINERS)
        await pilot.press("escape")
        assert app.return_code is None


async def test_new_eyes_and_traces_let_nothing_through(database: Path) -> None:
    app = OproApp(database, NAME, Config())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.steering.opened and app.steering.prompt is not None)
        app.workbench.trajectory.rows.focus()
        await pilot.press("N")
        for keys in (["contains"], ["enter"], ["down", "enter"], ["down", "down"]):
            await pilot.press(*(keys if len(keys) > 1 or keys == ["enter"] else keys[0]))
            await app.workers.wait_for_complete(
                [w for w in app.screen.workers if w.node is app.screen]
            )
            await pilot.pause()
            seen(app)
        for _ in range(MOST_LAYERS):
            if app.screen is app.workbench:
                break
            await pilot.press("escape")
            await pilot.pause()
        await pilot.press("L")
        await until(pilot, lambda: getattr(app.screen, "found", None) is not None)
        for key in ("end", "home", "tab", "end"):
            await pilot.press(key)
            await pilot.pause()
            seen(app)
        assert app.return_code is None


async def test_the_list_of_sessions_lets_nothing_through(database: Path) -> None:
    app = OproApp(database, None, Config())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = app.sessions
        assert screen is not None
        await until(pilot, lambda: screen.loaded and len(screen.entries) == 2)
        text = await through(app, pilot, SESSION_COMMANDS)
        assert "[bold]x[/]" in text
        assert app.return_code is None
