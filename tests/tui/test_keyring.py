"""The screens go on while a keyring waits for the person."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import pytest

from opro_tui.config import Config, Provider
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.models import keys
from opro_tui.store.database import Store
from opro_tui.tui.screens import HelpLayer
from tests.support.loopback import LoopbackServer
from tests.tui.driving import opened, screen_text, until
from tests.tui.test_new_session import checked, filling

KEY = "planted-in-keyring-41d8e0"


@pytest.fixture
def locked(monkeypatch):
    """A keyring that answers when its event is set."""
    answers, threads = threading.Event(), []

    def get_password(service: str, user: str) -> str:
        threads.append(threading.current_thread())
        answers.wait(30)
        return KEY

    monkeypatch.setattr(keys, "_said", {})
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password))
    yield SimpleNamespace(answers=answers, threads=threads)
    answers.set()


def config_of(url: str) -> Config:
    lab = Provider("lab", "openai", url, keyring="opro-tui/lab")
    return Config(providers={"lab": lab})


async def test_the_form_can_be_filled_in_while_a_keyring_is_locked(
    tmp_path, locked, monkeypatch
) -> None:
    monkeypatch.setattr("opro_tui.tui.shelf.KEYRING_SECONDS", 0.05)
    monkeypatch.setattr("opro_tui.tui.screens.new_session.screen.DEBOUNCE", 0.01)
    async with filling(tmp_path, (80, 24), config_of("https://lab.invalid/v1")) as (
        app,
        pilot,
        page,
    ):
        assert ("lab/", "the keyring's entry opro-tui/lab is named; complete the name") in (
            page.offers
        )
        assert locked.threads == []
        for name, text in (("task", "sums"), ("optimizer", "lab/m"), ("scorer", "lab/m")):
            page.rows[name].input.value = text
        await until(pilot, lambda: bool(locked.threads))
        page.rows["candidates"].input.focus()
        await pilot.press("5")
        assert page.rows["candidates"].text == "5"
        await checked(pilot, page)
        (told,) = page.checking.keys
        assert told.startswith("lab/m: the keyring has not answered within 0.05 s. Unlock it")
        assert page.checking.preview is not None
        assert "has not answered" in screen_text(app)
        locked.answers.set()
        await pilot.press("backspace", "6")
        await checked(pilot, page)
        assert page.checking.keys == []
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
    assert threading.main_thread() not in locked.threads


async def test_a_step_waits_for_a_keyring_and_the_screen_does_not(tmp_path, locked) -> None:
    with LoopbackServer(key=KEY) as server:
        config = config_of(server.url)
        path = tmp_path / "s.db"
        values = {"task": "sums", "optimizer": "lab/m", "train": 2, "candidates": 1}
        store = await Store.open(path)
        await create(store, prepare(Draft(name="demo", values=values), config))
        await store.close()
        async with opened(path, (80, 24), config) as (app, pilot):
            await pilot.press("s")
            await until(pilot, lambda: bool(locked.threads))
            assert app.steering.running
            await pilot.press("question_mark")
            await until(pilot, lambda: isinstance(app.screen, HelpLayer))
            await pilot.press("escape")
            locked.answers.set()
            await until(pilot, lambda: not app.steering.running)
            assert app.steering.state.usage("optimizer").calls
    assert threading.main_thread() not in locked.threads
