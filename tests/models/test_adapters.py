"""The three adapters against the loopback server, through the real SDKs."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import ContextOverflow, ModelError, ParameterRefused
from opro_tui.core.protocols import Finish, Message, Request
from opro_tui.models.registry import create
from tests.support.loopback import Answer, Fault, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opro_tui.core.protocols import Model

NAMES = ("openai/m", "openai-responses/m", "anthropic/m")
KEY = "sk-test-0123456789abcdef"


@asynccontextmanager
async def made(server: LoopbackServer, name: str, **options: Any) -> AsyncIterator[Model]:
    model = create(name, role="scorer", url=server.url, config=Config(), seed=0, **options)
    try:
        yield model
    finally:
        await model.aclose()


def ask(text: str = "Q: 1+1?", **options: Any) -> Request:
    return Request((Message("user", text),), **options)


async def failure(server: LoopbackServer, name: str, request: Request | None = None) -> ModelError:
    async with made(server, name) as model:
        with pytest.raises(ModelError) as caught:
            await model.complete(request or ask(), {})
        return caught.value


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
            first = (await model.complete(ask(long, cache=True), {})).usage
            again = (await model.complete(ask(long, cache=True), {})).usage
            assert model.parameters(ask(cache=True), {}) == model.parameters(ask(), {})
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
async def test_lone_surrogates_can_be_sent_and_received(name: str) -> None:
    with LoopbackServer(lambda r: "a\ud800b") as server:
        async with made(server, name) as model:
            answer = await model.complete(ask("x\udfffy\x00"), {})
        assert server.ledger[0].messages == (("user", "x\ufffdy\x00"),)
    assert answer.completions[0].text == "a\ufffdb"


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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("status", "kind", "retryable", "fatal"),
    [
        (400, "rejected", False, False),
        (401, "auth", False, True),
        (402, "quota", False, True),
        (403, "auth", False, True),
        (404, "not_found", False, True),
        (408, "timeout", True, False),
        (409, "server", True, False),
        (429, "rate_limit", True, False),
        (500, "server", True, False),
        (503, "overloaded", True, False),
        (529, "overloaded", True, False),
    ],
)
async def test_statuses(name: str, status: int, kind: str, retryable: bool, fatal: bool) -> None:
    with LoopbackServer(fault=lambda number, r: Fault(status=status)) as server:
        error = await failure(server, name)
        assert len(server.ledger) == 1
    assert (error.kind, error.retryable, error.fatal) == (kind, retryable, fatal)
    assert error.status == status
    assert name in str(error)
    assert "127.0.0.1" in str(error)
    assert error.todo
    assert "\n" not in str(error)


@pytest.mark.parametrize("name", NAMES)
async def test_no_credit_is_no_rate_limit(name: str) -> None:
    fault = Fault(status=429, code="insufficient_quota", message="You exceeded your current quota")
    with LoopbackServer(fault=lambda number, r: fault) as server:
        error = await failure(server, name)
    assert (error.kind, error.retryable, error.fatal) == ("quota", False, True)


@pytest.mark.parametrize("name", NAMES)
async def test_retry_after_reaches_the_error(name: str) -> None:
    fault = Fault(status=429, headers={"Retry-After": "7"})
    with LoopbackServer(fault=lambda number, r: fault) as server:
        assert (await failure(server, name)).retry_after == 7.0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens, however you requested 9000 tokens",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "the request exceeds the available context size",
    ],
)
async def test_context_overflow(name: str, message: str) -> None:
    with LoopbackServer(fault=lambda number, r: Fault(status=400, message=message)) as server:
        error = await failure(server, name, ask(max_output_tokens=10))
    assert isinstance(error, ContextOverflow)
    assert not error.retryable


@pytest.mark.parametrize("name", NAMES)
async def test_a_content_filter_is_an_answer(name: str) -> None:
    fault = Fault(status=400, code="content_filter", message="The response was filtered")
    with LoopbackServer(fault=lambda number, r: fault) as server:
        async with made(server, name) as model:
            answer = await model.complete(ask(), {})
    assert [c.finish for c in answer.completions] == [Finish.FILTER]
    assert answer.completions[0].text == ""
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (0, 0)


BAD_BODIES = (
    "",
    "{",
    "null",
    "[]",
    "{}",
    '"text"',
    "<html><body>Sign in</body></html>",
    '{"choices": []}',
    '{"choices": [null]}',
    '{"choices": [{}]}',
    '{"choices": [{"message": {"content": 5}}]}',
    '{"choices": [{"message": null}], "output": [{"type": "message"}], "content": 3}',
    '{"output": "x", "content": "x", "choices": "x"}',
    '{"status": "failed", "output": []}',
    '{"content": [{"type": "text", "text": 5}], "stop_reason": 1}',
    "[" * 100_000,
)


@pytest.mark.parametrize("name", NAMES)
async def test_malformed_bodies_are_retryable_errors(name: str) -> None:
    bodies = iter(BAD_BODIES)
    fault = {"now": Fault()}
    with LoopbackServer(fault=lambda number, r: fault["now"]) as server:
        async with made(server, name) as model:
            for body in bodies:
                fault["now"] = Fault(status=200, body=body)
                with pytest.raises(ModelError) as caught:
                    await model.complete(ask(), {})
                assert caught.value.kind == "malformed", body[:50]
                assert caught.value.retryable
                assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "usage",
    [None, 5, [], {}, {"prompt_tokens": -1, "completion_tokens": "x"}, {"prompt_tokens": True}],
)
async def test_odd_usage_is_unknown_and_the_answer_kept(usage: Any) -> None:
    body = {
        "choices": [{"message": {"content": [{"type": "text", "text": "a"}, "b"]}}],
        "usage": usage,
    }
    with LoopbackServer(fault=lambda number, r: Fault(status=200, body=body)) as server:
        async with made(server, "openai/m") as model:
            answer = await model.complete(ask(), {})
    assert answer.completions[0].text == "ab"
    assert answer.usage.input_tokens is None


async def test_an_error_inside_a_200_is_that_error() -> None:
    body = {"error": {"code": 429, "message": "Rate limited upstream"}}
    with LoopbackServer(fault=lambda number, r: Fault(status=200, body=body)) as server:
        error = await failure(server, "openai/m")
    assert (error.kind, error.retryable) == ("rate_limit", True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "fault", [Fault(reset=True), Fault(truncate=True), Fault(answer_lost=True)]
)
async def test_a_broken_connection_is_retryable(name: str, fault: Fault) -> None:
    with LoopbackServer(fault=lambda number, r: fault) as server:
        error = await failure(server, name)
    assert (error.kind, error.retryable) == ("connection", True)


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_listening(name: str) -> None:
    with LoopbackServer() as server:
        url = server.url
    model = create(name, role="scorer", url=url, config=Config(), seed=0)
    with pytest.raises(ModelError) as caught:
        await model.complete(ask(), {})
    await model.aclose()
    assert (caught.value.kind, caught.value.retryable) == ("connection", True)


@pytest.mark.parametrize("name", NAMES)
async def test_a_hanging_endpoint_is_a_timeout(name: str) -> None:
    with LoopbackServer(fault=lambda number, r: Fault(hang=True)) as server:
        async with made(server, name, timeout=0.1) as model:
            with pytest.raises(ModelError) as caught:
                await model.complete(ask(), {})
    assert (caught.value.kind, caught.value.retryable) == ("timeout", True)


@pytest.mark.parametrize("name", NAMES)
async def test_a_call_can_be_cancelled(name: str) -> None:
    with LoopbackServer(fault=lambda number, r: Fault(hang=number == 1)) as server:
        async with made(server, name) as model:
            await model.prepare()
            call = asyncio.create_task(model.complete(ask(), {}))
            while not server.ledger:  # noqa: ASYNC110 - filled by another thread
                await asyncio.sleep(0.005)
            started = time.monotonic()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert time.monotonic() - started < 1
            assert (await model.complete(ask(), {})).completions


@pytest.mark.parametrize("name", NAMES)
async def test_no_error_shows_the_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = name.partition("-")[0].partition("/")[0].upper()
    monkeypatch.setenv(f"{provider}_API_KEY", "plain" + KEY)
    echo = f"Incorrect key plain{KEY}, also sk-other-abcdefgh and Bearer abc.def"
    faults = [Fault(status=s, message=f"{echo}\n\x1b[31m{s}") for s in (400, 401, 404, 429, 500)]
    faults.append(Fault(status=200, body=f"<b>{echo}"))
    with LoopbackServer(fault=lambda number, r: faults[number - 1]) as server:
        for _ in faults:
            error = await failure(server, name)
            said = f"{error} {error!r} {error.__cause__!r}"
            for secret in (KEY, "sk-other", "abc.def", "\x1b"):
                assert secret not in said


async def test_the_key_is_sent_where_gateways_look_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    headers: list[Any] = []
    with LoopbackServer(fault=lambda number, r: headers.append(r.headers), key=KEY) as server:
        for name in NAMES:
            async with made(server, name) as model:
                await model.complete(ask(), {})
    assert headers[0]["authorization"] == headers[1]["authorization"] == f"Bearer {KEY}"
    assert headers[2]["x-api-key"] == KEY


async def test_roles_share_connections_and_many_calls_run_at_once() -> None:
    with LoopbackServer(latency=0.05) as server:
        async with made(server, "openai/a") as one, made(server, "openai/b") as two:
            calls = [model.complete(ask(str(i)), {}) for i in range(60) for model in (one, two)]
            await asyncio.gather(*calls)
            await asyncio.gather(*(two.complete(ask(str(i)), {}) for i in range(60)))
        assert server.most_in_flight > 60
        assert server.connections <= 120


def test_a_model_outlives_its_event_loop() -> None:
    with LoopbackServer() as server:
        model = create("openai/m", role="scorer", url=server.url, config=Config(), seed=0)
        for _ in range(2):
            assert asyncio.run(model.complete(ask(), {})).completions
