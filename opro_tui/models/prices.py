"""Dollars: the config's prices first, else the price library's bundled ones, else unknown.

Local servers (ollama, lmstudio, vllm, llamacpp) have no price, so theirs is unknown like any other,
unless the config names one; 0 is said only where somebody said 0.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from opro_tui.config import Price

if TYPE_CHECKING:
    from opro_tui.config import Config
    from opro_tui.core.usage import TokenUsage

BATCH_SHARE = 0.5
"""What a call in a batch costs at OpenAI and Anthropic, as a share of a single call's price.

Both say so of input, cached input and output alike; the price library knows no batches.
"""
_SIMULATED = "simulated"
_MILLION = 1_000_000
_LIBRARY_ID = {"openai": "openai", "openai-responses": "openai", "anthropic": "anthropic"}
_CHECKED = re.compile(
    r"(?i)\b(?:verified|checked|confirmed|retrieved|updated|as of)\b[^.;]{0,40}?"
    r"\b(20\d\d-\d\d-\d\d)\b"
)
"""A day on which prices were looked at; notes also name days on which others will begin."""


def price(
    model_name: str, usage: TokenUsage, config: Config, *, batch: bool = False
) -> float | None:
    """What a call cost in USD.

    Args:
        model_name: `provider/model` or `simulated`.
        usage: Of the response; its input includes cached tokens.
        config: Its prices replace the library's.
        batch: Whether it was in a batch.

    Returns:
        None when the price or a token count is unknown.
    """
    return _shared(_single(model_name, usage, config), model_name, config, batch=batch)


def batch_share(model_name: str, config: Config) -> float | None:
    """What a call in a batch costs, as a share of a single call's price; None: unknown."""
    own = config.prices.get(model_name)
    if own is not None and own.batch is not None:
        return own.batch
    known = model_name == _SIMULATED or model_name.partition("/")[0] in _LIBRARY_ID
    return BATCH_SHARE if known else None


def _shared(usd: float | None, model_name: str, config: Config, *, batch: bool) -> float | None:
    if not batch or usd is None:
        return usd
    share = batch_share(model_name, config)
    return None if share is None else usd * share


def _single(model_name: str, usage: TokenUsage, config: Config) -> float | None:
    if model_name == _SIMULATED:
        return 0.0
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    cached = min(usage.cached_tokens, usage.input_tokens)
    if own := config.prices.get(model_name):
        written = min(usage.cache_write_tokens, usage.input_tokens - cached)
        read = (usage.input_tokens - cached - written) * own.input
        read += cached * (own.input if own.cached_input is None else own.cached_input)
        read += written * (own.input if own.cache_write is None else own.cache_write)
        return (read + usage.output_tokens * own.output) / _MILLION
    return _from_library(
        model_name,
        config,
        input_tokens=usage.input_tokens,
        cache_read_tokens=cached,
        cache_write_tokens=min(usage.cache_write_tokens, usage.input_tokens - cached),
        output_tokens=usage.output_tokens,
    )


def cache_saved(
    model_name: str, usage: TokenUsage, config: Config, *, batch: bool = False
) -> float | None:
    """What the provider's cache saved of a call's cost in USD, against the plain price.

    Args:
        model_name: `provider/model` or `simulated`.
        usage: Of the response.
        config: Its prices replace the library's.
        batch: Whether it was in a batch.

    Returns:
        Below 0 where writing to the cache cost more than reading from it saved; None when the
        price is unknown.
    """
    if not usage.cached_tokens and not usage.cache_write_tokens:
        return 0.0
    uncached = replace(usage, cached_tokens=0, cache_write_tokens=0)
    plain = price(model_name, uncached, config, batch=batch)
    paid = price(model_name, usage, config, batch=batch)
    return None if plain is None or paid is None else plain - paid


