"""A connection that breaks is told in words, whichever way it breaks; proxies are gone through."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import ModelError
from opro_tui.core.protocols import Message, Request
from opro_tui.models import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST = Request((Message("user", "Hello?"),))
SHORT = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"a":'
EMPTY = b"HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def replying(reply: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that sends some bytes to whoever asks, and hangs up; its port and what it got."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(65536))
                    connection.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], seen
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


async def failing(name: str, url: str) -> ModelError:
    model = registry.create(name, role="scorer", url=url, config=Config(), seed=0)
    try:
        with pytest.raises(ModelError) as caught:
            await model.complete(REQUEST, {})
    finally:
        await model.aclose()
    return caught.value


@pytest.mark.parametrize("name", ["openai/m", "anthropic/m"])
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"", "the server closed it without an answer"),
        (b"\x00\xffhello\r\n\r\n", "what came is not HTTP"),
        (SHORT, "the answer was cut off"),
    ],
)
async def test_how_it_broke(name: str, reply: bytes, words: str) -> None:
    with replying(reply) as (port, seen):
        error = await failing(name, f"http://127.0.0.1:{port}/v1")
    assert f"the connection broke: {words}" in str(error)
    assert error.retryable
    assert len(seen) == 1, "it was sent again by the SDK or the transport"


@pytest.mark.parametrize("name", ["openai/m", "anthropic/m"])
async def test_nobody_listens(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = await failing(name, f"http://127.0.0.1:{port}/v1")
    assert "the connection broke: connection refused" in str(error)


async def test_the_environments_proxy_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with replying(EMPTY) as (port, seen):
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("http_proxy", f"http://name:word@127.0.0.1:{port}")
        await failing("openai/m", "http://example.invalid/v1")
    assert seen[0].startswith(b"POST http://example.invalid/v1/chat/completions HTTP/1.1\r\n")
    assert b"proxy-authorization: basic" in seen[0].lower()


async def test_an_administrators_key_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-planted")
    with replying(EMPTY) as (port, seen):
        await failing("openai/m", f"http://127.0.0.1:{port}/v1")
    assert b"sk-admin-planted" not in seen[0]
