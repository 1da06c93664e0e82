"""Options that take several values: `--pin 3 5 7`, `--pin 3,5`, `--pin 3 --pin 5`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NUMBERS = re.compile(r"#?[-+]?\d+(,#?\d+)*,?")
_LOOKS_LIKE_AN_OPTION = re.compile(r"--[A-Za-z][A-Za-z0-9-]*(=.*)?", re.DOTALL)


class Several(click.Option):
    """An option that is repeatable and also takes several values after one flag."""

    def __init__(self, *args: Any, **attrs: Any) -> None:  # noqa: ANN401 - click's own signature
        attrs["multiple"] = True
        super().__init__(*args, **attrs)


class Texts(Several):
    """Takes texts until the next option."""


class Numbers(Several):
    """Takes whole numbers, with commas or # if one likes, until something else comes."""

    def __init__(self, *args: Any, **attrs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, type=str, **attrs)

    def process_value(self, ctx: click.Context, value: Any) -> tuple[int, ...]:  # noqa: ANN401
        """Turn the texts into numbers."""
        given = super().process_value(ctx, value) or ()
        return tuple(number for text in given for number in self._read(text))

    def _read(self, text: str) -> Iterable[int]:
        if not text.strip(", "):
            # An empty variable of a script must not mean all, or what would be taken without it.
            raise BadInput(
                "is empty", where=self.opts[0], todo=f"Give {(self.metavar or '').rstrip('…')}."
            )
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            if not re.fullmatch(r"#?[-+]?[0-9]{1,15}", part):
                raise BadInput(
                    f"{part[:40]!r} is no number",
                    where=self.opts[0],
                    todo=f"Give numbers: {self.opts[0]} 3 5.",
                )
            yield int(part.lstrip("#"))


def spread(params: Sequence[click.Parameter], args: Sequence[str]) -> list[str]:
    """Rewrite arguments so that each value of an option that takes several has its own flag.

    Raises:
        BadInput: Such an option has no value.
    """
    options = [param for param in params if isinstance(param, click.Option)]
    by_flag = {flag: option for option in options for flag in _spellings(option)}
    result: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*result, word, *rest]
        flag, equals, value = word.partition("=")
        option = by_flag.get(flag)
        if isinstance(option, Several):
            values = [value] if equals else []
            values += _following(option, rest, needs_one=not equals, known=by_flag)
            result += [f"{flag}={each}" for each in values]
        else:
            result.append(word)
            if _takes_next(option) and not equals and rest:
                result.append(rest.pop(0))
    return result


def _spellings(option: click.Option) -> list[str]:
    return [*option.opts, *option.secondary_opts]


def _takes_next(option: click.Option | None) -> bool:
    return option is not None and not option.is_flag and not option.count


def _following(
    option: Several, rest: list[str], *, needs_one: bool, known: Iterable[str]
) -> list[str]:
    names = {*known, "--help", "--"}
    if needs_one and (not rest or rest[0].partition("=")[0] in names):
        raise BadInput("needs a value", where=option.opts[0], todo=f"Give {option.metavar}.")
    values = [rest.pop(0)] if needs_one else []
    while rest and _belongs(option, rest[0], names):
        values.append(rest.pop(0))
    return values


def _belongs(option: Several, word: str, names: Iterable[str]) -> bool:
    if isinstance(option, Numbers):
        return _NUMBERS.fullmatch(word) is not None
    return word not in names and not _LOOKS_LIKE_AN_OPTION.fullmatch(word)
