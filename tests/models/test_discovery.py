"""Which models are offered: answering endpoints, keys that are set, never a key itself."""

from __future__ import annotations

import socket
import time

import pytest

from opro_tui.config import Config, Provider
from opro_tui.core.settings import Settings
from opro_tui.engine.create import Draft, prepare
from opro_tui.engine.discovery import find_models, missing_keys, model_problem
from opro_tui.models.batches import objects_in
from opro_tui.models.discovery import _names, find_offers
from tests.support.loopback import LoopbackServer


def dead_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def config_of(*providers: Provider) -> Config:
    return Config(providers={provider.name: provider for provider in providers})


def local(name: str, url: str, key: str | None = None) -> Provider:
    return Provider(name, "openai", url, key)


def test_an_answering_endpoint_lists_its_models_and_a_dead_one_none() -> None:
    with LoopbackServer(models=("llama", "qwen")) as server:
        config = config_of(
            local("lab", server.url), local("gone", f"http://127.0.0.1:{dead_port()}/v1")
        )
        offers = find_offers(config)
    assert [offer.name for offer in offers] == ["lab/llama", "lab/qwen", "simulated"]
    assert offers[0].why == "local"
    assert offers[0].place == server.url


def test_an_address_without_v1_is_completed() -> None:
    with LoopbackServer(models=("a",)) as server:
        config = config_of(Provider("own", "anthropic", server.root))
        assert find_offers(config)[0].name == "own/a"


def test_silent_endpoints_cost_one_wait_together() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        config = config_of(*(local(f"p{number}", url) for number in range(6)))
        before = time.monotonic()
        assert [offer.name for offer in find_offers(config, seconds=0.3)] == ["simulated"]
        assert time.monotonic() - before < 1.5


def test_names_that_could_not_be_shown_are_left_out(monkeypatch) -> None:
    hostile = ("ok", "bad\x1b[31m", "nul\0", "", " ", "x" * 5000, "\u202eesrever")
    with LoopbackServer(models=hostile) as server:
        offers = find_offers(config_of(local("lab", server.url)))
    assert [offer.name for offer in offers] == ["lab/ok", "simulated"]


def test_a_key_offers_known_models_and_is_never_shown(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")
    monkeypatch.setenv("LAB_KEY", "another-secret")
    config = config_of(
        Provider("openai", "openai", api_key_env="OPENAI_API_KEY"),
        Provider("far", "openai", "https://far.example.com/v1", "LAB_KEY"),
        Provider("anthropic", "anthropic", api_key_env="ANTHROPIC_API_KEY"),
    )
    offers = find_offers(config)
    names = [offer.name for offer in offers]
    assert "openai/gpt-5-mini" in names
    assert "far/" in names
    assert not any(name.startswith("anthropic/") for name in names)
    assert not any("embed" in name or "tts" in name for name in names)
    assert "secret" not in repr(offers)


async def test_what_is_offered_says_its_price_or_that_it_is_unknown(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")
    config = config_of(Provider("openai", "openai", api_key_env="OPENAI_API_KEY"))
    offers = {offer.name: offer.about for offer in await find_models(config)}
    assert "per M" in offers["openai/gpt-5-mini"]
    assert "OPENAI_API_KEY is set" in offers["openai/gpt-5-mini"]
    assert "no cost" in offers["simulated"]
    assert "secret" not in repr(offers)


async def test_a_missing_key_is_said_once_with_what_to_do() -> None:
    values = {"task": "sums", "optimizer": "openai/gpt-5-mini", "scorer": "openai/gpt-5-mini"}
    prepared = prepare(Draft(name="s", values=values), Config())
    (problem,) = await missing_keys(prepared.settings, prepared.task, Config())
    assert "OPENAI_API_KEY" in problem
    assert "Set it" in problem
    assert Settings().optimizer == "simulated"
    free = prepare(Draft(name="s"), Config())
    assert await missing_keys(free.settings, free.task, Config()) == []


def test_a_wrong_model_is_explained() -> None:
    assert model_problem("simulated", Config()) == ""
    assert model_problem("openai/any", Config()) == ""
    assert "'openai'" in model_problem("opnai/gpt", Config())
    assert "provider/model" in model_problem("gpt-5", Config())


@pytest.mark.parametrize("data", [None, 5, True, "models", {"id": "m"}, [[], 1, {"id": 7}]])
def test_a_list_of_models_that_is_none_offers_nothing(data) -> None:
    assert _names({"data": data}) == []
    assert _names(data) == []
    assert objects_in(data) == ([{"id": 7}] if isinstance(data, list) else [])
