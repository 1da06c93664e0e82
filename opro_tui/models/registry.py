"""From `provider/model` to a model; nothing heavy is imported before it is used."""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opro_tui.config import url_problem
from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.protocols import Account
from opro_tui.models import errors, keys
from opro_tui.models.adapter import DEFAULT_TIMEOUT, Adapter
from opro_tui.models.clients import NO_KEY, Address

if TYPE_CHECKING:
    from opro_tui.config import Config, Provider
    from opro_tui.core.protocols import Model

SIMULATED = "simulated"
_DEFAULT_URL = {
    "openai": "https://api.openai.com/v1",
    "openai-responses": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
_URL_ENV = {
    "openai": "OPENAI_BASE_URL",
    "openai-responses": "OPENAI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
}


def validate_name(name: str, config: Config, *, where: str = "model") -> None:
    """Check that a name can be made into a model, without importing anything for it.

    Args:
        name: `simulated`, or `provider/model`; the model may hold further slashes.
        config: Where the providers come from.
        where: The setting that the name is for.

    Raises:
        BadInput: The provider is unknown, or the model's name is missing.
    """
    if name != SIMULATED:
        _split(name, config, where)


def create(
    name: str,
    *,
    role: str,
    url: str | None,
    config: Config,
    seed: int,
    timeout: float = DEFAULT_TIMEOUT,
    preview: bool = False,
) -> Model:
    """Make a model; its SDK is imported at the first call, its client shared with other roles.

    Args:
        name: `simulated`, or `provider/model`.
        role: `optimizer`, `scorer` or `judge`.
        url: The base URL; None takes the config's, else the environment's, else the provider's.
        config: Where the providers come from.
        seed: For simulated models.
        timeout: Seconds in total that one attempt may take.
        preview: Whether it is only asked what it would send and cost, so that no key is needed;
            else a keyring may be read, which may take minutes: not on the event loop.

    Raises:
        BadInput: The name, the URL or the key's file can't be used.
        ModelError: The key that the endpoint needs is not set, or its keyring doesn't open.
    """
    if name == SIMULATED:
        from opro_tui.models.simulated import create_simulated

        return create_simulated(role, seed)
    provider, model = _split(name, config, role)
    base_url = _base_url(provider, url, role)
    endpoint = base_url.rstrip("/")
    found = keys.Key("", "") if preview else _key(name, provider, base_url)
    key, place = found.text or NO_KEY, found.place or provider.api_key_env
    if provider.kind == "anthropic":
        endpoint = endpoint.removesuffix("/v1")
    own = url is None and provider.base_url is None
    address = _address(provider, endpoint, key, own=own)
    return _adapter(provider.kind)(
        name,
        model,
        address=address,
        endpoint=endpoint,
        key_env=place,
        known_traits=provider.traits,
        account=Account(
            address,
            concurrency=provider.concurrency,
            requests_per_minute=provider.requests_per_minute,
            tokens_per_minute=provider.tokens_per_minute,
        ),
        timeout=timeout,
    )


def _address(provider: Provider, endpoint: str, key: str, *, own: bool) -> Address:
    """Where calls go and what is sent with each; `own` where nobody named another place."""
    headers = keys.headers_of(provider)
    if provider.kind == "anthropic":
        headers.setdefault("x-api-key", key)
    return Address(
        "anthropic" if provider.kind == "anthropic" else "openai",
        endpoint,
        key,
        tuple(sorted(headers.items())),
        own=own,
        direct=_is_loopback(_host(endpoint)),
    )


def check_key(name: str, *, role: str, url: str | None, config: Config) -> None:
    """Refuse a model whose key can't be had. A keyring may be read: not on the event loop.

    Args:
        name: `simulated`, or `provider/model`.
        role: As for `create`, and so on.
        url: The base URL; None takes the provider's.
        config: Where the providers come from.

    Raises:
        BadInput: As `create`.
        ModelError: As `create`.
    """
    if name != SIMULATED:
        provider, _ = _split(name, config, role)
        _key(name, provider, _base_url(provider, url, role), anew=False)


def _key(name: str, provider: Provider, base_url: str, *, anew: bool = True) -> keys.Key:
    """The key to send, which an endpoint nearby may do without."""
    found = keys.find(provider, anew=anew)
    context = errors.Context(name, base_url.rstrip("/"), found.place or provider.api_key_env)
    if not found.text and context.key_env and not is_local(base_url):
        raise errors.missing_key(context)
    if not found.text.isascii() or not found.text.isprintable():
        raise errors.unusable_key(context)
    return found


def _adapter(kind: str) -> type[Adapter]:
    if kind == "anthropic":
        from opro_tui.models.anthropic import Anthropic

        return Anthropic
    if kind == "openai-responses":
        from opro_tui.models.openai_responses import OpenAIResponses

        return OpenAIResponses
    from opro_tui.models.openai_chat import OpenAIChat

    return OpenAIChat


def _split(name: str, config: Config, where: str) -> tuple[Provider, str]:
    provider, slash, model = name.partition("/")
    known = [SIMULATED, *config.providers]
    if provider not in config.providers:
        choice = f"The providers are {', '.join(known)}."
        near = nearest(provider, known)
        what = f"unknown provider {provider!r}"
        if not slash:
            what, near = f"{name!r} is no provider/model", _with_provider(name) or near
        raise BadInput(what, where=where, todo=f"{near} {choice}".strip())
    if not model.strip() or not model.isprintable():
        todo = f"Write {provider}/MODEL."
        raise BadInput(f"{name!r} names no model", where=where, todo=todo)
    return config.providers[provider], model


def _with_provider(name: str) -> str:
    """What a well-known model's name lacks, as a sentence; empty for others."""
    beginnings = {"gpt": "openai", "o1": "openai", "o3": "openai", "o4": "openai"}
    beginnings |= {"claude": "anthropic", "llama": "ollama", "qwen": "ollama", "gemma": "ollama"}
    found = next((where for start, where in beginnings.items() if name.startswith(start)), "")
    return f"Did you mean '{found}/{name}'?" if found else ""


def _base_url(provider: Provider, url: str | None, where: str) -> str:
    source = where
    if url is None and provider.base_url is None:
        source = _URL_ENV[provider.kind]
        url = os.environ.get(source, "").strip() or _DEFAULT_URL[provider.kind]
    url = url or provider.base_url or _DEFAULT_URL[provider.kind]
    if problem := url_problem(url):
        raise BadInput(f"the URL {problem}", where=source, todo="Write https://host/v1.")
    return url


def endpoint_of(provider: Provider) -> str:
    """The base URL that a provider's models have when no setting names another.

    Raises:
        BadInput: The configured one can't be used.
    """
    return _base_url(provider, None, provider.name)


def address_of(name: str, url: str | None, config: Config) -> str:
    """The base URL that a model is asked at; empty for simulated ones and names of none.

    Args:
        name: `simulated`, or `provider/model`.
        url: What a setting names; None takes the provider's.
        config: Where the providers come from.
    """
    provider = config.providers.get(name.partition("/")[0])
    try:
        return "" if provider is None else _base_url(provider, url, name)
    except BadInput:
        return ""


def is_local(url: str) -> bool:
    """Whether a URL's host is this machine or one of a private network."""
    host = _host(url)
    if _is_loopback(host) or not {".", ":"} & set(host):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return host.endswith((".local", ".internal", ".lan"))


def insecure(url: str) -> bool:
    """Whether what is sent to a URL, keys included, can be read on its way to another machine."""
    return urlsplit(url).scheme == "http" and not _is_loopback(_host(url))


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
