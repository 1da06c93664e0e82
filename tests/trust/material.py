"""From a fuzzer's bytes to texts and data, and from hostile texts to the bytes to begin with."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.support import hostile

CUT = b"\xfe"
"""Parts the texts; no byte of UTF-8."""
TIMES = b"\xff"
"""Begins a text that stands there several times; the next byte says how often."""
LONGEST = 200_000
"""The most characters that a text becomes by repetition."""


def decoded(data: bytes) -> str:
    """Any bytes as a text: surrogates pass, what is no UTF-8 becomes lone surrogates."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def encoded(*texts: str) -> bytes:
    """Bytes from which `Material` makes these texts."""
    return CUT.join(text.encode("utf-8", "surrogatepass") for text in texts)


class Material:
    """What a target is fed with.

    Args:
        data: What the fuzzer made.

    Attributes:
        data: The same.
        parts: The same in parts.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.parts = data.split(CUT)

    def __len__(self) -> int:
        return len(self.parts)

    def part(self, index: int) -> bytes:
        """A part; empty behind the last."""
        return self.parts[index] if index < len(self.parts) else b""

    def text(self, index: int) -> str:
        """A part as a text, which may stand there many times."""
        part = self.part(index)
        if not part.startswith(TIMES) or len(part) < 3:
            return decoded(part)
        text = decoded(part[2:])
        return text * min(1 + part[1] * part[1], max(1, LONGEST // max(1, len(text))))

    def texts(self, count: int) -> tuple[str, ...]:
        """So many texts."""
        return tuple(self.text(index) for index in range(count))

    def number(self, index: int, most: int) -> int:
        """A number below `most`, out of a part."""
        return int.from_bytes(self.part(index)[:4], "little") % most

    def value(self, index: int) -> Any:
        """A part as JSON data where it is some, else as a text."""
        part = self.part(index)
        try:
            return json.loads(part)
        except (ValueError, RecursionError):
            return self.text(index)


class Mutations:
    """Endless hostile bytes, the same for the same seed: what stands in for a real fuzzer.

    Args:
        seeds: What to begin with.
        seed: Of the chance.
    """

    def __init__(self, seeds: list[bytes], seed: int) -> None:
        self.chance = random.Random(seed)
        self.pool = list(seeds)
        self.snippets = [encoded(text) for text in hostile.SHORT.values()] + [CUT, TIMES, b"\0"]

    def next(self) -> bytes:
        """The next one: a known one changed in some places, kept now and then."""
        data = self.chance.choice(self.pool)
        for _ in range(self.chance.choice((0, 1, 1, 2, 3, 8))):
            data = self._changed(data)
        data = data[:100_000]
        if len(self.pool) < 2000 and self.chance.random() < 0.2:
            self.pool.append(data)
        return data

    def _changed(self, data: bytes) -> bytes:
        chance = self.chance
        start = chance.randint(0, len(data))
        end = min(len(data), start + chance.choice((0, 1, 2, 8, 64)))
        kind = chance.randrange(7)
        if kind == 0:
            return data[:start] + chance.choice(self.snippets) + data[end:]
        if kind == 1:
            return data[:start] + data[end:]
        if kind == 2:
            return data[:end] + data[start:end] * chance.choice((1, 3, 100)) + data[end:]
        if kind == 3:
            return data[:start] + chance.randbytes(end - start) + data[end:]
        if kind == 4:
            other = chance.choice(self.pool)
            return data[:start] + other[chance.randint(0, len(other)) :]
        if kind == 5:
            parts = data.split(CUT)
            at = chance.randrange(len(parts))
            parts[at] = TIMES + bytes([chance.randrange(256)]) + parts[at].removeprefix(TIMES)
            return CUT.join(parts)
        parts = data.split(CUT)
        parts[chance.randrange(len(parts))] = chance.choice(self.snippets)
        return CUT.join(parts)
