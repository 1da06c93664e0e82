"""A keyring may ask a person first: nothing waits for it on the event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.config_file import load_config
from opro_tui.engine import batch_report, discovery, doctor
from opro_tui.engine.trial import trials
from opro_tui.models import keys
from opro_tui.store.database import Store
from tests.support.loopback import LoopbackServer
from tests.support.sessions import make, opened, own_data, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from opro_tui.engine.session import Session

KEY = "planted-in-keyring-41d8e0"
SECONDS = 0.25


class SlowKeyring:
    """Answers after a while, and notes by which threads it was asked."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.answers = threading.Event()
        self.busy = False

    def get_password(self, service: str, user: str) -> str:
        self.threads.append(threading.current_thread())
        self.busy = True
        self.answers.wait(SECONDS)
        self.busy = False
        return KEY


@pytest.fixture
def slow(monkeypatch: Any) -> SlowKeyring:
    found = SlowKeyring()
    monkeypatch.setattr(keys, "_said", {})
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=found.get_password))
    return found


@pytest.fixture
async def path(tmp_path: Path, monkeypatch: Any) -> AsyncIterator[Path]:
    """A database with a session `s` whose models have their key in the keyring."""
    config = tmp_path / "config.toml"
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(config))
    monkeypatch.setattr("opro_tui.config_file.PREDEFINED", {})
    monkeypatch.setattr("opro_tui.engine.doctor.PREDEFINED", {})
    with LoopbackServer(key=KEY, models=("m",)) as server:
        config.write_text(
            f'[providers.lab]\nkind = "openai"\nbase_url = "{server.url}"\nkeyring = "a/b"\n'
        )
        store = await Store.open(tmp_path / "s.db")
        models = {"optimizer": "lab/m", "scorer": "lab/m", "train": 2, "candidates": 1}
        await make(store, own_data(tmp_path, **models))
        await store.close()
        yield tmp_path / "s.db"


async def a_step(session: Session) -> None:
    await run(session)


async def a_trial(session: Session) -> None:
    assert [each async for each in trials(session, 1)]


async def keys_for_a_form(session: Session) -> None:
    settings, task = session.state.settings, session.task
    assert await discovery.missing_keys(settings, task, load_config()) == []


async def models_for_a_form(session: Session) -> None:
    offers = await discovery.find_models(load_config())
    assert "lab/m" in [offer.name for offer in offers]


async def the_doctor(session: Session) -> None:
    (key,) = await doctor.check_keys(load_config())
    (endpoint,) = await doctor.check_endpoints(load_config())
    assert (key.verdict, endpoint.verdict) == ("ok", "ok")


async def a_batch_at_the_provider(session: Session) -> None:
    assert (await batch_report._model(session)).name == "lab/m"


@pytest.mark.parametrize(
    "work",
    [a_step, a_trial, keys_for_a_form, models_for_a_form, the_doctor, a_batch_at_the_provider],
)
async def test_the_event_loop_goes_on_while_a_keyring_is_read(
    path: Path, slow: SlowKeyring, work: Any
) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += slow.busy

    async with opened(path) as session:
        assert slow.threads == []  # opening a session needs no key
        beating = asyncio.create_task(beat())
        try:
            await work(session)
        finally:
            beating.cancel()
    assert len(slow.threads) == 1
    assert threading.main_thread() not in slow.threads
    assert beats > 3


async def test_a_keyring_that_never_answers_is_said(
    path: Path, slow: SlowKeyring, monkeypatch: Any
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SECONDS", 30)
    monkeypatch.setattr("opro_tui.engine.pool.KEY_SECONDS", 0.05)
    words = "has not answered within 0.05 s. Unlock it and try again, or use a key_file"
    async with opened(path) as session:
        settings = session.state.settings
        (line,) = await discovery.missing_keys(settings, session.task, load_config(), seconds=0.05)
        assert words in line
        stopped = (await run(session))[-1]
        assert words in stopped.message
        (check,) = await doctor.check_keys(load_config(), 0.05)
        assert words in f"{check.detail}. {check.todo}"
    slow.answers.set()
