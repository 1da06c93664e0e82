"""Whether what a run needs is there: keys, endpoints, tokenizers and prices."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from opro_tui.config import PREDEFINED
from opro_tui.core.errors import BadInput, OproError
from opro_tui.engine.offload import offload
from opro_tui.engine.pool import KEY_SECONDS
from opro_tui.models import endpoints, keys, prices, registry, tokens

if TYPE_CHECKING:
    from opro_tui.config import Config, Provider
    from opro_tui.models.endpoints import Probe

SECONDS = 3.0
"""How long an endpoint may take, where nobody says otherwise."""


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """Something that was looked at.

    Attributes:
        group: What it belongs to.
        name: What was looked at.
        verdict: `note` is worth knowing and keeps nothing from working.
        detail: What was found; never a key.
        todo: What to do about it.
    """

    group: str
    name: str
    verdict: Verdict
    detail: str
    todo: str = ""


async def check_keys(config: Config, seconds: float = KEY_SECONDS) -> list[Check]:
    """Which keys are set; of a key only that it is there is ever said.

    Args:
        config: Its providers are gone through.
        seconds: How long a keyring may take, which may ask the person first.
    """
    try:
        return await offload(lambda: _check_keys(config), seconds)
    except TimeoutError:
        late = keys.late("the keyring", seconds)
        return [Check("keys", "keyring", Verdict.WRONG, late.what, late.todo)]


def _check_keys(config: Config) -> list[Check]:
    checks = []
    for provider in config.providers.values():
        if not (provider.api_key_env or provider.key_file or provider.keyring):
            continue
        own = provider.name not in PREDEFINED
        try:
            key = keys.find(provider)
        except OproError as error:
            detail = f"{error.where}: {error.what}"
            checks.append(Check("keys", provider.name, Verdict.WRONG, detail, error.todo))
            continue
        if not key.text:
            verdict = Verdict.WRONG if own and not _is_local(provider) else Verdict.NOTE
            todo = f"To use {provider.name}/… : export {provider.api_key_env}=…"
            if key.place != provider.api_key_env:
                todo = f"Put the key into {key.place}."
            checks.append(Check("keys", provider.name, verdict, f"{key.place} is not set", todo))
        elif not key.text.isascii() or not key.text.isprintable():
            detail = f"{key.place} is set to something that can't be a key"
            checks.append(Check("keys", provider.name, Verdict.WRONG, detail, "Copy it again."))
        else:
            checks.append(Check("keys", provider.name, Verdict.OK, f"{key.place} is set"))
    return checks


async def check_endpoints(config: Config, seconds: float = SECONDS) -> list[Check]:
    """Ask the endpoints that are near, or whose key is set, for their models; nothing is billed.

    Args:
        config: Its providers are asked.
        seconds: How long one may take.
    """

    def ask() -> list[Check]:
        wanted = [p for p in config.providers.values() if _is_local(p) or _has_key(p)]
        found = endpoints.probe(wanted, seconds)
        return [_judge(*each, config) for each in zip(wanted, found, strict=True)]

    try:
        return await offload(ask, KEY_SECONDS)
    except TimeoutError:
        return []  # for a keyring, of which `check_keys` tells


def _judge(provider: Provider, found: Probe, config: Config) -> Check:
    detail = f"{found.url}: {found.detail}" if found.url else found.detail
    if found.answers and not found.refused:
        if registry.insecure(found.url) and _has_key(provider):
            todo = "Give it an https:// address: others can read the key on its way."
            return Check("endpoints", provider.name, Verdict.NOTE, detail, todo)
        return Check("endpoints", provider.name, Verdict.OK, detail)
    if found.refused:
        variable = provider.api_key_env or "api_key_env in the config"
        return Check("endpoints", provider.name, Verdict.WRONG, detail, f"Check {variable}.")
    # Of the local servers that are known from the start most people run none or one.
    expected = config.providers[provider.name] != PREDEFINED.get(provider.name)
    if _is_local(provider) and not expected:
        return Check("endpoints", provider.name, Verdict.NOTE, detail)
    todo = "Start it, or check base_url." if _is_local(provider) else "Check network and address."
    return Check("endpoints", provider.name, Verdict.WRONG, detail, todo)


async def check_counting(*, fetch: bool = False) -> list[Check]:
    """Whether tokens can be counted and priced.

    Args:
        fetch: Whether to download the tokenizer files that are missing.
    """
    if fetch:
        await tokens.fetch_encodings()
    missing = await asyncio.to_thread(tokens.missing)
    folder = tokens.cache_dir()
    if missing:
        what = f"{' and '.join(missing)} not in {folder}: token counts before a call are estimates"
        todo = "`opro-tui doctor --fetch` downloads them; a run works without."
        if fetch:
            todo = "They could not be downloaded; a run works without."
        verdict = Verdict.WRONG if fetch else Verdict.NOTE
        checks = [Check("counting", "tokenizers", verdict, what, todo)]
    else:
        checks = [Check("counting", "tokenizers", Verdict.OK, f"in {folder}")]
    date = await asyncio.to_thread(prices.prices_date)
    return [*checks, Check("counting", "prices", Verdict.OK, f"checked up to {date}")]


def _is_local(provider: Provider) -> bool:
    try:
        return registry.is_local(registry.endpoint_of(provider))
    except BadInput:
        return False


def _has_key(provider: Provider) -> bool:
    return keys.is_there(provider)
