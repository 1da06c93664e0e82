"""Where a provider's key comes from: the environment, a file for its owner alone, a keyring."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from opro_tui.config import Provider

_OTHERS = 0o077
_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_LEAST = 6
_LEAST_NOTED = 8


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or the place where one is expected.

    Attributes:
        text: The key; empty where there is none.
        place: The variable, the file or the keyring's entry, for messages; never the key.
    """

    text: str
    place: str

    def __repr__(self) -> str:
        return f"Key({self.place!r})"


_seen: set[str] = set()


def note(secret: str) -> None:
    """Remember what may be a secret although it is no provider's key: a header's value."""
    if len(secret) >= _LEAST_NOTED:
        _seen.add(secret)


def masked(text: str) -> str:
    """A text with *** for the keys in use and for what the environment holds that may be one."""
    named = (v for n, v in os.environ.items() if any(part in n.upper() for part in _NAMES))
    for secret in sorted({*_seen, *named}, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = text.replace(secret, "***")
    return text


def find(provider: Provider) -> Key:
    """A provider's key: of its variable if that is set, else of its file, else of the keyring.

    Raises:
        BadInput: The file can't be read or is open to others, or there is no keyring.
    """
    key = _find(provider)
    if key.text:
        _seen.add(key.text)
    return key


def _find(provider: Provider) -> Key:
    variable = provider.api_key_env or ""
    if text := os.environ.get(variable, "").strip():
        return Key(text, variable)
    if provider.key_file:
        return _of_file(Path(provider.key_file).expanduser())
    if provider.keyring:
        return _of_keyring(provider.keyring)
    return Key("", variable)


def is_there(provider: Provider) -> bool:
    """Whether a key can be had."""
    try:
        return bool(find(provider).text)
    except BadInput:
        return False


def _of_file(path: Path) -> Key:
    try:
        # The mode of what is read, not of what may stand there by then.
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(10_000)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        todo = "Check key_file in the config."
        raise BadInput(
            f"the key file can't be read: {reason}", where=str(path), todo=todo
        ) from None
    if os.name == "posix" and mode & _OTHERS:
        what = f"others on this machine can use the key file (mode {mode & 0o777:o})"
        raise BadInput(what, where=str(path), todo=f"chmod 600 {path}")
    return Key(data.decode("utf-8", "replace").strip(), str(path))


def _of_keyring(entry: str) -> Key:
    service, _, user = entry.partition("/")
    place = f"the keyring's entry {entry}"
    try:
        import keyring
    except ImportError:
        todo = "Install it: pip install 'opro-tui[keyring]'."
        raise BadInput("the package keyring is not installed", where=place, todo=todo) from None
    try:
        text = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - a backend may raise anything
        what = f"the keyring can't be read ({type(error).__name__})"
        raise BadInput(what, where=place, todo="Unlock it, or use a key_file.") from None
    return Key((text or "").strip(), place)
