"""One SDK client for each endpoint and key, shared by roles, so that connections are reused."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

NO_KEY = "none"
"""Sent where an endpoint needs none, for the SDKs insist on one."""
_SCHEMES = ("http://", "https://", "all://")
CONNECT_SECONDS = 10.0
MAX_CONNECTIONS = 600
"""More than the 500 requests a session may have under way, so that none waits for a connection."""


@dataclass(frozen=True, slots=True)
class Address:
    """What makes two models share a client.

    Attributes:
        sdk: The module, `openai` or `anthropic`.
        base_url: None leaves the SDK's own.
        key: The API key; a dummy where none is needed.
        headers: Sent with every request, as sorted pairs.
        own: Whether what the environment holds for the SDK is meant for it: OPENAI_ORG_ID,
            OPENAI_CUSTOM_HEADERS …
        direct: Whether no proxy of the environment is to be gone through.
    """

    sdk: str
    base_url: str | None
    key: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    own: bool = True
    direct: bool = False


@dataclass(slots=True)
class _Shared:
    task: asyncio.Task[Any]
    users: int = 0


class Lease:
    """One model's hold on a shared client; the last one to let go closes it."""

    def __init__(self, shared: _Shared, forget: Callable[[], None]) -> None:
        self.loop = shared.task.get_loop()
        self._shared = shared
        self._forget = forget
        self._released = False
        shared.users += 1

    async def client(self) -> Any:  # noqa: ANN401 - the SDKs are imported when used
        """The SDK's client, made on first use.

        Raises:
            ImportError: The SDK is not installed.
        """
        return await asyncio.shield(self._shared.task)

    async def release(self) -> None:
        """Let go; safe to call again."""
        if self._released:
            return
        self._released = True
        self._shared.users -= 1
        if self._shared.users > 0 or self.loop is not asyncio.get_running_loop():
            return
        self._forget()
        try:
            client = await self._shared.task
        except Exception:  # noqa: BLE001 - it was never made, and whoever wanted it was told
            return
        await client.close()


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Address, _Shared]] = WeakKeyDictionary()


def lease(address: Address) -> Lease:
    """Take a share in the client for an address, on the running event loop."""
    clients = _shared.setdefault(asyncio.get_running_loop(), {})
    shared = clients.get(address)
    if shared is None or (shared.task.done() and shared.task.exception() is not None):
        shared = clients[address] = _Shared(asyncio.create_task(_make(address)))
    return Lease(shared, lambda: _forget(clients, address, shared))


def _forget(clients: dict[Address, _Shared], address: Address, shared: _Shared) -> None:
    if clients.get(address) is shared:
        del clients[address]


async def _make(address: Address) -> Any:  # noqa: ANN401
    # Importing an SDK takes up to a second and reading certificates some more: not on the loop.
    return await asyncio.to_thread(_build, address)


def _build(address: Address) -> Any:  # noqa: ANN401
    import httpx2

    module = importlib.import_module(address.sdk)
    # On aiohttp a call takes two thirds of the time that it takes on httpcore, whose pool looks
    # through all its connections at each (tests/benchmarks/step.py).
    http_client = module.DefaultAioHttpClient(
        limits=httpx2.Limits(
            max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS
        ),
        # Time in total is limited by the adapter, which sees retries and slow drips as one.
        timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
        mounts=dict.fromkeys(_SCHEMES) if address.direct else None,
        # A redirect would turn a POST into a GET, or carry the key to another host.
        follow_redirects=False,
    )
    make = module.AsyncOpenAI if address.sdk == "openai" else module.AsyncAnthropic
    client = make(
        api_key=address.key,
        base_url=address.base_url,
        default_headers=dict(address.headers),
        http_client=http_client,
        timeout=http_client.timeout,
        max_retries=0,
    )
    if not address.own:
        # What the environment holds for OpenAI or Anthropic may be a key, and is for nobody else.
        client._custom_headers = dict(address.headers)  # noqa: SLF001
        if address.sdk == "openai":
            client.organization = client.project = None
    if address.sdk == "anthropic":
        # It imports the rest at the first request: half a second in which the screen would freeze.
        _ = client.messages.with_raw_response
    return client
