"""Reading a record's fields: each is checked, and a wrong one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    T = TypeVar("T")
    E = TypeVar("E", bound=StrEnum)
    Check = Callable[[Any], T]

LARGEST = 2**53
"""The largest count; sums of such counts stay within what SQLite adds up."""
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""
MOST_PICO = 10**18
"""The largest cost in picodollars: a million dollars."""


def whole(low: int = 0, high: int = LARGEST) -> Check[int]:
    """A whole number within limits."""

    def check(value: Any) -> int:  # noqa: ANN401
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("is no whole number")
        if not low <= value <= high:
            raise ValueError(f"is not within {low:,} and {high:,}")
        return value

    return check


count = whole()
time = whole(0, LATEST)


def number(value: Any) -> float:  # noqa: ANN401
    """A number; NaN and the infinities are some."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is no number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("is too large") from None


def text(value: Any) -> str:  # noqa: ANN401
    """A text."""
    if not isinstance(value, str):
        raise ValueError("is no text")
    return value


def flag(value: Any) -> bool:  # noqa: ANN401
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def data(value: Any) -> Any:  # noqa: ANN401
    """Any data; how deeply it may be nested was checked when it was read."""
    return value


def mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401
    """An object."""
    if not isinstance(value, dict):
        raise ValueError("is no object")
    return value


def texts(value: Any) -> dict[str, str]:  # noqa: ANN401
    """An object of texts."""
    return {name: text(item) for name, item in mapping(value).items()}


def optional(check: Check[T]) -> Check[T | None]:
    """Null, or what another check takes."""
    return lambda value: None if value is None else check(value)


def one_of(kind: type[E]) -> Check[E]:
    """A member of an enumeration, by its value."""

    def check(value: Any) -> E:  # noqa: ANN401
        try:
            return kind(text(value))
        except ValueError:
            raise ValueError(f"is none of {', '.join(map(str, kind))}") from None

    return check


def word(*known: str) -> Check[str]:
    """One of some words."""

    def check(value: Any) -> str:  # noqa: ANN401
        if value not in known:
            raise ValueError(f"is none of {', '.join(known)}")
        return str(value)

    return check


def items(check: Check[T]) -> Check[tuple[T, ...]]:
    """A list of what another check takes."""

    def checked(value: Any) -> tuple[T, ...]:  # noqa: ANN401
        if not isinstance(value, list):
            raise ValueError("is no list")
        return tuple(check(item) for item in value)

    return checked


def packed(value: Any) -> bytes:  # noqa: ANN401
    """Bytes from hexadecimal digits."""
    try:
        return bytes.fromhex(text(value))
    except ValueError:
        raise ValueError("is no text of hexadecimal digits") from None


def record(value: Any, where: str, /, **checks: Check[Any]) -> dict[str, Any]:  # noqa: ANN401
    """Read an object that has just these fields.

    Args:
        value: What the file holds.
        where: The place in the file, for error texts.
        checks: Field to what reads it.

    Raises:
        BadInput: It is no object, a field is missing, unknown or wrong; names it.
    """
    if not isinstance(value, dict):
        raise BadInput("is no object", where=where)
    for name in value:
        if name not in checks:
            raise BadInput(f"unknown field {name[:40]!r}", where=where)
    found = {}
    for name, check in checks.items():
        if name not in value:
            raise BadInput(f"the field {name!r} is missing", where=where)
        found[name] = field(value[name], check, f"{where}: {name}")
    return found


def field(value: Any, check: Check[T], where: str) -> T:  # noqa: ANN401
    """Read one field.

    Raises:
        BadInput: Its value is wrong; says how.
    """
    try:
        return check(value)
    except BadInput as error:
        raise BadInput(error.what, where=f"{where}: {error.where}".rstrip(": ")) from None
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError) as error:
        shown = f"{value!r:.40}" if isinstance(value, str | int | float | None) else ""
        raise BadInput(f"{shown} {str(error)[:120]}".strip(), where=where) from None
