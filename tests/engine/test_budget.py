"""The budget is a hard stop, and an unknown price is no price of zero."""

from __future__ import annotations

import pytest

from opro_tui.config import load_config
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.core.hashing import uniform
from opro_tui.engine.create import Draft, prepare
from opro_tui.models.retry import RetryPolicy
from opro_tui.store.database import Store
from tests.support.loopback import Fault, LoopbackServer
from tests.support.sessions import make, opened, own_data, run

PRICES = """
[prices."openai/m"]
input = 10.0
output = 30.0
[prices."anthropic/m"]
input = 2.0
output = 6.0
[prices."openai-responses/m"]
input = 4.0
output = 12.0
"""


@pytest.fixture
def priced(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text(PRICES)
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(path))


async def new(db, values):
    store = await Store.open(db)
    await make(store, values)
    await store.close()


LIMITS = {"max_output_tokens": "scorer=20,optimizer=100"}


@pytest.mark.parametrize("budget", [0.0005, 0.02, 0.05])
async def test_spending_never_passes_it(priced, tmp_path, budget):
    db = tmp_path / "s.db"
    with LoopbackServer(latency=0.005) as server:
        await new(db, own_data(tmp_path, server.url, budget=budget, **LIMITS))
        async with opened(db) as session:
            events = await run(session, 50)
            assert events[-1].code == "budget"
            spent = session.state.usage().cost_usd
            assert 0.3 * budget < spent <= budget
            assert paid(server.records()) == pytest.approx(spent)


PER_MILLION = {"/v1/chat/completions": (10, 30), "/v1/responses": (4, 12), "/v1/messages": (2, 6)}


def paid(records):
    """What the server would put on the bill, in USD."""
    dollars = 0.0
    for record in records:
        read, written = PER_MILLION[record.path]
        dollars += (record.input_tokens * read + record.output_tokens * written) / 1e6
    return dollars


@pytest.mark.parametrize(
    ("optimizer", "scorer"),
    [
        ("anthropic/m", "openai/m"),
        ("openai-responses/m", "anthropic/m"),
        ("anthropic/m", "openai-responses/m"),
    ],
)
async def test_every_sdk_keeps_it_while_calls_fail(priced, tmp_path, optimizer, scorer):
    def fault(number, request):
        return Fault(status=500 if number % 3 else 429) if uniform("bad", number) < 0.15 else None

    db, budget = tmp_path / "s.db", 0.02
    models = {"optimizer": optimizer, "scorer": scorer}
    with LoopbackServer(fault=fault, latency=0.002) as server:
        await new(db, own_data(tmp_path, server.url, budget=budget, **LIMITS | models))
        async with opened(db) as session:
            session.hands.caller.policy = RetryPolicy(base=0.001, cap=0.002)
            events = await run(session, 50)
            assert events[-1].code == "budget"
            spent = session.state.usage().cost_usd
            assert 0.5 * budget < spent <= budget
            assert paid(server.records()) == pytest.approx(spent)


async def test_a_step_that_stopped_for_it_goes_on_when_it_is_raised(priced, tmp_path):
    db = tmp_path / "s.db"
    with LoopbackServer() as server:
        await new(db, own_data(tmp_path, server.url, budget=0.001, **LIMITS))
        async with opened(db) as session:
            assert (await run(session, 50))[-1].code == "budget"
            unfinished = session.state.current
            await session.edit(Edits(settings={"budget": 1}))
            await run(session, 1)
            assert session.state.steps[unfinished.number].finished_seq
            keys = [(r.path, r.messages) for r in server.records("/v1/messages")]
            assert len(keys) == len(set(keys))


async def test_a_token_budget_needs_no_price(tmp_path):
    db = tmp_path / "s.db"
    with LoopbackServer() as server:
        await new(db, own_data(tmp_path, server.url, budget_tokens=1500, **LIMITS))
        async with opened(db) as session:
            assert (await run(session, 50))[-1].code == "budget"
            used = session.state.usage()
            assert 500 < used.input_tokens + used.output_tokens <= 1500


async def test_a_dollar_budget_is_refused_where_a_price_is_unknown(tmp_path):
    values = own_data(tmp_path, "http://127.0.0.1:1/v1", budget=1)
    with pytest.raises(BadInput, match="the price of openai/m is unknown") as caught:
        prepare(Draft(name="x", values=values), load_config(None))
    assert "--budget-tokens" in str(caught.value)


async def test_a_budget_set_later_is_refused_too(tmp_path):
    db = tmp_path / "s.db"
    with LoopbackServer() as server:
        await new(db, own_data(tmp_path, server.url))
        async with opened(db) as session:
            with pytest.raises(BadInput, match="price of openai/m is unknown"):
                await session.edit(Edits(settings={"budget": 1}))
            assert session.state.settings.budget is None


async def test_the_forecast_learns_from_what_was_used(priced, tmp_path):
    db = tmp_path / "s.db"
    with LoopbackServer() as server:
        await new(db, own_data(tmp_path, server.url, candidates=6))
        async with opened(db) as session:
            first = await session.forecast()
            assert first.cost_range is not None
            await run(session, 8)
            errors = []
            for step in session.state.steps[3:]:
                said = {r.role: r for r in step.started.forecast.roles}["optimizer"]
                used = session.state.usage("optimizer", step.number)
                errors.append(abs(said.input_tokens - used.input_tokens) / used.input_tokens)
            errors.sort()
            assert errors[len(errors) // 2] < 0.05