def worst_case(
    model_name: str,
    input_tokens: int,
    output_tokens: int,
    config: Config,
    *,
    cache: bool = False,
    batch: bool = False,
) -> float | None:
    """The most that a call can cost in USD, before it is sent.

    Args:
        model_name: `provider/model` or `simulated`.
        input_tokens: The estimate of what is read; none of it is taken to be cached.
        output_tokens: The most that can be written.
        config: Its prices replace the library's.
        cache: Whether the prompt is marked for caching, which some bill above the plain price.
        batch: Whether it will be in a batch.

    Returns:
        None when the price is unknown.
    """
    worst = _worst(model_name, input_tokens, output_tokens, config, cache=cache)
    return _shared(worst, model_name, config, batch=batch)


def _worst(
    model_name: str, input_tokens: int, output_tokens: int, config: Config, *, cache: bool
) -> float | None:
    if model_name == _SIMULATED:
        return 0.0
    if own := config.prices.get(model_name):
        dearest = max(own.input, own.cached_input or 0.0, own.cache_write or 0.0)
        return (input_tokens * dearest + output_tokens * own.output) / _MILLION
    tokens = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    plain = _from_library(model_name, config, **tokens)
    if plain is None or not cache:
        return plain
    written = _from_library(model_name, config, cache_write_tokens=input_tokens, **tokens)
    return max(plain, written or 0.0)


def per_million(model_name: str, config: Config) -> Price | None:
    """A model's base price in USD per million tokens; None when it is unknown."""
    if model_name == _SIMULATED:
        return Price(0.0, 0.0, 0.0)
    if own := config.prices.get(model_name):
        return own
    found = _find(model_name, config)
    if found is None:
        return None
    rates = _rates(found)
    read, written, cached = (
        _base(rates, name) for name in ("input_mtok", "output_mtok", "cache_read_mtok")
    )
    if read is None or written is None:
        return None
    return Price(read, written, cached)


@cache
def prices_date() -> str:
    """The newest day on which the bundled prices say they were checked, and the library's version.

    The library keeps no date of its own; a model's price may be older than this day.
    """
    import genai_prices
    from genai_prices.data_snapshot import get_snapshot

    providers = get_snapshot().providers
    notes = [provider.price_comments for provider in providers]
    notes += [model.price_comments for provider in providers for model in provider.models]
    dates = [date for note in notes if note for date in _CHECKED.findall(note)]
    library = f"genai-prices {genai_prices.__version__}"
    return f"{max(dates)} ({library})" if dates else library


def _from_library(model_name: str, config: Config, **tokens: int) -> float | None:
    found = _find(model_name, config)
    if found is None or _base(_rates(found), "output_mtok") is None:
        return None
    from genai_prices import Usage

    provider, model = found
    try:
        return float(model.calc_price(Usage(**tokens), provider).total_price)
    except (LookupError, ValueError):
        return None


def _find(model_name: str, config: Config) -> tuple[Any, Any] | None:
    """The library's provider and model, if it knows both."""
    name, _, model = model_name.partition("/")
    provider = config.providers.get(name)
    library_id = _LIBRARY_ID.get(name)
    url = provider.base_url if provider else None
    if library_id is None and url is None:
        library_id = _LIBRARY_ID.get(provider.kind) if provider else None
    return _lookup(model, library_id, None if library_id else url)


@cache
def _lookup(model: str, library_id: str | None, url: str | None) -> tuple[Any, Any] | None:
    if library_id is None and url is None:
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(model, None, library_id, url)
    except LookupError:
        return None


def _rates(found: tuple[Any, Any]) -> Any:  # noqa: ANN401 - the library is imported when used
    """The prices in force now, of a library model whose prices may change by date."""
    from datetime import UTC, datetime

    return found[1].get_prices(datetime.now(UTC))


def _base(rates: Any, name: str) -> float | None:  # noqa: ANN401
    value = getattr(rates, name, None)
    value = getattr(value, "base", value)
    return None if value is None else float(value)
