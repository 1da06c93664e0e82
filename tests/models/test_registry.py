from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from opro_tui.config import Config
from opro_tui.config_file import parse_config
from opro_tui.core.errors import BadInput, ModelError
from opro_tui.models.registry import create, insecure, is_local, validate_name

ROOT = Path(__file__).parents[2]


def make(name: str, url: str | None = None, config: Config | None = None):
    return create(name, role="optimizer", url=url, config=config or Config(), seed=0)


def test_making_models_imports_no_sdk() -> None:
    code = """
import sys
from opro_tui.config_file import load_config
from opro_tui.models import errors, prices, registry, retry, tokens
for name in ("openai/m", "openai-responses/m", "anthropic/m", "ollama/m"):
    config = load_config(None)
    registry.validate_name(name, config)
    registry.create(name, role="scorer", url="http://localhost:1/v1", config=config, seed=0)
heavy = {"openai", "anthropic", "httpx2", "tiktoken", "genai_prices", "textual", "pydantic"}
print(sorted(heavy & set(sys.modules)))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("opanai/gpt", "Did you mean 'openai'?"),
        ("gpt-4o", "is no provider/model"),
        ("", "is no provider/model"),
        ("openai/", "names no model"),
        ("openai/ ", "names no model"),
        ("openai/a\nb", "names no model"),
        ("simulatd", "Did you mean 'simulated'?"),
    ],
)
def test_wrong_names(name: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        validate_name(name, Config(), where="--scorer")
    assert says in str(caught.value)
    assert str(caught.value).startswith("--scorer: ")
    with pytest.raises(BadInput):
        make(name)


def test_the_model_may_hold_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "key-12345678")
    model = make("openrouter/meta/llama-3")
    assert model.endpoint == "https://openrouter.ai/api/v1"
    assert model.name == "openrouter/meta/llama-3"
    assert model.parameters.__self__.model == "meta/llama-3"


@pytest.mark.parametrize("name", ["openai/m", "openai-responses/m", "anthropic/m", "openrouter/m"])
def test_a_missing_key_is_named_at_once(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        make(name, url="https://elsewhere.example.com/v1" if name == "openai/m" else None)
    assert (caught.value.kind, caught.value.fatal) == ("auth", True)
    assert "_API_KEY" in str(caught.value)


def test_a_key_that_no_header_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ключ")
    with pytest.raises(ModelError) as caught:
        make("openai/m")
    assert caught.value.kind == "auth"
    assert "ключ" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:1/v1", "http://127.0.0.1:1", "http://[::1]:1/v1"]
)
def test_local_endpoints_need_no_key(url: str) -> None:
    assert make("openai/m", url).endpoint == url
    assert make("ollama/m").endpoint == "http://localhost:11434/v1"


def test_the_url_comes_from_the_flag_then_the_config_then_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert make("openai/m").endpoint == "https://api.openai.com/v1"
    assert make("anthropic/m").endpoint == "https://api.anthropic.com"
    monkeypatch.setenv("OPENAI_BASE_URL", "https://env.example.com/v1/")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://env.example.com/v1")
    assert make("openai/m").endpoint == "https://env.example.com/v1"
    assert make("openai-responses/m").endpoint == "https://env.example.com/v1"
    assert make("anthropic/m").endpoint == "https://env.example.com"
    config = parse_config('[providers.openai]\nbase_url = "https://file.example.com/v1"', Path("c"))
    assert make("openai/m", config=config).endpoint == "https://file.example.com/v1"
    assert (
        make("openai/m", "https://flag.example.com", config).endpoint == "https://flag.example.com"
    )


@pytest.mark.parametrize(
    "url", ["localhost:1", "ftp://x/", "http://", "http://u:p@host/v1", "http://a b"]
)
def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        make("openai/m", url)
    assert "u:p" not in str(caught.value)


def test_known_traits_come_from_the_config() -> None:
    text = '[providers.mine]\nkind = "openai"\nbase_url = "http://localhost:1"\ntemperature = false'
    from opro_tui.core.protocols import Message, Request

    model = make("mine/m", config=parse_config(text, Path("c")))
    request = Request((Message("user", "x"),), temperature=1.0)
    assert model.parameters(request, {}) == {"model": "m"}
    assert "temperature" in model.parameters(request, {"temperature": True})


@pytest.mark.parametrize(
    ("url", "local", "open_wire"),
    [
        ("http://localhost:1", True, False),
        ("http://127.0.0.2/v1", True, False),
        ("http://192.168.0.5:8000/v1", True, True),
        ("http://gpubox:8000/v1", True, True),
        ("http://example.com/v1", False, True),
        ("https://example.com/v1", False, False),
        ("http://localhost.example.com/v1", False, True),
    ],
)
def test_local_and_insecure(url: str, local: bool, open_wire: bool) -> None:
    assert is_local(url) is local
    assert insecure(url) is open_wire


@pytest.mark.parametrize("role", ["optimizer", "scorer"])
def test_simulated_models_need_nothing(role: str) -> None:
    model = create("simulated", role=role, url=None, config=Config(), seed=1)
    assert model.simulated
    assert model.endpoint == "simulated"
