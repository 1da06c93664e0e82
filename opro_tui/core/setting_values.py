"""What settings take: readers that make a value of a flag's text or of JSON.

Each raises ValueError with what is wrong and what is expected, to follow the value in a sentence.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import nearest
from opro_tui.core.usage import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

RoleValues = tuple[tuple[str, Any], ...]


def text(raw: Any) -> str:  # noqa: ANN401
    """A text that isn't blank."""
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("is no text; give one")
    return raw.strip()


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Whole numbers of a range."""

    def read(raw: Any) -> int:  # noqa: ANN401
        expected = f"is out of range; give a whole number from {low:,} to {high:,}"
        try:
            number = float(raw)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(expected) from None
        if isinstance(raw, bool) or not math.isfinite(number) or number != int(number):
            raise ValueError(expected)
        if not low <= number <= high:
            raise ValueError(expected)
        return int(number)

    return read


def number(low: float, high: float, what: str = "a number") -> Callable[[Any], float]:
    """Numbers of a range."""

    def read(raw: Any) -> float:  # noqa: ANN401
        expected = f"is out of range; give {what} from {low:g} to {high:g}"
        try:
            number = float(raw)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(expected) from None
        if isinstance(raw, bool) or not math.isfinite(number) or not low <= number <= high:
            raise ValueError(expected)
        return number

    return read


def choice(*known: str) -> Callable[[Any], str]:
    """One of some words."""

    def read(raw: Any) -> str:  # noqa: ANN401
        if raw in known:
            return str(raw)
        for name in known:
            if str(raw).strip().lower() == name.lower():
                return name
        raise ValueError(
            " ".join(f"is not one of {', '.join(known)}. {nearest(str(raw), known)}".split())
        )

    return read


def flag(raw: Any) -> bool:  # noqa: ANN401
    """Yes or no."""
    if isinstance(raw, bool):
        return raw
    match str(raw).strip().lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
    raise ValueError("is neither yes nor no")


def size(raw: Any) -> float:  # noqa: ANN401
    """A count of examples (1 and above, whole) or a ratio (below 1)."""
    expected = "is out of range; give a count (1, 2, …) or a ratio between 0 and 1"
    try:
        number = float(raw)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(expected) from None
    if isinstance(raw, bool) or not math.isfinite(number) or number < 0:
        raise ValueError(expected)
    if number >= 1 and number != int(number):
        raise ValueError(expected)
    return int(number) if number >= 1 else number


def buckets(raw: Any) -> int:  # noqa: ANN401
    """How finely scores are shown."""
    if str(raw).strip() in ("100", "20", "0"):
        return int(raw)
    raise ValueError("is not one of 100, 20, 0 (hidden)")


def proposals(raw: Any) -> int:  # noqa: ANN401
    """Proposals asked for in one completion; `independent` is 1."""
    if str(raw).strip().lower() == "independent":
        return 1
    try:
        return whole(1, 64)(raw)
    except ValueError:
        raise ValueError(
            "is out of range; give independent or a whole number from 1 to 64"
        ) from None


def schedule(raw: Any) -> str:  # noqa: ANN401
    """A temperature schedule, in its normal form."""
    text = str(raw).strip().lower()
    if text == "constant":
        return text
    name, _, end = text.partition(":")
    try:
        if name == "linear":
            return f"linear:{number(0, 2)(end):g}"
    except ValueError:
        pass
    raise ValueError("is no schedule; give constant or linear:END with END from 0 to 2")


def per_role(read: Callable[[Any], Any]) -> Callable[[Any], RoleValues]:
    """A value for each role: an object, or texts of the form ROLE=VALUE."""

    def read_all(raw: Any) -> RoleValues:  # noqa: ANN401
        items = raw.items() if hasattr(raw, "items") else _pairs(raw)
        result = []
        for role, value in items:
            if role not in ROLES:
                raise ValueError(
                    f"names no role; give ROLE=VALUE with a role of {', '.join(ROLES)}"
                )
            cleared = value is None or str(value).strip().lower() in ("", "none")
            result.append((role, None if cleared else read(value)))
        return tuple(result)

    return read_all


def _pairs(raw: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    if isinstance(raw, str):
        raw = [part for part in raw.split(",") if part.strip()]
    pairs: list[tuple[str, Any]] = []
    for item in raw:
        if isinstance(item, str):
            role, separator, value = item.partition("=")
            if not separator:
                raise ValueError("is not of the form ROLE=VALUE")
            pairs.append((role.strip(), value.strip()))
        else:
            role, value = item
            pairs.append((role, value))
    return pairs
