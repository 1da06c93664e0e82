"""The three adapters against the loopback server, through the real SDKs."""

from __future__ import annotations

from typing import Any

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import ParameterRefused
from opro_tui.core.protocols import Finish, Message, Request
from opro_tui.models.registry import create
from tests.models.helpers import KEY, NAMES, ask, made
from tests.support.loopback import Answer, Fault, LoopbackServer


@pytest.mark.parametrize("name", NAMES)
async def test_round_trip_agrees_with_what_the_server_counted(name: str) -> None:
    request = Request((Message("system", "Be brief."), Message("user", "How many?")))
    with LoopbackServer(lambda r: Answer(("Four.",), reasoning_tokens=7)) as server:
        async with made(server, name) as model:
            answer = await model.complete(request, {})
        record = server.ledger[0]
    assert record.messages == (("system", "Be brief."), ("user", "How many?"))
    assert [c.text for c in answer.completions] == ["Four."]
    assert answer.completions[0].finish is Finish.STOP
    assert answer.usage.input_tokens == record.input_tokens > 0
    assert answer.usage.output_tokens == record.output_tokens == 9
    assert answer.model == "m"
    assert answer.request_id == "req_1"


@pytest.mark.parametrize("name", NAMES)
async def test_what_is_sent_is_the_parameters_and_the_messages(name: str) -> None:
    request = ask(temperature=0.5, max_output_tokens=50, reasoning_effort="low", n=2)
    with LoopbackServer() as server:
        async with made(server, name) as model:
            parameters = model.parameters(request, {})
            await model.complete(request, {})
        body = dict(server.ledger[0].body)
    for carrier in ("messages", "input"):
        body.pop(carrier, None)
    assert body == parameters


async def test_n_brings_several_completions_and_bills_the_prompt_once() -> None:
    with LoopbackServer() as server:
        async with made(server, "openai/m") as model:
            assert model.offers_n
            answer = await model.complete(ask("<INS>", n=5), {})
            fewer = await model.complete(ask("<INS>", n=5), {"n": False})
    assert len(answer.completions) == 5
    assert len({c.text for c in answer.completions}) > 1
    assert len(fewer.completions) == 1
    assert answer.usage.input_tokens == server.ledger[0].input_tokens == 6


async def test_a_server_that_ignores_n_is_taken_at_its_word() -> None:
    with LoopbackServer(fault=lambda number, r: Fault(ignore_n=True)) as server:
        async with made(server, "openai/m") as model:
            assert len((await model.complete(ask(n=4), {})).completions) == 1


async def test_cached_tokens_are_part_of_the_input() -> None:
    long = "word " * 300
    with LoopbackServer() as server:
        async with made(server, "anthropic/m") as model:
            assert model.offers_cache
            first = (await model.complete(ask(long, cache=len(long)), {})).usage
            again = (await model.complete(ask(long, cache=len(long)), {})).usage
            assert model.parameters(ask(cache=3), {}) == model.parameters(ask(), {})
        async with made(server, "openai/m") as model:
            await model.complete(ask(long), {})
            repeated = (await model.complete(ask(long), {})).usage
    assert (first.input_tokens, first.cache_write_tokens, first.cached_tokens) == (303, 300, 0)
    assert (again.input_tokens, again.cache_write_tokens, again.cached_tokens) == (303, 0, 300)
    assert (repeated.input_tokens, repeated.cached_tokens) == (303, 256)


@pytest.mark.parametrize("name", NAMES)
async def test_usage_that_the_server_does_not_state_is_unknown(name: str) -> None:
    with LoopbackServer(lambda r: Answer(("x",), usage=False)) as server:
        async with made(server, name) as model:
            usage = (await model.complete(ask(), {})).usage
    assert usage.input_tokens is None
    assert usage.output_tokens is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("finish", ["stop", "length", "refusal", "filter"])
async def test_finish_reasons(name: str, finish: str) -> None:
    with LoopbackServer(lambda r: Answer(("some text",), finish=finish)) as server:
        async with made(server, name) as model:
            completion = (await model.complete(ask(), {})).completions[0]
    expected = "refusal" if (name, finish) == ("anthropic/m", "filter") else finish
    assert completion.finish == expected
    assert completion.text == "some text"


