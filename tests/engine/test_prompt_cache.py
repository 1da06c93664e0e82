"""The provider's prompt cache: what is marked for it, who goes first, and what that costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.config import Config, Price
from opro_tui.core.protocols import Message, Request
from opro_tui.engine.prefixes import pays, shared_characters
from opro_tui.models.anthropic import _parts
from opro_tui.models.registry import create
from tests.support.loopback import LoopbackServer
from tests.support.sessions import make_and_run, opened, own_data, run
from tests.support.wire import CHAT, MESSAGES

SONNET = "anthropic/claude-sonnet-4-6"
FRESH, WRITTEN, READ, OUT = 3_000_000, 3_750_000, 300_000, 15_000_000
"""Picodollars for a token of claude-sonnet-4-6."""
LONG = "Work through every part of the question in order.\n" * 250
"""2,500 tokens as the loopback counts them, and more than the cache's least as we do."""


def to_pico(record) -> int:
    fresh = record.input_tokens - record.cached - record.cache_write
    written = record.cache_write * WRITTEN
    return fresh * FRESH + written + record.cached * READ + record.output_tokens * OUT


def plain(record) -> int:
    return record.input_tokens * FRESH + record.output_tokens * OUT


async def usage_of(db, role):
    async with opened(db, readonly=True) as session:
        return session.state.usage(role)


async def test_the_optimizers_prompt_is_written_once_and_read_by_the_others(tmp_path) -> None:
    db = tmp_path / "s.db"
    with LoopbackServer(latency=0.02, cache_from=2048) as server:
        values = own_data(tmp_path, server.url, optimizer=SONNET)
        await make_and_run(db, values, 1, initial=(LONG,))
        asked = server.records(MESSAGES, "claude-sonnet-4-6")
    assert len(asked) == 4
    assert all(record.started >= asked[0].ended for record in asked[1:])
    assert asked[0].cache_write > 2048
    assert [r.cached for r in asked] == [0, *[asked[0].cache_write] * 3]
    used = await usage_of(db, "optimizer")
    assert used.cost_pico == sum(map(to_pico, asked))
    assert used.cache_saved_pico == sum(map(plain, asked)) - used.cost_pico > 0
    assert used.cache_write_tokens == asked[0].cache_write
    assert used.cached_tokens == 3 * asked[0].cache_write


@pytest.mark.parametrize("position", ["system", "Q_begin"])
async def test_what_a_candidates_requests_share_is_written_once(tmp_path, position) -> None:
    db = tmp_path / "s.db"
    with LoopbackServer(latency=0.02, cache_from=2048) as server:
        values = own_data(tmp_path, server.url, train=12, candidates=1, concurrency=16)
        values |= {"scorer": SONNET, "position": position}
        others = (f"First: {LONG}Go on.", f"Second: {LONG}Go on.")
        await make_and_run(db, values, 1, initial=(*others, "Answer."))
        scored = server.records(MESSAGES)
    for text in others:
        own = [r for r in scored if any(text in part for _, part in r.messages)]
        assert len(own) == 12
        assert all(record.started >= own[0].ended for record in own[1:])
        assert own[0].cache_write > 2048
        assert [r.cached for r in own] == [0, *[own[0].cache_write] * 11]
    assert not any(r.cache_write for r in scored if len(r.messages[0][1]) < 1000)
    used = await usage_of(db, "scorer")
    assert used.cost_pico == sum(map(to_pico, scored))
    assert used.cache_saved_pico == sum(map(plain, scored)) - used.cost_pico > 0


async def test_where_it_does_not_pay_nothing_is_marked_and_nobody_waits(tmp_path) -> None:
    db = tmp_path / "s.db"
    with LoopbackServer(latency=0.05) as server:
        values = own_data(tmp_path, server.url, train=12, candidates=1, concurrency=12)
        values |= {"scorer": SONNET, "position": "system"}
        await make_and_run(db, values, 1, initial=("Answer in one word.",))
        assert server.most_in_flight == 12
        assert not any("cache_control" in str(record.body) for record in server.ledger)
    used = await usage_of(db, "scorer")
    assert (used.cached_tokens, used.cache_write_tokens, used.cache_saved_pico) == (0, 0, 0)


async def test_a_judges_long_rubric_is_written_once(tmp_path) -> None:
    db = tmp_path / "s.db"

    def reply(request):
        judged = "strict and fair judge" in request.prompt
        return ["Good. <grade>0.5</grade>" if judged else f"The answer is {request.number}."]

    with LoopbackServer(reply, latency=0.01, cache_from=2048) as server:
        values = own_data(tmp_path, server.url, candidates=1, scorer="openai/m")
        values |= {"metric": "judge", "judge": SONNET, "judge_url": server.url, "rubric": LONG}
        await make_and_run(db, values, 1)
        judged = server.records(MESSAGES)
    assert len(judged) > 5
    assert all(record.started >= judged[0].ended for record in judged[1:])
    assert sum(r.cache_write > 0 for r in judged) == 1
    assert all(r.cached for r in judged[1:])


