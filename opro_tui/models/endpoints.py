"""Whether endpoints answer and take their key: their lists of models are asked for, at no cost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, OproError
from opro_tui.models import errors, keys, registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.config import Provider

OK = 200
REFUSED = (401, 403)
NO_LIST = (404, 405)
MAX_BYTES = 4_000_000
ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True, slots=True)
class Probe:
    """What became of asking an endpoint.

    Attributes:
        provider: Its name in the config.
        url: Its address; empty where that can't be used.
        answers: Whether anything answered there.
        refused: Whether it refused the key, or the lack of one.
        detail: What happened, in a few words; never a key.
    """

    provider: str
    url: str
    answers: bool
    refused: bool = False
    detail: str = ""


def probe(providers: Sequence[Provider], seconds: float) -> list[Probe]:
    """Ask endpoints for their lists of models, all at the same time; blocks up to the given time.

    Args:
        providers: The endpoints.
        seconds: How long each may take to connect, and then to go on.
    """
    if not providers:
        return []
    with ThreadPoolExecutor(max_workers=len(providers), thread_name_prefix="probe") as pool:
        return list(pool.map(lambda provider: _probe(provider, seconds), providers))


def _probe(provider: Provider, seconds: float) -> Probe:
    import httpx2

    try:
        url = registry.endpoint_of(provider).rstrip("/")
    except BadInput as error:
        return Probe(provider.name, "", answers=False, detail=error.what)
    place = f"{url}/v1/models" if _needs_version(provider, url) else f"{url}/models"
    try:
        # Nearby addresses are meant to be reached directly, never through a proxy.
        with (
            httpx2.Client(
                timeout=seconds, trust_env=not registry.is_local(url), follow_redirects=False
            ) as client,
            client.stream("GET", place, headers=_headers(provider)) as response,
        ):
            body = _body(response) if response.status_code == OK else b""
            return _judge(provider.name, url, response.status_code, body)
    except httpx2.TimeoutException:
        return Probe(provider.name, url, answers=False, detail=f"no answer in {seconds:g} s")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        words = errors.clean(str(error)) or type(error).__name__
        return Probe(provider.name, url, answers=False, detail=f"can't be reached: {words[:120]}")


def _needs_version(provider: Provider, url: str) -> bool:
    return provider.kind == "anthropic" and not url.endswith("/v1")


def _headers(provider: Provider) -> dict[str, str]:
    headers = keys.headers_of(provider)
    try:
        key = keys.find(provider, anew=False).text
    except OproError:
        key = ""
    if provider.kind == "anthropic":
        headers.setdefault("anthropic-version", ANTHROPIC_VERSION)
    if key and key.isascii() and key.isprintable():
        name, value = "Authorization", f"Bearer {key}"
        if provider.kind == "anthropic":
            name, value = "x-api-key", key
        headers.setdefault(name, value)
    return headers


def _body(response: Any) -> bytes:  # noqa: ANN401 - httpx2 is imported when used
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_BYTES:
            break
    return body


def _judge(name: str, url: str, status: int, body: bytes) -> Probe:
    if status in REFUSED:
        return Probe(name, url, answers=True, refused=True, detail=f"refuses the key ({status})")
    if status in NO_LIST:
        return Probe(name, url, answers=True, detail=f"answers, but lists no models ({status})")
    if status != OK:
        return Probe(name, url, answers=False, detail=f"answers with status {status}")
    try:
        data = json.loads(body)
        count = len(data["data"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return Probe(name, url, answers=True, detail="answers, but not with a list of models")
    return Probe(name, url, answers=True, detail=f"answers, {count:,} model{'s'[: count != 1]}")
