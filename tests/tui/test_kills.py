"""A screen that is told to end: answers on their way are kept, and it doesn't wait for ever."""

from __future__ import annotations

import asyncio
import signal

import pytest

from opro_tui.tui import host
from tests.support.loopback import LoopbackServer
from tests.support.sessions import own_data
from tests.tui.driving import make_session, opened, until


class NoTimer:
    """The timer that ends the process for good, if the end hangs."""

    daemon = False
    started = 0

    def __init__(self, seconds, *_):
        assert seconds == host.KEPT_SECONDS + host.KILLED_SECONDS

    def start(self):
        NoTimer.started += 1


@pytest.fixture
def timer(monkeypatch):
    NoTimer.started = 0
    monkeypatch.setattr(host.threading, "Timer", NoTimer)
    return NoTimer


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
async def test_calls_in_flight_are_kept_before_it_ends(tmp_path, timer, sign, code):
    path = tmp_path / "s.db"
    with LoopbackServer(latency=1.0) as server:
        await make_session(path, **own_data(tmp_path, server.url, concurrency=3))
        async with opened(path) as (app, pilot):
            await pilot.press("s")
            await until(pilot, lambda: len(server.ledger) == 3)
            app._killed(sign)
            app._killed(signal.SIGHUP)  # a closed terminal is told of twice
            await until(pilot, lambda: app._exit)
            assert app.return_code == code
            used = app.steering.state.usage("scorer")
            assert (used.calls, used.unknown) == (3, 0)
        assert len(server.ledger) == 3
        assert all(record.delivered for record in server.ledger)
        assert timer.started == 1


async def test_what_does_not_come_is_not_waited_for(tmp_path, timer, monkeypatch):
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "60")
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=4)
    async with opened(path) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: app.calls_in_flight)
        began = asyncio.get_running_loop().time()
        app._killed(signal.SIGTERM)
        await until(pilot, lambda: app._exit)
        took = asyncio.get_running_loop().time() - began
        assert host.KEPT_SECONDS <= took < 30  # of the 60 that it would take
