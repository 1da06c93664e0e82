"""JSON in a model's text: finding it and comparing it."""

from __future__ import annotations

import json
import re
from typing import Any

NOTHING: Any = object()
_JSON_START = re.compile(r"[{\[]")
_FENCE = re.compile(r"```(?:json|JSON)?[ \t]*\n?")
MAX_STARTS = 100
MAX_DEPTH = 100


def decode(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON text's value; NOTHING when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return NOTHING


def find(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The last JSON object or list in a text; a text that is a single JSON value is that value."""
    bare = decode(_FENCE.sub("", text))
    if bare is not NOTHING:
        return bare
    decoder = json.JSONDecoder()
    found: Any = NOTHING
    position = 0
    for _ in range(MAX_STARTS):
        match = _JSON_START.search(text, position)
        if match is None:
            break
        try:
            found, position = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            position = match.end()
    return found


def dumps(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value as JSON text with sorted keys."""
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    except (ValueError, RecursionError):
        return "…"


def same(a: Any, b: Any, depth: int = 0) -> bool:  # noqa: ANN401 - any JSON values
    """Equality as JSON has it: true is not 1, and 1 is 1.0."""
    if depth > MAX_DEPTH or isinstance(a, bool) != isinstance(b, bool):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], depth + 1) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        pairs = zip(a, b, strict=False)
        return len(a) == len(b) and all(same(x, y, depth + 1) for x, y in pairs)
    return bool(a == b)
