"""The budget is a hard stop, and an unknown price is no price of zero."""

from __future__ import annotations

import asyncio

import pytest

from opro_tui.config_file import load_config
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


LOST = {"lost": Fault(answer_lost=True), "halved": Fault(halve=True), "cut": Fault(cut=True)}


@pytest.mark.parametrize("kind", LOST)
async def test_answers_that_are_lost_on_their_way_count_with_their_worst_case(
    priced, tmp_path, kind
):
    """They may be on the bill, so that what is spent and what may be stay within the budget."""

    def fault(number, request):
        return LOST[kind] if uniform("lost", number) < 0.2 else None

    db, budget = tmp_path / "s.db", 0.03
    with LoopbackServer(fault=fault, latency=0.002) as server:
        await new(db, own_data(tmp_path, server.url, budget=budget, **LIMITS))
        async with opened(db) as session:
            session.hands.caller.policy = RetryPolicy(base=0.001, cap=0.002)
            events = await run(session, 50)
            assert events[-1].code == "budget"
            used, open_ = session.state.usage(), session.left_open
            assert used.unknown > 3
            if kind == "lost":
                bill = paid(server.records(status=None))
                assert used.cost_usd < bill <= used.cost_usd + open_.pico / 1e12
            assert 0.7 * budget < used.cost_usd + open_.pico / 1e12 <= budget
        async with opened(db) as session:
            assert session.state.usage().unknown == used.unknown
            assert session.left_open.pico >= open_.pico
            assert (await run(session, 1))[-1].code == "budget"
            steps = await session.hands.store.account(session.record.id)
            assert steps.steps.unknown == used.unknown


async def test_what_was_never_sent_or_refused_is_not_taken_to_be_billed(priced, tmp_path):
    def fault(number, request):
        return Fault(status=500) if number < 4 else Fault(status=429) if number < 6 else None

    db = tmp_path / "s.db"
    with LoopbackServer(fault=fault) as server:
        await new(db, own_data(tmp_path, server.url, budget=1, **LIMITS))
        async with opened(db) as session:
            session.hands.caller.policy = RetryPolicy(base=0.001, cap=0.002)
            await run(session, 1)
            assert session.state.usage().unknown == 0
    unreachable = own_data(tmp_path, "http://127.0.0.1:9/v1", budget=1, **LIMITS)
    await new(tmp_path / "other.db", unreachable)
    async with opened(tmp_path / "other.db") as session:
        session.hands.caller.policy = RetryPolicy(base=0.001, cap=0.002)
        await run(session, 1)
        assert session.state.usage().failed > 0
        assert session.state.usage().unknown == 0


@pytest.mark.parametrize("scorer", ["openai/m", "openai-responses/m", "anthropic/m"])
async def test_an_answer_that_is_none_is_asked_for_twice_and_counts_as_billed(
    priced, tmp_path, scorer
):
    """Never six times; a web page stops the run at once, and was billed by nobody."""
    body = {"now": "{}"}
    db = tmp_path / "s.db"
    with LoopbackServer(
        fault=lambda number, request: Fault(status=200, body=body["now"])
    ) as server:
        # The optimizer asks nothing in step 0.
        await new(db, own_data(tmp_path, server.url, budget=1, scorer=scorer, **LIMITS))
        async with opened(db) as session:
            session.hands.caller.policy = RetryPolicy(base=0.001, cap=0.002)
            stopped = (await run(session, 1))[-1]
            asked, used = len(server.records(status=None)), session.state.usage()
            assert asked == 2 * used.failed == used.unknown > 4
            assert session.left_open.pico > 0
            assert stopped.code == "missing"
            body["now"] = "<!doctype html><title>Sign in</title>"
            stopped = (await run(session, 1))[-1]
            assert "answers with a web page" in stopped.message
            assert len(server.records(status=None)) - asked <= 4, "as many as go at once"
            assert session.state.usage().unknown == used.unknown


async def test_a_lost_call_keeps_the_price_of_the_model_that_was_asked(priced, tmp_path):
    """Also when a cheaper one is asked from then on, and after the program was started again."""
    db, hung, loop = tmp_path / "s.db", asyncio.Event(), asyncio.get_running_loop()

    def fault(number, request):
        loop.call_soon_threadsafe(hung.set)
        return Fault(hang=True)

    with LoopbackServer(fault=fault) as server:
        await new(db, own_data(tmp_path, server.url, budget=1, **LIMITS))
        async with opened(db) as session:
            going = asyncio.create_task(run(session, 1))
            await hung.wait()
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)
            unknown = session.state.usage().unknown
            assert 0 < unknown <= 4
            left = session.left_open
            await session.edit(Edits(settings={"optimizer": "simulated"}))
        async with opened(db) as session:
            assert session.left_open.tokens == left.tokens
            assert session.left_open.pico == left.pico
