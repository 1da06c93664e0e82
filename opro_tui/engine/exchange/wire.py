"""JSON in which every text and number that a session can hold comes back as it was.

Plain JSON has no NaN or infinity, and joins two lone surrogates that stand side by side into one
character. Such values are written as objects with one name that starts with `$`; names that start
with `$` themselves get another one in front.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

from opro_tui.core.errors import BadInput

DEEPEST = 64
"""How deeply objects may be nested in a file."""
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def wrap(value: Any) -> Any:  # noqa: ANN401 - any data of dicts, lists, texts and numbers
    """Data that JSON can hold, from which `unwrap` makes the value again."""
    if isinstance(value, str):
        if _PAIR.search(value):
            return {"$text": value.encode("utf-8", "surrogatepass").hex()}
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, dict):
        if any(_PAIR.search(name) for name in value):
            return {"$items": [[wrap(name), wrap(item)] for name, item in value.items()]}
        return {
            f"${name}" if name.startswith("$") else name: wrap(item) for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [wrap(item) for item in value]
    return value


def unwrap(value: Any, depth: int = 0) -> Any:  # noqa: ANN401
    """The reverse of `wrap`.

    Raises:
        ValueError: It is nested too deeply, or an object that starts with `$` is of no known kind.
    """
    if depth > DEEPEST:
        raise ValueError(f"is nested more than {DEEPEST} levels deep")
    if isinstance(value, list):
        return [unwrap(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, item), *_ = value.items()
        if name.startswith("$") and not name.startswith("$$"):
            return _special(name, item, depth)
    found = {}
    for name, item in value.items():
        if name.startswith("$") and not name.startswith("$$"):
            raise ValueError(f"holds an unknown name {name[:20]!r}")
        found[name.removeprefix("$")] = unwrap(item, depth + 1)
    return found


def _special(name: str, item: Any, depth: int) -> Any:  # noqa: ANN401
    if name == "$float" and isinstance(item, str) and item in _FLOATS:
        return _FLOATS[item]
    if name == "$text" and isinstance(item, str):
        return bytes.fromhex(item).decode("utf-8", "surrogatepass")
    if name == "$items" and isinstance(item, list):
        pairs = [unwrap(pair, depth + 1) for pair in item]
        if all(isinstance(p, list) and len(p) == 2 and isinstance(p[0], str) for p in pairs):
            return {pair[0]: pair[1] for pair in pairs}
    raise ValueError(f"holds an unknown or malformed {name[:20]!r}")


def dumps(value: Any) -> str:  # noqa: ANN401
    """Wrapped data on one line, harmless to print."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def loads(text: bytes, where: str) -> Any:  # noqa: ANN401
    """Read JSON that is still wrapped.

    Raises:
        BadInput: It is none.
    """
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise BadInput(f"no UTF-8 at byte {error.start + 1:,}", where=where) from None
    except json.JSONDecodeError as error:
        place = f"column {error.colno:,}" if error.lineno == 1 else f"line {error.lineno:,}"
        what = f"no valid JSON at {place}: {error.msg[:80]}"
        raise BadInput(what, where=where, todo="The file is damaged or cut off.") from None
    except (RecursionError, ValueError) as error:
        raise BadInput(f"no valid JSON: {str(error)[:80]}", where=where) from None


def _refuse(name: str) -> Any:  # noqa: ANN401
    raise ValueError(f"{name} is no number of JSON")


class Digest:
    """A checksum over a file's records that doesn't mind how they are laid out."""

    def __init__(self) -> None:
        self._state = hashlib.blake2b(digest_size=16)

    def add(self, value: Any) -> None:  # noqa: ANN401
        """Count a wrapped record in."""
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        self._state.update(text.encode("ascii") + b"\n")

    def text(self) -> str:
        """The checksum of what was added, in hexadecimal digits."""
        return self._state.hexdigest()
