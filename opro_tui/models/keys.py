"""Where a provider's key comes from: the environment, a file for its owner alone, a keyring."""

from __future__ import annotations

import os
import re
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from opro_tui.core.errors import BadInput, ModelError, OproError

if TYPE_CHECKING:
    from opro_tui.config import Provider

_OTHERS = 0o077
_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL")
_LEAST = 6
_LEAST_NOTED = 8
_LEAST_OF_PROXY = 4
HELD = 60.0
"""Seconds for which is taken for granted what a keyring said: it may ask the person each time."""


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
    for text in (secret, secret.strip()):
        if len(text) >= _LEAST_NOTED:
            _seen.add(text)


def headers_of(provider: Provider) -> dict[str, str]:
    """The headers that a provider is sent, of which each may be a secret."""
    for value in provider.headers.values():
        note(value)
    return dict(provider.headers)


def from_environment(sdk: str) -> list[str]:
    """The values of the headers that an SDK takes from the environment."""
    lines = os.environ.get(f"{sdk.upper()}_CUSTOM_HEADERS", "").splitlines()
    found = [line.partition(":")[2].strip() for line in lines]
    for value in found:
        note(value)
    return [value for value in found if len(value) >= _LEAST_NOTED]


def in_use() -> frozenset[str]:
    """The keys and headers' values that were looked up so far."""
    return frozenset(_seen)


def _environment() -> list[tuple[str, str]]:
    """The variables with their values; another thread may set or delete one meanwhile."""
    return [(name, os.environ.get(name, "")) for name in list(os.environ)]


def of_proxies() -> set[str]:
    """The passwords in the environment's addresses of proxies, which an error may quote."""
    found = set()
    for name, value in _environment():
        place, at, _ = value.rpartition("@")
        if at and name.lower().endswith("_proxy"):
            password = place.rpartition("//")[2].partition(":")[2]
            # A password that should have been escaped is cut at these, and quoted in pieces.
            found |= {password, unquote(password), *re.split(r"[/?#@:]", password)}
    return {text for text in found if len(text) >= _LEAST_OF_PROXY}


def masked(text: str) -> str:
    """A text with *** for the keys in use and for what the environment holds that may be one."""
    named = (v for n, v in _environment() if any(part in n.upper() for part in _NAMES))
    for secret in sorted({*_seen, *of_proxies(), *named}, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = text.replace(secret, "***")
    return text


def find(provider: Provider, *, anew: bool = True) -> Key:
    """A provider's key: of its variable if that is set, else of its file, else of the keyring.

    A keyring may ask the person and take minutes: never call this on an event loop.

    Args:
        provider: Whose.
        anew: Whether a keyring that just said no is asked again.

    Raises:
        BadInput: The file can't be read or is open to others.
        ModelError: There is no keyring, or it doesn't open.
    """
    key = _find(provider, anew=anew)
    if key.text:
        _seen.add(key.text)
    return key


def _in_variable(provider: Provider) -> str:
    return os.environ.get(provider.api_key_env or "", "").strip()


def _find(provider: Provider, *, anew: bool) -> Key:
    variable = provider.api_key_env or ""
    if text := _in_variable(provider):
        return Key(text, variable)
    if provider.key_file:
        return _of_file(Path(provider.key_file).expanduser())
    if provider.keyring:
        return _of_keyring(provider.keyring, anew=anew)
    return Key("", variable)


def likely(provider: Provider) -> str:
    """Where a provider's key stands, to be offered; empty without one.

    No keyring is read for it: a prompt should come when a key is needed.
    """
    if provider.keyring and not provider.key_file and not _in_variable(provider):
        return f"the keyring's entry {provider.keyring}"
    try:
        found = find(provider, anew=False)
    except OproError:
        return ""
    return found.place if found.text else ""


def is_there(provider: Provider) -> bool:
    """Whether a key can be had; the same holds for it as for `find`."""
    try:
        return bool(find(provider, anew=False).text)
    except OproError:
        return False


def _of_file(path: Path) -> Key:
    try:
        # The mode of what is read, not of what may stand there by then; a pipe would wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            mode = os.fstat(descriptor).st_mode
            data = file.read(10_000) if stat.S_ISREG(mode) else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        todo = "Check key_file in the config."
        raise BadInput(
            f"the key file can't be read: {reason}", where=str(path), todo=todo
        ) from None
    if not stat.S_ISREG(mode):
        todo = "Check key_file in the config."
        raise BadInput("the key file is no regular file", where=str(path), todo=todo)
    if os.name == "posix" and mode & _OTHERS:
        what = f"others on this machine can use the key file (mode {mode & 0o777:o})"
        raise BadInput(what, where=str(path), todo=f"chmod 600 {path}")
    return Key(data.decode("utf-8-sig", "replace").strip(), str(path))


_reading = threading.Lock()
_said: dict[str, tuple[float, Key | ModelError]] = {}


def _of_keyring(entry: str, *, anew: bool) -> Key:
    """What the keyring holds; one that was asked a moment ago isn't asked again without need."""
    with _reading:  # two at once would be asked for twice
        at, said = _said.get(entry, (0.0, None))
        good = isinstance(said, Key) and bool(said.text)
        if said is None or time.monotonic() - at > HELD or (anew and not good):
            try:
                said = _read_keyring(entry)
            except ModelError as error:
                said = error
            _said[entry] = (time.monotonic(), said)
    if isinstance(said, ModelError):
        raise _no_keyring(said.what, said.where, said.todo)
    return said


def _read_keyring(entry: str) -> Key:
    service, _, user = entry.partition("/")
    place = f"the keyring's entry {entry}"
    try:
        import keyring
    except ImportError:
        todo = "Install it: pip install 'opro-tui[keyring]'."
        raise _no_keyring("the package keyring is not installed", place, todo) from None
    try:
        text = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - a backend may raise anything
        raise _explained(error, place) from None
    return Key((text or "").strip(), place)


def _explained(error: Exception, place: str) -> ModelError:
    """What a backend raised, in a sentence; its own words might hold anything."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "NoKeyringError" in names:
        todo = "Install one, or use a key_file or the environment variable."
        return _no_keyring("this system has no keyring", place, todo)
    if "KeyringLocked" in names:
        todo = "Unlock it and try again, or use a key_file."
        return _no_keyring("the keyring is locked", place, todo)
    what = f"the keyring can't be read ({type(error).__name__})"
    return _no_keyring(what, place, "Unlock or mend it and try again, or use a key_file.")


def _no_keyring(what: str, place: str, todo: str) -> ModelError:
    return ModelError(what, where=place, todo=todo, kind="auth", fatal=True)


def late(place: str, seconds: float) -> ModelError:
    """A keyring that hasn't answered in time."""
    what = f"the keyring has not answered within {seconds:g} s"
    todo = "Unlock it and try again, or use a key_file."
    return _no_keyring(what, place, todo)
