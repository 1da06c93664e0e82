"""The user's config file: endpoints, prices, and what the screens keep for themselves."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opro_tui.toml_lines import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "opro-tui"
KINDS = ("openai", "openai-responses", "anthropic")
_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Provider:
    """An endpoint under a name, the first part of `provider/model`.

    Attributes:
        name: What stands before the slash.
        kind: The wire format, one of `KINDS`.
        base_url: None leaves the kind's own (and its environment variable).
        api_key_env: The environment variable that holds the key; None where no key is needed.
        key_file: A file with the key, read where the variable isn't set; only its owner may use it.
        keyring: `service/user` of a key in the system's keyring; likewise.
        headers: Sent with every request.
        traits: What is known of the endpoint before the first call, as `core.protocols.Traits`.
        concurrency: The most requests at a time; None leaves the session's setting.
        requests_per_minute: The most requests a minute; None leaves it to what the endpoint says.
        tokens_per_minute: The most tokens a minute, input and output; None likewise.
    """

    name: str
    kind: str
    base_url: str | None = None
    api_key_env: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY, repr=False)
    traits: Mapping[str, bool] = field(default_factory=lambda: _EMPTY)
    concurrency: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    key_file: str | None = None
    keyring: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A model's price in USD per million tokens.

    Input read from the provider's cache, or written to it, costs as input where None. `batch` is
    the share of it that a call in a batch costs; None leaves the provider's usual one.
    """

    input: float
    output: float
    cached_input: float | None = None
    batch: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """How often a batch is looked at, in seconds.

    Attributes:
        first: From its sending to the first look; None leaves it to the provider's kind.
        longest: The most between two looks; the waits grow up to there.
    """

    first: float | None = None
    longest: float = 60.0


PREDEFINED: Mapping[str, Provider] = MappingProxyType(
    {
        provider.name: provider
        for provider in (
            Provider("openai", "openai", api_key_env="OPENAI_API_KEY"),
            Provider("openai-responses", "openai-responses", api_key_env="OPENAI_API_KEY"),
            Provider("anthropic", "anthropic", api_key_env="ANTHROPIC_API_KEY"),
            Provider("ollama", "openai", "http://localhost:11434/v1"),
            Provider("lmstudio", "openai", "http://localhost:1234/v1"),
            Provider("vllm", "openai", "http://localhost:8000/v1"),
            Provider("llamacpp", "openai", "http://localhost:8080/v1"),
            Provider("openrouter", "openai", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the config file says, with the predefined providers.

    Attributes:
        providers: By name, predefined ones included.
        prices: By `provider/model`; they replace the price library's.
        looks: How often batches are looked at.
        keymap: The `[keymap]` table as it stands, for the screens.
        ui: The `[ui]` table as it stands, for the screens.
        path: The file that was read; None when there is none.
        lines: The line of each dotted key of the file, for complaints.
    """

    providers: Mapping[str, Provider] = field(default_factory=lambda: PREDEFINED)
    prices: Mapping[str, Price] = field(default_factory=lambda: _EMPTY)
    looks: Looks = field(default_factory=Looks)
    keymap: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    ui: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    path: Path | None = None
    lines: Mapping[tuple[str, ...], int] = field(default_factory=lambda: MappingProxyType({}))

    def with_ui(self, **values: Any) -> Config:  # noqa: ANN401 - any TOML value
        """The same with some values of `[ui]` replaced."""
        return replace(self, ui=MappingProxyType({**self.ui, **values}))

    def place(self, *at: str) -> str:
        """Where a key stands: the file and its line, as far as they are known."""
        file = "config" if self.path is None else str(self.path)
        line = line_of(self.lines, at)
        return f"{file}, line {line}" if line else file


def default_path() -> Path:
    """Where the config file lies when nobody says otherwise; XDG_CONFIG_HOME counts everywhere."""
    home = os.environ.get("XDG_CONFIG_HOME")
    if home and Path(home).is_absolute():
        return Path(home) / APP / "config.toml"
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / "config.toml"


def default_database() -> Path:
    """Where the sessions lie when nobody names a database."""
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False) / "sessions.db"


def log_path() -> Path:
    """Where the log file lies."""
    from platformdirs import user_log_path

    return user_log_path(APP, appauthor=False) / "opro-tui.log"


def make_private(folder: Path) -> None:
    """Make a folder, and those around it that are missing, for their owner alone."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def url_problem(url: str) -> str | None:
    """Why an address can't be a base URL, as the end of a sentence; None when it can."""
    try:
        parts = urlsplit(url)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        return "is no valid address"
    if parts.scheme not in ("http", "https"):
        return "does not start with http:// or https://"
    if not parts.hostname or not port_ok:
        return "names no host"
    if parts.username or parts.password:
        return "holds a password; name the key's environment variable in the config instead"
    if not url.isprintable() or " " in url or parts.query or parts.fragment:
        return "holds more than a host and a path"
    return None
