"""The forecast beside what was used, over real HTTP, with answers of very different lengths."""

from __future__ import annotations

import statistics

import pytest

from opro_tui.core.hashing import uniform
from opro_tui.core.money_report import report
from tests.support.loopback import LoopbackServer, default_reply
from tests.support.sessions import make_and_run, opened, own_data

STEPS = 20
FILLER = "so we carry on and add what is left over "


def wordy(request):
    """The usual answers behind working-out of 0 to 400 words, most of them short."""
    texts = default_reply()(request)
    if "<INS>" in request.prompt:
        return texts
    words = int(400 * uniform("length", request.prompt) ** 3)
    return [f"{FILLER * (words // 9)}\n{text}" for text in texts]


def errors(state, role, side, first):
    found = []
    for step in state.steps:
        said = next((r for r in step.started.forecast.roles if r.role == role), None)
        used = state.usage(role, step.number)
        if step.number < first or said is None or not used.calls:
            continue
        # Beside the calls that were made: how many pass vetting is another question.
        expected = getattr(said, f"{side}_tokens") * used.calls / said.calls
        found.append(abs(expected / getattr(used, f"{side}_tokens") - 1))
    return found


def inside(state, first):
    """The share of the steps whose tokens lay in the forecast's range."""
    hits = []
    for step in state.steps:
        if step.number >= first:
            for said in step.started.forecast.roles:
                used = state.usage(said.role, step.number)
                hits.append(said.low <= used.input_tokens + used.output_tokens <= said.high)
    return sum(hits) / len(hits)


@pytest.mark.parametrize("steps", [6, pytest.param(STEPS, marks=pytest.mark.slow)])
async def test_the_forecast_is_close_and_says_how_close(tmp_path, steps):
    db = tmp_path / "s.db"
    with LoopbackServer(wordy) as server:
        values = own_data(tmp_path, server.url, train=8, candidates=4, concurrency=8)
        await make_and_run(db, values, steps)
    async with opened(db, readonly=True) as session:
        state = session.state
    assert state.finished_steps == steps
    figures = {
        (role, side): statistics.median(errors(state, role, side, 1))
        for role in ("optimizer", "scorer")
        for side in ("input", "output")
    }
    found = report(state, {})
    share = inside(state, 2)
    print(figures, f"whole {found.error:.3f} over {found.errors}, in range {share:.2f}")
    assert figures["optimizer", "input"] < 0.05
    assert figures["scorer", "input"] < 0.05
    assert figures["optimizer", "output"] < 0.15
    assert figures["scorer", "output"] < 0.35
    assert found.errors == steps + 1
    assert share >= 0.5