@pytest.mark.parametrize("name", NAMES)
async def test_an_empty_answer_is_an_empty_completion(name: str) -> None:
    with LoopbackServer(lambda r: "") as server:
        async with made(server, name) as model:
            assert (await model.complete(ask(), {})).completions[0].text == ""


@pytest.mark.parametrize("name", NAMES)
async def test_lone_surrogates_are_kept_and_the_rest_is_sent(name: str) -> None:
    with LoopbackServer(lambda r: "a\ud800b") as server:
        async with made(server, name) as model:
            answer = await model.complete(ask("x\udfffy\x00"), {})
        assert server.ledger[0].messages == (("user", "x\ufffdy\x00"),)
    assert answer.completions[0].text == "a\ud800b"


@pytest.mark.parametrize(
    ("name", "parameter", "sent"),
    [
        ("openai/m", "temperature", "temperature"),
        ("openai/m", "n", "n"),
        ("openai/m", "max_tokens", "max_tokens"),
        ("openai/m", "reasoning_effort", "reasoning_effort"),
        ("openai-responses/m", "temperature", "temperature"),
        ("openai-responses/m", "max_tokens", "max_output_tokens"),
        ("openai-responses/m", "reasoning_effort", "reasoning"),
        ("anthropic/m", "temperature", "temperature"),
        ("anthropic/m", "reasoning_effort", "output_config"),
    ],
)
async def test_a_refused_parameter_is_named_and_then_left_out(
    name: str, parameter: str, sent: str
) -> None:
    request = ask(temperature=1.0, n=3, max_output_tokens=9, reasoning_effort="high")
    with LoopbackServer(refuse=[sent]) as server:
        async with made(server, name) as model:
            with pytest.raises(ParameterRefused) as caught:
                await model.complete(request, {})
            assert caught.value.parameter == parameter
            assert not caught.value.retryable
            await model.complete(request, {parameter: False})
        assert [record.status for record in server.ledger] == [400, 200]
        assert sent not in server.ledger[1].body


async def test_the_two_names_of_the_limit_stand_in_for_each_other() -> None:
    model = create("openai/m", role="scorer", url="http://localhost:1/v1", config=Config(), seed=0)
    request = ask(max_output_tokens=9)
    assert "max_tokens" in model.parameters(request, {})
    assert "max_completion_tokens" in model.parameters(request, {"max_tokens": False})
    both = {"max_tokens": False, "max_completion_tokens": False}
    assert model.parameters(request, dict(both)) == {"model": "m"}


async def test_the_newer_limit_comes_first_at_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = create("openai/m", role="scorer", url=None, config=Config(), seed=0)
    request = ask(max_output_tokens=9)
    assert "max_completion_tokens" in model.parameters(request, {})
    assert "max_tokens" in model.parameters(request, {"max_completion_tokens": False})


async def test_temperature_goes_to_anthropic_by_the_older_version_only() -> None:
    versions: list[str] = []

    def note(number: int, request: Any) -> None:
        versions.append(request.headers["anthropic-version"])

    with LoopbackServer(fault=note) as server:
        async with made(server, "anthropic/m") as model:
            await model.complete(ask(temperature=0.7), {})
            await model.complete(ask(temperature=0.7), {"temperature": False})
    assert server.ledger[0].body["temperature"] == 0.7
    assert "temperature" not in server.ledger[1].body
    assert versions[0] == "2023-06-01"
    assert versions[1] > "2023-06-01"


async def test_a_refused_system_message_joins_the_user_message() -> None:
    fault = Fault(
        status=400,
        code="unsupported_value",
        param="messages[0].role",
        message="Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    )
    request = Request((Message("system", "S"), Message("user", "U")))
    with LoopbackServer(fault=lambda number, r: fault if number == 1 else None) as server:
        async with made(server, "openai/m") as model:
            with pytest.raises(ParameterRefused) as caught:
                await model.complete(request, {})
            assert caught.value.parameter == "system"
            await model.complete(request, {"system": False})
    assert server.ledger[1].messages == (("user", "S\n\nU"),)
