"""An endpoint that goes away in mid-step, as a person sees it: while it is gone, and after."""

from __future__ import annotations

from opro_tui.models.retry import RetryPolicy
from tests.support.loopback import LoopbackServer
from tests.support.sessions import own_data
from tests.tui.driving import make_session, opened, run_out, screen_text, until


async def test_it_is_shown_with_the_next_try_and_r_goes_on_when_it_is_back(tmp_path):
    path = tmp_path / "s.db"
    with LoopbackServer(latency=0.01) as server:
        models = {"optimizer": "openai/optimizer", "scorer": "openai/scorer"}
        await make_session(path, **own_data(tmp_path, server.url, concurrency=2, **models))
        server.fault = lambda number, _: server.vanish() if number == 4 else None
        async with opened(path) as (app, pilot):
            app.steering.session.hands.caller.policy = RetryPolicy(attempts=4)
            await pilot.press("s")
            await until(pilot, lambda: "next try in" in screen_text(app))
            assert "the connection broke" in screen_text(app)
            await until(pilot, lambda: "missing" in screen_text(app))
            shown = " ".join(screen_text(app).split())
            assert "evaluations of #1 are missing" in shown
            assert "The session is intact" in shown
            assert app.steering.session.status == "incomplete"
            server.fault = None
            server.come_back()
            await pilot.press("r")
            await until(pilot, lambda: app.steering.state.finished_steps == 1)
            await run_out(app, pilot)
            asked = [r.messages for r in server.records(model="scorer") if r.delivered]
            assert len(asked) == len(set(asked)) == app.steering.state.usage("scorer").calls


async def test_it_may_come_back_by_itself(tmp_path):
    path = tmp_path / "s.db"
    with LoopbackServer(latency=0.01) as server:
        models = {"optimizer": "openai/optimizer", "scorer": "openai/scorer"}
        await make_session(path, **own_data(tmp_path, server.url, concurrency=2, **models))
        server.fault = lambda number, _: server.vanish() if number == 4 else None
        async with opened(path) as (app, pilot):
            await pilot.press("s")
            await until(pilot, lambda: "next try in" in screen_text(app))
            server.fault = None
            server.come_back()
            await until(pilot, lambda: app.steering.state.finished_steps == 1)
            await run_out(app, pilot)
            assert "next try" not in screen_text(app)
