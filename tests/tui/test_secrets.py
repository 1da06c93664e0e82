"""Keys that an endpoint sends back are on no screen, and in no picture of one."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.config_file import load_config
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from opro_tui.tui.screens.new_session.screen import NewSession
from opro_tui.tui.screens.problem import Problem
from tests.support.replies import Fault
from tests.support.sessions import make, own_data
from tests.trust.planted import HEADER, KEY, leaks, planted
from tests.tui.driving import run_out, screen_text, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trust.planted import Planted


def told(number: int, request: Any) -> Fault:
    """Refusals for good and for a while, each with the keys."""
    return Fault(status=403, message=f"{KEY} and {HEADER} may not", code=KEY)


async def store_session(user: Planted) -> None:
    models = {"optimizer": "lab/m", "scorer": "lab/m", "train": 2, "candidates": 1}
    store = await Store.open(user.db)
    await make(store, own_data(user.data.parent, **models), "demo")
    await store.close()


def pictures(folder: Path) -> set[Path]:
    return set(folder.glob("*.svg"))


async def shot(app: OproApp, pilot: Any, folder: Path) -> str:
    """A picture of the screen, as the palette saves it, and what it says."""
    before = pictures(folder)
    (command,) = [c for c in app.get_system_commands(app.screen) if c.title == "Screenshot"]
    command.callback()
    await until(pilot, lambda: pictures(folder) > before)
    (file,) = pictures(folder) - before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await until(pilot, lambda: "Written to" in screen_text(app))
    return file.read_text()


@pytest.mark.parametrize("works", [True, False])
async def test_no_screen_and_no_picture_shows_a_key_that_was_sent_back(
    tmp_path: Path, monkeypatch: Any, works: bool
) -> None:
    downloads = tmp_path / "written" / "Downloads"
    downloads.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(downloads.parent))
    faults = {} if works else {"fault": told}
    with planted(tmp_path, monkeypatch, models=("m", KEY), **faults) as user:
        await store_session(user)
        app = OproApp(user.db, None, load_config())
        seen = []
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, lambda: app.sessions is not None and app.sessions.loaded)
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, NewSession) and app.screen.offers)
            assert [name for name, _ in app.screen.offers] == ["lab/m", "simulated"]
            seen.append(screen_text(app))
            await pilot.press("escape")
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
            await until(pilot, lambda: app.steering.forecast is not None)
            await pilot.press("s")
            await run_out(app, pilot)
            if works:
                assert app.steering.state.finished_steps
                seen += [screen_text(app), await shot(app, pilot, downloads)]
                assert "[key]" in seen[-2]
                for key in ("enter", "c", "m"):
                    await pilot.press(key)
                    await pilot.pause(0.1)
                    seen.append(screen_text(app))
                    await pilot.press("escape")
                    await pilot.pause()
            else:
                await until(pilot, lambda: isinstance(app.screen, Problem))
                seen += [screen_text(app), await shot(app, pilot, downloads)]
                assert "[key] and [key] may not" in " ".join(seen[-2].split())
        user.search(*seen)


async def test_a_fault_of_the_program_that_quotes_a_key_is_shown_without_it(
    tmp_path: Path, monkeypatch: Any
) -> None:
    with planted(tmp_path, monkeypatch) as user:
        await store_session(user)
        app = OproApp(user.db, "demo", load_config())
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app.steering.opened)

            def fail(*_: object, **__: object) -> None:
                raise RuntimeError(f"refused {KEY} and {HEADER}")

            monkeypatch.setattr("opro_tui.engine.loop.evaluate", fail)
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app.screen, Problem))
            shown = screen_text(app)
        assert "RuntimeError: refused *** and ***" in " ".join(shown.split())
        leaks(shown, "the screen")
        user.search()