async def test_openais_cached_tokens_cost_what_the_list_says(tmp_path) -> None:
    db = tmp_path / "s.db"
    with LoopbackServer(refuse=["n"]) as server:
        values = own_data(tmp_path, server.url, optimizer="openai/gpt-4o")
        await make_and_run(db, values, 1, initial=(LONG,))
        asked = server.records(CHAT)
    assert [record.cached > 1024 for record in asked] == [False, True, True, True]
    used = await usage_of(db, "optimizer")
    cached = sum(record.cached for record in asked)
    read = sum(record.input_tokens for record in asked)
    written = sum(record.output_tokens for record in asked)
    assert used.cached_tokens == cached
    assert used.cost_pico == (read - cached) * 2_500_000 + cached * 1_250_000 + written * 10_000_000
    assert used.cache_saved_pico == cached * 1_250_000


async def test_without_a_price_what_was_saved_is_unknown(tmp_path) -> None:
    db = tmp_path / "s.db"
    with LoopbackServer() as server:
        values = own_data(tmp_path, server.url, optimizer="anthropic/our-own")
        await make_and_run(db, values, 1, initial=(LONG * 4,))
    used = await usage_of(db, "optimizer")
    assert used.cached_tokens > 4096
    assert (used.cost_pico, used.cache_saved_pico) == (None, None)


def made(name, config=None):
    return create(name, role="scorer", url="http://127.0.0.1:9/v1", config=config or Config(),
                  seed=0, preview=True)  # fmt: skip


def test_it_pays_from_the_second_call_on_where_the_text_is_long_enough() -> None:
    model = made(SONNET)
    assert pays(model, LONG, 2, Config())
    assert not pays(model, LONG, 1, Config())
    assert not pays(model, LONG[: len(LONG) // 2], 100, Config())
    assert not pays(made("anthropic/claude-haiku-4-5"), LONG, 100, Config())
    assert not pays(made("openai/gpt-4o"), LONG, 100, Config())
    # A price of one's own without a cheaper one for cached tokens leaves nothing to save.
    flat = Config(prices={SONNET: Price(3.0, 15.0)})
    assert not pays(made(SONNET, flat), LONG, 100, flat)
    assert pays(made("anthropic/unknown"), LONG * 4, 2, Config())


messages = st.lists(
    st.builds(Message, st.sampled_from(["system", "user"]), st.text("ab\n ", max_size=12)),
    min_size=1,
    max_size=3,
).map(tuple)


@given(st.lists(messages, min_size=2, max_size=4))
def test_what_is_shared_is_shared_by_all_and_ends_with_a_message_or_a_line(requests) -> None:
    size = shared_characters(requests)
    texts = ["".join(message.content for message in request) for request in requests]
    assert {text[:size] for text in texts} == {texts[0][:size]}
    ends = {0}
    for message in requests[0]:
        ends.add(max(ends) + len(message.content))
    assert size in ends or texts[0][size - 1] == "\n"


@given(messages, st.integers(0, 40))
def test_a_marked_prompt_is_the_same_text(request_messages, characters) -> None:
    marked = _parts(Request(request_messages, cache=characters))
    unmarked = _parts(Request(request_messages))
    for some, others in zip(marked, unmarked, strict=True):
        joined = ["".join(part["text"] for part in parts) for parts in (some, others)]
        assert joined[0] == joined[1]
    marks = [part for parts in marked for part in parts if "cache_control" in part]
    assert len(marks) <= 1
    assert bool(marks) == (characters > 0 and any(unmarked))


async def test_the_forecast_learns_what_the_cache_saves(tmp_path) -> None:
    db = tmp_path / "s.db"
    with LoopbackServer(cache_from=2048) as server:
        values = own_data(tmp_path, server.url, optimizer=SONNET)
        await make_and_run(db, values, 1, initial=(LONG,))
        async with opened(db) as session:
            said = next(r for r in (await session.forecast()).roles if r.role == "optimizer")
            await run(session, 1)
            used = session.state.usage("optimizer", 2)
    assert used.cache_saved_pico
    assert used.cost_pico
    assert said.cost_low <= used.cost_pico <= said.cost_high
    assert said.cost_high < used.cost_pico + used.cache_saved_pico
