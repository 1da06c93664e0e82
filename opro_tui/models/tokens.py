"""Token counts before a call: exact where the tokenizer is known and at hand, else an estimate."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from opro_tui.config import make_private

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 5.0
_MAX_BYTES = 16 * 2**20
_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"


class _File(NamedTuple):
    name: str
    sha256: str


_FILES: Mapping[str, _File] = {
    "cl100k_base": _File(
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": _File(
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
_DEFAULT = "o200k_base"
_SAME_WORDS = {"o200k_harmony": "o200k_base"}
_OPENAI = ("openai", "openai-responses")

_RUN = 500
_LONG_RUN = re.compile(rf"\S{{{_RUN}}}|\s{{{_RUN}}}")
_PIECES = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<digits> ?[0-9]+)|(?P<foreign>[^\x00-\x7f]+)|(?P<sign>[^\sA-Za-z0-9])"
    r"|(?P<space>\s{2,}|[^\S ])"
)
_ASTRAL = re.compile(r"[\U00010000-\U0010ffff]")

SIMULATED = "simulated"
_encodings: dict[str, Any] = {}
_missing: set[tuple[str, str]] = set()
_loading = threading.Lock()


def count(text: str, model_name: str) -> tuple[int, bool]:
    """Count a text's tokens; nothing is ever downloaded for it.

    The first count loads a tokenizer, which takes some tenths of a second: see `load`.

    Args:
        text: Any text; special tokens in it count as the plain text they are.
        model_name: `provider/model`; names without a known tokenizer are counted with o200k_base.

    Returns:
        The tokens, and whether they are exact rather than an estimate.
    """
    if model_name == SIMULATED:
        # No tokenizer is its own; its figures must not depend on which files a machine has.
        return estimate(text), False
    name, known = _encoding_of(model_name)
    encoding = _load(name)
    if encoding is None:
        return estimate(text), False
    if _LONG_RUN.search(text) is None:
        return _encode(encoding, text), known
    # The tokenizer's time grows with the square of an unbroken run, so those are cut.
    pieces = (text[start : start + _RUN] for start in range(0, len(text), _RUN))
    return sum(_encode(encoding, piece) for piece in pieces), False


def load(model_name: str) -> bool:
    """Load a model's tokenizer ahead of the first count; call it in a thread.

    Returns:
        Whether there is one to count with.
    """
    return _load(_encoding_of(model_name)[0]) is not None


def estimate(text: str) -> int:
    """Guess a text's tokens without a tokenizer, rather too high than too low.

    Words count by the piece, digits by the triple, other scripts 0.75 for each character (2.25 past
    the basic plane), signs one each, runs of white space by their length.
    """
    total = 0.0
    for match in _PIECES.finditer(text):
        piece = match[0]
        if match.lastgroup == "word":
            total += 1 + max(len(piece) - 4, 0) // 6
        elif match.lastgroup == "digits":
            total += (len(piece) + 2) // 3
        elif match.lastgroup == "foreign":
            total += 0.75 * len(piece) + 1.5 * len(_ASTRAL.findall(piece))
        elif match.lastgroup == "space":
            total += 1 + len(piece) // 80
        else:
            total += 1
    return round(total)


def cache_dir() -> Path:
    """Where tokenizer files lie: `$TIKTOKEN_CACHE_DIR`, else our part of the user's cache."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("opro-tui", appauthor=False) / "tiktoken"


def missing() -> tuple[str, ...]:
    """Which tokenizer files are not there, or damaged; reads them, so call it in a thread."""
    folder = cache_dir()
    return tuple(name for name in _FILES if _read_file(folder, name) is None)


async def fetch_encodings(transport: Any = None) -> bool:  # noqa: ANN401 - httpx2 is imported here
    """Download the tokenizer files that are missing; a failure is silent, for they are optional.

    Args:
        transport: An httpx2 transport in the network's place, for tests.

    Returns:
        Whether all of them are there now.
    """
    folder = cache_dir()
    absent = missing()
    if not absent:
        return True
    import httpx2

    try:
        async with httpx2.AsyncClient(timeout=_SECONDS, transport=transport) as client:
            for name in absent:
                data = await _fetch(client, name)
                await asyncio.to_thread(_write_file, folder, name, data)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, TimeoutError):
        return False
    _missing.clear()
    return True


async def _fetch(client: Any, name: str) -> bytes:  # noqa: ANN401
    data = bytearray()
    async with (
        asyncio.timeout(12 * _SECONDS),
        client.stream("GET", _ADDRESS.format(name)) as response,
    ):
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > _MAX_BYTES:
                raise ValueError("the file is too long")
    if hashlib.sha256(data).hexdigest() != _FILES[name].sha256:
        raise ValueError("the file is not what it should be")
    return bytes(data)


def _write_file(folder: Path, name: str, data: bytes) -> None:
    make_private(folder)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(folder / _FILES[name].name)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _read_file(folder: Path, name: str) -> bytes | None:
    try:
        data = (folder / _FILES[name].name).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == _FILES[name].sha256 else None


@lru_cache(maxsize=256)
def _encoding_of(model_name: str) -> tuple[str, bool]:
    """A model's encoding, and whether it is known to be that model's."""
    provider, _, model = model_name.partition("/")
    if provider not in _OPENAI and not model.startswith("openai/"):
        return _DEFAULT, False
    try:
        from tiktoken.model import encoding_name_for_model

        name = encoding_name_for_model(model.removeprefix("openai/"))
    except (ImportError, KeyError):
        return _DEFAULT, False
    name = _SAME_WORDS.get(name, name)
    return (name, True) if name in _FILES else (_DEFAULT, False)


def _load(name: str) -> Any:  # noqa: ANN401 - tiktoken is imported when used
    if (found := _encodings.get(name)) is not None:
        return found
    folder = cache_dir()
    with _loading:
        if name in _encodings or (name, str(folder)) in _missing:
            return _encodings.get(name)
        # tiktoken would fetch a missing or damaged file itself, without a time-out.
        if _read_file(folder, name) is None:
            _missing.add((name, str(folder)))
            return None
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
        try:
            from tiktoken import get_encoding

            _encodings[name] = get_encoding(name)
        except (ImportError, ValueError, OSError):
            _missing.add((name, str(folder)))
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before
        return _encodings.get(name)


def _encode(encoding: Any, text: str) -> int:  # noqa: ANN401
    return len(encoding.encode(text, disallowed_special=()))
