"""Seeded choices that depend on nothing but what they are asked about."""

from __future__ import annotations

from hashlib import blake2b


def digest(*parts: object, size: int = 16) -> bytes:
    """A hash of the parts' texts, unambiguous about where one part ends and the next begins."""
    state = blake2b(digest_size=size)
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.digest()


def uniform(*parts: object) -> float:
    """A number in [0, 1) that is a function of the parts alone, spread evenly over them."""
    return int.from_bytes(digest(*parts, size=8), "big") / 2**64
