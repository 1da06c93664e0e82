"""A candidate's score on every training example, packed into a few bytes.

One byte an example where all are right or wrong, else a double; so that a session of millions of
evaluations opens without reading them, and paired comparisons still have what they need.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MISSING = 2
_BINARY = b"b"
_REAL = b"d"


def pack(values: Sequence[float | None]) -> bytes:
    """Pack scores in the order of the training examples; None is a missing evaluation."""
    if all(value is None or value in (0.0, 1.0) for value in values):
        return _BINARY + bytes(_MISSING if value is None else int(value) for value in values)
    numbers = (float("nan") if value is None else value for value in values)
    return _REAL + struct.pack(f"<{len(values)}d", *numbers)


def unpack(packed: bytes) -> list[float | None]:
    """The reverse of `pack`; nothing packed is no examples."""
    if not packed:
        return []
    kind, body = packed[:1], packed[1:]
    if kind == _BINARY:
        return [None if byte == _MISSING else float(byte) for byte in body]
    numbers = struct.unpack(f"<{len(body) // 8}d", body)
    return [None if number != number else number for number in numbers]
