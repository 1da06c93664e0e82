"""Reads the user's config file, and says in which line something is wrong."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from opro_tui.config import (
    KINDS,
    PREDEFINED,
    Config,
    Looks,
    Price,
    Provider,
    default_path,
    url_problem,
)
from opro_tui.core import toml
from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.traits import TRAITS
from opro_tui.paths import would_wait
from opro_tui.toml_lines import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
_SECRET = re.compile(r"(.*_)?(key|apikey|token|secret|password)")
"""What somebody may call a key that is written down."""
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


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
    try:
        data = toml.loads(text)
    except ValueError as error:
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
        self._check_secrets(values, at)
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

    def _check_secrets(self, values: dict[str, Any], at: tuple[str, ...]) -> None:
        """Refuse a key that stands in the file itself, without suggesting where else to put it."""
        for key in values:
            if key not in _PROVIDER_KEYS and _SECRET.fullmatch(key.lower().replace("-", "_")):
                todo = (
                    "Keys don't belong into this file: name the environment variable that holds it"
                    " with api_key_env, or use key_file or keyring."
                )
                self._fail(f"there is no {key}", (*at, key), todo)

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
        if not slash or not model or not provider:
            todo = 'Write [prices."provider/model"].'
            self._fail(f"{name!r} is no provider/model", at, todo)
        if provider not in providers:
            todo = f"The providers are {', '.join(providers)}."
            if _NAME.fullmatch(provider):
                todo = f"Add [providers.{provider}]. {todo}"
            todo = nearest(provider, providers) or todo
            self._fail(f"no provider {provider!r} is configured", at, todo)
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
