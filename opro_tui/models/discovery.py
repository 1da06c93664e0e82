"""Which models can be used here and now: keys that are set, and local endpoints that answer."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, OproError
from opro_tui.models import keys, registry

if TYPE_CHECKING:
    from httpx2 import Client

    from opro_tui.config import Config, Provider

SECONDS = 1.5
"""How long a local endpoint may take to list its models."""
OK = 200
MAX_BYTES = 1_000_000
MAX_MODELS = 300
MAX_NAME = 200
_LISTED = ("openai", "anthropic")
"""Providers whose models the price library lists under the same name."""
_NO_CHAT = re.compile(
    r"(?i)image|audio|tts|transcribe|realtime|embed|moderation|search|computer-use|instruct|dall"
    r"|whisper|-oss-|^ft:|\.ft-|^(?:ada|babbage|curie|davinci|claude-v1|claude-2)\b|sora|vision"
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that could be named.

    Attributes:
        name: `provider/model`, or `simulated`; of a provider whose models aren't known only
            `provider/`.
        why: Why it is offered: `simulated`, `local` (its endpoint answered) or `key` (one is set).
        place: The endpoint's address, or where the key stands; never a key.
    """

    name: str
    why: str
    place: str = ""


def find_offers(config: Config, *, seconds: float = SECONDS) -> tuple[Offer, ...]:
    """Look for usable models; blocks up to about the given time, so call it in a thread.

    Args:
        config: Its providers are asked for, all local ones at the same time.
        seconds: How long one may take to answer.

    Returns:
        What local endpoints listed, then what keys give access to, then the simulated models.
    """
    local = [p for p in config.providers.values() if (url := _url(p)) and registry.is_local(url)]
    offers = [offer for found in _ask_all(local, seconds) for offer in found]
    for provider in config.providers.values():
        if provider not in local and (place := keys.likely(provider)):
            offers += _known(provider, place)
    return (*offers, Offer(registry.SIMULATED, "simulated"))


def _url(provider: Provider) -> str:
    try:
        return registry.endpoint_of(provider)
    except BadInput:
        return ""


def _key(provider: Provider) -> str:
    try:
        return keys.find(provider, anew=False).text
    except OproError:
        return ""


def _ask_all(providers: list[Provider], seconds: float) -> list[list[Offer]]:
    if not providers:
        return []
    import httpx2

    # One client for all: making one reads the certificates, which takes longer than an answer.
    # Loopback and private addresses are meant to be reached directly, never through a proxy.
    with httpx2.Client(timeout=seconds, trust_env=False, follow_redirects=False) as client:
        return _ask_with(client, providers, seconds)


def _ask_with(client: Client, providers: list[Provider], seconds: float) -> list[list[Offer]]:
    pool = ThreadPoolExecutor(max_workers=len(providers), thread_name_prefix="discovery")
    try:
        waiting = [pool.submit(_ask, client, provider, seconds) for provider in providers]
        return [future.result() for future in waiting]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ask(client: Client, provider: Provider, seconds: float) -> list[Offer]:
    """The models that a local endpoint lists; none when it doesn't answer in time."""
    import httpx2

    url = _url(provider).rstrip("/")
    headers = keys.headers_of(provider)
    if (key := _key(provider)) and key.isascii() and key.isprintable():
        headers.setdefault("x-api-key", key)
        headers.setdefault("Authorization", f"Bearer {key}")
    place = f"{url}/models" if url.endswith("/v1") else f"{url}/v1/models"
    try:
        body = _fetch(client, place, headers, seconds)
        names = _names(json.loads(body))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, RecursionError):
        return []
    return [
        Offer(f"{provider.name}/{name}", "local", url)
        for name in names
        if keys.masked(name) == name
    ]


def _fetch(client: Client, url: str, headers: dict[str, str], seconds: float) -> bytes:
    """A response's body, read no longer and no further than is allowed."""
    until = time.monotonic() + seconds
    body = b""
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code != OK:
            return b"{}"
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_BYTES or time.monotonic() > until:
                return b"{}"
    return body


def _names(data: object) -> list[str]:
    """The models of a list in OpenAI's or Anthropic's form; what can't be a name is left out."""
    items = data.get("data") if isinstance(data, dict) else None
    listed = items if isinstance(items, list) else ()
    names = [item.get("id") for item in listed if isinstance(item, dict)]
    good = [
        name
        for name in names
        if isinstance(name, str) and name.strip() and name.isprintable() and len(name) <= MAX_NAME
    ]
    return list(dict.fromkeys(good))[:MAX_MODELS]


def _known(provider: Provider, place: str) -> list[Offer]:
    """The models that the price library knows of a provider, newest first as far as names tell."""
    if provider.name not in _LISTED:
        return [Offer(f"{provider.name}/", "key", place)]
    from genai_prices.data_snapshot import get_snapshot

    known = next((each for each in get_snapshot().providers if each.id == provider.name), None)
    names = [] if known is None else [model.id for model in known.models]
    names = sorted((name for name in names if not _NO_CHAT.search(name)), key=_rank, reverse=True)
    return [Offer(f"{provider.name}/{name}", "key", place) for name in names]


def _rank(name: str) -> tuple[tuple[int, ...], str]:
    return tuple(int(number) for number in re.findall(r"\d{1,2}(?!\d)", name)), name
