from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.tui.app import OproApp, demo
from tests.tui.driving import make_session, until

if TYPE_CHECKING:
    from pathlib import Path

LIGHT = """
import sys
import opro_tui.cli.commands.open, opro_tui.tui.app, opro_tui.tui.screens.{screen}
print(*sys.modules)
"""
HEAVY = (
    *("opro_tui.engine", "opro_tui.models", "opro_tui.tasks", "opro_tui.store.database"),
    *("opro_tui.core.events", "opro_tui.core.state", "openai", "anthropic", "sqlite_utils"),
)


@pytest.mark.parametrize("screen", ["workbench", "sessions"])
def test_a_first_screen_imports_neither_the_engine_nor_another_screen(screen: str) -> None:
    code = LIGHT.format(screen=screen)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert not found & set(HEAVY)
    own = {screen, "session_list"} if screen == "sessions" else {screen}
    opened = {name for name in found if name.startswith("opro_tui.tui.screens.")}
    assert opened == {f"opro_tui.tui.screens.{name}" for name in own}


WATCHED = """
import asyncio, json, sys, threading
from pathlib import Path
from opro_tui.config import Config
from opro_tui.tui import warming
from opro_tui.tui.app import OproApp

held_up = []

class Watch:
    painted = False
    def find_spec(self, name, path=None, target=None):
        if self.painted and threading.current_thread() is threading.main_thread():
            if name.startswith("opro_tui"):
                held_up.append(name)

watch = Watch()
sys.meta_path.insert(0, watch)

painted = OproApp._painted

def watched(app):
    watch.painted = True
    painted(app)

OproApp._painted = watched

async def main():
    app = OproApp(Path(sys.argv[1]), sys.argv[2] or None, Config())
    async with app.run_test(size=(120, 40)) as pilot:
        def filled():
            if app.sessions is not None:
                return bool(app.sessions.entries)
            return app.steering.prompt is not None and app.steering.waste is not None
        while not (filled() and warming.done()):
            await pilot.pause(0.01)
        await pilot.pause()
        if not sys.argv[2]:
            await pilot.press("enter")
            while app.steering.prompt is None:
                await pilot.pause(0.01)
        for key in "?", "enter", "comma", "e", "t", "x":
            await pilot.press(key)
            await pilot.pause()
            while len(app.screen_stack) > 2 + (app.sessions is not None):
                app.pop_screen()
                await pilot.pause()
    print(json.dumps(held_up))

asyncio.run(main())
"""


@pytest.mark.parametrize("name", ["demo", ""])
async def test_what_was_left_out_is_never_imported_while_the_screen_waits(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path, "sums")
    argv = [sys.executable, "-c", WATCHED, str(path), name]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)  # noqa: ASYNC221
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found, found


async def test_keys_typed_before_the_session_is_there_are_done_when_it_is(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    app = OproApp(path, "demo", Config())
    let_open = asyncio.Event()
    open_it = app.steering.open

    async def slowly() -> None:
        await let_open.wait()
        await open_it()

    app.steering.open = slowly  # type: ignore[method-assign]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t", "1", ".", "5", "enter")
        await pilot.pause()
        assert app.screen is app.workbench
        let_open.set()
        await until(pilot, lambda: app.steering.state.settings.temperature == 1.5)


async def test_the_demo_is_made_behind_the_screen_under_a_free_name(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    app = demo(path, Config())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.steering.opened)
        assert app.steering.name == app.steering.session.name == "demo-2"
        assert app.steering.session.task.name == "sums"


async def test_a_demo_that_can_not_be_made_ends_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    path.write_text("this is no database, but a text that is long enough to be told from one")
    app = demo(path, Config())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 1
    assert path.read_text().startswith("this is no database")


async def test_help_answers_before_the_session_is_there(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    app = OproApp(path, "demo", Config())
    never = asyncio.Event()
    app.steering.open = never.wait  # type: ignore[assignment,method-assign]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: len(app.screen_stack) == 3)
        assert app.screen.query_one("#box").styles.border_top[0] == "round"


async def test_enter_typed_before_the_list_is_read_opens_the_first_session(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    app = OproApp(path, None, Config())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
