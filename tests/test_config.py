from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.config import Config, Price, default_path
from opro_tui.config_file import load_config, parse_config
from opro_tui.core.errors import BadInput

FULL = """
[providers.openai]
base_url = "https://proxy.example.com/v1"

[providers.groq]
kind = "openai"
base_url = "https://api.groq.com/openai/v1"
api_key_env = "GROQ_API_KEY"
headers = { X-Team = "blue" }
temperature = true
n = false
concurrency = 8
requests_per_minute = 600
tokens_per_minute = 90_000

[prices."groq/meta/llama"]
input = 0.05
cached_input = 0.01
output = 1

[keymap]
step = "s"

[ui]
theme = "dark"
"""


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("OPRO_TUI_CONFIG", raising=False)


def test_without_a_file_there_are_the_predefined_providers() -> None:
    config = load_config(None)
    assert config == Config()
    assert set(config.providers) == {
        *("openai", "openai-responses", "anthropic", "ollama", "lmstudio"),
        *("vllm", "llamacpp", "openrouter"),
    }
    assert config.providers["ollama"].base_url == "http://localhost:11434/v1"
    assert config.providers["openrouter"].api_key_env == "OPENROUTER_API_KEY"


def test_everything_a_file_can_say(tmp_path: Path) -> None:
    file = default_path()
    assert file == tmp_path / "opro-tui" / "config.toml"
    file.parent.mkdir()
    file.write_text(FULL)
    config = load_config(None)
    groq = config.providers["groq"]
    assert (groq.kind, groq.api_key_env, groq.concurrency) == ("openai", "GROQ_API_KEY", 8)
    assert (groq.requests_per_minute, groq.tokens_per_minute) == (600, 90_000)
    assert dict(groq.headers) == {"X-Team": "blue"}
    assert dict(groq.traits) == {"temperature": True, "n": False}
    assert config.providers["openai"].base_url == "https://proxy.example.com/v1"
    assert config.providers["openai"].api_key_env == "OPENAI_API_KEY"
    assert config.prices["groq/meta/llama"] == Price(0.05, 1.0, 0.01)
    assert config.keymap["step"] == "s"
    assert config.ui["theme"] == "dark"
    assert config.path == file


def test_a_provider_without_an_address_is_its_kinds_own() -> None:
    config = parse_config('[providers.work]\nkind = "anthropic"\napi_key_env = "WORK"', Path("c"))
    work = config.providers["work"]
    assert (work.name, work.base_url, work.api_key_env) == ("work", None, "WORK")


def test_the_environment_names_another_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "other.toml"
    file.write_bytes(b'\xef\xbb\xbf[ui]\r\ntheme = "x"\r\n')
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(file))
    assert load_config(None).ui["theme"] == "x"
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(BadInput, match=r"gone\.toml"):
        load_config(None)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[provider.x]", 1, "Did you mean 'providers'?"),
        ('\n[providers.x]\nkind="openai"\nbase_ur = "x"', 4, "Did you mean 'base_url'?"),
        ('[providers.x]\napi_key = "sk-1"', 2, "Keys don't belong into this file"),
        ('[providers.openai]\nAPI-Key = "sk-1"', 2, "with api_key_env, or use key_file or keyring"),
        ('[providers.x]\nkind = "opnai"', 2, "Did you mean 'openai'?"),
        ('[providers.x]\nbase_url = "http://h"', 1, "has no kind"),
        ("[providers.x]\nkind = 5", 2, "kind is no text"),
        ('[providers.x]\nkind = "openai"\napi_key_env = "sk-planted"', 3, "never the key"),
        ('[providers.x]\nkind = "openai"\nkey_file = "sk-planted"', 3, "Write a whole path"),
        ('[providers.x]\nkind = "openai"\nkeyring = "sk-planted"', 3, '"service/user"'),
        ('[providers.openai]\nbase_url = "https://u:planted@h"', 2, "holds a password"),
        ('[providers.openai]\nbase_url = "https://h/?key=planted"', 2, "more than a host"),
        ('[providers.openai]\nbase_url = "h:1"', 2, "does not start with http"),
        ('[providers.openai]\nbase_url = "https://u:p@h"', 2, "holds a password"),
        ('[providers.openai]\nbase_url = "http://h:99999999"', 2, "no valid address"),
        ('[providers.openai]\ntemperature = "no"', 2, "neither true nor false"),
        ("[providers.openai]\nconcurrency = 0", 2, "whole number"),
        ('[prices."openai/m"]\ninput = 1\noutput = 1\nbatch = 2', 4, "batch = 0.5"),
        ("[batch]\nfirst_look = 0", 2, "seconds"),
        ("[batch]\nfirst = 5", 2, "first_look"),
        ("[providers.openai]\nconcurrency = true", 2, "whole number"),
        ("[providers.openai]\nrequests_per_minute = 0", 2, "whole number"),
        ("[providers.openai]\ntokens_per_minute = 1.5", 2, "whole number"),
        ("[providers.openai]\nrequest_per_minute = 60", 2, "requests_per_minute"),
        ('[providers.openai.headers]\n"a b" = "x"', 2, "can't be sent"),
        ('[providers.openai]\nheaders = { A = "x\\ny" }', 2, "can't be sent"),
        ("[providers]\nopenai = 3", 2, "is no table"),
        ('[providers.simulated]\nkind = "openai"', 1, "can't name a provider"),
        ('[prices."opena/gpt"]\ninput = 1\noutput = 1', 1, "Did you mean 'openai'?"),
        ('[prices."gpt"]\ninput = 1\noutput = 1', 1, "is no provider/model"),
        ('[prices."/gpt"]\ninput = 1\noutput = 1', 1, "is no provider/model"),
        ('[prices."x\\ny/gpt"]\ninput = 1\noutput = 1', 1, r"no provider 'x\ny' is configured"),
        ('[prices."xy/gpt"]\ninput = 1\noutput = 1', 1, "no provider 'xy' is configured"),
        (
            '[prices."xy/gpt"]\ninput = 1\noutput = 1',
            1,
            "Add [providers.xy]. The providers are openai",
        ),
        ('[prices."openai/gpt"]\ninput = 1', 1, "price of output is missing"),
        ('[prices."openai/gpt"]\ninput = "1"\noutput = 1', 2, "input is no price"),
        ('[prices."openai/gpt"]\ninput = nan\noutput = 1', 2, "input is no price"),
        ('[prices."openai/gpt"]\ninput = 1\noutput = -1', 3, "output is no price"),
        ('[prices."openai/gpt"]\ninput = 1\noutptu = 1', 3, "Did you mean 'output'?"),
        ("providers = 1", 1, "is no table"),
    ],
)
def test_mistakes_name_the_file_the_line_and_the_way_out(text: str, line: int, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_config(text, Path("my.toml"))
    said = str(caught.value)
    assert said.startswith(f"my.toml, line {line}: "), said
    assert says in said
    assert "u:p" not in said
    assert "sk-1" not in said
    assert "planted" not in str(caught.value)


def test_what_is_no_toml(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    for data, says in ((b"[x", "TOML"), (b"\xff\xfe", "UTF-8"), (b"a = [" * 9999, "TOML")):
        file.write_bytes(data)
        with pytest.raises(BadInput, match=says) as caught:
            load_config(file)
        assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match="can't be read"):
        load_config(tmp_path)


@given(st.text(st.sampled_from('[]"=.#\n aproviders1'), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    said = ""
    try:
        parse_config(text, Path("c"))
    except BadInput as error:
        said = str(error)
    assert "\n" not in said
