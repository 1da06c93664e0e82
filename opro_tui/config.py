"""The user's config file: endpoints, prices, and what the screens keep for themselves."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.traits import TRAITS
from opro_tui.paths import would_wait
from opro_tui.toml_lines import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

APP = "opro-tui"
KINDS = ("openai", "openai-responses", "anthropic")
_TABLES = ("providers", "prices", "batch", "keymap", "ui")
_LIMITS = {
    "concurrency": (500, 32),
    "requests_per_minute": (10_000_000, 500),
    "tokens_per_minute": (10_000_000_000, 200_000),
}
"""What bounds a provider's calls: the most that can be said, and an example."""
_PROVIDER_KEYS = (
    "kind",
    "base_url",
    "api_key_env",
    "key_file",
    "keyring",
    "headers",
    *_LIMITS,
    *TRAITS,
)
_PRICE_KEYS = ("input", "cached_input", "cache_write", "output", "batch")
_BATCH_KEYS = ("first_look", "longest_wait")
_LARGEST = 2**20
"""Bytes of a config file that are read."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
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


def load_config(path: Path | None = None) -> Config:
    """Read the config file.

    Args:
        path: The file; None takes `$OPRO_TUI_CONFIG`, else the default place, where it may be
            missing.

    Raises:
        BadInput: The file was named and is missing, can't be read, or holds something unknown.
    """
    named = path or (Path(env) if (env := os.environ.get("OPRO_TUI_CONFIG")) else None)
    file = named or default_path()
    try:
        text = _content(file).decode("utf-8-sig")
    except FileNotFoundError:
        if named is None:
            return Config()
        todo = "Name a file that exists, or unset OPRO_TUI_CONFIG."
        raise BadInput("there is no such config file", where=str(file), todo=todo) from None
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            what = f"the config file is not UTF-8 (byte {error.start})"
            raise BadInput(what, where=str(file), todo="Save it as UTF-8.") from None
        what = f"the config file can't be read: {getattr(error, 'strerror', None) or error}"
        raise BadInput(what, where=str(file), todo="Check its permissions.") from None
    return parse_config(text, file)


def _content(file: Path) -> bytes:
    if would_wait(file):
        raise BadInput("the config file is a pipe", where=str(file), todo="Name a file.")
    with file.open("rb") as opened:
        data = opened.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        what = f"the config file has more than {_LARGEST // 2**20} MB"
        raise BadInput(what, where=str(file), todo="Name another.")
    return data


def parse_config(text: str, path: Path) -> Config:
    """Read a config file's text; `path` is for the messages.

    Raises:
        BadInput: As `load_config`.
    """
    import tomllib

    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"no valid TOML: {error}", where=str(path), todo="Correct it.") from None
    return _Reader(text, path).read(data)


class _Reader:
    """Turns parsed TOML into a Config, and knows the lines for its complaints."""

    def __init__(self, text: str, path: Path) -> None:
        self._lines = key_lines(text)
        self._path = path

    def read(self, data: dict[str, Any]) -> Config:
        self._check_keys(data, _TABLES, (), "table")
        tables = {name: self._table(data.get(name, {}), (name,)) for name in _TABLES}
        providers = dict(PREDEFINED)
        for name, values in tables["providers"].items():
            providers[name] = self._provider(name, self._table(values, ("providers", name)))
        prices = {
            name: self._price(name, self._table(values, ("prices", name)), providers)
            for name, values in tables["prices"].items()
        }
        return Config(
            providers=MappingProxyType(providers),
            prices=MappingProxyType(prices),
            looks=self._looks(tables["batch"]),
            keymap=MappingProxyType(tables["keymap"]),
            ui=MappingProxyType(tables["ui"]),
            path=self._path,
            lines=MappingProxyType(self._lines),
        )

    def _provider(self, name: str, values: dict[str, Any]) -> Provider:
        at = ("providers", name)
        if not _NAME.fullmatch(name) or name == "simulated":
            self._fail(f"{name!r} can't name a provider", at, "Use letters, digits, - _ and .")
        self._check_keys(values, _PROVIDER_KEYS, at, "key")
        base = PREDEFINED.get(name)
        kind = self._text(values, "kind", at) or (base.kind if base else None)
        if kind is None:
            self._fail(f"provider {name!r} has no kind", at, f'Add kind = "{KINDS[0]}".')
        if kind not in KINDS:
            todo = nearest(kind, KINDS) or f"The kinds are {', '.join(KINDS)}."
            self._fail(f"unknown kind {kind!r}", (*at, "kind"), todo)
        url = self._url(values, at)
        key_env = self._variable(values, at)
        start = base or Provider(name, kind)
        if base is None and url is None:
            start = replace(PREDEFINED[kind], name=name)
        return replace(
            start,
            kind=kind,
            base_url=url or start.base_url,
            api_key_env=key_env or start.api_key_env,
            key_file=self._place(values, "key_file", at),
            keyring=self._place(values, "keyring", at),
            headers=self._headers(values.get("headers", {}), (*at, "headers")),
            traits=self._traits(values, at),
            concurrency=self._limit(values, "concurrency", at),
            requests_per_minute=self._limit(values, "requests_per_minute", at),
            tokens_per_minute=self._limit(values, "tokens_per_minute", at),
        )

    def _traits(self, values: dict[str, Any], at: tuple[str, ...]) -> Mapping[str, bool]:
        traits = {trait: values[trait] for trait in TRAITS if trait in values}
        for trait, value in traits.items():
            if not isinstance(value, bool):
                self._fail(
                    f"{trait} is neither true nor false", (*at, trait), "Write true or false."
                )
        return MappingProxyType(traits)

    def _limit(self, values: dict[str, Any], name: str, at: tuple[str, ...]) -> int | None:
        value = values.get(name)
        most, example = _LIMITS[name]
        if value is not None and (type(value) is not int or not 1 <= value <= most):
            what = f"{name} is no whole number from 1 to {most:,}"
            self._fail(what, (*at, name), f"Write {example}.")
        return value

    def _headers(self, value: object, at: tuple[str, ...]) -> Mapping[str, str]:
        headers = self._table(value, at)
        for name, text in headers.items():
            ok = isinstance(text, str) and text.isprintable() and text.isascii()
            if not ok or not _HEADER.fullmatch(name):
                self._fail(
                    f"header {name!r} can't be sent", (*at, name), "Use printable ASCII text."
                )
        return MappingProxyType(headers)

    def _variable(self, values: dict[str, Any], at: tuple[str, ...]) -> str | None:
        """A variable's name; a key that was put there instead is not repeated."""
        name = self._text(values, "api_key_env", at)
        if name is not None and not (name.isascii() and name.isidentifier()):
            todo = "Write the name of the environment variable that holds the key, never the key."
            self._fail("api_key_env is no variable's name", (*at, "api_key_env"), todo)
        return name

    def _place(self, values: dict[str, Any], name: str, at: tuple[str, ...]) -> str | None:
        """Where a key stands outside of the environment; likewise."""
        place = self._text(values, name, at)
        if place is None:
            return None
        if name == "keyring" and not all(place.partition("/")):
            todo = 'Write keyring = "service/user", never the key.'
            self._fail("keyring names no entry", (*at, name), todo)
        if name == "key_file" and not (place.startswith("~") or Path(place).is_absolute()):
            todo = "Write a whole path, from / or ~ on, never the key."
            self._fail("key_file is no whole path", (*at, name), todo)
        return place

    def _url(self, values: dict[str, Any], at: tuple[str, ...]) -> str | None:
        url = self._text(values, "base_url", at)
        if url is not None and (problem := url_problem(url)):
            self._fail(f"base_url {problem}", (*at, "base_url"), "Write https://host/v1.")
        return url

    def _text(self, values: dict[str, Any], key: str, at: tuple[str, ...]) -> str | None:
        value = values.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            self._fail(f"{key} is no text", (*at, key), f'Write {key} = "…".')
        return value

    def _price(self, name: str, values: dict[str, Any], providers: Iterable[str]) -> Price:
        at = ("prices", name)
        provider, slash, model = name.partition("/")
        if not slash or not model or provider not in providers:
            todo = nearest(provider, providers) or 'Write [prices."provider/model"].'
            self._fail(f"{name!r} is no provider/model", at, todo)
        self._check_keys(values, _PRICE_KEYS, at, "key")
        for key, value in values.items():
            good = type(value) in (int, float) and 0 <= value < 1e9
            if not good:
                self._fail(f"{key} is no price", (*at, key), "Write USD per million tokens.")
        if values.get("batch", 0) > 1:
            what = "batch is no share of the price"
            self._fail(what, (*at, "batch"), "Write batch = 0.5 for half of it.")
        for key in ("input", "output"):
            if key not in values:
                self._fail(f"the price of {key} is missing", at, f"Add {key} = 0.15, per million.")
        return Price(**{key: float(value) for key, value in values.items()})

    def _looks(self, values: dict[str, Any]) -> Looks:
        self._check_keys(values, _BATCH_KEYS, ("batch",), "key")
        for key, value in values.items():
            if type(value) not in (int, float) or not 0.001 <= value <= 86_400:
                what = f"{key} is no number of seconds from 0.001 to 86,400"
                self._fail(what, ("batch", key), f"Write {key} = 30.")
        first = values.get("first_look")
        longest = values.get("longest_wait", Looks().longest)
        return Looks(None if first is None else float(first), float(longest))

    def _table(self, value: object, at: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._fail(f"{at[-1]} is no table", at, f"Write it as [{'.'.join(at)}].")
        return value

    def _check_keys(
        self, values: dict[str, Any], known: tuple[str, ...], at: tuple[str, ...], noun: str
    ) -> None:
        for key in values:
            if key not in known:
                todo = nearest(key, known) or f"The {noun}s are {', '.join(known)}."
                self._fail(f"unknown {noun} {key!r}", (*at, key), todo)

    def _fail(self, what: str, at: tuple[str, ...], todo: str) -> NoReturn:
        line = line_of(self._lines, at)
        where = f"{self._path}, line {line}" if line else str(self._path)
        raise BadInput(f"{what} in {'.'.join(at[:2])}", where=where, todo=todo)


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
