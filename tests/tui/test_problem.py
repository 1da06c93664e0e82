from __future__ import annotations

from dataclasses import replace

import pytest

from opro_tui.core.events import StepFinished, Stopped
from opro_tui.core.forecast import Forecast, RoleForecast
from opro_tui.core.usage import PICO, Usage
from opro_tui.models.broken import connection_error
from opro_tui.models.errors import (
    Context,
    from_status,
    malformed,
    missing_key,
    timeout_error,
    unusable,
    web_page,
)
from opro_tui.tui import caution, notices
from opro_tui.tui.advice import advice
from opro_tui.tui.messages import RunEnded
from opro_tui.tui.screens.layers import Question
from opro_tui.tui.screens.problem import Problem
from opro_tui.tui.screens.workbench import Workbench
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import HOSTILE, empty, steps

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
CONTEXT = Context("openai/m", "https://api.example.com/v1", "MY_KEY", ("s3cretkey",))


def status(code: int, message: str = "no") -> str:
    return str(from_status(code, {"error": {"message": message}}, {}, CONTEXT, ()))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (str(missing_key(CONTEXT)), "export"),
        (status(401), "provider"),
        (status(403), "from where"),
        (status(402), "credit"),
        (status(404), "name"),
        (status(429), "Wait"),
        (status(503), "Wait"),
        (status(500), "server runs"),
        (str(connection_error(CONTEXT, OSError("refused"))), "server runs"),
        (str(timeout_error(CONTEXT, 60)), "server runs"),
        (str(malformed(CONTEXT, "no JSON")), "cut off"),
        (str(unusable(CONTEXT, "it has no choices")), "billed"),
        (str(web_page(CONTEXT)), "proxy"),
        (status(413), "fewer"),
    ],
)
def test_each_kind_of_failure_has_its_advice(text, word) -> None:
    assert any(word in todo for todo in advice("error", text)), text


def test_a_run_that_ended_for_budget_or_missing_answers_is_advised_by_its_code() -> None:
    assert "Raise budget" in advice("budget", "the next call could pass the budget")[0]
    assert "only for those that are missing" in advice("missing", "3 answers are missing")[0]
    assert advice("", "KeyError: 'x'\n\nThis is a fault of the program.") == ()


@both_sizes
async def test_the_panel_says_what_to_do_copies_and_retries(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        app.post_message(RunEnded(Stopped(step=2, code="error", message=status(429))))
        await until(pilot, lambda: isinstance(app.screen, Problem))
        text = screen_text(app)
        assert "The step could not go on" in text
        assert "Wait a little" in text
        assert "The session is intact" in text
        await pilot.press("y")
        assert "too many requests" in app.clipboard
        assert "Wait a little" in app.clipboard
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Workbench))
        await run_out(app, pilot)
        assert app.steering.state.finished_steps == 2


@both_sizes
async def test_hostile_words_of_an_endpoint_do_no_harm(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, size) as (app, pilot):
        stopped = Stopped(step=1, code="missing", message="".join(HOSTILE))
        app.post_message(RunEnded(stopped))
        await until(pilot, lambda: isinstance(app.screen, Problem))
        for _ in range(3):
            assert all(c.isprintable() or c == "\n" for c in screen_text(app))
            await pilot.press("pagedown", "j")
        await pilot.press("y", "escape")
        assert isinstance(app.screen, Workbench)


def forecast(usd: float | None) -> Forecast:
    pico = None if usd is None else int(usd * PICO)
    role = RoleForecast("scorer", 10, 1, 1, 1, 2, pico, pico, pico, 1, 1)
    return Forecast((role,))


def test_a_step_is_asked_for_only_when_it_is_far_dearer() -> None:
    state = empty()
    assert not caution.why_ask(state, None)
    assert not caution.why_ask(state, forecast(None))
    assert not caution.why_ask(state, forecast(0.9))
    assert "$1.50" in caution.why_ask(state, forecast(1.5))
    state = steps(state, [("a", 10)], [("b", 20)], [("c", 20)], [("d", 20)])
    ledger = {(n, "scorer"): Usage(calls=1, cost_pico=int(0.1 * PICO)) for n in (1, 2, 3)}
    state = replace(state, ledger=ledger)
    assert not caution.why_ask(state, forecast(0.29))
    assert "$0.100" in caution.why_ask(state, forecast(0.31))
    under_way = replace(state, steps=(*state.steps[:-1], replace(state.steps[-1], finished_seq=0)))
    assert not caution.why_ask(under_way, forecast(9.0))


@both_sizes
async def test_a_dear_step_waits_for_a_yes(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, size) as (app, pilot):
        app.steering.forecast = forecast(12.0)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "$12.00" in screen_text(app)
        await pilot.press("escape")
        assert not app.steering.running
        assert not app.steering.state.steps
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("s")
        await run_out(app, pilot)
        assert app.steering.state.finished_steps == 1


def test_the_end_of_a_run_in_a_line() -> None:
    state = steps(empty(), [("a", 10)], [("b", 20)])
    assert notices.end_of_run(state, None) == "step 1 done, best 50.0 ±14.8 (#2)"
    stopped = Stopped(step=1, code="missing", message="x")
    assert notices.end_of_run(state, stopped).startswith("answers are missing")
    assert notices.end_of_run(empty(), None) == "ready"
    assert StepFinished.type == "step_finished"
