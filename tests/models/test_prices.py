from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.config import Config, Price
from opro_tui.config_file import parse_config
from opro_tui.core.usage import TokenUsage, to_picodollars
from opro_tui.models.prices import (
    batch_share,
    cache_saved,
    per_million,
    price,
    prices_date,
    worst_case,
)

NONE = Config()
OWN = parse_config(
    '[prices."ollama/llama"]\ninput = 1\noutput = 2\ncached_input = 0.5\n'
    '[prices."openai/gpt-4o-mini"]\ninput = 10\noutput = 20\n',
    Path("c.toml"),
)
MILLION = 1_000_000


def used(
    read: int | None, written: int | None, cached: int = 0, cache_write: int = 0
) -> TokenUsage:
    return TokenUsage(read, cached, cache_write, written)


def test_library_prices() -> None:
    rates = per_million("openai/gpt-4o-mini", NONE)
    assert rates is not None
    assert rates.cached_input is not None
    assert price("openai/gpt-4o-mini", used(MILLION, 0), NONE) == pytest.approx(rates.input)
    assert price("openai-responses/gpt-4o-mini", used(0, MILLION), NONE) == pytest.approx(
        rates.output
    )
    half = price("openai/gpt-4o-mini", used(MILLION, 0, cached=MILLION // 2), NONE)
    assert half == pytest.approx((rates.input + rates.cached_input) / 2)


def test_a_call_in_a_batch_costs_half_where_that_is_known() -> None:
    usage = used(1000, 300, cached=200)
    for name in ("openai/gpt-4o-mini", "anthropic/claude-3-5-haiku-latest"):
        single = price(name, usage, NONE)
        assert single
        assert price(name, usage, NONE, batch=True) == single / 2
        assert worst_case(name, 10, 10, NONE, batch=True) == worst_case(name, 10, 10, NONE) / 2
    assert price("openai/no-such-model", usage, NONE, batch=True) is None
    assert batch_share("ollama/llama", OWN) is None
    assert price("ollama/llama", usage, OWN, batch=True) is None
    own = parse_config(
        '[prices."ollama/llama"]\ninput = 1\noutput = 2\nbatch = 0.25\n', Path("c.toml")
    )
    assert price("ollama/llama", used(MILLION, 0), own, batch=True) == 0.25
    assert price("ollama/llama", used(MILLION, 0), own) == 1


def test_writing_the_cache_costs_more_at_anthropic() -> None:
    name = "anthropic/claude-3-5-haiku-latest"
    plain = price(name, used(1000, 0), NONE)
    written = price(name, used(1000, 0, cache_write=1000), NONE)
    read = price(name, used(1000, 0, cached=1000), NONE)
    assert plain
    assert written
    assert read
    assert read < plain < written
    assert worst_case(name, 1000, 0, NONE) == pytest.approx(plain)
    assert worst_case(name, 1000, 0, NONE, cache=True) == pytest.approx(written)


@pytest.mark.parametrize(
    "name", ["openai/no-such-model", "ollama/llama", "vllm/gpt-4o", "nobody/x", "x"]
)
def test_unknown_prices_are_none(name: str) -> None:
    assert price(name, used(10, 10), NONE) is None
    assert worst_case(name, 10, 10, NONE) is None
    assert per_million(name, NONE) is None


def test_unknown_counts_are_none() -> None:
    assert price("openai/gpt-4o-mini", used(None, 5), NONE) is None
    assert price("openai/gpt-4o-mini", used(5, None), OWN) is None


def test_simulated_is_free() -> None:
    assert price("simulated", used(None, None), NONE) == 0.0
    assert worst_case("simulated", 9, 9, NONE) == 0.0
    assert per_million("simulated", NONE) == Price(0.0, 0.0, 0.0)


def test_the_config_comes_first() -> None:
    assert price("ollama/llama", used(4 * MILLION, MILLION, cached=2 * MILLION), OWN) == 5.0
    assert price("openai/gpt-4o-mini", used(MILLION, MILLION, cached=MILLION), OWN) == 30.0
    assert worst_case("ollama/llama", MILLION, MILLION, OWN) == 3.0
    assert per_million("ollama/llama", OWN) == Price(1.0, 2.0, 0.5)


def test_a_provider_of_ones_own_is_priced_by_its_address() -> None:
    text = '[providers.mine]\nkind = "openai"\nbase_url = "https://api.groq.com/openai/v1"'
    config = parse_config(text, Path("c.toml"))
    assert price("mine/llama-3.1-8b-instant", used(1000, 1000), config)


@given(*[st.integers(0, 10**7)] * 4)
def test_the_worst_case_is_the_worst(read: int, written: int, cached: int, stored: int) -> None:
    for name in ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "ollama/llama"):
        cost = price(name, used(read, written, cached, stored), OWN)
        worst = worst_case(name, read, written, OWN, cache=True)
        assert cost is not None
        assert worst is not None
        assert 0 <= cost <= worst * (1 + 1e-9)


def test_the_price_list_is_dated() -> None:
    assert prices_date().startswith("20")
    assert "genai-prices" in prices_date()


def test_ones_own_price_of_what_is_written_to_the_cache_counts() -> None:
    own = Config(prices={"lab/m": Price(1.0, 2.0, cached_input=0.1, cache_write=1.25)})
    usage = used(1000, 100, cached=600, cache_write=300)
    assert price("lab/m", usage, own) == pytest.approx((100 + 60 + 375 + 200) / 1e6)
    assert cache_saved("lab/m", usage, own) == pytest.approx((540 - 75) / 1e6)
    assert worst_case("lab/m", 1000, 0, own, cache=True) == pytest.approx(1250 / 1e6)
    assert cache_saved("lab/unknown", usage, own) is None
    assert cache_saved("lab/unknown", used(1000, 100), own) == 0.0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_what_the_cache_saved_is_the_lists_difference_to_the_picodollar(
    fresh: int, cached: int, written: int
) -> None:
    usage = used(fresh + cached + written, 7, cached=cached, cache_write=written)
    found = {}
    for name in ("anthropic/claude-sonnet-4-6", "openai/gpt-4o"):
        paid, saved = price(name, usage, NONE), cache_saved(name, usage, NONE)
        plain = price(name, used(fresh + cached + written, 7), NONE)
        pico = [to_picodollars(each) for each in (paid, saved, plain)]
        assert None not in pico
        found[name] = pico
        assert pico[0] + pico[1] == pico[2]
    assert found["anthropic/claude-sonnet-4-6"][1] == cached * 2_700_000 - written * 750_000
