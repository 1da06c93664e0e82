"""TOML as people write it, with every way in which it can't be read said alike."""

from __future__ import annotations

from typing import Any


def loads(text: str) -> dict[str, Any]:
    """Read TOML.

    Raises:
        ValueError: It is none; says why in a few words.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except ValueError:
        # Python turns no more than some thousand digits into a number.
        raise ValueError("a number has too many digits") from None
