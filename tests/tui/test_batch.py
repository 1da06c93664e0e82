"""A batch on the screen: how far it is, when it is looked at again, and that it outlives a stop."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from opro_tui.config import Config, Looks
from opro_tui.engine.traffic import Batched
from opro_tui.tui import format as fmt
from opro_tui.tui import view
from tests.support.batches import BatchDesk
from tests.support.loopback import LoopbackServer
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import empty, steps


@pytest.mark.parametrize("size", SIZES)
async def test_a_batch_is_told_of_stopped_and_taken_up(tmp_path, monkeypatch, size):
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.4")
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=10, candidates=2, scoring="batch")
    config = Config(looks=Looks(0.1, 0.3))
    async with opened(path, size, config) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: app.steering.session.traffic.batched is not None)
        seen = app.steering.session.traffic

        def some_are_through():
            return seen.batched is not None and 0 < seen.batched.done < seen.batched.total

        await until(pilot, some_are_through)
        app.workbench.draw()
        await pilot.pause()
        shown = screen_text(app)
        assert "step 0: batch " in shown
        assert f"since {fmt.clock(seen.batched.since)}" in shown
        assert "in the batch" in shown
        assert "CANDIDATES · step 0 · batch " in shown
        await pilot.press("x")
        await run_out(app, pilot)
        assert "stopped; its batch goes on · s goes on with step 0" in screen_text(app)
        assert app.steering.state.stopped.code == "batch"
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0")
    async with opened(path, size, config) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.finished_steps == [0, 1]
        assert not app.steering.state.usage().unknown


def test_what_is_in_a_batch_in_a_line():
    state = steps(empty(), [("start", 20)])
    batched = Batched("batch_0123456789abcdef", 1, time.time_ns() // 1_000_000, 1200, 4000)
    now = view.Situation("s", status="running", batched=batched, look_in=20)
    words = [part.text for part in view.status_line(state, now)]
    assert any(word.endswith("batch ━╸──── 1,200 of 4,000 done") for word in words)
    assert "batch_0123456789abcdef +1" in words
    assert "next look in 20 s" in words
    trouble = replace(now, batched=replace(batched, trouble="the endpoint failed\x1b[31m"))
    words = [part.text for part in view.status_line(state, trouble)]
    assert any(word.startswith("the endpoint failed") and "\x1b" not in word for word in words)
    for phase, said in (
        ("sending", "sending a batch of 4,000"),
        ("looking", "looking for the batch sent at "),
        ("reading", "reading batch batch_0123456789abcdef and 1 more"),
    ):
        told = replace(now, batched=replace(batched, phase=phase))
        assert said in view.status_line(state, told)[0].text


async def test_a_batch_is_cancelled_from_the_screen(tmp_path):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        path = tmp_path / "s.db"
        model = {"scorer": "openai/m", "scorer_url": server.url}
        await make_session(path, "sums", train=4, candidates=2, scoring="batch", **model)
        async with opened(path, (120, 40), Config(looks=Looks(0.05, 0.1))) as (app, pilot):
            await pilot.press("f5")
            await until(pilot, lambda: "No batch is under way" in screen_text(app))
            await pilot.press("s")
            await until(pilot, lambda: "look" in desk.calls)
            desk.batches["batch_1"].kept = 1
            await pilot.press("f5")
            await until(pilot, lambda: "Cancel the batch?" in screen_text(app))
            assert "4 requests in batch_1" in screen_text(app)
            await pilot.press("c")
            await until(pilot, lambda: desk.batches["batch_1"].cancelled)
            await until(pilot, lambda: not app.steering.running)
            assert len(desk.bought) == 1
            assert app.steering.state.stopped.code == "missing"
            assert "the batch was cancelled" in app.steering.state.stopped.message
