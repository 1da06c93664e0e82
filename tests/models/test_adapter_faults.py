"""What goes wrong at an endpoint, through the real SDKs, becomes our typed errors."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from opro_tui.config import Config, Provider
from opro_tui.core.errors import ContextOverflow, ModelError
from opro_tui.core.protocols import Finish
from opro_tui.models import errors
from opro_tui.models.endpoints import probe
from opro_tui.models.registry import create
from opro_tui.models.retry import RetryPolicy, call_with_retries
from tests.models.helpers import KEY, NAMES, ask, failure, made
from tests.support.loopback import Fault, LoopbackServer, storm


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


FAILED = (
    '{"status": "failed", "output": [], "choices": [{"finish_reason": "error", "message": {}}]}'
)
BAD_BODIES = {
    "malformed": ("{", "[" * 100_000, '{"choices": [{"message": {"conte', '\ufeff {"output": ['),
    "unusable": (
        "",
        "OK",
        "null",
        "[]",
        "{}",
        '"text"',
        '{"choices": []}',
        '{"choices": [null]}',
        '{"choices": [{}]}',
        '{"choices": [{"message": {"content": 5}}]}',
        '{"choices": [{"message": null}], "output": [{"type": "message"}], "content": 3}',
        '{"output": "x", "content": "x", "choices": "x"}',
        '{"status": "queued", "output": []}',
        '{"content": [{"type": "text", "text": 5}], "stop_reason": 1}',
    ),
    "web_page": ("<html><body>Sign in</body></html>", "\ufeff\n <!doctype html>", "<?xml?>"),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
@pytest.mark.parametrize("name", NAMES)
async def test_bodies_that_are_no_answer_are_told_apart(name: str, kind: str) -> None:
    fault = {"now": Fault()}
    with LoopbackServer(fault=lambda number, r: fault["now"]) as server:
        async with made(server, name) as model:
            for body in BAD_BODIES[kind]:
                fault["now"] = Fault(status=200, body=body)
                with pytest.raises(ModelError) as caught:
                    await model.complete(ask(), {})
                error = caught.value
                assert error.kind == kind, body[:50]
                assert len(str(error)) < 600
                # Only a page was surely not billed, and only a page never heals.
                page = kind == "web_page"
                assert (error.lost, error.retryable, error.fatal) == (not page, not page, page)


@pytest.mark.parametrize("name", ["openai/m", "openai-responses/m"])
@pytest.mark.parametrize("used", [False, True])
async def test_an_answer_that_says_it_failed_is_billed_where_it_tells_its_tokens(
    name: str, used: bool
) -> None:
    body = json.loads(FAILED) | ({"usage": {"total_tokens": 5}} if used else {})
    with LoopbackServer(fault=lambda number, r: Fault(status=200, body=body)) as server:
        error = await failure(server, name)
    assert (error.kind, error.retryable, error.lost) == ("malformed", True, used)


def test_a_page_is_known_by_its_type_where_it_begins_with_words() -> None:
    context = errors.Context("openai/m", "http://x/v1")
    assert errors.unread(context, "Please sign in", "text/html; charset=utf-8").fatal
    assert errors.unread(context, "Please sign in", "text/plain").kind == "unusable"
    assert errors.unread(context, '{"choices": [', "text/html").kind == "malformed"
    assert errors.unread(context, "", "text/html").kind == "unusable"


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


async def test_closing_one_role_leaves_the_other_its_connections() -> None:
    with LoopbackServer() as server:
        async with made(server, "anthropic/a") as one:
            async with made(server, "anthropic/b") as two:
                await asyncio.gather(one.complete(ask(), {}), two.complete(ask(), {}))
            await two.aclose()
            assert (await one.complete(ask(), {})).completions
            assert (await two.complete(ask(), {})).completions
            await two.aclose()


PROXIES = (
    "nonsense://x",
    "ftp://name:word-planted@127.0.0.1:9",
    "http://name:word-planted@127.0.0.1:port",
    "http://name:word-planted@[::1",
    "http://name:planted/word@127.0.0.1:9",
)


@pytest.mark.parametrize("proxy", PROXIES)
async def test_a_proxy_that_cannot_be_used_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with LoopbackServer() as server:
        error = await failure(server, "openai/other-headers")
        provider = Provider("far", "openai", "http://models.example/v1")
        (asked,) = probe([provider], 1.0)
    assert error.fatal
    assert "the connection can't be set up" in str(error)
    assert "proxy" in str(error)
    assert not asked.answers
    assert "planted" not in f"{error} {asked}"


def test_a_model_outlives_its_event_loop() -> None:
    with LoopbackServer() as server:
        model = create("openai/m", role="scorer", url=server.url, config=Config(), seed=0)
        for _ in range(2):
            assert asyncio.run(model.complete(ask(), {})).completions


@pytest.mark.parametrize("name", NAMES)
async def test_a_storm_changes_no_answer(name: str) -> None:
    async def answers(server: LoopbackServer, seconds: float) -> list[str]:
        async with made(server, name, timeout=seconds) as model:
            await model.prepare()

            async def one(i: int) -> str:
                policy = RetryPolicy(
                    attempts=30, base=0.002, cap=0.02, retry_after_cap=0.05, seed=i
                )
                answer, _ = await call_with_retries(
                    lambda: model.complete(ask(f"question {i}"), {}), policy, lambda *_: None
                )
                return answer.completions[0].text

            return await asyncio.gather(*(one(i) for i in range(60)))

    with LoopbackServer() as calm, LoopbackServer(fault=storm(5)) as rough:
        # Without faults nothing may be sent twice, however busy the machine is.
        assert await answers(calm, 30.0) == await answers(rough, 0.8)
    assert len(calm.ledger) == 60
    assert len(rough.ledger) > 75
    assert len(rough.records()) >= 60


@pytest.mark.parametrize("name", NAMES)
async def test_a_redirect_is_not_followed(name: str) -> None:
    with LoopbackServer() as other:
        fault = Fault(status=307, headers={"Location": other.url}, message="moved")
        with LoopbackServer(fault=lambda number, r: fault) as server:
            error = await failure(server, name)
    assert (error.kind, error.status) == ("rejected", 307)
    assert other.connections == 0


SDK_VARIABLES = {
    "OPENAI_ORG_ID": "org-planted",
    "OPENAI_PROJECT_ID": "proj-planted",
    "OPENAI_ADMIN_KEY": "sk-admin-planted",
    "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer planted\nx-custom: planted-0123456789",
    "ANTHROPIC_AUTH_TOKEN": "token-planted",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Api-Key: planted\nx-custom: planted-0123456789",
}


@pytest.mark.parametrize("kind", ["openai", "openai-responses", "anthropic"])
async def test_what_the_environment_says_for_a_maker_is_sent_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for name, value in SDK_VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAB_KEY", KEY)
    seen: list[Any] = []

    async def asked(provider: Provider, url: str | None) -> Any:
        config = Config(providers={"lab": provider})
        model = create("lab/m", role="scorer", url=url, config=config, seed=0)
        assert (await model.complete(ask(), {})).completions
        await model.aclose()
        return seen[-1]

    with LoopbackServer(fault=lambda number, r: seen.append(r.headers)) as server:
        elsewhere = Provider("lab", kind, server.url, api_key_env="LAB_KEY", headers={"x-own": "1"})
        own = Provider("lab", kind, api_key_env="LAB_KEY")
        for headers in (await asked(elsewhere, None), await asked(own, server.url)):
            assert "planted" not in str(headers)
            sent = headers["x-api-key" if kind == "anthropic" else "authorization"]
            assert sent.removeprefix("Bearer ") == KEY
        assert seen[0]["x-own"] == "1"
        maker = kind.partition("-")[0].upper()
        monkeypatch.setenv(f"{maker}_BASE_URL", server.root if maker == "ANTHROPIC" else server.url)
        assert (await asked(own, None))["x-custom"] == "planted-0123456789"


async def test_an_endpoint_on_this_machine_is_asked_through_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else what is not encrypted, for it stays here, would travel with its key."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with LoopbackServer() as proxy, LoopbackServer() as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.root)
        for name in NAMES:
            async with made(server, name) as model:
                assert (await model.complete(ask(), {})).completions
        assert (proxy.connections, len(server.ledger)) == (0, 3)
